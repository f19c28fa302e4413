# SPDX-License-Identifier: Apache-2.0
"""The writers of the ledger: what a book has become, and the seals of the chain."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from regulars.database.sql import Table, insert_rows, update_rows
from regulars.ledger.book import Book
from regulars.ledger.chain import FORMAT, link, marks_of
from regulars.ledger.store import (
    ACCOUNTS,
    ALLOCATIONS,
    ENTRIES,
    HOLDS,
    LOT_CHANGES,
    LOTS,
    RESOLUTIONS,
    SEALS,
    TRANSACTIONS,
    last_seal,
    sealed_among,
)
from regulars.outbox.commits import Commit

_MOVED = Table("ledger_account", {"id": "uuid", "moved": "bigint"})
_CHANGED_LOTS = Table(
    "ledger_lot",
    {
        "id": "uuid", "now_remaining": "bigint", "now_held": "bigint", "now_expired": "bigint", "now_available_at": "timestamptz",
        "now_waits_until": "timestamptz", "now_expires_at": "timestamptz", "now_expiry": "jsonb", "now_moved_from": "uuid",
    },
)  # fmt: skip
_HOLD_CHANGES = Table("ledger_hold", {"id": "uuid", "now_state": "text", "now_resolved_at": "timestamptz"})


def save_book(book: Book, business: UUID) -> None:
    """Write all that is new or changed in the book, parents before children. Balances and lots are guarded by their tables."""
    insert_rows(
        ACCOUNTS,
        [(a.key, business, a.side.value, a.unit, a.customer, a.moved if a.customer else 0) for a in book.opened()],
    )
    moved = sorted((a.key, a.moved) for a in book.accounts.values() if a.customer and a.moved and not a.is_new)
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
    insert_rows(LOT_CHANGES, [(c.key, business, c.lot, c.fact, *c.terms, *c.before) for c in book.changes])
    insert_rows(ALLOCATIONS, [(a.key, business, a.entry, a.lot, a.amount) for a in book.allocations])
    _save_holds(book, business)


def _save_lots(book: Book, business: UUID) -> None:
    new = [
        (
            lot.key, business, account.key, lot.transaction, lot.granted, lot.remaining, lot.held, lot.expired,
            lot.occurred_at, lot.available_at,
            lot.waits_for, lot.waits_until, lot.expires_at, lot.expiry, lot.moved_from,
        )
        for account in book.accounts.values()
        for lot in account.lots
        if lot.is_new
    ]  # fmt: skip
    insert_rows(LOTS, new)
    changed = [
        (
            lot.key, lot.remaining, lot.held, lot.expired, lot.available_at, lot.waits_until, lot.expires_at,
            lot.expiry, lot.moved_from,
        )
        for lot in book.lots.values()
        if lot.is_changed and not lot.is_new
    ]  # fmt: skip
    update_rows(
        _CHANGED_LOTS,
        sorted(changed, key=lambda row: row[0]),
        sets="remaining = {now_remaining}, held = {now_held}, expired = {now_expired}, available_at = {now_available_at},"
        " waits_until = {now_waits_until}, expires_at = {now_expires_at}, expiry = {now_expiry}, moved_from_id = {now_moved_from}",
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
            book.now if h.resolved_by else None,
        )
        for h in holds
        if h.is_new
    ]
    insert_rows(HOLDS, new)
    resolved = sorted((h.key, business, h.resolved_by, h.state, book.now) for h in holds if h.resolved_by)
    changed = sorted((h.key, h.state, book.now) for h in holds if h.resolved_by and not h.is_new)
    update_rows(
        _HOLD_CHANGES,
        changed,
        sets="state = {now_state}, resolved_at = {now_resolved_at}",
        guard="state = 'open'",
    )
    insert_rows(RESOLUTIONS, resolved)


def seal_commits(business: UUID, commits: Sequence[tuple[Commit, Sequence[bytes]]]) -> None:
    """Chain commits, given with the digests of their rows, to those sealed before, in the order given.

    The caller holds the business's feed head, so two never seal beside each other.
    """
    position, chain_hash = last_seal(business)
    rows = []
    for commit, digests in commits:
        position += 1
        chain_hash = link(chain_hash, position, digests)
        covered = msgspec.structs.replace(commit, events=())
        rows.append((UUID(commit.key), business, position, FORMAT, covered, marks_of(digests), chain_hash))
    insert_rows(SEALS, rows)


def unsealed(commits: Sequence[Commit]) -> list[Commit]:
    """Return those of the commits that are to be sealed and are not yet, each once, in the order given."""
    by_key = {UUID(commit.key): commit for commit in commits if commit.key}
    done = sealed_among(list(by_key)) if by_key else set()
    return [commit for key, commit in by_key.items() if key not in done]
