# SPDX-License-Identifier: Apache-2.0
"""Two members made one, and parted again: the arithmetic, pure.

A merge posts every open lot, and what is owed, over to the member who stays. Each moved lot keeps its times and names the lot it
came from, so that a parting finds its way back: to the same lots, with the same ends.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar
from uuid import UUID

from msgspec import Struct

from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.ledger.book import Account, Drawn, InsufficientPoints, Lot, Negative, Posting, Side, take
from regulars.ledger.holding import HoldingBook


class PointsHeld(RegularsError):
    """Points that would move are set aside for a purchase under way."""

    code = "points_held"
    status = 409
    text = gettext_noop("%(held)s points are set aside for a purchase under way. Settle or give back the hold first.")


class CannotPart(RegularsError):
    """What happened while two were one cannot be told apart exactly."""

    code = "cannot_part"
    status = 409
    text = gettext_noop(
        "The merge cannot be undone exactly: %(why)s. Keep them merged, or correct the balances by hand with adjustments."
    )
    words: ClassVar = {
        "why": {
            "paid_by_other": gettext_noop(
                "a purchase was taken back, and points of the other customer had to pay for it"
            ),
            "taken_back": gettext_noop(
                "a purchase from before the merge that counted for a level or a limit was taken back"
            ),
            "corrected": gettext_noop("a purchase or an event from before the merge was corrected"),
            "joined": gettext_noop("purchases from before the merge gave points when the other customer joined"),
            "grace": gettext_noop("points from before the merge came back and end later than the rest"),
            "ended": gettext_noop("points were used since the merge, and others expired"),
            "debt": gettext_noop("points that were owed before the merge were paid"),
        }
    }


class Moved(Struct, frozen=True):
    """What a merge posted over: points, and what was owed."""

    points: int
    owed: int


class Brought(Struct, frozen=True):
    """What has become of a merge until its parting.

    `owed` came with the merged member; `recovered` is what lots paid of debts in the merge itself; `used` says by moved lot how many
    of its points the member who stayed has used since; `has_ended` tells whether other points of theirs have run out
    since, and `has_drawn` whether they have used any, or had to give any back that a purchase had not brought.
    """

    owed: int
    recovered: Sequence[Drawn]
    used: Mapping[UUID, int]
    has_ended: bool = False
    has_drawn: bool = False


class Parted(Struct, frozen=True):
    """What a parting gave back: points in all, those made up from other points of who stayed, and those now owed for them."""

    points: int
    made_up: int
    shortfall: int


class MergingBook(HoldingBook):
    """A book that can also make two members one and part them."""

    def merge(self, giver: Account, taker: Account, posting: Posting) -> Moved:
        """Post everything that stands on a member's accounts over to another's; then pay what is owed from what is there.

        Raises PointsHeld and changes nothing.
        """
        _check_free(giver.lots)
        lots = sorted((lot for lot in giver.lots if lot.remaining), key=lambda lot: lot.order)
        moved = self._move([(lot, lot.remaining) for lot in lots], taker, posting) if lots else []
        owed = self._owed_by(giver)
        self._move_debt(giver, taker, owed, posting)
        self._pay_debt(taker, posting)
        return Moved(sum(part for _, part in moved), owed)

    def part(
        self, keeper: Account, owner: Account, posting: Posting, brought: Brought, *, negative: Negative
    ) -> Parted:
        """Give a merged member back what came from them: what is left in the moved lots, and what was used of them.

        What was used meanwhile is made up from other points of who stays; what they lack follows the negative policy: the parting is
        refused, or they owe it. What ran out meanwhile has run out. Raises PointsHeld, CannotPart or InsufficientPoints and changes
        nothing.
        """
        moved = [lot for lot in keeper.lots if lot.moved_from is not None and self._homes.get(lot.moved_from) is owner]
        _check_free(moved)
        used = sum(brought.used.get(lot.key, 0) for lot in moved)
        self._check_exact(keeper, moved, used, brought)
        self._check_enough(keeper, moved, used, brought, negative)
        self._take_back_recovery(keeper, brought.recovered, posting)
        self._move_debt(keeper, owner, min(brought.owed, self._owed_by(keeper)), posting)
        over = [lot for lot in moved if lot.expired]
        self._reinstate(keeper, [(lot, lot.expired) for lot in over], posting)
        ended = {lot.moved_from: self._origin(lot) for lot in over}
        parted = self._return_lots(keeper, owner, moved, posting, brought.used)
        self.expire(owner, posting.fact, only=list(ended.values()))
        self._pay_debt(keeper, posting)
        self._pay_debt(owner, posting)
        return parted

    def _return_lots(
        self, keeper: Account, owner: Account, moved: Sequence[Lot], posting: Posting, used: Mapping[UUID, int]
    ) -> Parted:
        needed = sum(used.get(lot.key, 0) for lot in moved)
        made_up = take(self._others(keeper, moved), needed, lambda lot: lot.free)
        missing = needed - sum(part for _, part in made_up)
        left = [(lot, lot.remaining) for lot in moved if lot.remaining]
        total = sum(part for _, part in left) + needed
        if total:
            owing = self.account(Side.DEFICIT, keeper.unit, keeper.customer) if missing else keeper
            _, entries = self._post(posting, [*self._legs([*left, *made_up], -1), (owing, -missing), (owner, total)])
            backs = [(lot, back) for lot in moved if (back := lot.remaining + used.get(lot.key, 0))]
            for lot, part in [*left, *made_up]:
                self._draw(lot, entries[keeper.key], part)
            for lot, back in backs:
                self._draw(self._origin(lot), entries[owner.key], -back)
        for lot in moved:
            self._rejoin(lot, posting.fact)
        return Parted(total, needed - missing, missing)

    def _rejoin(self, lot: Lot, fact: UUID) -> None:
        """Let the lot that points came from have the times that they have now."""
        origin = self._origin(lot)
        self.set_terms(
            origin,
            fact,
            available_at=lot.available_at,
            waits_until=lot.waits_until,
            expires_at=lot.expires_at,
            expiry=lot.expiry,
        )
        lot.moved_from, lot.is_changed = None, True

    def _origin(self, lot: Lot) -> Lot:
        assert lot.moved_from is not None, "only moved lots are given back"
        return self.lots[lot.moved_from]

    def _others(self, account: Account, moved: Sequence[Lot]) -> list[Lot]:
        keys = {lot.key for lot in moved}
        lots = [lot for lot in account.lots if lot.key not in keys and not lot.is_over(self.now)]
        return sorted(lots, key=lambda lot: (not lot.is_spendable(self.now), lot.order))

    def _check_enough(
        self, keeper: Account, moved: Sequence[Lot], used: int, brought: Brought, negative: Negative
    ) -> None:
        others = {lot.key: lot.free for lot in self._others(keeper, moved)}
        coming = sum(part.amount for part in brought.recovered if part.lot in others)
        free = sum(others.values()) + coming
        if used > free and negative is Negative.REFUSE:
            raise InsufficientPoints(needed=used, available=free)

    def _check_exact(self, keeper: Account, moved: Sequence[Lot], used: int, brought: Brought) -> None:
        """Raise CannotPart where another would have other points than if the two had never been one."""
        ends: dict[UUID | None, object] = {}
        for lot in moved:
            terms = (lot.available_at, lot.waits_until, lot.expires_at, lot.expiry)
            if ends.setdefault(lot.moved_from, terms) != terms:
                raise CannotPart(why="grace")
        keys = {lot.key for lot in moved}
        is_over = any(lot.free and lot.is_over(self.now) for lot in keeper.lots if lot.key not in keys)
        if used and (brought.has_ended or is_over):
            raise CannotPart(why="ended")
        owed = self._owed_by(keeper) + sum(part.amount for part in brought.recovered)
        if owed < brought.owed or (brought.recovered and brought.has_drawn):
            raise CannotPart(why="debt")

    def _take_back_recovery(self, keeper: Account, recovered: Sequence[Drawn], posting: Posting) -> None:
        """Undo what the merge paid of debts, so that both owe and have what they would."""
        parts = [(self.lots[part.lot], part.amount) for part in recovered]
        amount = sum(part for _, part in parts)
        if not amount:
            return
        deficit = self.account(Side.DEFICIT, keeper.unit, keeper.customer)
        _, entries = self._post(posting, [(deficit, -amount), (keeper, amount)])
        for lot, part in parts:
            self._draw(lot, entries[keeper.key], -part)
        self.expire(keeper, posting.fact, only=[lot for lot, _ in parts if lot.moved_from is None])

    def _owed_by(self, account: Account) -> int:
        deficit = self.accounts.get((account.customer, account.unit, Side.DEFICIT))
        return -deficit.balance if deficit else 0

    def _move_debt(self, giver: Account, taker: Account, owed: int, posting: Posting) -> None:
        if owed:
            legs = [
                (self.account(Side.DEFICIT, giver.unit, giver.customer), owed),
                (self.account(Side.DEFICIT, taker.unit, taker.customer), -owed),
            ]
            self._post(posting, legs)

    def _pay_debt(self, account: Account, posting: Posting) -> None:
        """Pay what a member owes from what is free."""
        parts = [(lot, lot.free) for lot in self._others(account, ()) if lot.free]
        self._recover(account, parts, posting)


def _check_free(lots: Sequence[Lot]) -> None:
    held = sum(lot.held for lot in lots)
    if held:
        raise PointsHeld(held=held)
