# SPDX-License-Identifier: Apache-2.0
"""Tell the stories in `examples/*.txt` on a book without a database.

A story begins with its name on a line of its own; each further line is a sentence that does or checks something. A day is the shop's
day in Pune; points that end on a day can be used through that day.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from regulars.kernel.clock import end_of_day, local_day, start_of_day
from regulars.kernel.errors import RegularsError
from regulars.kernel.ids import KeyMaker
from regulars.kernel.money import share_of_part
from regulars.ledger.book import Account, Drawn, Hold, Lot, Negative, Posting, Side, Terms
from regulars.ledger.holding import HoldingBook
from telling import Sentences, read_stories, tell

PUNE = ZoneInfo("Asia/Kolkata")
STORIES = read_stories(Path(__file__).parent / "examples")


@dataclass
class Given:
    """Points that came in under a name, and how many pieces of the purchase have come back."""

    account: Account
    lot: Lot
    amount: int
    returned: int = 0


@dataclass
class Spent:
    """A spending under a name."""

    account: Account
    transaction: UUID
    drawn: list[Drawn]


@dataclass
class Teller:
    """Tell one story on a book of its own."""

    book: HoldingBook = field(
        default_factory=lambda: HoldingBook(now=datetime(2026, 1, 1, tzinfo=UTC), new_key=KeyMaker(random_62=lambda: 0))
    )
    people: dict[str, UUID] = field(default_factory=dict)
    given: dict[str, Given] = field(default_factory=dict)
    spent: dict[str, Spent] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)
    policy: Negative = Negative.CLAMP
    grace_days: int = 0

    def account(self, name: str) -> Account:
        """Return a person's account."""
        key = self.people.setdefault(name, KeyMaker()())
        return self.book.account(Side.MEMBER, "points", key)

    @property
    def grace_until(self) -> datetime | None:
        """Return until when points live that come back now."""
        last = local_day(self.book.now, PUNE) + timedelta(days=self.grace_days)
        return end_of_day(last, PUNE) if self.grace_days else None

    def posting(self, kind: str, **about: Any) -> Posting:
        """Say what a booking is about."""
        return Posting(fact=KeyMaker()(), kind=kind, occurred_at=self.book.now, **about)

    def picture(self) -> object:
        """Return everything that a refusal must leave as it was."""
        book = self.book
        lots = [(lot.key, lot.remaining, lot.held, lot.expired) for lot in book.lots.values()]
        return len(book.entries), len(book.allocations), book.version, lots, [h.state for h in book.holds.values()]

    def debt(self, name: str) -> int:
        """Return what a person owes."""
        owed = self.book.accounts.get((self.people[name], "points", Side.DEFICIT))
        return -owed.balance if owed else 0


def _moment(day: str, clock: str | None = None) -> datetime:
    if clock is None:
        return start_of_day(date.fromisoformat(day), PUNE)
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=PUNE).astimezone(UTC)


def _clock(teller: Teller, day: str, clock: str | None) -> None:
    teller.book.now = _moment(day, clock)


def _policy(teller: Teller, policy: str) -> None:
    teller.policy = Negative(policy)


def _grace(teller: Teller, days: str) -> None:
    teller.grace_days = int(days)


def _gets(teller: Teller, who: str, points: str, **about: str | None) -> None:
    name, begins, ends, waits = about["name"], about["begins"], about["ends"], about["waits"]
    available = None if waits else _moment(begins) if begins else teller.book.now
    expires = end_of_day(date.fromisoformat(ends), PUNE) if ends else None
    terms = Terms(
        occurred_at=teller.book.now, available_at=available, expires_at=expires, waits_for="delivery" if waits else ""
    )
    account = teller.account(who)
    lot = teller.book.credit(account, int(points), teller.posting("earn"), terms)
    if name:
        teller.given[name] = Given(account, lot, int(points))


def _spends(teller: Teller, who: str, points: str, name: str | None) -> None:
    account = teller.account(who)
    transaction = teller.book.spend(account, int(points), teller.posting("spend"))
    if name:
        teller.spent[name] = Spent(account, transaction, teller.book.drawn_by(transaction))


def _refused(teller: Teller, sentence: str, reason: str) -> None:
    before = teller.picture()
    with pytest.raises(RegularsError) as refusal:
        tell(teller, sentence, SENTENCES)
    assert refusal.value.message == reason
    assert teller.picture() == before, "a refusal changes nothing"


def _comes_back(teller: Teller, name: str, part: str | None, whole: str | None) -> None:
    given = teller.given[name]
    pieces, of = int(part or 1), int(whole or 1)
    target = [share_of_part(given.amount, count, of) for count in (given.returned, given.returned + pieces)]
    posting = teller.posting("reverse_earn", reverses=given.lot.transaction)
    teller.book.reverse_credit(
        given.account, target[1] - target[0], posting, negative=teller.policy, own=frozenset({given.lot.key})
    )
    given.returned += pieces


def _given_back(teller: Teller, name: str, points: str | None) -> None:
    spent = teller.spent[name]
    amount = int(points) if points else sum(part.amount for part in spent.drawn)
    posting = teller.posting("reverse_spend", reverses=spent.transaction)
    first = len(teller.book.allocations)
    teller.book.give_back(spent.account, amount, posting, spent.drawn, grace_until=teller.grace_until)
    back = {part.lot: part.amount for part in teller.book.allocations[first:] if part.amount > 0}
    spent.drawn = [Drawn(part.lot, part.amount - back.get(part.lot, 0)) for part in spent.drawn]


