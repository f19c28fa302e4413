# SPDX-License-Identifier: Apache-2.0
"""Tell the stories in `examples/*.txt` at a till, through the path.

A story begins with its name on a line of its own; each further line is a sentence that says something about the shop, does something
or checks something. Money is in whole units of the currency, days and times are the shop's. The sentences about the shop come first;
`from … on` publishes what was said since the last version.
"""

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from regulars.catalog.actions import ProductRow, import_products
from regulars.customers.matching import CustomerRef
from regulars.flow.intake import (
    Adjustment,
    Cancel,
    Enrolment,
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
    Visit,
    VoidHold,
)
from regulars.flow.nightly import close_day
from regulars.flow.receive import receive
from regulars.flow.verifying import verify_books
from regulars.kernel.ids import new_key
from regulars.ledger.queries import Balance, balance_of
from regulars.programs.actions import publish_program
from regulars.programs.models import Membership
from regulars.rewards.actions import OfferTerms, create_offer
from regulars.tenancy.actions import create_store
from regulars.tenancy.actors import SYSTEM
from regulars.tenancy.models import Business
from shop import NOON, a_shop
from telling import Sentences, read_stories, tell

STORIES = read_stories(Path(__file__).parent / "examples")
PLACES = {"Pune": ("IN", "Asia/Kolkata"), "Yerevan": ("AM", "Asia/Yerevan"), "Berlin": ("DE", "Europe/Berlin")}
PEOPLE = {name: f"+9198765432{place}" for place, name in enumerate(("Asha", "Ravi", "Mina"), start=10)}
ROUNDED = {"": "floor", ", rounded up": "ceil", ", rounded to the nearest": "half_up"}
POLICIES = {"forgotten until more comes in": "clamp", "owed": "allow", "no reason to take goods back": "refuse"}
Rule = dict[str, Any]


@dataclass
class Teller:
    """Tell one story in a shop of its own."""

    place: str = "Pune"
    rules: dict[str, Rule] = field(default_factory=dict)
    program: dict[str, Any] = field(default_factory=dict)
    published: dict[str, Any] = field(default_factory=dict)
    unit: dict[str, Any] = field(default_factory=dict)
    now: datetime = NOON
    shop: Business | None = None
    keys: dict[str, UUID] = field(default_factory=dict)
    people: dict[str, UUID] = field(default_factory=dict)
    receipts: list[tuple[Intake, Receipt]] = field(default_factory=list)
    waiting: list[Intake] | None = None
    count: int = 0
    is_refused: bool = False

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone of the shop."""
        return ZoneInfo(PLACES[self.place][1])

    @property
    def business(self) -> Business:
        """Return the shop, opening it with what was said of it so far."""
        if self.shop is None:
            country, zone = PLACES[self.place]
            self.published = deepcopy(self.document())
            self.shop = a_shop(self.published, country=country, timezone=zone)
            create_store(self.shop, code="NORTH", name="North", timezone=zone, actor=SYSTEM, now=NOON)
        return self.shop

    def document(self) -> dict[str, Any]:
        """Return the program as it was said."""
        return {"rules": list(self.rules.values()), "unit": self.unit, **self.program}

    def end(self) -> None:
        """Check the books when the story is over."""
        self.business.refresh_from_db()
        assert verify_books(self.business.pk).difference == ""

    def moment(self, day: str, clock: str | None) -> datetime:
        """Return a moment of the shop's day; a second time of an hour that comes twice ends with "again"."""
        plain, _, again = (clock or "00:00").partition(" ")
        local = datetime.fromisoformat(f"{day}T{plain}").replace(tzinfo=self.zone, fold=1 if again else 0)
        return local.astimezone(UTC)

    def send(
        self, kind: Callable[..., Intake], who: str | None = None, *, as_name: str | None = None, **fields: Any
    ) -> None:
        """Send one intake, now or with others as one batch."""
        self.count += 1
        name = as_name or f"{self.count:04d}"
        common = {"source": "till", "external_id": name, "occurred_at": fields.pop("occurred_at", None) or self.now}
        customer = CustomerRef(phone=PEOPLE[who], name=who) if who else None
        intake = kind(**common, customer=customer, **fields)
        if self.waiting is not None:
            self.waiting.append(intake)
            return
        self.take([intake])

    def take(self, intakes: list[Intake]) -> None:
        """Let the shop receive intakes, and keep its answers."""
        assert self.business
        assert self.document() == self.published, "something that was said about the shop was never published"
        for intake, receipt in zip(intakes, receive(self.business, intakes, now=self.now), strict=True):
            assert (receipt.refusal is not None) == self.is_refused, receipt.refusal or "it was not refused"
            self.receipts.append((intake, receipt))
            for name in ("hold", "entitlement"):
                if name in receipt.detail:
                    self.keys[intake.external_id] = UUID(str(receipt.detail[name]))
            if intake.customer and receipt.customer:
                self.people[intake.customer.name] = receipt.customer

    @property
    def last(self) -> Receipt:
        """Return the latest answer."""
        return self.receipts[-1][1]

    def balance(self, who: str) -> Balance:
        """Return what somebody has."""
        return balance_of(self.business, self.people[who], "points", now=self.now)


