# SPDX-License-Identifier: Apache-2.0
"""A seeded simulator of shops on the real path: repeats, reordering, crashes at any SQL statement, lost answers, a virtual clock.

Everything random comes from the seed, so a seed that fails fails again. A plain second reading says what should have happened.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.db import connection

from flow.plain_shop import PRICE, STOCK, PlainShop
from ledger.plain_ledger import No
from regulars.customers.matching import CustomerRef
from regulars.customers.models import Identity
from regulars.flow.entitling import code_of
from regulars.flow.intake import (
    Adjustment,
    Cancel,
    Closing,
    Event,
    HoldPoints,
    Intake,
    Order,
    OrderLine,
    PendingChange,
    Receipt,
    Redemption,
    Return,
    ReturnLine,
    SettleHold,
    Transfer,
    UseEntitlement,
    VoidHold,
)
from regulars.flow.receive import receive
from regulars.flow.sealing import seal_commits
from regulars.kernel.ids import KeyMaker
from regulars.kernel.ids import new_key as make_key
from regulars.ledger.models import Lot
from regulars.ledger.queries import balance_of
from regulars.outbox.models import Job
from regulars.rewards.actions import OfferTerms, create_offer
from regulars.tenancy.actors import SYSTEM
from regulars.tenancy.models import Business
from shop import a_program, a_shop

START = datetime(2026, 3, 26, 9, 0, tzinfo=UTC)  # three days before clocks are put forward in Berlin
STATEMENTS_MAX = 30
REVIEW = {"id": "review", "name": {"en": "A review"}, "on": "event", "event": "review"}
SPEND = {"id": "spend", "name": {"en": "1 per 1.00"}, "gives": {"kind": "per_amount", "points": 1, "per_minor": 100}}
LEVELS = [{"code": "base", "name": {"en": "Base"}}, {"code": "gold", "name": {"en": "Gold"}, "at_least": 400}]
KINDS = {
    "order": 30, "return": 14, "cancel": 7, "adjust": 9, "transfer": 5, "hold": 7, "settle": 7, "void": 3, "redeem": 7, "use": 5,
    "event": 5, "pending": 4, "close": 6,
}  # fmt: skip


class Crash(Exception):
    """The machine stopped in the middle."""


@dataclass(frozen=True)
class Country:
    """How a shop of the simulation keeps points."""

    code: str
    zone: str
    life_days: int
    delay_days: int
    policy: str


PUNE = Country("IN", "Asia/Kolkata", 12, 0, "clamp")
BERLIN = Country("DE", "Europe/Berlin", 20, 1, "refuse")


def open_shop(country: Country, name: str, new_key: Callable[[], UUID] = make_key) -> Business:
    """Open a shop that keeps points in the country's way, with one reward."""
    unit = {
        "negative": country.policy,
        "expiry": {"kind": "after", "days": country.life_days},
        "pending": {"kind": "delay", "days": country.delay_days} if country.delay_days else {"kind": "none"},
    }
    program = a_program(
        SPEND,
        {**REVIEW, "gives": {"kind": "fixed", "points": 10}},
        unit=unit,
        ladder={"levels": LEVELS, "months": 1, "grace_days": 5},
    )
    business = a_shop(program, name=name, country=country.code, timezone=country.zone)
    worth = {"amount_minor": 4_000}
    terms = OfferTerms(
        code="TEA", name={"en": "Tea"}, kind="amount_off", value=worth, price=PRICE, stock=STOCK, valid_days=10
    )
    create_offer(business, terms, actor=SYSTEM, now=START, new_key=new_key)
    return business


@contextmanager
def crash_after(statements: int) -> Iterator[None]:
    """Raise Crash in place of the n-th statement; a transaction's own marks are left alone."""
    left = statements

    def count(execute: Callable[..., Any], sql: str, *call: Any) -> Any:
        nonlocal left
        if "SAVEPOINT" not in sql:
            left -= 1
            if left < 0:
                raise Crash
        return execute(sql, *call)

    with connection.execute_wrapper(count):
        yield


