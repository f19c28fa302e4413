# SPDX-License-Identifier: Apache-2.0
"""The tables of the ledger as the hot path writes them, and the SQL of the chain. Private to the ledger."""

from collections.abc import Sequence
from uuid import UUID

from regulars.database.sql import Table, fetch, insert_rows, key_param, one_of, to_key, to_moment
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


def load_booked(business: UUID, keys: Sequence[UUID]) -> dict[UUID, Booked]:
    """Return transactions with their entries and allocations, as the chain sees them."""
    if not keys:
        return {}
    condition, params = one_of("t.id", keys, "uuid")
    scope = [key_param(business), *params]
    entries: dict[UUID, list[tuple[UUID, UUID, int]]] = {}
    for transaction, key, account, amount in fetch(
        "SELECT e.transaction_id, e.id, e.account_id, e.amount FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id"
        f" WHERE t.business_id = %s AND {condition} ORDER BY e.id",
        scope,
    ):
        entries.setdefault(to_key(transaction), []).append((to_key(key), to_key(account), amount))
    allocations: dict[UUID, list[tuple[UUID, UUID, int]]] = {}
    for transaction, key, lot, amount in fetch(
        "SELECT e.transaction_id, a.id, a.lot_id, a.amount FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id"
        f" JOIN ledger_allocation a ON a.entry_id = e.id WHERE t.business_id = %s AND {condition} ORDER BY a.id",
        scope,
    ):
        allocations.setdefault(to_key(transaction), []).append((to_key(key), to_key(lot), amount))
    rows = fetch(
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
        "SELECT position, chain_hash FROM ledger_seal WHERE business_id = %s ORDER BY position DESC LIMIT 1",
        [key_param(business)],
    )
    return (rows[0][0], bytes(rows[0][1])) if rows else (0, GENESIS)


def insert_seals(business: UUID, seals: Sequence[tuple[UUID, int, bytes]]) -> None:
    """Add links to the chain."""
    insert_rows(
        SEALS,
        [(transaction, business, position, chain_hash) for transaction, position, chain_hash in seals],
    )


def unsealed(keys: Sequence[UUID]) -> list[UUID]:
    """Return those of the transactions that have no place in the chain yet, in the order given."""
    if not keys:
        return []
    condition, params = one_of("transaction_id", keys, "uuid")
    rows = fetch(f"SELECT transaction_id FROM ledger_seal WHERE {condition}", params)
    sealed = {to_key(key) for (key,) in rows}
    return [key for key in keys if key not in sealed]