# ---- about the shop


def _lies_in(teller: Teller, place: str) -> None:
    teller.place = place


def _brings(teller: Teller, what: str, points: str, per: str | None, how: str, **about: str | None) -> None:
    on = {"a purchase": "order", "an item": "order", "a visit": "visit"}.get(what, "event")
    gives: Rule = {"kind": "fixed", "points": int(points)}
    if per:
        gives = {"kind": "per_amount", "points": int(points), "per_minor": _minor(per)}
    elif what == "an item":
        gives = {"kind": "per_item", "points": int(points)}
    code = about["code"] or ("spend" if per else what.rsplit(maxsplit=1)[-1])
    rule: Rule = {"id": code, "name": {"en": code}, "on": on, "gives": gives, "rounding": ROUNDED[how]}
    if on == "event":
        rule["event"] = what.rsplit(maxsplit=1)[-1]
    if about["category"]:
        rule["when"] = {"field": "line.category", "is": "is", "value": about["category"]}
    if about["carries"]:
        rule["carries"] = True
    for key in ("only", "wait", "life", "most"):
        if about[key]:
            rule |= _OF_RULE[key](about[key] or "")
    teller.rules[code] = rule


def _only(text: str) -> Rule:
    times, _, per = text.partition(" times " if " times " in text else " ")
    limits = {"a day": "day", "a week": "week", "a month": "month", "a year": "year", "only": "ever", "in all": "ever"}
    return {"limits": [{"per": limits[per], "times": 1 if times == "once" else int(times)}]}


def _most(text: str) -> Rule:
    points, per = text.split(" points ")
    if per == "at once":
        return {"order_max": int(points)}
    return {"limits": [{"per": per.removeprefix("a "), "points": int(points)}]}


def _life(text: str) -> Rule:
    return {"expiry": _expiry(text)}


def _cools(hours: str) -> Rule:
    return {"cooldown_hours": int(hours)}


_OF_RULE: dict[str, Callable[[str], Rule]] = {"only": _only, "wait": _cools, "most": _most, "life": _life}


def _expiry(text: str) -> Rule:
    if text == "never":
        return {"kind": "never"}
    if found := re.fullmatch(r"after (\d{4}-\d\d-\d\d)", text):
        return {"kind": "date", "day": found[1]}
    found = re.fullmatch(
        r"(?:at the end of the (month|quarter|year) )?(\d+) (month|day)s? (later|after the last activity)", text
    )
    assert found, text
    period, count, length, since = found.groups()
    kind = "period_end" if period else "after" if since == "later" else "inactivity"
    return {"kind": kind, f"{length}s": int(count), "period": period or "month"}