@dataclass
class Shop:
    """One shop in the simulation: the real one, the plain one, what was sent and what was answered."""

    business: Business
    plain: PlainShop
    rng: random.Random
    new_key: Callable[[], UUID]
    waiting: list[Intake] = field(default_factory=list)
    sent: list[Intake] = field(default_factory=list)
    journal: list[tuple[datetime, Intake, Receipt]] = field(default_factory=list)
    answers: dict[str, Receipt] = field(default_factory=dict)
    steps: int = 0
    crashes: int = 0
    repeats: int = 0
    refusals: int = 0
    count: int = 0

    # ---- making intakes

    def invent(self, now: datetime) -> Intake | None:
        """Return something that may happen now, or None when the dice ask for what cannot be."""
        (kind,) = self.rng.choices(list(KINDS), weights=list(KINDS.values()))
        self.count += 1
        late = self.rng.choice([0, 0, 0, 0, 3_600, 86_400, 500_000])
        common = {
            "source": "till",
            "external_id": f"{self.count:05d}",
            "occurred_at": now - timedelta(seconds=self.rng.randint(0, late)),
        }
        intake: Intake | None = getattr(self, f"_{kind}")(common, self._somebody())
        return intake

    def _somebody(self) -> CustomerRef:
        return CustomerRef(phone=f"+9198765432{self.rng.randint(10, 15)}")

    def _any(self, names: dict[str, Any]) -> str | None:
        """Return one of the latest names, so that the same thing is touched again and again."""
        return self.rng.choice(list(names)[-4:]) if names else None

    def _order(self, common: dict[str, Any], who: CustomerRef) -> Intake:
        lines = [
            OrderLine(f"S{self.rng.randint(1, 9)}", self.rng.randint(0, 6_000), quantity=self.rng.randint(1, 4))
            for _ in range(self.rng.randint(1, 3))
        ]
        codes = self._codes() if self.rng.random() < 0.15 else []
        return Order(
            **common, customer=who, lines=lines, codes=codes, points=self.rng.choice([0, 0, 0, self.rng.randint(1, 90)])
        )

    def _codes(self) -> list[str]:
        codes = [code for code in self.plain.reward_name if isinstance(code, str)]
        return [self.rng.choice(codes[-4:])] if codes else []

    def _return(self, common: dict[str, Any], _who: CustomerRef) -> Intake | None:
        name = self._any(self.plain.sales)
        if name is None:
            return None
        if self.rng.random() < 0.3:
            return Return(**common, order=name)
        place = self.rng.randrange(len(self.plain.sales[name]["sold"]))
        return Return(**common, order=name, lines=[ReturnLine(self.rng.randint(1, 2), line=place + 1)])

    def _cancel(self, common: dict[str, Any], _who: CustomerRef) -> Intake | None:
        shop = self.plain
        name = self._any(self.rng.choice([shop.sales, shop.events, shop.adjusted, shop.rewards]))
        return Cancel(**common, cancels=name) if name else None

    def _adjust(self, common: dict[str, Any], who: CustomerRef) -> Intake:
        points = self.rng.choice([-60, -20, -5, 15, 60])
        return Adjustment(**common, customer=who, points=points, reason="by hand")

    def _transfer(self, common: dict[str, Any], who: CustomerRef) -> Intake:
        return Transfer(**common, customer=who, to=self._somebody(), points=self.rng.randint(1, 60), reason="a gift")

    def _hold(self, common: dict[str, Any], who: CustomerRef) -> Intake:
        return HoldPoints(
            **common, customer=who, points=self.rng.randint(1, 60), ttl_s=self.rng.choice([600, 1_800, 90_000])
        )

    def _latest_hold(self) -> UUID | None:
        holds = list(self.plain.hold_name)[-4:]
        return self.rng.choice(holds) if holds else None

    def _settle(self, common: dict[str, Any], _who: CustomerRef) -> Intake | None:
        hold = self._latest_hold()
        points = self.rng.choice([None, None, 5, 40])
        return SettleHold(**common, hold=hold, points=points) if hold else None

    def _void(self, common: dict[str, Any], _who: CustomerRef) -> Intake | None:
        hold = self._latest_hold()
        return VoidHold(**common, hold=hold) if hold else None

    def _redeem(self, common: dict[str, Any], who: CustomerRef) -> Intake:
        return Redemption(**common, customer=who, offer="TEA", is_reserved=self.rng.random() < 0.4, ttl_s=3_600)

    def _use(self, common: dict[str, Any], _who: CustomerRef) -> Intake | None:
        keys = [key for key in self.plain.reward_name if isinstance(key, UUID)][-4:]
        return UseEntitlement(**common, entitlement=self.rng.choice(keys)) if keys else None

    def _event(self, common: dict[str, Any], who: CustomerRef) -> Intake:
        return Event(**common, customer=who, name="review")

    def _pending(self, common: dict[str, Any], _who: CustomerRef) -> Intake | None:
        name = self._any(self.plain.sales)
        return PendingChange(**common, of=name, is_cancelled=self.rng.random() < 0.5) if name else None

    def _close(self, common: dict[str, Any], who: CustomerRef) -> Intake | None:
        return Closing(**common, customer=who) if who.phone in self.plain.ledger.debt else None

    # ---- sending them

    def step(self, now: datetime) -> None:
        """Let something happen, and send some of what waits, in any order, perhaps twice, perhaps into a crash."""
        invented = self.invent(now)
        if invented is not None:
            self.waiting.append(invented)
        if self.sent and self.rng.random() < 0.2:
            self.waiting.append(self.rng.choice(self.sent))
        if self.journal and self.rng.random() < 0.05:
            intake = self.rng.choice(self.journal)[1]
            self.waiting.append(msgspec.structs.replace(intake, revision=0, store="", occurred_at=START))
        if self.rng.random() < 0.5:
            self.rng.shuffle(self.waiting)
        size = self.rng.randint(0, 4)
        batch, self.waiting = self.waiting[:size], self.waiting[size:]
        if batch:
            self.send(batch, now)

    def send(self, batch: list[Intake], now: datetime) -> None:
        """Send a batch; a client that got no answer sends it again."""
        statements = self.rng.randint(0, STATEMENTS_MAX) if self.rng.random() < 0.3 else 10**6
        try:
            with crash_after(statements):
                receipts = receive(self.business, batch, now=now, new_key=self.new_key)
        except Crash:
            self.crashes += 1
            self.waiting += batch
            return
        self._check(batch, receipts, now)
        if self.rng.random() < 0.1:
            self.waiting += batch  # the answer is lost: the client sends it again

    def _check(self, batch: list[Intake], receipts: list[Receipt], now: datetime) -> None:
        """Compare what was done with what the plain shop does, intake by intake."""
        tried: set[str] = set()
        for intake, receipt in zip(batch, receipts, strict=True):
            self.steps += 1
            name = intake.external_id
            if known := self.plain.names.get(name):
                self.repeats += 1
                self._check_repeat(intake, receipt, known)
                continue
            if name in tried:
                assert receipt.refusal is not None, "the first of this name was refused, in this very batch"
                continue
            tried.add(name)
            is_done = self._do_plainly(intake, receipt, now)
            assert (receipt.refusal is None) == is_done, (intake, receipt)
            self.sent.append(intake)

    def _check_repeat(self, intake: Intake, receipt: Receipt, known: Intake) -> None:
        if intake == known:
            assert receipt == msgspec.structs.replace(self.answers[intake.external_id], is_repeat=True)
        else:
            assert receipt.refusal is not None
            assert receipt.refusal.code == "key_reused"

    def _do_plainly(self, intake: Intake, receipt: Receipt, now: datetime) -> bool:
        try:
            self.plain.apply(intake, now)
        except No:
            self.refusals += 1
            return False
        self.journal.append((now, intake, receipt))
        self.answers[intake.external_id] = receipt
        if hold := receipt.detail.get("hold"):
            self.plain.hold_name.setdefault(UUID(str(hold)), intake.external_id)
        if key := receipt.detail.get("entitlement"):
            self.plain.hold_name.pop(UUID(str(receipt.detail.get("hold", key))), None)
            self.plain.reward_name[UUID(str(key))] = intake.external_id
            self.plain.reward_name[code_of(UUID(str(key)))] = intake.external_id
        return True


