# SPDX-License-Identifier: Apache-2.0
"""The ledger's arithmetic, pure: accounts and lots in, entries, allocations and changed lots out.

A `Book` is the working copy of the accounts that one batch of facts touches. Every booking is a `Posting` whose entries sum to zero;
what a member has is the sum of the entries on the member account and equally the sum of what remains in its lots. What a reversal
could not take stands as a negative balance on the member's deficit account, and whatever comes in, comes back or is freed later
pays that first.

Amounts are integers of the unit's smallest part. Lots are spendable in [available_at, expires_at) and are drawn on in the order
expires_at (never-expiring last), occurred_at, key.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct, field

from regulars.kernel.errors import RegularsError, gettext_noop

_NEVER = datetime.max.replace(tzinfo=UTC)


class InsufficientPoints(RegularsError):
    """More points are asked for than can be spent now."""

    code = "insufficient_points"
    status = 409
    text = gettext_noop("%(needed)s points are needed and %(available)s can be used now.")


class Side(StrEnum):
    """The kinds of account: the member's two and the shop's own."""

    MEMBER = "member"
    DEFICIT = "deficit"
    ISSUED = "issued"
    REDEEMED = "redeemed"
    BREAKAGE = "breakage"
    ADJUSTED = "adjusted"

    __hash__ = str.__hash__  # that of Enum is slower than all the arithmetic


_MEMBERS_OWN = frozenset((Side.MEMBER, Side.DEFICIT))


class Negative(StrEnum):
    """What happens when a reversal finds fewer points than it must take."""

    REFUSE = "refuse"
    CLAMP = "clamp"
    ALLOW = "allow"


def is_spendable(available_at: datetime | None, expires_at: datetime | None, now: datetime) -> bool:
    """Tell whether points with these terms are active and not over; `loading.available_on` says the same in SQL."""
    return available_at is not None and available_at <= now and (expires_at is None or now < expires_at)


class Lot(Struct):
    """Points that came in together. `held` are pinned by open holds, `expired` went to breakage.

    `moved_from` is the lot of a merged member whose points these are, for as long as the two are one.
    """

    key: UUID
    transaction: UUID
    granted: int
    remaining: int
    occurred_at: datetime
    available_at: datetime | None
    expires_at: datetime | None
    held: int = 0
    expired: int = 0
    waits_for: str = ""
    waits_until: datetime | None = None
    expiry: dict[str, object] | None = None
    moved_from: UUID | None = None
    is_new: bool = False
    is_changed: bool = False

    @property
    def free(self) -> int:
        """Return what no hold pins."""
        return self.remaining - self.held

    @property
    def is_called_off(self) -> bool:
        """Tell whether the lot waited in vain: its points were taken back, and a return takes nothing more."""
        return self.available_at is None and self.waits_until is None

    def is_spendable(self, now: datetime) -> bool:
        """Tell whether the lot is active and not over."""
        return is_spendable(self.available_at, self.expires_at, now)

    def is_over(self, now: datetime) -> bool:
        """Tell whether the lot's time has passed."""
        return self.expires_at is not None and self.expires_at <= now

    @property
    def order(self) -> tuple[datetime, datetime, UUID]:
        """Return the place in the order of consumption."""
        return (self.expires_at or _NEVER, self.occurred_at, self.key)


class Account(Struct):
    """One account as the batch sees it. `lots` are a member account's open lots (and those a reversal names)."""

    key: UUID
    side: Side
    unit: str
    customer: UUID | None
    balance: int = 0
    lots: list[Lot] = field(default_factory=list)
    is_new: bool = False
    moved: int = 0

    def available(self, now: datetime) -> int:
        """Return what can be spent now."""
        return sum(lot.free for lot in self.lots if lot.is_spendable(now))

    def pending(self, now: datetime) -> int:
        """Return what has been given and cannot be used yet."""
        return sum(lot.remaining for lot in self.lots if lot.available_at is None or lot.available_at > now)


class Hold(Struct):
    """Points set aside. `parts` pins lots with their amounts, in the order of consumption."""

    key: UUID
    account: Account
    fact: UUID
    amount: int
    parts: list[tuple[UUID, int]]
    expires_at: datetime
    state: str = "open"
    resolved_by: UUID | None = None
    is_new: bool = False