def _times(teller: Teller, times: str, category: str | None) -> None:
    rule: Rule = {
        "id": f"times-{category or 'all'}",
        "name": {"en": "times"},
        "gives": {"kind": "multiply", "times_milli": round(float(times) * 1000)},
    }
    if category:
        rule["when"] = {"field": "line.category", "is": "is", "value": category}
    teller.rules[rule["id"]] = rule


def _ends(teller: Teller, when: str) -> None:
    teller.unit["expiry"] = _expiry(when)


def _lives_on(teller: Teller, days: str) -> None:
    teller.unit["grace_days"] = int(days)


def _wait(teller: Teller, days: str | None, event: str | None, timeout: str | None, then: str | None) -> None:
    if days:
        teller.unit["pending"] = {"kind": "delay", "days": int(days)}
    else:
        action = "cancel" if then == "are lost" else "activate"
        teller.unit["pending"] = {
            "kind": "event",
            "event": event,
            "timeout_days": int(timeout or 0),
            "on_timeout": action,
        }


def _most_of_all(teller: Teller, points: str) -> None:
    teller.unit["balance_max"] = int(points)


def _missing(teller: Teller, policy: str) -> None:
    teller.unit["negative"] = POLICIES[policy]


def _join(teller: Teller, days: str | None) -> None:
    teller.program["membership"] = "on_request"
    if days:
        teller.program["claim_days"] = int(days)


def _levels(teller: Teller, metric: str, months: str, grace: str, levels: str) -> None:
    pattern = rf"(\w+) from (\d+)(?: × ([\d.]+))?(?: ending ({_WHEN}))?"
    parts = [re.fullmatch(pattern, level) for level in levels.split(", ")]
    factor = 100 if metric == "spent" else 1
    teller.program["ladder"] = {
        "metric": "spend_minor" if metric == "spent" else "points_earned",
        "months": int(months),
        "grace_days": int(grace),
        "levels": [
            {
                "code": found[1],
                "name": {"en": found[1]},
                "at_least": int(found[2]) * factor,
                "times_milli": round(float(found[3] or 1) * 1000),
                **({"expiry": _expiry(found[4])} if found[4] else {}),
            }
            for found in parts
            if found
        ],
    }


def _publish(teller: Teller, day: str, clock: str | None) -> None:
    business, teller.published = teller.business, deepcopy(teller.document())
    publish_program(business, teller.published, valid_from=teller.moment(day, clock), actor=SYSTEM, now=teller.now)


def _offer(teller: Teller, code: str, points: str) -> None:
    terms = OfferTerms(code=code, name={"en": code}, kind="amount_off", value={"amount_minor": 100}, price=int(points))
    create_offer(teller.business, terms, actor=SYSTEM, now=teller.now)


def _earns_not(teller: Teller, sku: str) -> None:
    import_products(teller.business, [ProductRow(sku, earns_points=False)], now=teller.now, new_key=new_key)


def _no_longer(teller: Teller, code: str) -> None:
    del teller.rules[code]


# ---- what happens


def _clock(teller: Teller, day: str, clock: str | None) -> None:
    assert teller.business
    teller.now = teller.moment(day, clock)


def _minor(amount: str) -> int:
    return round(float(amount) * 100)


def _lines(text: str) -> list[OrderLine]:
    lines = []
    for part in text.split(", "):
        found = re.fullmatch(r"(-?[\d.]+) (?:(kg) )?(\w+)(?: of (\w+))? for (-?[\d.]+)", part)
        assert found, part
        quantity, _, sku, category, amount = found.groups()
        lines.append(OrderLine(sku, _minor(amount), quantity=quantity, category=category or ""))
    return lines


def _buys(teller: Teller, who: str, lines: str, name: str | None, **about: str | None) -> None:
    more: dict[str, Any] = {"store": "NORTH"} if about["store"] else {}
    if about["pays"]:
        more["points"] = int(about["pays"])
    if about["day"]:
        more["occurred_at"] = teller.moment(about["day"], about["clock"])
    teller.send(Order, None if who == "Somebody" else who, as_name=name, lines=_lines(lines), **more)


