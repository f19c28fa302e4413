# SPDX-License-Identifier: Apache-2.0
"""The writers of the catalogue. What members take and use is written on the one path, by `flow`, through `rewards.store`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from regulars.database.sql import Table, insert_rows, update_rows
from regulars.kernel.errors import RegularsError, Saying, gettext_noop
from regulars.kernel.ids import new_key as make_key
from regulars.rewards.models import Offer
from regulars.rewards.store import ENTITLEMENTS, EntitlementState, OfferState
from regulars.tenancy import audit
from regulars.tenancy.actors import Actor
from regulars.tenancy.models import Business

PRICE_MAX = 10**9
VALID_DAYS_MAX = 3_650

_TAKEN = Table("rewards_offer", {"id": "uuid", "more": "bigint"})
_RESOLVED = Table(
    "rewards_entitlement",
    {"id": "uuid", "was": "text", "now_state": "text", "now_used_on": "uuid", "now_resolved_at": "timestamptz"},
)


class BadOffer(RegularsError):
    """The offer cannot be kept as described."""

    code = "bad_offer"
    status = 422
    text = gettext_noop("The reward is wrong at %(path)s: %(problem)s")


class OfferCodeTaken(RegularsError):
    """Another offer has this code."""

    code = "offer_code_taken"
    status = 409
    text = gettext_noop("There is a reward with the code “%(offer)s” already. Choose another code.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferTerms:
    """What an offer says: texts per language, worth, price, and its limits."""

    code: str
    name: Mapping[str, str]
    kind: str
    value: Mapping[str, Any]
    price: int
    unit: str = "points"
    text: Mapping[str, str] | None = None
    stock: int | None = None
    per_member_max: int | None = None
    tiers: Sequence[str] = ()
    valid_days: int = 90
    is_refundable: bool = True
    is_active: bool = True


def check_terms(terms: OfferTerms) -> None:
    """Raise BadOffer naming what is wrong and what is allowed."""
    if not terms.code or len(terms.code) > 40:
        raise BadOffer(
            path="code", problem=Saying(gettext_noop("write a short code of at most %(limit)s characters."), limit=40)
        )
    if not any(text.strip() for text in terms.name.values()):
        raise BadOffer(path="name", problem=Saying(gettext_noop("give the reward a name in at least one language.")))
    if not 0 <= terms.price <= PRICE_MAX:
        raise BadOffer(
            path="price",
            problem=Saying(
                gettext_noop("%(value)s points; allowed are %(low)s to %(high)s."),
                value=terms.price,
                low=0,
                high=PRICE_MAX,
            ),
        )
    if not 1 <= terms.valid_days <= VALID_DAYS_MAX:
        raise BadOffer(
            path="valid_days",
            problem=Saying(
                gettext_noop("%(value)s days; allowed are %(low)s to %(high)s."),
                value=terms.valid_days,
                low=1,
                high=VALID_DAYS_MAX,
            ),
        )
    if terms.stock is not None and terms.stock < 0:
        raise BadOffer(
            path="stock",
            problem=Saying(gettext_noop("%(value)s pieces; leave it empty for no limit."), value=terms.stock),
        )
    if terms.per_member_max is not None and terms.per_member_max < 1:
        raise BadOffer(
            path="per_member_max",
            problem=Saying(gettext_noop("%(value)s pieces; leave it empty for no limit."), value=terms.per_member_max),
        )
    _check_worth(terms.kind, terms.value)


def _check_worth(kind: str, value: Mapping[str, Any]) -> None:
    wanted = {"amount_off": {"amount_minor"}, "percent_off": {"percent"}, "free_item": {"sku"}, "perk": set()}
    if kind not in wanted:
        raise BadOffer(
            path="kind",
            problem=Saying(
                gettext_noop("“%(value)s”; allowed are %(allowed)s."), value=kind, allowed=", ".join(wanted)
            ),
        )
    allowed = wanted[kind] | ({"max_minor"} if kind == "percent_off" else set())
    if not wanted[kind] <= set(value) <= allowed:
        raise BadOffer(path="value", problem=_takes(kind, sorted(allowed)))
    number = value.get("amount_minor", value.get("percent", 1))
    if not isinstance(number, int) or number < 1 or (kind == "percent_off" and number > 100):
        raise BadOffer(
            path="value",
            problem=Saying(
                gettext_noop("“%(value)s” must be a whole number above zero (percent up to 100)."), value=number
            ),
        )


def _takes(kind: str, names: list[str]) -> Saying:
    if not names:
        return Saying(gettext_noop("%(kind)s takes nothing."), kind=kind)
    return Saying(gettext_noop("%(kind)s takes %(names)s."), kind=kind, names=", ".join(names))


@transaction.atomic
def create_offer(
    business: Business, terms: OfferTerms, *, actor: Actor, now: datetime, new_key: Callable[[], UUID] = make_key
) -> Offer:
    """Add an offer to the catalogue. Raises BadOffer, OfferCodeTaken."""
    check_terms(terms)
    try:
        with transaction.atomic():
            offer = Offer.objects.create(
                id=new_key(), business=business, code=terms.code, created_at=now, **_columns(terms)
            )
    except IntegrityError:
        raise OfferCodeTaken(offer=terms.code) from None
    audit.record(actor, "reward.created", offer, now=now, after=_trace(offer))
    return offer


@transaction.atomic
def change_offer(offer: Offer, terms: OfferTerms, *, actor: Actor, now: datetime) -> Offer:
    """Change an offer from now on; what members hold keeps its price and worth. The code stays. Raises BadOffer."""
    check_terms(terms)
    locked = Offer.objects.of(offer.business_id).select_for_update().get(pk=offer.pk)
    if terms.stock is not None and terms.stock < locked.taken:
        raise BadOffer(
            path="stock",
            problem=Saying(
                gettext_noop("%(taken)s pieces are taken already; it cannot be %(value)s."),
                taken=locked.taken,
                value=terms.stock,
            ),
        )
    before = _trace(locked)
    for column, value in _columns(terms).items():
        setattr(locked, column, value)
    locked.save()
    audit.record(actor, "reward.changed", locked, now=now, before=before, after=_trace(locked))
    return locked


def _columns(terms: OfferTerms) -> dict[str, Any]:
    return {
        "name": dict(terms.name),
        "text": dict(terms.text or {}),
        "kind": terms.kind,
        "value": dict(terms.value),
        "unit": terms.unit,
        "price": terms.price,
        "stock": terms.stock,
        "per_member_max": terms.per_member_max,
        "tiers": list(terms.tiers),
        "valid_days": terms.valid_days,
        "is_refundable": terms.is_refundable,
        "is_active": terms.is_active,
    }


def _trace(offer: Offer) -> dict[str, Any]:
    return {
        "code": offer.code,
        "price": offer.price,
        "stock": offer.stock,
        "is_active": offer.is_active,
        "kind": offer.kind,
    }


def save_offers(offers: Collection[OfferState]) -> None:
    """Add what was taken of offers; the table refuses more than the stock."""
    rows = sorted((offer.key, offer.more) for offer in offers if offer.more)
    update_rows(_TAKEN, rows, sets="taken = taken + {more}")


def save_entitlements(business: UUID, entitlements: Collection[EntitlementState], now: datetime) -> int:
    """Write new entitlements and changed states, each only from the state it was read in; return how many were not found so."""
    new = [
        (
            e.key, business, e.offer, e.holder, e.digest, e.last4, e.state, e.kind, e.value, e.price, e.unit, e.hold, e.fact,
            e.used_on, e.issued_at, e.expires_at, None,
        )
        for e in entitlements
        if e.was is None
    ]  # fmt: skip
    insert_rows(ENTITLEMENTS, new)
    changed = sorted(
        ((e.key, e.was, e.state, e.used_on, now) for e in entitlements if e.was is not None and e.was != e.state),
        key=lambda row: row[0],
    )
    sets = "state = {now_state}, used_on_id = {now_used_on}, resolved_at = {now_resolved_at}"
    return len(changed) - update_rows(_RESOLVED, changed, sets=sets, guard="state = {was}")
