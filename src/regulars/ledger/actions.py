# SPDX-License-Identifier: Apache-2.0
"""The writers of the ledger: what a book has become, and the seal of the chain."""

from collections.abc import Sequence
from uuid import UUID

from regulars.database.sql import Table, insert_rows, update_rows
from regulars.ledger.book import Book
from regulars.ledger.chain import link
from regulars.ledger.store import (
    ACCOUNTS,
    ALLOCATIONS,
    ENTRIES,
    HOLDS,
    LOTS,
    TRANSACTIONS,
    insert_seals,
    last_seal,
    load_booked,
    unsealed,
)

SEAL_MAX = 500
_MOVED = Table("ledger_account", {"id": "uuid", "moved": "bigint"})
_LOT_CHANGES = Table(
    "ledger_lot",
    {
        "id": "uuid", "now_remaining": "bigint", "now_held": "bigint", "now_expired": "bigint", "now_available_at": "timestamptz",
        "now_waits_until": "timestamptz", "now_expires_at": "timestamptz",
    },
)  # fmt: skip
_HOLD_CHANGES = Table("ledger_hold", {"id": "uuid", "now_state": "text", "now_resolved_at": "timestamptz"})


def save_book(book: Book, business: UUID) -> None:
    """Write all that is new or changed in the book, parents before children. Balances and lots are guarded by their tables."""
    accounts = book.accounts.values()
    insert_rows(
        ACCOUNTS,
        [
            (a.key, business, a.side.value, a.unit, a.customer, a.moved if a.customer else 0)
            for a in accounts
            if a.is_new
        ],
    )
    moved = sorted((a.key, a.moved) for a in accounts if a.customer and a.moved and not a.is_new)
    update_rows(_MOVED, moved, sets="balance = balance + {moved}")
    insert_rows(
        TRANSACTIONS,
        [(key, business, p.fact, p.kind, p.rule, p.reverses, p.occurred_at, book.now) for key, p in book.transactions],
    )
    insert_rows(
        ENTRIES,
        [(e.key, business, e.transaction, e.account.key, e.amount, e.counts_at) for e in book.entries],
    )
    _save_lots(book, business)
    insert_rows(ALLOCATIONS, [(a.key, business, a.entry, a.lot, a.amount) for a in book.allocations])
    _save_holds(book, business)


def _save_lots(book: Book, business: UUID) -> None:
    new = [
        (
            lot.key, business, account.key, lot.transaction, lot.granted, lot.remaining, lot.held, lot.expired,
            lot.occurred_at, lot.available_at,
            lot.waits_for, lot.waits_until, lot.expires_at, lot.expiry,
        )
        for account in book.accounts.values()
        for lot in account.lots
        if lot.is_new
    ]  # fmt: skip
    insert_rows(LOTS, new)
    changed = [
        (lot.key, lot.remaining, lot.held, lot.expired, lot.available_at, lot.waits_until, lot.expires_at)
        for lot in book.lots.values()
        if lot.is_changed and not lot.is_new
    ]
    update_rows(
        _LOT_CHANGES,
        sorted(changed),
        sets="remaining = {now_remaining}, held = {now_held}, expired = {now_expired}, available_at = {now_available_at},"
        " waits_until = {now_waits_until}, expires_at = {now_expires_at}",
    )


def _save_holds(book: Book, business: UUID) -> None:
    holds = list(book.holds.values())
    new = [
        (
            h.key,
            business,
            h.account.key,
            h.fact,
            h.amount,
            [[str(lot), part] for lot, part in h.parts],
            h.state,
            h.expires_at,
            None,
        )
        for h in holds
        if h.is_new
    ]
    insert_rows(HOLDS, new)
    changed = sorted((h.key, h.state, book.now) for h in holds if h.is_changed and not h.is_new)
    update_rows(
        _HOLD_CHANGES,
        changed,
        sets="state = {now_state}, resolved_at = {now_resolved_at}",
        guard="state = 'open'",
    )


def seal_transactions(business: UUID, keys: Sequence[UUID]) -> int:
    """Chain transactions to those sealed before, in the order given; return how many were new.

    The caller holds the business's feed head, so two never seal beside each other. At most SEAL_MAX keys are read at a time.
    """
    position, chain_hash = last_seal(business)
    sealed = 0
    for start in range(0, len(keys), SEAL_MAX):
        fresh = unsealed(keys[start : start + SEAL_MAX])
        booked = load_booked(business, fresh)
        seals = []
        for key in fresh:
            position += 1
            chain_hash = link(chain_hash, position, booked[key])
            seals.append((key, position, chain_hash))
        insert_seals(business, seals)
        sealed += len(seals)
    return sealed