class Simulation:
    """Shops under one clock, all from one seed."""

    def __init__(self, seed: int, countries: tuple[Country, ...] = (PUNE, BERLIN)) -> None:
        self.rng = random.Random(seed)
        self.now = START
        self.shops = []
        for place, country in enumerate(countries):
            plain = PlainShop(
                ZoneInfo(country.zone),
                life_days=country.life_days,
                delay_days=country.delay_days,
                policy=country.policy,
            )
            rng = random.Random(f"{seed}/{place}")
            keys = self._keys(rng, place)
            self.shops.append(Shop(open_shop(country, f"Shop {place}", keys), plain, rng, keys))

    def _keys(self, rng: random.Random, place: int) -> KeyMaker:
        return KeyMaker(
            clock_ms=lambda: int(self.now.timestamp() * 1000), random_62=lambda: rng.getrandbits(61) << 1 | place
        )

    def run(self, steps: int) -> None:
        """Let things happen until so many intakes were answered."""
        while sum(shop.steps for shop in self.shops) < steps:
            self.now += timedelta(seconds=self.rng.choice([1, 7, 60, 900, 7_200, 40_000]))
            self.rng.choice(self.shops).step(self.now)


def points_by_phone(business: Business, now: datetime) -> dict[str, tuple[int, int, int, int, int]]:
    """Return what every member has: in all, usable, waiting, held, owed."""
    owners = Identity.objects.filter(business=business, kind="phone").values_list("value", "customer_id")
    found = {}
    for phone, customer in owners:
        balance = balance_of(business, customer, "points", now=now)
        found[phone] = (balance.total, balance.available, balance.pending, balance.held, balance.owed)
    return found