class Entry(Struct, frozen=True):
    """One leg: an amount on an account; `counts_at` dates what counts towards a tier."""

    key: UUID
    transaction: UUID
    account: Account
    amount: int
    counts_at: datetime | None


class Allocation(Struct, frozen=True):
    """How an entry drew on a lot (negative) or gave back to it (positive)."""

    key: UUID
    entry: UUID
    lot: UUID
    amount: int


LotTerms = tuple[datetime | None, datetime | None, datetime | None, dict[str, object] | None]


class LotChange(Struct, frozen=True):
    """New terms of a lot, and those before: from when it can be used, until when it waits, when it ends and by which policy."""

    key: UUID
    lot: UUID
    fact: UUID
    terms: LotTerms
    before: LotTerms


class Posting(Struct, frozen=True, kw_only=True):
    """What a booking is about: the fact that causes it and when it happened; `counts_at` dates it for the ladder."""

    fact: UUID
    kind: str
    occurred_at: datetime
    rule: str = ""
    reverses: UUID | None = None
    counts_at: datetime | None = None


class Terms(Struct, frozen=True, kw_only=True):
    """When the points of a credit can be used: from when, until when, or waiting for a fact (with a time-out)."""

    occurred_at: datetime
    available_at: datetime | None
    expires_at: datetime | None
    waits_for: str = ""
    waits_until: datetime | None = None
    expiry: dict[str, object] | None = None


class Drawn(Struct, frozen=True):
    """One recorded allocation of an earlier spending, less what was given back since: `amount` can still be given back."""

    lot: UUID
    amount: int


class Reversal(Struct, frozen=True):
    """The booking of a reversal: what it took from lots, how much of that had expired before, and what was missing."""

    transaction: UUID
    taken: int
    reinstated: int
    shortfall: int


