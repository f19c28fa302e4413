# SPDX-License-Identifier: Apache-2.0
"""The book against a plain second reading of its rules, over any sequence of bookings.

Names of bookings are drawn from four, so that settling, returning and giving back the same thing again happens all the time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ledger.plain_ledger import FAR, No, PlainLedger
from regulars.kernel.errors import RegularsError
from regulars.kernel.ids import KeyMaker
from regulars.ledger.book import Account, Drawn, Hold, Lot, Negative, Posting, Side, Terms
from regulars.ledger.merging import Brought, MergingBook, PointsHeld

START = datetime(2026, 1, 1, tzinfo=UTC)
MEMBERS = ["asha", "ravi"]
NAMES = st.sampled_from(["a", "b", "c", "d"])
WHO = st.sampled_from(MEMBERS)
POINTS = st.integers(1, 120)
LIFE = st.sampled_from([None, 30, 60, 300])
GRACE = st.sampled_from([0, 0, 45])


@dataclass
class Earned:
    """A credit under a name: in the book, in the plain ledger, and what of its pieces came back."""

    lot: Lot
    plain: dict[str, Any]
    pieces: int
    returned: int = 0
    reversed: int = 0


@dataclass
class Spending:
    """A spending under a name: what it drew in both, less what was given back."""

    member: str
    transaction: UUID
    drawn: list[Drawn]
    plain: list[tuple[dict[str, Any], int]]


def moment(minute: int) -> datetime | None:
    return None if minute == FAR else START + timedelta(minutes=minute)


class BookMachine(RuleBasedStateMachine):
    """Book and plain ledger do the same; after every step they say the same."""

    def __init__(self) -> None:
        super().__init__()
        self.new_key = KeyMaker(clock_ms=lambda: 1, random_62=lambda: 0)
        self.book = MergingBook(now=START, new_key=self.new_key)
        self.plain = PlainLedger(MEMBERS)
        self.members = {name: self.new_key() for name in MEMBERS}
        self.lots: list[tuple[Lot, dict[str, Any]]] = []
        self.earned: dict[str, Earned] = {}
        self.spent: dict[str, Spending] = {}
        self.holds: dict[str, Hold] = {}
        self.ends: dict[UUID, datetime | None] = {}
        self.passed: set[UUID] = set()

    # ---- helpers

    def account(self, member: str) -> Account:
        return self.book.account(Side.MEMBER, "points", self.members[member])

    def posting(self, kind: str, **about: Any) -> Posting:
        return Posting(fact=self.new_key(), kind=kind, occurred_at=self.book.now, **about)

    def both(self, in_book: Callable[[], Any], in_plain: Callable[[], Any]) -> tuple[Any, Any] | None:
        """Do a thing in both; when the rules refuse it, both refuse and nothing has moved. Return what both returned."""
        before = self.picture()
        try:
            expected = in_plain()
        except No:
            try:
                in_book()
            except RegularsError:
                assert self.picture() == before, "a refusal changes nothing"
                return None
            raise AssertionError("the book did what the rules refuse") from None
        return in_book(), expected

    def picture(self) -> object:
        lots = [(lot.remaining, lot.held, lot.expired, lot.expires_at) for lot in self.book.lots.values()]
        return len(self.book.entries), len(self.book.allocations), self.book.version, lots

    def pair_new_lots(self) -> None:
        """Remember which lot of the book is which of the plain ledger: both open them in the same order."""
        known = len(self.lots)
        stay = [lot for lot in self.book.lots.values() if lot.key not in self.passed]
        self.lots += list(zip(stay[known:], self.plain.lots[known:], strict=True))
        for lot, _ in self.lots[known:]:
            self.ends[lot.key] = lot.expires_at

    def until(self, grace: int) -> datetime | None:
        """Return until when points live that come back now after their end."""
        return moment(self.plain.now + grace) if grace else None

    def note_graces(self) -> None:
        """Remember the ends that the plain ledger has moved: by its rules, of what came back after its end."""
        self.ends |= {lot.key: moment(plain["end"]) for lot, plain in self.lots if plain["begin"] is not None}

    # ---- what happens

    @rule(minutes=st.sampled_from([1, 29, 30, 31, 60, 240]))
    def time_passes(self, minutes: int) -> None:
        self.plain.now += minutes
        self.book.now += timedelta(minutes=minutes)

    @rule(
        name=NAMES, who=WHO, points=POINTS, life=LIFE, begins=st.sampled_from([0, 0, 0, 20, None]), of=st.integers(1, 4)
    )
    def earn(self, name: str, who: str, points: int, life: int | None, begins: int | None, of: int) -> None:
        begin = None if begins is None else self.plain.now + begins
        end = FAR if life is None or begin is None else begin + life
        terms = Terms(
            occurred_at=self.book.now, available_at=None if begin is None else moment(begin), expires_at=moment(end)
        )
        lot = self.book.credit(self.account(who), points, self.posting("earn"), terms)
        self.earned[name] = Earned(lot, self.plain.earn(who, points, begin=begin, end=end), of)
        self.pair_new_lots()

    @rule(name=NAMES, who=WHO, points=POINTS)
    def spend(self, name: str, who: str, points: int) -> None:
        done = self.both(
            lambda: self.book.spend(self.account(who), points, self.posting("spend")),
            lambda: self.plain.spend(who, points),
        )
        if done:
            self.spent[name] = Spending(who, done[0], self.book.drawn_by(done[0]), done[1])

    @precondition(lambda self: self.spent)
    @rule(name=NAMES, points=POINTS, grace=GRACE)
    def give_back(self, name: str, points: int, grace: int) -> None:
        if name not in self.spent:
            return
        spent = self.spent[name]
        posting = self.posting("reverse_spend", reverses=spent.transaction)
        account, until = self.account(spent.member), self.until(grace)
        given = self.book.give_back(account, points, posting, spent.drawn, grace_until=until)
        went = self.plain.give_back(spent.member, points, spent.plain, grace=grace)
        self.note_graces()
        assert given == sum(went)
        spent.drawn = [Drawn(part.lot, part.amount - back) for part, back in zip(spent.drawn, went, strict=True)]
        spent.plain = [(lot, part - back) for (lot, part), back in zip(spent.plain, went, strict=True)]

    @precondition(lambda self: self.earned)
    @rule(name=NAMES, policy=st.sampled_from(["clamp", "clamp", "refuse", "allow"]), whole=st.booleans())
    def goods_come_back(self, name: str, policy: str, whole: bool) -> None:
        earned = self.earned.get(name)
        if earned is None or earned.returned == earned.pieces:
            return
        after = earned.pieces if whole else earned.returned + 1
        target = (2 * earned.plain["given"] * after + earned.pieces) // (2 * earned.pieces)
        amount = target - earned.reversed
        if not amount:
            return
        posting = self.posting("reverse_earn", reverses=earned.lot.transaction)
        account, own = self.account(earned.plain["member"]), frozenset({earned.lot.key})
        balance = account.balance
        done = self.both(
            lambda: self.book.reverse_credit(account, amount, posting, negative=Negative(policy), own=own),
            lambda: self.plain.reverse(earned.plain, amount, policy),
        )
        if done:
            earned.returned, earned.reversed = after, target
            assert done[0].shortfall == done[1]
            assert account.balance <= balance, "a reversal never credits"
            assert after < earned.pieces or earned.reversed == earned.plain["given"], "all parts are the whole"

    @rule(who=WHO)
    def points_end(self, who: str) -> None:
        assert self.book.expire(self.account(who), self.new_key()) == self.plain.expire(who)
        assert self.book.expire(self.account(who), self.new_key()) == 0

    @rule(who=WHO, points=POINTS)
    def transfer(self, who: str, points: int) -> None:
        taker = MEMBERS[1 - MEMBERS.index(who)]
        self.both(
            lambda: self.book.transfer(self.account(who), self.account(taker), points, self.posting("transfer")),
            lambda: self.plain.transfer(who, taker, points),
        )
        self.pair_new_lots()

    @rule(name=NAMES, who=WHO, points=POINTS, minutes=st.sampled_from([30, 90]))
    def hold(self, name: str, who: str, points: int, minutes: int) -> None:
        if name in self.holds and self.holds[name].state == "open":
            return
        until = self.plain.now + minutes
        done = self.both(
            lambda: self.book.hold(
                self.account(who), points, self.new_key(), expires_at=START + timedelta(minutes=until)
            ),
            lambda: self.plain.hold(name, who, points, until),
        )
        if done:
            self.holds[name] = done[0]

    @precondition(lambda self: self.holds)
    @rule(name=NAMES, share=st.integers(0, 5), grace=GRACE)
    def settle(self, name: str, share: int, grace: int) -> None:
        """Settle a share of what is held; six fifths is too much."""
        if name in self.holds:
            hold = self.holds[name]
            points = max(hold.amount * (share + 1) // 5, 1)
            self.both(
                lambda: self.book.settle(hold, points, self.posting("settle"), grace_until=self.until(grace)),
                lambda: self.plain.settle(name, points, grace=grace),
            )
            self.note_graces()

    @precondition(lambda self: self.holds)
    @rule(name=NAMES, state=st.sampled_from(["voided", "voided", "expired"]), grace=GRACE)
    def release(self, name: str, state: str, grace: int) -> None:
        if name not in self.holds or (state == "expired" and self.plain.holds[name]["until"] > self.plain.now):
            return
        hold = self.holds[name]
        self.both(
            lambda: self.book.release(hold, self.new_key(), state=state, grace_until=self.until(grace)),
            lambda: self.plain.release(name, state, grace=grace),
        )
        self.note_graces()

    @precondition(lambda self: self.earned)
    @rule(name=NAMES, life=LIFE, is_cancelled=st.booleans())
    def delivered_or_not(self, name: str, life: int | None, is_cancelled: bool) -> None:
        earned = self.earned.get(name)
        if earned is None or (earned.plain["begin"] is not None and earned.plain["begin"] <= self.plain.now):
            return
        if is_cancelled:
            account = self.account(earned.plain["member"])
            self.book.call_off(account, earned.lot, self.posting("cancel_pending"))
            self.plain.call_off(earned.plain)
            del self.earned[name]
            return
        end = FAR if life is None else self.plain.now + life
        self.book.activate(earned.lot, self.new_key(), moment(end))
        self.plain.activate(earned.plain, end)
        self.ends[earned.lot.key] = earned.lot.expires_at

    @rule(who=WHO)
    def merged_and_parted(self, who: str) -> None:
        """Two are made one and two again, and everything is as it was: each lot, its end, each balance and debt."""
        giver, taker = self.account(who), self.account(MEMBERS[1 - MEMBERS.index(who)])
        before, known = self.lots_and_debts(), set(self.book.lots)
        posting = self.posting("merge")
        try:
            moved = self.book.merge(giver, taker, posting)
        except PointsHeld:
            assert self.lots_and_debts() == before
            return
        assert giver.balance == 0
        paid = {entry.key for entry in self.book.entries if entry.transaction in self.recoveries(posting.fact)}
        recovered = [Drawn(part.lot, -part.amount) for part in self.book.allocations if part.entry in paid]
        brought = Brought(moved.owed, recovered, {})
        self.book.part(taker, giver, self.posting("unmerge"), brought, negative=Negative.REFUSE)
        self.passed |= set(self.book.lots) - known
        self.ends |= {key: self.book.lots[key].expires_at for key in self.passed}
        assert self.lots_and_debts() == before

    def recoveries(self, fact: UUID) -> set[UUID]:
        return {key for key, posting in self.book.transactions if posting.fact == fact and posting.kind == "recover"}

    def lots_and_debts(self) -> object:
        lots = {
            lot.key: (lot.remaining, lot.held, lot.expired, lot.available_at, lot.waits_until, lot.expires_at)
            for lot, _ in self.lots
        }
        return lots, [
            self.book.account(side, "points", key).balance
            for key in self.members.values()
            for side in (Side.MEMBER, Side.DEFICIT)
        ]

    # ---- what always holds

    @invariant()
    def book_and_plain_ledger_say_the_same(self) -> None:
        for lot, plain in self.lots:
            assert (lot.remaining, lot.held, lot.expired) == (plain["left"], plain["held"], plain["expired"])
        for name in MEMBERS:
            owed = self.book.accounts.get((self.members[name], "points", Side.DEFICIT))
            assert (-owed.balance if owed else 0) == self.plain.debt[name]
            assert self.account(name).available(self.book.now) == self.plain.usable(name)
        for side, total in self.plain.shop.items():
            assert self.book.account(Side(side), "points").balance == total

    @invariant()
    def entries_of_every_transaction_sum_to_zero(self) -> None:
        sums: dict[UUID, int] = {}
        for entry in self.book.entries:
            sums[entry.transaction] = sums.get(entry.transaction, 0) + entry.amount
        assert not any(sums.values())

    @invariant()
    def balances_are_the_sum_of_entries_and_of_lots(self) -> None:
        sums: dict[UUID, int] = {}
        for entry in self.book.entries:
            sums[entry.account.key] = sums.get(entry.account.key, 0) + entry.amount
        for account in self.book.accounts.values():
            assert account.balance == sums.get(account.key, 0)
            if account.side is Side.MEMBER:
                assert account.balance == sum(lot.remaining for lot in account.lots) >= 0
            if account.side is Side.DEFICIT:
                assert account.balance <= 0

    @invariant()
    def lots_stay_within_what_they_were_given(self) -> None:
        drawn: dict[UUID, int] = {}
        for part in self.book.allocations:
            drawn[part.lot] = drawn.get(part.lot, 0) + part.amount
        for lot in self.book.lots.values():
            assert 0 <= lot.held <= lot.remaining <= lot.granted
            assert 0 <= lot.expired <= lot.granted - lot.remaining
            assert lot.remaining == lot.granted + drawn.get(lot.key, 0)

    @invariant()
    def nobody_owes_while_points_lie_free(self) -> None:
        for name in MEMBERS:
            free = [lot for lot in self.account(name).lots if lot.free and not lot.is_over(self.book.now)]
            assert not (free and self.plain.debt[name])

    @invariant()
    def nothing_lives_longer(self) -> None:
        assert {lot.key: lot.expires_at for lot in self.book.lots.values()} == self.ends


TestBook = BookMachine.TestCase
TestBook.settings = settings(stateful_step_count=50)