def plain_points(shop: PlainShop, now: datetime) -> dict[str, tuple[int, int, int, int, int]]:
    """Return the same of the plain shop."""
    ledger = shop.ledger
    ledger.now = round(now.timestamp())
    found = {}
    for phone in ledger.debt:
        lots = ledger.of(phone)
        pending = sum(lot["left"] for lot in lots if lot["begin"] is None or lot["begin"] > ledger.now)
        held = sum(lot["held"] for lot in lots)
        found[phone] = (ledger.balance(phone), ledger.usable(phone), pending, held, ledger.debt[phone])
    return found


def seal(business: Business) -> None:
    """Do what the worker does after each commit, in the order of the commits."""
    jobs = Job.objects.filter(kind="seal", business_id=business.pk).order_by("id")
    seal_commits(business.pk, [job.payload for job in jobs])
    jobs.delete()


def lots_of(business: Business) -> list[tuple[object, ...]]:
    """Return every lot as plain values without keys, in the order in which they came in."""
    columns = ("granted", "remaining", "held", "expired", "occurred_at", "available_at", "expires_at")
    return list(Lot.objects.filter(business=business).order_by("id").values_list(*columns))


def replay(shop: Shop, business: Business) -> None:
    """Send every intake that was applied to another shop, in recording order with the recorded times."""
    keys: dict[UUID, UUID] = {}
    for now, intake, receipt in shop.journal:
        (again,) = receive(business, [_translated(intake, keys)], now=now)
        assert again.refusal is None, (intake, again.refusal)
        for name in ("hold", "entitlement"):
            if name in receipt.detail:
                keys[UUID(str(receipt.detail[name]))] = UUID(str(again.detail[name]))


def _translated(intake: Intake, keys: dict[UUID, UUID]) -> Intake:
    """Return an intake that speaks of the keys of the other shop."""
    if isinstance(intake, SettleHold | VoidHold):
        return msgspec.structs.replace(intake, hold=keys[intake.hold])
    if isinstance(intake, UseEntitlement) and intake.entitlement:
        return msgspec.structs.replace(intake, entitlement=keys[intake.entitlement])
    if isinstance(intake, Order) and intake.codes:
        codes = {code_of(old): code_of(new) for old, new in keys.items()}
        return msgspec.structs.replace(intake, codes=[codes[code] for code in intake.codes])
    return intake