class Journal:
    """The accounts of a batch and what it has booked on them: every booking sums to zero, every draw is written down.

    `transactions`, `entries` and `allocations` collect what is new; `version` counts changes.
    """

    def __init__(self, *, now: datetime, new_key: Callable[[], UUID]) -> None:
        self.now = now
        self._new_key = new_key
        self.accounts: dict[tuple[UUID | None, str, Side], Account] = {}
        self.lots: dict[UUID, Lot] = {}
        self._homes: dict[UUID, Account] = {}
        self._moved: dict[UUID, list[Lot]] = {}
        self.holds: dict[UUID, Hold] = {}
        self.transactions: list[tuple[UUID, Posting]] = []
        self.entries: list[Entry] = []
        self.allocations: list[Allocation] = []
        self.changes: list[LotChange] = []
        self.version = 0

    def add_account(self, account: Account) -> None:
        """Take a stored account, with its lots, into the book."""
        self.accounts[account.customer, account.unit, account.side] = account
        for lot in account.lots:
            self.add_lot(account, lot)

    def add_lot(self, account: Account, lot: Lot) -> None:
        """Take a lot of an account into the book."""
        self.lots[lot.key] = lot
        self._homes[lot.key] = account
        if lot.moved_from is not None:
            self._moved.setdefault(lot.moved_from, []).append(lot)

    def line_of(self, key: UUID) -> list[Lot]:
        """Return a lot, and those in which its points stand since its member was merged."""
        first = self.lots.get(key)
        return ([first] if first else []) + self._moved.get(key, [])

    def _legs(self, parts: Sequence[tuple[Lot, int]], sign: int) -> list[tuple[Account, int]]:
        """Return what parts of lots come to on the account of each."""
        legs: dict[UUID, tuple[Account, int]] = {}
        for lot, part in parts:
            home = self._homes[lot.key]
            legs[home.key] = (home, legs.get(home.key, (home, 0))[1] + sign * part)
        return list(legs.values())

    def account(self, side: Side, unit: str, customer: UUID | None = None) -> Account:
        """Return an account, opening it when it is not there."""
        found = self.accounts.get((customer, unit, side))
        if found is None:
            found = Account(self._new_key(), side, unit, customer, is_new=True)
            self.accounts[customer, unit, side] = found
        return found

    def opened(self) -> list[Account]:
        """Return the new accounts on which something was booked; one that was only looked at is not kept."""
        new = [account for account in self.accounts.values() if account.is_new]
        booked = {entry.account.key for entry in self.entries} if new else set()
        return [account for account in new if account.key in booked]

    def _post(self, posting: Posting, legs: Iterable[tuple[Account, int]]) -> tuple[UUID, dict[UUID, UUID]]:
        """Write one transaction; return its key and the entry key per account."""
        transaction = self._new_key()
        entries: dict[UUID, UUID] = {}
        total = 0
        for account, amount in legs:
            if amount == 0:
                continue
            counts_at = posting.counts_at if account.side in _MEMBERS_OWN else None
            entry = Entry(self._new_key(), transaction, account, amount, counts_at)
            self.entries.append(entry)
            entries[account.key] = entry.key
            account.balance += amount
            account.moved += amount
            total += amount
        assert total == 0, "entries of a transaction sum to zero"
        self.transactions.append((transaction, posting))
        self.version += 1
        return transaction, entries

    def _draw(self, lot: Lot, entry: UUID, amount: int) -> None:
        lot.remaining -= amount
        lot.is_changed = True
        self.allocations.append(Allocation(self._new_key(), entry, lot.key, -amount))

    def _open_lot(
        self, account: Account, transaction: UUID, amount: int, terms: Terms, moved_from: UUID | None = None
    ) -> Lot:
        lot = Lot(
            key=self._new_key(),
            transaction=transaction,
            granted=amount,
            remaining=amount,
            occurred_at=terms.occurred_at,
            available_at=terms.available_at,
            expires_at=terms.expires_at,
            waits_for=terms.waits_for,
            waits_until=terms.waits_until,
            expiry=terms.expiry,
            moved_from=moved_from,
            is_new=True,
        )
        account.lots.append(lot)
        self.add_lot(account, lot)
        return lot

    def plan(self, account: Account, amount: int) -> list[tuple[Lot, int]]:
        """Choose the lots that would pay an amount now, in order. Raises InsufficientPoints."""
        parts: list[tuple[Lot, int]] = []
        missing = amount
        for lot in sorted(account.lots, key=lambda candidate: candidate.order):
            if missing and lot.free and lot.is_spendable(self.now):
                part = min(lot.free, missing)
                parts.append((lot, part))
                missing -= part
        if missing:
            raise InsufficientPoints(needed=amount, available=amount - missing)
        return parts

    def set_terms(
        self,
        lot: Lot,
        fact: UUID,
        *,
        available_at: datetime | None,
        waits_until: datetime | None,
        expires_at: datetime | None,
        expiry: dict[str, object] | None,
    ) -> None:
        """Change from when until when a lot can be used, and keep what it was before."""
        before = (lot.available_at, lot.waits_until, lot.expires_at, lot.expiry)
        after = (available_at, waits_until, expires_at, expiry)
        lot.available_at, lot.waits_until, lot.expires_at, lot.expiry = after
        if after != before:
            lot.is_changed = True
            self.changes.append(LotChange(self._new_key(), lot.key, fact, after, before))
            self.version += 1

    def drawn_by(self, transaction: UUID) -> list[Drawn]:
        """Return what a spending of this batch drew from lots."""
        entries = {entry.key for entry in self.entries if entry.transaction == transaction}
        return [Drawn(part.lot, -part.amount) for part in self.allocations if part.entry in entries]


