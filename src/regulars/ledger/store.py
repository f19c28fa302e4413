# SPDX-License-Identifier: Apache-2.0
"""The SQL of the ledger on the hot path: load what a batch touches into a book, write what the book has become."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from regulars.database.sql import (
    Table,
    fetch,
    insert_rows,
    key_param,
    lock_clause,
    moment_param,
    one_of,
    to_json,
    to_key,
    to_moment,
    update_rows,
)
from regulars.ledger.book import Account, Book, Drawn, Hold, Lot, Side
from regulars.ledger.chain import GENESIS, Booked

ACCOUNTS = Table(
    "ledger_account",
    {"id": "uuid", "business_id": "uuid", "kind": "text", "unit": "text", "customer_id": "uuid", "balance": "bigint"},
)
TRANSACTIONS = Table(
    "ledger_transaction",
    {
        "id": "uuid", "business_id": "uuid", "fact_id": "uuid", "kind": "text", "rule": "text", "reverses_id": "uuid", "occurred_at": "timestamptz",
        "booked_at": "timestamptz",
    },
)  # fmt: skip
ENTRIES = Table(
    "ledger_entry",
    {
        "id": "uuid",
        "business_id": "uuid",
        "transaction_id": "uuid",
        "account_id": "uuid",
        "amount": "bigint",
        "counts_at": "timestamptz",
    },
)
LOTS = Table(
    "ledger_lot",
    {
        "id": "uuid", "business_id": "uuid", "account_id": "uuid", "transaction_id": "uuid", "granted": "bigint", "remaining": "bigint",
        "held": "bigint", "expired": "bigint", "occurred_at": "timestamptz", "available_at": "timestamptz", "waits_for": "text",
        "waits_until": "timestamptz", "expires_at": "timestamptz", "expiry": "jsonb",
    },
)  # fmt: skip
ALLOCATIONS = Table(
    "ledger_allocation", {"id": "uuid", "business_id": "uuid", "entry_id": "uuid", "lot_id": "uuid", "amount": "bigint"}
)
HOLDS = Table(
    "ledger_hold",
    {
        "id": "uuid", "business_id": "uuid", "account_id": "uuid", "fact_id": "uuid", "amount": "bigint", "parts": "jsonb", "state": "text",
        "expires_at": "timestamptz", "resolved_at": "timestamptz",
    },
)  # fmt: skip
SEALS = Table(
    "ledger_seal", {"transaction_id": "uuid", "business_id": "uuid", "position": "bigint", "chain_hash": "bytea"}
)
_MOVED = Table("ledger_account", {"id": "uuid", "moved": "bigint"})
_LOT_CHANGES = Table(
    "ledger_lot",
    {
        "id": "uuid", "now_remaining": "bigint", "now_held": "bigint", "now_expired": "bigint", "now_available_at": "timestamptz",
        "now_waits_until": "timestamptz", "now_expires_at": "timestamptz",
    },
)  # fmt: skip
_HOLD_CHANGES = Table("ledger_hold", {"id": "uuid", "now_state": "text", "now_resolved_at": "timestamptz"})

_LOT_COLUMNS = "id, account_id, transaction_id, granted, remaining, held, expired, occurred_at, available_at, waits_for, waits_until, expires_at, expiry"


def load_accounts(book: Book, business: UUID, unit: str, customers: Collection[UUID]) -> None:
    """Take the members' accounts into the book, locking them in the order of their keys."""
    if not customers:
        return
    condition, params = one_of(connection, "customer_id", list(customers), "uuid")
    columns = "SELECT id, kind, unit, customer_id, balance FROM ledger_account"
    sql = f"{columns} WHERE business_id = %s AND {condition} AND unit = %s ORDER BY id{lock_clause(connection)}"
    params = [key_param(connection, business), *params, unit]
    for key, kind, account_unit, customer, balance in fetch(connection, sql, params):
        book.add_account(Account(to_key(key), Side(kind), account_unit, to_key(customer), balance))


