# SPDX-License-Identifier: Apache-2.0
"""What of the ledger is sealed, and the seals as they are read: all columns that never change, and the terms that lots had at first."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from regulars.database.plain import PlainTable
from regulars.database.sql import fetch, key_param, to_json, to_key

_PAGE = 100
_FIRST_CHANGE = """LEFT JOIN ledger_lotchange c ON c.id =
(SELECT x.id FROM ledger_lotchange x WHERE x.lot_id = t.id ORDER BY x.id LIMIT 1)"""
_TERMS = {"available_at": "timestamptz", "waits_until": "timestamptz", "expires_at": "timestamptz", "expiry": "jsonb"}
_FIRST_TERMS = {name: f"CASE WHEN c.id IS NULL THEN t.{name} ELSE c.had_{name} END" for name in _TERMS}

SEALED = (
    PlainTable("ledger_account", "accounts", {"id": "uuid", "kind": "text", "unit": "text", "customer_id": "uuid"}),
    PlainTable(
        "ledger_transaction",
        "transactions",
        {
            "id": "uuid", "fact_id": "uuid", "kind": "text", "rule": "text", "reverses_id": "uuid", "occurred_at": "timestamptz",
            "booked_at": "timestamptz",
        },
    ),
    PlainTable(
        "ledger_entry",
        "transactions",
        {"id": "uuid", "transaction_id": "uuid", "account_id": "uuid", "amount": "bigint", "counts_at": "timestamptz"},
        found_by="t.transaction_id",
    ),
    PlainTable(
        "ledger_lot",
        "lots",
        {
            "id": "uuid", "account_id": "uuid", "transaction_id": "uuid", "granted": "bigint", "occurred_at": "timestamptz",
            "waits_for": "text", **_TERMS,
        },
        joined=_FIRST_CHANGE,
        of=_FIRST_TERMS,
    ),
    PlainTable(
        "ledger_allocation", "allocations", {"id": "uuid", "entry_id": "uuid", "lot_id": "uuid", "amount": "bigint"}
    ),
    PlainTable(
        "ledger_lotchange",
        "changes",
        {"id": "uuid", "lot_id": "uuid", "fact_id": "uuid", **_TERMS, **{f"had_{name}": kind for name, kind in _TERMS.items()}},
    ),
    PlainTable(
        "ledger_hold",
        "holds",
        {"id": "uuid", "account_id": "uuid", "fact_id": "uuid", "amount": "bigint", "parts": "jsonb", "expires_at": "timestamptz"},
    ),
    PlainTable(
        "ledger_resolution",
        "resolutions",
        {"hold_id": "uuid", "fact_id": "uuid", "state": "text", "at": "timestamptz"},
        found_by="t.hold_id",
    ),
)  # fmt: skip


def read_heads() -> dict[UUID, tuple[int, str]]:
    """Return for every business the place and the hash of its last seal."""
    rows = fetch(
        "SELECT business_id, position, chain_hash FROM ledger_seal s WHERE position ="
        " (SELECT MAX(position) FROM ledger_seal x WHERE x.business_id = s.business_id)",
        [],
    )
    return {to_key(business): (position, bytes(chain_hash).hex()) for business, position, chain_hash in rows}


class StoredSeal(NamedTuple):
    """A seal as recorded."""

    position: int
    format: int
    commit: Mapping[str, Any]
    marks: bytes
    chain_hash: bytes


def accounts_of_kind(business: UUID, kind: str) -> set[str]:
    """Return the keys of a business's accounts of a kind, as sealed rows write them: which commit made them does not matter."""
    rows = fetch("SELECT id FROM ledger_account WHERE business_id = %s AND kind = %s", [key_param(business), kind])
    return {f"{to_key(key).int:032X}" for (key,) in rows}


def count_seals(business: UUID) -> int:
    """Return how many seals a business has."""
    ((count,),) = fetch("SELECT COUNT(*) FROM ledger_seal WHERE business_id = %s", [key_param(business)])
    return int(count)


def read_seals(business: UUID) -> Iterator[list[StoredSeal]]:
    """Yield the seals of a business in their order, page by page."""
    position = 0
    while rows := fetch(
        'SELECT position, format, "commit", marks, chain_hash FROM ledger_seal WHERE business_id = %s AND position > %s'
        f" ORDER BY position LIMIT {_PAGE}",
        [key_param(business), position],
    ):
        page = [StoredSeal(row[0], row[1], to_json(row[2]), bytes(row[3]), bytes(row[4])) for row in rows]
        yield page
        position = page[-1].position