class Book(Journal):
    """The working copy of the ledger with all that can be done to it. Not thread safe; make one per batch."""

    def credit(
        self, account: Account, amount: int, posting: Posting, terms: Terms, *, source: Side = Side.ISSUED
    ) -> Lot:
        """Give points: a new lot, drawn on first by what the member owes."""
        shop = self.account(source, account.unit)
        transaction, _ = self._post(posting, [(shop, -amount), (account, amount)])
        lot = self._open_lot(account, transaction, amount, terms)
        self._recover(account, [(lot, amount)], posting, transaction)
        return lot

    def _recover(
        self, account: Account, parts: Sequence[tuple[Lot, int]], posting: Posting, cause: UUID | None = None
    ) -> None:
        """Pay what a member owes from points that have just come in, come back or become free."""
        deficit = self.accounts.get((account.customer, account.unit, Side.DEFICIT))
        if deficit is None:
            return
        recovered = min(-deficit.balance, sum(part for _, part in parts))
        if not recovered:
            return
        recovery = Posting(fact=posting.fact, kind="recover", occurred_at=posting.occurred_at, reverses=cause)
        _, entries = self._post(recovery, [(account, -recovered), (deficit, recovered)])
        for lot, part in parts:
            taken = min(part, recovered)
            if taken:
                self._draw(lot, entries[account.key], taken)
                recovered -= taken

    def spend(self, account: Account, amount: int, posting: Posting, *, sink: Side = Side.REDEEMED) -> UUID:
        """Spend points now and return the transaction. Raises InsufficientPoints and changes nothing."""
        parts = self.plan(account, amount)
        transaction, entries = self._post(posting, [(account, -amount), (self.account(sink, account.unit), amount)])
        for lot, part in parts:
            self._draw(lot, entries[account.key], part)
        return transaction

    def reverse_credit(
        self,
        account: Account,
        amount: int,
        posting: Posting,
        *,
        negative: Negative,
        own: frozenset[UUID] = frozenset(),
        source: Side = Side.ISSUED,
    ) -> Reversal:
        """Take back points that a recorded credit gave.

        Draws first on the lots `own` (pending or not), reinstating what of them had expired, then on the other lots; what is still
        missing follows the negative policy. Raises InsufficientPoints under `refuse` and changes nothing.
        """
        mine = [lot for key in own for lot in self.line_of(key)]
        ours = {lot.key for lot in mine}
        others = sorted(
            (lot for lot in account.lots if lot.key not in ours and not lot.is_over(self.now)),
            key=lambda lot: lot.order,
        )
        expired = take(mine, amount - sum(lot.free for lot in mine), lambda lot: lot.expired)
        within_own = amount - sum(lot.free for lot in mine) - sum(part for _, part in expired)
        missing = max(within_own - sum(lot.free for lot in others), 0)
        if missing and negative is Negative.REFUSE:
            raise InsufficientPoints(needed=amount, available=amount - missing)
        reinstated = self._reinstate(account, expired, posting)
        parts = take([*mine, *others], amount, lambda lot: lot.free)
        taken = sum(part for _, part in parts)
        owed = self.account(Side.DEFICIT, account.unit, account.customer) if missing else account
        shop = self.account(source, account.unit)
        transaction, entries = self._post(posting, [*self._legs(parts, -1), (owed, -missing), (shop, amount)])
        for lot, part in parts:
            self._draw(lot, entries[self._homes[lot.key].key], part)
        return Reversal(transaction, taken, reinstated, missing)

    def _reinstate(self, account: Account, expired: Sequence[tuple[Lot, int]], posting: Posting) -> int:
        """Bring back from breakage what a reversal is about to take, so that the member does not pay twice for it."""
        amount = sum(part for _, part in expired)
        if amount:
            back = Posting(
                fact=posting.fact, kind="reinstate", occurred_at=posting.occurred_at, reverses=posting.reverses
            )
            _, entries = self._post(
                back, [(self.account(Side.BREAKAGE, account.unit), -amount), *self._legs(expired, 1)]
            )
            for lot, part in expired:
                lot.expired -= part
                self._draw(lot, entries[self._homes[lot.key].key], -part)
        return amount

    def give_back(
        self,
        account: Account,
        amount: int,
        posting: Posting,
        drawn: Sequence[Drawn],
        *,
        source: Side = Side.REDEEMED,
        grace_until: datetime | None = None,
    ) -> int:
        """Give spent points back to the lots they came from, last drawn first; return how many.

        Never more than was drawn. What goes back to a lot whose time has passed lives until the end of its grace, or expires at once;
        first it pays what the member owes.
        What goes back to a lot of a merged member moves on to the account.
        """
        parts: list[tuple[Lot, int]] = []
        missing = amount
        for origin in reversed(drawn):
            part = min(origin.amount, missing)
            if part:
                parts.append((self.lots[origin.lot], part))
                missing -= part
        given = amount - missing
        if not given:
            return 0
        self._end_the_rest(account, posting.fact, [lot for lot, _ in parts], grace_until)
        transaction, entries = self._post(
            posting, [(self.account(source, account.unit), -given), *self._legs(parts, 1)]
        )
        for lot, part in parts:
            self._draw(lot, entries[self._homes[lot.key].key], -part)
        away = [(lot, part) for lot, part in parts if self._homes[lot.key] is not account]
        parts = [part for part in parts if part not in away]
        if away:
            moving = Posting(fact=posting.fact, kind="merge", occurred_at=posting.occurred_at)
            parts += self._move(away, account, moving)
        self._recover(account, parts, posting, transaction)
        self._end_or_spare(account, posting.fact, [lot for lot, _ in parts], grace_until)
        return given

    def _end_the_rest(self, account: Account, fact: UUID, lots: Sequence[Lot], grace_until: datetime | None) -> int:
        """End what of lots is over before something comes back to them, so that only that lives on in its grace."""
        return self.expire(account, fact, only=lots) if grace_until else 0

    def _end_or_spare(self, account: Account, fact: UUID, lots: Sequence[Lot], grace_until: datetime | None) -> int:
        """End what has just come back to lots whose time has passed, or let it live until the end of its grace; return what ended.

        No later activity moves the end of a grace.
        """
        if grace_until is None:
            return self.expire(account, fact, only=lots)
        for lot in lots:
            if lot.is_over(self.now) and lot.free:
                self.set_terms(
                    lot,
                    fact,
                    available_at=lot.available_at,
                    waits_until=lot.waits_until,
                    expires_at=grace_until,
                    expiry=None,
                )
        return 0

    def expire(self, account: Account, fact: UUID, *, only: Sequence[Lot] | None = None) -> int:
        """Post what is over and not held to breakage; return how much. Running it again changes nothing."""
        over = [
            (lot, lot.free) for lot in (account.lots if only is None else only) if lot.is_over(self.now) and lot.free
        ]
        amount = sum(part for _, part in over)
        if not amount:
            return 0
        posting = Posting(fact=fact, kind="expire", occurred_at=self.now)
        _, entries = self._post(posting, [(account, -amount), (self.account(Side.BREAKAGE, account.unit), amount)])
        for lot, part in over:
            lot.expired += part
            self._draw(lot, entries[account.key], part)
        return amount

    def transfer(self, giver: Account, taker: Account, amount: int, posting: Posting) -> UUID:
        """Move spendable points to another member's account; each part keeps its lot's expiry. Raises InsufficientPoints."""
        parts = self._move(self.plan(giver, amount), taker, posting, is_merge=False)
        transaction = parts[0][0].transaction
        self._recover(taker, parts, posting, transaction)
        return transaction

    def _move(
        self, parts: Sequence[tuple[Lot, int]], taker: Account, posting: Posting, *, is_merge: bool = True
    ) -> list[tuple[Lot, int]]:
        """Move parts of lots to an account, each into a lot of its own with the same times; return the new parts."""
        amount = sum(part for _, part in parts)
        transaction, entries = self._post(posting, [*self._legs(parts, -1), (taker, amount)])
        moved = []
        for lot, part in parts:
            self._draw(lot, entries[self._homes[lot.key].key], part)
            terms = Terms(
                occurred_at=lot.occurred_at, available_at=lot.available_at, expires_at=lot.expires_at,
                waits_for=lot.waits_for, waits_until=lot.waits_until, expiry=lot.expiry,
            )  # fmt: skip
            origin = lot.key if is_merge else None
            moved.append((self._open_lot(taker, transaction, part, terms, origin), part))
        return moved

    def activate(self, lot: Lot, fact: UUID, expires_at: datetime | None) -> None:
        """Make a waiting lot spendable from now on; its expiry clock starts here."""
        self.set_terms(lot, fact, available_at=self.now, waits_until=None, expires_at=expires_at, expiry=lot.expiry)

    def call_off(self, account: Account, lot: Lot, posting: Posting) -> int:
        """Take a waiting lot back into what the shop has issued, for good; return how many points."""
        amount = lot.remaining
        if amount:
            _, entries = self._post(posting, [(account, -amount), (self.account(Side.ISSUED, account.unit), amount)])
            self._draw(lot, entries[account.key], amount)
        self.set_terms(
            lot, posting.fact, available_at=None, waits_until=None, expires_at=lot.expires_at, expiry=lot.expiry
        )
        return amount


def take(lots: Iterable[Lot], amount: int, has: Callable[[Lot], int]) -> list[tuple[Lot, int]]:
    """Take up to an amount from lots in the order given, as much from each as it has."""
    parts: list[tuple[Lot, int]] = []
    missing = amount
    for lot in lots:
        part = min(has(lot), missing)
        if part > 0:
            parts.append((lot, part))
            missing -= part
    return parts