def _corrected(teller: Teller, name: str, revision: str | None, lines: str) -> None:
    known = [intake for intake, _ in teller.receipts] + (teller.waiting or [])
    before = [intake for intake in known if intake.external_id == name]
    more: dict[str, Any] = {"revision": int(revision or 1), "occurred_at": before[-1].occurred_at}
    who = before[-1].customer
    teller.send(Order, who.name if who else None, as_name=name, lines=_lines(lines), **more)


def _returned(text: str) -> list[ReturnLine]:
    lines = []
    for part in text.split(", "):
        found = re.fullmatch(r"([\d.]+) (?:kg )?(?:of line (\d+)|(\w+))(?: for ([\d.]+))?", part)
        assert found, part
        quantity, line, sku, amount = found.groups()
        lines.append(
            ReturnLine(
                quantity,
                line=int(line) if line else None,
                sku=sku or "",
                amount_minor=_minor(amount) if amount else None,
            )
        )
    return lines


def _back(teller: Teller, lines: str | None, order: str, store: str | None, name: str | None) -> None:
    more = {"store": "NORTH"} if store else {}
    teller.send(Return, order=order, lines=_returned(lines) if lines else [], as_name=name, **more)


def _back_unnamed(teller: Teller, who: str, lines: str) -> None:
    teller.send(Return, who, lines=_returned(lines))


def _cancelled(teller: Teller, name: str, as_name: str | None) -> None:
    teller.send(Cancel, cancels=name, as_name=as_name)


def _comes(teller: Teller, who: str, what: str, name: str | None) -> None:
    teller.send(Visit if what == "visits" else Enrolment, who, as_name=name)


def _event(teller: Teller, event: str, who: str | None, of: str | None, name: str | None) -> None:
    fields: dict[str, Any] = {"of": of} if of else {}
    teller.send(partial(Event, name=event, **fields), who, as_name=name)


def _adjusted(teller: Teller, who: str, how: str, points: str, name: str | None) -> None:
    teller.send(Adjustment, who, points=int(points) * (1 if how == "gets" else -1), reason="by hand", as_name=name)


def _moves(teller: Teller, who: str, points: str, to: str) -> None:
    teller.send(Transfer, who, points=int(points), to=CustomerRef(phone=PEOPLE[to], name=to), reason="a gift")


def _holds(teller: Teller, who: str, points: str, minutes: str, name: str) -> None:
    teller.send(HoldPoints, who, points=int(points), ttl_s=int(minutes) * 60, as_name=name)


def _settled(teller: Teller, name: str, points: str | None, as_name: str | None) -> None:
    teller.send(SettleHold, hold=teller.keys[name], points=int(points) if points else None, as_name=as_name)


def _given_up(teller: Teller, name: str) -> None:
    teller.send(VoidHold, hold=teller.keys[name])


def _takes(teller: Teller, who: str, code: str, name: str) -> None:
    teller.send(Redemption, who, offer=code, as_name=name)


def _uses(teller: Teller, name: str, as_name: str | None) -> None:
    teller.send(UseEntitlement, entitlement=teller.keys[name], as_name=as_name)


def _pending(teller: Teller, name: str, how: str) -> None:
    teller.send(PendingChange, of=name, is_cancelled=how == "called off")


def _closed(teller: Teller) -> None:
    close_day(teller.business, now=teller.now)


def _again(teller: Teller) -> None:
    intake, receipt = teller.receipts[-1]
    (again,) = receive(teller.business, [intake], now=teller.now)
    assert (again.is_repeat, again.fact, again.balance) == (True, receipt.fact, receipt.balance)


def _together(teller: Teller) -> None:
    teller.waiting = []


def _sent(teller: Teller) -> None:
    intakes, teller.waiting = teller.waiting or [], None
    teller.take(intakes)


# ---- what is so


