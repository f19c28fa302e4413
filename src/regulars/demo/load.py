# SPDX-License-Identifier: Apache-2.0
"""Bring the two demo businesses in: set up through the rooms' actions, then eighteen months through the one path.

Every chunk is received by the clock of its own last moment, so that customers, levels and expiries have their true age.
Days are closed once a week: a real shop does so every night, which would take ten times as long and show the same.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from regulars.customers.actions import import_customers
from regulars.customers.importing import CustomerRow
from regulars.database.transactions import run_durably
from regulars.demo.behaviour import MONTHS, tell_history
from regulars.demo.chandrakor import CHANDRAKOR
from regulars.demo.people import Person, make_people
from regulars.demo.shops import Reward, Shop
from regulars.demo.tsirani import TSIRANI
from regulars.flow.intake import Intake, Receipt, Redemption, UseEntitlement
from regulars.flow.nightly import close_day
from regulars.flow.receive import receive
from regulars.kernel.clock import add_months, local_day, start_of_day
from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.kernel.ids import new_key
from regulars.programs.actions import publish_program
from regulars.rewards.actions import OfferTerms, create_offer
from regulars.tenancy.actions import create_business, create_store, create_user, hire
from regulars.tenancy.actors import SYSTEM
from regulars.tenancy.models import Business, User

SHOPS = (CHANDRAKOR, TSIRANI)
PASSWORD = "regulars-demo"  # noqa: S105 - shown to everybody who loads the demo; its data is invented
_SEED = "regulars"
_CHUNK = 360  # leaves room in a chunk of 400 for the rewards used since the one before
_USED_AFTER = timedelta(minutes=2)
_UNUSED_EVERY = 8

Progress = Callable[[str, int, int], None]


class DemoLoaded(RegularsError):
    """The demo businesses are here already."""

    code = "demo_loaded"
    status = 409
    text = gettext_noop("The demo is loaded already: log in as %(email)s.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoLogin:
    """Somebody to log in as."""

    business: str
    role: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoLogins:
    """Who can log in to the demo, all with one password."""

    password: str
    logins: tuple[DemoLogin, ...]


def load_demo(*, now: datetime, progress: Progress) -> DemoLogins:
    """Create both demo businesses with their history up to yesterday, all of it or nothing.

    `progress` is told (name of the business, intakes received, intakes in all). Raises DemoLoaded.
    """
    first = SHOPS[0].clerks[0].email
    if User.objects.filter(email=first).exists():
        raise DemoLoaded(email=first)
    run_durably(lambda: [load_shop(shop, now=now, progress=progress) for shop in SHOPS])
    return demo_logins()


def demo_logins() -> DemoLogins:
    """Return who can log in."""
    logins = [
        DemoLogin(business=shop.name, role=clerk.role, email=clerk.email) for shop in SHOPS for clerk in shop.clerks
    ]
    return DemoLogins(password=PASSWORD, logins=tuple(logins))


def load_shop(shop: Shop, *, now: datetime, progress: Progress) -> Business:
    """Create one demo business with its history up to yesterday, inside the caller's transaction."""
    zone = ZoneInfo(shop.timezone)
    today = local_day(now, zone)
    business = _open_shop(shop, opened_at=start_of_day(add_months(today, -MONTHS), zone))
    rng = Random(f"{_SEED}/{shop.key}")  # noqa: S311 - a story, not a secret
    people = make_people(shop.crowd, rng=rng, today=today)
    intakes = list(tell_history(shop, people, rng=rng, today=today))
    by_phone = {person.phone: person for person in people}
    uses: list[Intake] = []
    done = 0
    for night, chunk in _chunks(intakes, zone):
        if night:
            close_day(business, now=night)
        newcomers = [by_phone[intake.customer.phone] for intake in chunk if intake.customer and intake.customer.name]
        receipts = _receive_chunk(business, [*uses, *chunk], newcomers)
        uses = list(_uses(chunk, receipts[len(uses) :]))
        done += len(chunk)
        progress(shop.name, done, len(intakes))
    _receive_chunk(business, uses, ())
    close_day(business, now=start_of_day(today, zone))
    return business


def _open_shop(shop: Shop, *, opened_at: datetime) -> Business:
    """Create the business as of its first day, with stores, people, program and rewards."""
    business = create_business(
        shop.name,
        country=shop.country,
        currency=shop.currency,
        timezone=shop.timezone,
        languages=shop.languages,
        now=opened_at,
    )
    stores = {
        outlet.code: create_store(business, code=outlet.code, name=outlet.name, actor=SYSTEM, now=opened_at)
        for outlet in shop.outlets
    }
    for clerk in shop.clerks:
        user = create_user(clerk.email, name=clerk.name, password=PASSWORD, now=opened_at, language=clerk.language)
        hire(business, user=user, role=clerk.role, actor=SYSTEM, now=opened_at, store=stores.get(clerk.store))
    publish_program(business, shop.program, valid_from=opened_at, actor=SYSTEM, now=opened_at)
    for reward in shop.rewards:
        create_offer(business, _terms(shop, reward), actor=SYSTEM, now=opened_at)
    return business


def _terms(shop: Shop, reward: Reward) -> OfferTerms:
    tiers = [tier.code for tier in shop.tiers]
    return OfferTerms(
        code=reward.code,
        name=reward.name,
        kind=reward.kind,
        value=reward.value,
        price=reward.price,
        per_member_max=reward.per_member_max,
        tiers=tiers[tiers.index(reward.tier) :] if reward.tier else (),
    )


def _chunks(intakes: Sequence[Intake], zone: ZoneInfo) -> Iterator[tuple[datetime | None, list[Intake]]]:
    """Cut a history into pieces, each with the night before it if it begins a month: then the shop closes its days."""
    for first, days in groupby(intakes, key=lambda intake: local_day(intake.occurred_at, zone).replace(day=1)):
        night: datetime | None = start_of_day(first, zone)
        while chunk := list(islice(days, _CHUNK)):
            yield night, chunk
            night = None


def _receive_chunk(business: Business, chunk: Sequence[Intake], newcomers: Sequence[Person]) -> list[Receipt]:
    """Note who is new with what the shop knows of them, then receive what happened, by the clock of its last moment."""
    now = max((intake.occurred_at for intake in chunk), default=business.created_at)
    import_customers(business, [_row(person) for person in newcomers], now=now, new_key=new_key)
    return receive(business, chunk, now=now)


def _row(person: Person) -> CustomerRow:
    identities = [("phone", person.phone)] + ([("email", person.email)] if person.email else [])
    return CustomerRow(
        identities=tuple(identities),
        name=person.name,
        language=person.language,
        birthday=person.birthday,
        tags=person.tags,
    )


def _uses(chunk: Iterable[Intake], receipts: Iterable[Receipt]) -> Iterator[Intake]:
    """Yield the use of the rewards that were taken, at the sale that follows; some keep theirs and forget it."""
    for intake, receipt in zip(chunk, receipts, strict=True):
        entitlement = receipt.detail.get("entitlement")
        if not isinstance(intake, Redemption) or entitlement is None:
            continue
        if int(intake.external_id[-6:]) % _UNUSED_EVERY:
            yield UseEntitlement(
                source=intake.source,
                external_id=f"{intake.external_id}-U",
                occurred_at=intake.occurred_at + _USED_AFTER,
                store=intake.store,
                customer=intake.customer,
                entitlement=UUID(str(entitlement)),
            )
