# SPDX-License-Identifier: Apache-2.0
"""The tables of the ledger as the hot path writes them, and the end of the chain. Private to the ledger."""

from collections.abc import Sequence
from uuid import UUID

from regulars.database.sql import Table, fetch, key_param, one_of, to_key
from regulars.ledger.chain import GENESIS

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
        "waits_until": "timestamptz", "expires_at": "timestamptz", "expiry": "jsonb", "moved_from_id": "uuid",
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
LOT_CHANGES = Table(
    "ledger_lotchange",
    {
        "id": "uuid", "business_id": "uuid", "lot_id": "uuid", "fact_id": "uuid",
        "available_at": "timestamptz", "waits_until": "timestamptz", "expires_at": "timestamptz", "expiry": "jsonb",
        "had_available_at": "timestamptz", "had_waits_until": "timestamptz", "had_expires_at": "timestamptz", "had_expiry": "jsonb",
    },
)  # fmt: skip
RESOLUTIONS = Table(
    "ledger_resolution",
    {"hold_id": "uuid", "business_id": "uuid", "fact_id": "uuid", "state": "text", "at": "timestamptz"},
)
SEALS = Table(
    "ledger_seal",
    {
        "id": "uuid", "business_id": "uuid", "position": "bigint", "format": "smallint", "commit": "jsonb", "marks": "bytea", "chain_hash": "bytea",
    },
)  # fmt: skip


def last_seal(business: UUID) -> tuple[int, bytes]:
    """Return place and hash of the end of the chain."""
    rows = fetch(
        "SELECT position, chain_hash FROM ledger_seal WHERE business_id = %s ORDER BY position DESC LIMIT 1",
        [key_param(business)],
    )
    return (rows[0][0], bytes(rows[0][1])) if rows else (0, GENESIS)


def sealed_among(keys: Sequence[UUID]) -> set[UUID]:
    """Return those of the commits that have a seal."""
    condition, params = one_of("id", keys, "uuid")
    return {to_key(key) for (key,) in fetch(f"SELECT id FROM ledger_seal WHERE {condition}", params)}