def _refused(teller: Teller, sentence: str, code: str) -> None:
    before = verify_books(teller.business.pk)
    teller.is_refused = True
    tell(teller, sentence, SENTENCES)
    teller.is_refused = False
    refusal = teller.receipts.pop()[1].refusal
    assert refusal is not None
    assert refusal.code == code, refusal
    assert verify_books(teller.business.pk) == before, "a refusal changes nothing"


def _has(teller: Teller, who: str, points: str) -> None:
    assert teller.balance(who).total == int(points), teller.balance(who)


def _can_use(teller: Teller, who: str, points: str) -> None:
    assert teller.balance(who).available == int(points), teller.balance(who)


def _waits(teller: Teller, who: str, points: str) -> None:
    assert teller.balance(who).pending == int(points), teller.balance(who)


def _owes(teller: Teller, who: str, points: str) -> None:
    assert teller.balance(who).owed == int(points), teller.balance(who)


def _brought(teller: Teller, points: str) -> None:
    assert teller.last.points_earned == int(points), teller.last


def _took_back(teller: Teller, points: str) -> None:
    assert teller.last.points_reversed == int(points), teller.last


def _gave_back(teller: Teller, points: str) -> None:
    assert teller.last.points_returned == int(points), teller.last


def _each(teller: Teller, rules: str) -> None:
    earnings = [
        f"{one.rule} {one.points}" + ("" if one.outcome == "fired" else f" {one.outcome}")
        for one in teller.last.earnings
    ]
    assert ", ".join(earnings) == rules


def _is(teller: Teller, who: str, tier: str) -> None:
    assert Membership.objects.get(business=teller.business, customer=teller.people[who]).tier == tier


def _books(teller: Teller, totals: str) -> None:
    found = verify_books(teller.business.pk).totals.get("points", {})
    order = ["member", "deficit", "issued", "redeemed", "breakage", "adjusted"]
    assert ", ".join(f"{side} {found[side]}" for side in order if found.get(side)) == totals.removeprefix("nothing")