def load_shop_accounts(book: Book, business: UUID, unit: str) -> None:
    """Take the shop's own accounts into the book."""
    shop = "SELECT id, kind, unit FROM ledger_account WHERE business_id = %s AND customer_id IS NULL AND unit = %s"
    for key, kind, account_unit in fetch(connection, shop, [key_param(connection, business), unit]):
        book.add_account(Account(to_key(key), Side(kind), account_unit, None))


def open_shop_accounts(business: UUID, unit: str, accounts: Sequence[Account]) -> None:
    """Store the shop's own accounts of a unit, before the first fact needs them: later batches then never race to open them."""
    insert_rows(
        connection,
        ACCOUNTS,
        [(a.key, business, a.side.value, unit, None, 0) for a in accounts],
        on_conflict="DO NOTHING",
    )


def load_lots(book: Book, customers: Collection[UUID], *, keys: Collection[UUID] = ()) -> None:
    """Take the open lots of members into the book, and closed ones that a reversal names by key."""
    by_key = {account.key: account for account in book.accounts.values() if account.side is Side.MEMBER}
    wanted = [
        account.key
        for (customer, _, side), account in book.accounts.items()
        if side is Side.MEMBER and customer in customers and not account.is_new
    ]
    if not wanted:
        return
    condition, params = one_of(connection, "account_id", wanted, "uuid")
    sql = f"SELECT {_LOT_COLUMNS} FROM ledger_lot WHERE {condition} AND remaining > 0"
    if keys:
        named, more = one_of(connection, "id", list(keys), "uuid")
        sql += f" UNION ALL SELECT {_LOT_COLUMNS} FROM ledger_lot WHERE {named} AND remaining = 0"
        params = [*params, *more]
    for row in fetch(connection, sql, params):
        lot = _lot(row)
        account = by_key.get(to_key(row[1]))
        if account is not None and lot.key not in book.lots:
            account.lots.append(lot)
            book.lots[lot.key] = lot


def _lot(row: tuple[Any, ...]) -> Lot:
    (
        key,
        _,
        transaction,
        granted,
        remaining,
        held,
        expired,
        occurred_at,
        available_at,
        waits_for,
        waits_until,
        expires_at,
        expiry,
    ) = row
    return Lot(
        key=to_key(key), transaction=to_key(transaction), granted=granted, remaining=remaining, held=held, expired=expired,
        occurred_at=to_moment(occurred_at), available_at=to_moment(available_at), waits_for=waits_for, waits_until=to_moment(waits_until),
        expires_at=to_moment(expires_at), expiry=to_json(expiry),
    )  # fmt: skip


def load_holds(book: Book, business: UUID, keys: Collection[UUID], *, overdue_of: Collection[UUID] = ()) -> None:
    """Take holds by key, and the overdue ones of accounts, into the book. Their accounts and lots are in it already."""
    accounts = {account.key: account for account in book.accounts.values()}
    conditions, params = [], []
    if keys:
        condition, values = one_of(connection, "id", list(keys), "uuid")
        conditions.append(condition)
        params += values
    if overdue_of:
        condition, values = one_of(connection, "account_id", list(overdue_of), "uuid")
        conditions.append(f"({condition} AND state = 'open' AND expires_at <= %s)")
        params += [*values, moment_param(connection, book.now)]
    if not conditions:
        return
    sql = f"SELECT id, account_id, fact_id, amount, parts, state, expires_at FROM ledger_hold WHERE business_id = %s AND ({' OR '.join(conditions)})"
    for key, account, fact, amount, parts, state, expires_at in fetch(
        connection, sql, [key_param(connection, business), *params]
    ):
        pinned = [(UUID(lot), part) for lot, part in to_json(parts)]
        if to_key(account) in accounts:
            book.holds[to_key(key)] = Hold(
                to_key(key), accounts[to_key(account)], to_key(fact), amount, pinned, to_moment(expires_at), state
            )


