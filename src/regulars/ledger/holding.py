# SPDX-License-Identifier: Apache-2.0
"""Points set aside, and what becomes of them: settled, given up or run out, exactly once. Pure."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.ledger.book import Account, Book, Hold, Lot, Posting, Side


class HoldResolved(RegularsError):
    """The hold was settled, voided or has expired before."""

    code = "hold_resolved"
    status = 409
    text = gettext_noop("This hold is already %(state)s; it can be resolved only once.")
    words: ClassVar = {
        "state": {
            "settled": gettext_noop("settled"),
            "voided": gettext_noop("voided"),
            "expired": gettext_noop("expired"),
        }
    }


class OverHold(RegularsError):
    """More is to be settled than the hold set aside."""

    code = "over_hold"
    status = 409
    text = gettext_noop("The hold is for %(held)s points; %(needed)s cannot be settled from it.")


class HoldingBook(Book):
    """A book that can also set points aside."""

    def hold(self, account: Account, amount: int, fact: UUID, *, expires_at: datetime) -> Hold:
        """Set points aside: pins lots, moves nothing. Raises InsufficientPoints."""
        parts = self.plan(account, amount)
        for lot, part in parts:
            lot.held += part
            lot.is_changed = True
        held = Hold(
            self._new_key(), account, fact, amount, [(lot.key, part) for lot, part in parts], expires_at, is_new=True
        )
        self.holds[held.key] = held
        self.version += 1
        return held

    def settle(self, hold: Hold, amount: int, posting: Posting, *, grace_until: datetime | None = None) -> UUID:
        """Spend what a hold pinned, or less; the rest returns to its lots. Raises HoldResolved, OverHold.

        Points that expired while they were held are honoured; what is released after its time has its grace, or expires at once.
        """
        if amount > hold.amount:
            raise OverHold(held=hold.amount, needed=amount)
        self._resolve(hold, posting.fact, "settled")
        self._end_the_rest(hold.account, posting.fact, [self.lots[key] for key, _ in hold.parts], grace_until)
        transaction, entries = self._post(
            posting, [(hold.account, -amount), (self.account(Side.REDEEMED, hold.account.unit), amount)]
        )
        missing = amount
        freed: list[tuple[Lot, int]] = []
        for lot, pinned in self._unpin(hold):
            part = min(pinned, missing)
            if part:
                self._draw(lot, entries[hold.account.key], part)
                missing -= part
            freed.append((lot, pinned - part))
        self._recover(hold.account, freed, posting)
        self._end_or_spare(hold.account, posting.fact, [lot for lot, _ in freed], grace_until)
        return transaction

    def release(self, hold: Hold, fact: UUID, *, state: str, grace_until: datetime | None = None) -> int:
        """Void or expire a hold; return how many points ended, having run out of time meanwhile. Raises HoldResolved."""
        self._resolve(hold, fact, state)
        lots = [self.lots[key] for key, _ in hold.parts]
        ended = self._end_the_rest(hold.account, fact, lots, grace_until)
        freed = self._unpin(hold)
        self._recover(hold.account, freed, Posting(fact=fact, kind="recover", occurred_at=self.now))
        return ended + self._end_or_spare(hold.account, fact, lots, grace_until)

    def _unpin(self, hold: Hold) -> list[tuple[Lot, int]]:
        freed = [(self.lots[key], pinned) for key, pinned in hold.parts]
        for lot, pinned in freed:
            lot.held -= pinned
            lot.is_changed = True
        return freed

    def _resolve(self, hold: Hold, fact: UUID, state: str) -> None:
        if hold.state != "open":
            raise HoldResolved(state=hold.state)
        if state != "expired" and hold.expires_at <= self.now:
            raise HoldResolved(state="expired")
        hold.state, hold.resolved_by = state, fact
        self.version += 1