_WHO, _N, _DAY, _NAME = r"(?P<who>[A-Z][a-z]+)", r"(?P<points>\d+)", r"\d{4}-\d\d-\d\d", r"(?P<name>[A-Z]\d?)"
_WAIT = r"(?:(?P<days>\d+) days|until they are (?P<event>\w+); after (?P<timeout>\d+) days they (?P<then>are lost|can be used))"
_GIVES = r"brings (?P<points>\d+) points?(?: for every (?P<per>[\d.]+))?(?P<how>(?:, rounded (?:up|to the nearest))?)"
_AS, _TIME = rf"(?: as {_NAME})?", r"\d\d:\d\d(?::\d\d)?(?: again)?"
_AT = rf"(?P<day>{_DAY})(?: at (?P<clock>{_TIME}))?"
_WHEN = r"never|after [\d-]+|(?:at the end of the \w+ )?\d+ (?:month|day)s? (?:later|after the last activity)"
_ABOUT = (
    r"(?: for (?P<category>\w+))?(?P<carries>, carried over)?(?:, again after (?P<wait>\d+) hours)?"
    r"(?:, (?P<only>once (?:a \w+|only)|\d+ times (?:a \w+|in all)))?"
    rf"(?:, at most (?P<most>\d+ points (?:at once|a \w+|ever)))?(?:, ending (?P<life>{_WHEN}))?(?: \((?P<code>\w+)\))?"
)
_LINE = r"-?[\d.]+ (?:kg )?\w+(?: of \w+)? for -?[\d.]+"
_BACK = r"[\d.]+ (?:kg )?(?:of line \d+|\w+)(?: for [\d.]+)?"
SENTENCES: Sentences = [
    (r"the shop is in (?P<place>\w+)", _lies_in),
    (
        rf"(?P<what>a purchase|an item|a visit|an? \w+) {_GIVES}{_ABOUT}",
        _brings,
    ),
    (r"(?:everything|(?P<category>\w+)) counts (?P<times>[\d.]+) times", _times),
    (rf"points end (?P<when>{_WHEN})", _ends),
    (r"what comes back after its end lives (?P<days>\d+) days more", _lives_on),
    (
        rf"points wait {_WAIT}",
        _wait,
    ),
    (rf"a member has at most {_N}", _most_of_all),
    (r"what is missing at a return is (?P<policy>.+)", _missing),
    (r"members ask to join(?:; the purchases of (?P<days>\d+) days before count)?", _join),
    (
        r"levels by points (?P<metric>earned) in (?P<months>\d+) months?, grace (?P<grace>\d+) days: (?P<levels>.+)",
        _levels,
    ),
    (
        r"levels by money (?P<metric>spent) in (?P<months>\d+) months?, grace (?P<grace>\d+) days: (?P<levels>.+)",
        _levels,
    ),
    (rf"all this holds from {_AT} on", _publish),
    (rf"a (?P<code>[A-Z]+) costs {_N}", _offer),
    (r"(?P<sku>[A-Z]+) does not earn", _earns_not),
    (r"the rule (?P<code>[\w-]+) is gone", _no_longer),
    (rf"on {_AT}", _clock),
    (r"“(?P<sentence>.+)” is refused: (?P<code>\w+)", _refused),
    (
        rf"{_WHO} buys (?P<lines>{_LINE}(?:, {_LINE})*)(?:, paying (?P<pays>\d+) points)?(?P<store> in the north)?(?:, on {_AT})?{_AS}",
        _buys,
    ),
    (rf"{_NAME} is corrected(?: \((?P<revision>\d+)\))?: (?P<lines>{_LINE}(?:, {_LINE})*)", _corrected),
    (
        rf"(?:(?P<lines>{_BACK}(?:, {_BACK})*) of )?(?P<order>[A-Z]\d?) comes? back(?P<store> in the north)?{_AS}",
        _back,
    ),
    (rf"{_WHO} brings back (?P<lines>{_BACK}(?:, {_BACK})*)", _back_unnamed),
    (rf"{_NAME} is undone(?: as (?P<as_name>[A-Z]\d?))?", _cancelled),
    (rf"{_WHO} (?P<what>visits|joins){_AS}", _comes),
    (rf"the event (?P<event>\w+) happens(?: to {_WHO})?(?: for (?P<of>[A-Z]\d?))?{_AS}", _event),
    (rf"{_WHO} (?P<how>gets|loses) {_N} by hand{_AS}", _adjusted),
    (rf"{_WHO} moves {_N} to (?P<to>[A-Z][a-z]+)", _moves),
    (rf"{_WHO} holds {_N} for (?P<minutes>\d+) minutes as {_NAME}", _holds),
    (rf"{_NAME} is settled(?: with {_N})?(?: as (?P<as_name>[A-Z]\d?))?", _settled),
    (rf"{_NAME} is given up", _given_up),
    (rf"{_WHO} takes a (?P<code>[A-Z]+) as {_NAME}", _takes),
    (rf"{_NAME} is used(?: as (?P<as_name>[A-Z]\d?))?", _uses),
    (rf"the points of {_NAME} are (?P<how>activated|called off)", _pending),
    (r"the day is closed", _closed),
    (r"the same is sent again", _again),
    (r"the till was off line", _together),
    (r"the till is on line again", _sent),
    (rf"{_WHO} has {_N}", _has),
    (rf"{_WHO} can use {_N}", _can_use),
    (rf"{_WHO} waits for {_N}", _waits),
    (rf"{_WHO} owes {_N}", _owes),
    (rf"it brought {_N}", _brought),
    (rf"it took back {_N}", _took_back),
    (rf"it gave back {_N}", _gave_back),
    (r"by rule: (?P<rules>.*)", _each),
    (rf"{_WHO} is (?P<tier>[a-z]+)", _is),
    (r"the books: (?P<totals>.+)", _books),
]