def holders_of(business: UUID, holds: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the customer of each hold."""
    if not holds:
        return {}
    condition, params = one_of(connection, "h.id", list(holds), "uuid")
    sql = f"SELECT h.id, a.customer_id FROM ledger_hold h JOIN ledger_account a ON a.id = h.account_id WHERE h.business_id = %s AND {condition}"
    return {
        to_key(hold): to_key(customer)
        for hold, customer in fetch(connection, sql, [key_param(connection, business), *params])
    }


def load_drawn(facts: Collection[UUID]) -> dict[UUID, list[tuple[UUID, list[Drawn]]]]:
    """Return for each fact its spending transactions with what of them can still be given back, in the order it was drawn."""
    if not facts:
        return {}
    condition, params = one_of(connection, "fact_id", list(facts), "uuid")
    spends = fetch(
        connection,
        f"SELECT id, fact_id FROM ledger_transaction WHERE {condition} AND kind IN ('spend', 'settle', 'adjust') ORDER BY id",
        params,
    )
    if not spends:
        return {}
    keys = [to_key(key) for key, _ in spends]
    own, own_params = one_of(connection, "t.id", keys, "uuid")
    back, back_params = one_of(connection, "t.reverses_id", keys, "uuid")
    rows = fetch(
        connection,
        "SELECT COALESCE(t.reverses_id, t.id), a.lot_id, a.amount FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id"
        f" JOIN ledger_allocation a ON a.entry_id = e.id WHERE {own} OR {back} ORDER BY a.id",
        [*own_params, *back_params],
    )
    left: dict[UUID, dict[UUID, int]] = {key: {} for key in keys}
    for origin, lot, amount in rows:
        lots = left[to_key(origin)]
        lots[to_key(lot)] = lots.get(to_key(lot), 0) - amount
    by_fact: dict[UUID, list[tuple[UUID, list[Drawn]]]] = {}
    for key, fact in spends:
        drawn = [Drawn(lot, amount) for lot, amount in left[to_key(key)].items() if amount > 0]
        by_fact.setdefault(to_key(fact), []).append((to_key(key), drawn))
    return by_fact


def save_book(book: Book, business: UUID) -> None:
    """Write all that is new or changed in the book, parents before children. Balances and lots are guarded by their tables."""
    accounts = book.accounts.values()
    insert_rows(
        connection,
        ACCOUNTS,
        [
            (a.key, business, a.side.value, a.unit, a.customer, a.moved if a.customer else 0)
            for a in accounts
            if a.is_new
        ],
    )
    moved = sorted((a.key, a.moved) for a in accounts if a.customer and a.moved and not a.is_new)
    update_rows(connection, _MOVED, moved, sets="balance = balance + {moved}")
    insert_rows(
        connection,
        TRANSACTIONS,
        [(key, business, p.fact, p.kind, p.rule, p.reverses, p.occurred_at, book.now) for key, p in book.transactions],
    )
    insert_rows(
        connection,
        ENTRIES,
        [(e.key, business, e.transaction, e.account.key, e.amount, e.counts_at) for e in book.entries],
    )
    _save_lots(book, business)
    insert_rows(connection, ALLOCATIONS, [(a.key, business, a.entry, a.lot, a.amount) for a in book.allocations])
    _save_holds(book, business)


def _save_lots(book: Book, business: UUID) -> None:
    new = [
        (
            lot.key, business, account.key, lot.transaction, lot.granted, lot.remaining, lot.held, lot.expired, lot.occurred_at, lot.available_at,
            lot.waits_for, lot.waits_until, lot.expires_at, lot.expiry,
        )
        for account in book.accounts.values()
        for lot in account.lots
        if lot.is_new
    ]  # fmt: skip
    insert_rows(connection, LOTS, new)
    changed = [
        (lot.key, lot.remaining, lot.held, lot.expired, lot.available_at, lot.waits_until, lot.expires_at)
        for lot in book.lots.values()
        if lot.is_changed and not lot.is_new
    ]
    update_rows(
        connection,
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
    insert_rows(connection, HOLDS, new)
    changed = sorted((h.key, h.state, book.now) for h in holds if h.is_changed and not h.is_new)
    update_rows(
        connection,
        _HOLD_CHANGES,
        changed,
        sets="state = {now_state}, resolved_at = {now_resolved_at}",
        guard="state = 'open'",
    )


def progress_of(
    business: UUID, customers: Collection[UUID], unit: str, since: datetime
) -> dict[UUID, tuple[int, datetime | None]]:
    """Return what counts towards the ladder since a moment, with the earliest moment that counts, by customer."""
    if not customers:
        return {}
    condition, params = one_of(connection, "a.customer_id", list(customers), "uuid")
    rows = fetch(
        connection,
        f"SELECT a.customer_id, SUM(e.amount), MIN(e.counts_at) FROM ledger_account a JOIN ledger_entry e ON e.account_id = a.id"
        f" WHERE a.business_id = %s AND {condition} AND a.unit = %s AND e.counts_at >= %s GROUP BY a.customer_id",
        [key_param(connection, business), *params, unit, moment_param(connection, since)],
    )
    return {to_key(customer): (int(total), to_moment(first)) for customer, total, first in rows}


def load_booked(business: UUID, keys: Sequence[UUID]) -> dict[UUID, Booked]:
    """Return transactions with their entries and allocations, as the chain sees them."""
    if not keys:
        return {}
    condition, params = one_of(connection, "t.id", keys, "uuid")
    scope = [key_param(connection, business), *params]
    entries: dict[UUID, list[tuple[UUID, UUID, int]]] = {}
    for transaction, key, account, amount in fetch(
        connection,
        "SELECT e.transaction_id, e.id, e.account_id, e.amount FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id"
        f" WHERE t.business_id = %s AND {condition} ORDER BY e.id",
        scope,
    ):
        entries.setdefault(to_key(transaction), []).append((to_key(key), to_key(account), amount))
    allocations: dict[UUID, list[tuple[UUID, UUID, int]]] = {}
    for transaction, key, lot, amount in fetch(
        connection,
        "SELECT e.transaction_id, a.id, a.lot_id, a.amount FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id"
        f" JOIN ledger_allocation a ON a.entry_id = e.id WHERE t.business_id = %s AND {condition} ORDER BY a.id",
        scope,
    ):
        allocations.setdefault(to_key(transaction), []).append((to_key(key), to_key(lot), amount))
    rows = fetch(
        connection,
        "SELECT t.id, t.fact_id, t.kind, t.rule, t.reverses_id, t.occurred_at, t.booked_at FROM ledger_transaction t"
        f" WHERE t.business_id = %s AND {condition}",
        scope,
    )
    booked = [
        Booked(
            to_key(key), to_key(fact), kind, rule, to_key(reverses), to_moment(occurred_at), to_moment(booked_at), entries.get(to_key(key), []),
            allocations.get(to_key(key), []),
        )
        for key, fact, kind, rule, reverses, occurred_at, booked_at in rows
    ]  # fmt: skip
    return {transaction.key: transaction for transaction in booked}


def last_seal(business: UUID) -> tuple[int, bytes]:
    """Return place and hash of the end of the chain."""
    rows = fetch(
        connection,
        "SELECT position, chain_hash FROM ledger_seal WHERE business_id = %s ORDER BY position DESC LIMIT 1",
        [key_param(connection, business)],
    )
    return (rows[0][0], bytes(rows[0][1])) if rows else (0, GENESIS)


def insert_seals(business: UUID, seals: Sequence[tuple[UUID, int, bytes]]) -> None:
    """Add links to the chain."""
    insert_rows(
        connection,
        SEALS,
        [(transaction, business, position, chain_hash) for transaction, position, chain_hash in seals],
    )


def unsealed(keys: Sequence[UUID]) -> list[UUID]:
    """Return those of the transactions that have no place in the chain yet, in the order given."""
    if not keys:
        return []
    condition, params = one_of(connection, "transaction_id", keys, "uuid")
    rows = fetch(connection, f"SELECT transaction_id FROM ledger_seal WHERE {condition}", params)
    sealed = {to_key(key) for (key,) in rows}
    return [key for key in keys if key not in sealed]