def _ends(teller: Teller, points: str) -> None:
    expired = [teller.book.expire(account, KeyMaker()()) for account in list(teller.book.accounts.values())]
    assert sum(expired) == int(points)


def _holds(teller: Teller, who: str, points: str, minutes: str, name: str) -> None:
    until = teller.book.now + timedelta(minutes=int(minutes))
    teller.holds[name] = teller.book.hold(teller.account(who), int(points), KeyMaker()(), expires_at=until)


def _settled(teller: Teller, name: str, points: str | None) -> None:
    hold = teller.holds[name]
    posting = teller.posting("settle")
    teller.book.settle(hold, int(points or hold.amount), posting, grace_until=teller.grace_until)


def _released(teller: Teller, name: str, how: str) -> None:
    state = "voided" if how == "given up" else "expired"
    teller.book.release(teller.holds[name], KeyMaker()(), state=state, grace_until=teller.grace_until)


def _moves(teller: Teller, who: str, points: str, to: str) -> None:
    posting = teller.posting("transfer")
    teller.book.transfer(teller.account(who), teller.account(to), int(points), posting)


def _activates(teller: Teller, name: str, ends: str | None) -> None:
    expires = end_of_day(date.fromisoformat(ends), PUNE) if ends else None
    teller.book.activate(teller.given[name].lot, teller.posting("earn").fact, expires)


def _called_off(teller: Teller, name: str) -> None:
    given = teller.given[name]
    teller.book.call_off(given.account, given.lot, teller.posting("cancel_pending"))


def _has(teller: Teller, who: str, points: str) -> None:
    assert teller.account(who).balance == int(points)


def _can_use(teller: Teller, who: str, points: str) -> None:
    assert teller.account(who).available(teller.book.now) == int(points)


def _waits(teller: Teller, who: str, points: str) -> None:
    assert teller.account(who).pending(teller.book.now) == int(points)


def _owes(teller: Teller, who: str, points: str) -> None:
    assert teller.debt(who) == int(points)


def _lots(teller: Teller, who: str, lots: str) -> None:
    def told(lot: Lot) -> str:
        return f"{lot.remaining} {_until(lot)}"

    assert ", ".join(told(lot) for lot in sorted(teller.account(who).lots, key=lambda lot: lot.key)) == lots


def _until(lot: Lot) -> str:
    if lot.expires_at is None:
        return "for ever"
    return f"until {local_day(lot.expires_at - timedelta(seconds=1), PUNE)}"


def _books(teller: Teller, totals: str) -> None:
    accounts = sorted(teller.book.accounts.values(), key=lambda account: list(Side).index(account.side))
    sums: dict[str, int] = {}
    for account in accounts:
        sums[account.side] = sums.get(account.side, 0) + account.balance
    assert ", ".join(f"{side} {total}" for side, total in sums.items() if total) == totals
    assert sum(sums.values()) == 0


def _journal(teller: Teller, who: str, rows: str) -> None:
    kinds = dict(teller.book.transactions)
    account = teller.account(who)
    entries = [entry for entry in teller.book.entries if entry.account is account]
    assert ", ".join(f"{kinds[entry.transaction].kind} {entry.amount:+d}" for entry in entries) == rows


_WHO, _N, _DAY, _NAME = r"(?P<who>[A-Z][a-z]+)", r"(?P<points>\d+)", r"\d{4}-\d\d-\d\d", r"(?P<name>[A-Z]\d)"
_TERMS = rf"(?: from (?P<begins>{_DAY}))?(?P<waits> once delivered)?(?: until (?P<ends>{_DAY}))?"
SENTENCES: Sentences = [
    (rf"on (?P<day>{_DAY})(?: at (?P<clock>\d\d:\d\d(?::\d\d)?))?", _clock),
    (r"the shop's policy is (?P<policy>refuse|clamp|allow)", _policy),
    (r"what comes back after its end lives (?P<days>\d+) days more", _grace),
    (r"“(?P<sentence>.+)” is refused: (?P<reason>.+)", _refused),
    (
        rf"{_WHO} gets {_N}(?: as {_NAME})?{_TERMS}",
        _gets,
    ),
    (rf"{_WHO} spends {_N}(?: as {_NAME})?", _spends),
    (rf"{_WHO} holds {_N} for (?P<minutes>\d+) minutes as {_NAME}", _holds),
    (rf"{_WHO} moves {_N} to (?P<to>[A-Z][a-z]+)", _moves),
    (rf"{_NAME} comes back(?:: (?P<part>\d+) of (?P<whole>\d+) pieces)?", _comes_back),
    (rf"{_NAME} is given back(?: by {_N})?", _given_back),
    (rf"{_NAME} is settled(?: with {_N})?", _settled),
    (rf"{_NAME} is (?P<how>given up|over)", _released),
    (rf"{_NAME} is delivered(?:, good until (?P<ends>{_DAY}))?", _activates),
    (rf"{_NAME} is called off", _called_off),
    (rf"{_N} points end", _ends),
    (rf"{_WHO} has {_N}", _has),
    (rf"{_WHO} can use {_N}", _can_use),
    (rf"{_WHO} waits for {_N}", _waits),
    (rf"{_WHO} owes {_N}", _owes),
    (rf"{_WHO}'s points: (?P<lots>.+)", _lots),
    (rf"{_WHO}'s statement: (?P<rows>.+)", _journal),
    (r"the books: (?P<totals>.+)", _books),
]
