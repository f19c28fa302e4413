# SPDX-License-Identifier: Apache-2.0
"""Replay a ledger from its own rows, set by set in the database, and compare with what is kept beside them."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from regulars.database.sql import fetch, key_param, to_json, to_key, to_moment


@dataclass(slots=True)
class Verification:
    """What was checked and the first difference found; `unsealed` transactions wait for the seal job and are checked otherwise.

    `chain_hash` is that of the last of `seals`; `decisions` counts those that were decided again. `others` are differences beside
    the first, where several can be told.
    """

    transactions: int = 0
    entries: int = 0
    lots: int = 0
    accounts: int = 0
    decisions: int = 0
    unsealed: int = 0
    seals: int = 0
    difference: str = ""
    others: list[str] = field(default_factory=list)
    chain_hash: str = ""
    totals: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def is_right(self) -> bool:
        """Tell whether everything agreed."""
        return not self.difference


def verify_ledger(business: UUID) -> Verification:
    """Check the sums of a business's ledger and return what was found; stops at the first difference.

    Entries of every transaction sum to zero; every balance equals the sum of its entries and, for members, what remains in its lots;
    every lot equals what was granted less what was drawn; what is held equals the open holds; what expired equals what went to
    breakage; lots have the terms and holds the state that they were last given. Memory stays flat however long the journal.
    """
    found = Verification()
    for check in (_count, _zero_sums, _balances, _lots, _granted, _holds, _breakage, _terms, _resolutions, _totals):
        check(business, found)
        if found.difference:
            break
    return found


def _first(sql: str, business: UUID, times: int = 1) -> tuple[Any, ...] | None:
    rows = fetch(f"{sql} LIMIT 1", [key_param(business)] * times)
    return rows[0] if rows else None


def _count(business: UUID, found: Verification) -> None:
    for name, table in (
        ("transactions", "ledger_transaction"),
        ("entries", "ledger_entry"),
        ("lots", "ledger_lot"),
        ("accounts", "ledger_account"),
    ):
        row = _first(f"SELECT COUNT(*) FROM {table} WHERE business_id = %s", business)
        setattr(found, name, row[0] if row else 0)


def _zero_sums(business: UUID, found: Verification) -> None:
    row = _first(
        "SELECT transaction_id, SUM(amount) FROM ledger_entry WHERE business_id = %s GROUP BY transaction_id HAVING SUM(amount) <> 0",
        business,
    )
    if row:
        found.difference = f"the entries of transaction {to_key(row[0])} sum to {row[1]}, not to zero"


def _balances(business: UUID, found: Verification) -> None:
    row = _first(
        "SELECT a.id, a.balance, COALESCE(e.total, 0), COALESCE(l.total, 0) FROM ledger_account a"
        " LEFT JOIN (SELECT account_id, SUM(amount) AS total FROM ledger_entry WHERE business_id = %s"
        " GROUP BY account_id) e ON e.account_id = a.id"
        " LEFT JOIN (SELECT account_id, SUM(remaining) AS total FROM ledger_lot WHERE business_id = %s"
        " GROUP BY account_id) l ON l.account_id = a.id"
        " WHERE a.business_id = %s AND a.customer_id IS NOT NULL"
        " AND (a.balance <> COALESCE(e.total, 0) OR (a.kind = 'member' AND a.balance <> COALESCE(l.total, 0)))",
        business,
        3,
    )
    if row:
        found.difference = f"account {to_key(row[0])} shows {row[1]}; its entries sum to {row[2]}, its lots to {row[3]}"


def _lots(business: UUID, found: Verification) -> None:
    row = _first(
        "SELECT l.id, l.granted, l.remaining, COALESCE(a.total, 0) FROM ledger_lot l LEFT JOIN (SELECT lot_id, SUM(amount) AS total"
        " FROM ledger_allocation WHERE business_id = %s GROUP BY lot_id) a ON a.lot_id = l.id"
        " WHERE l.business_id = %s AND l.remaining <> l.granted + COALESCE(a.total, 0)",
        business,
        2,
    )
    if row:
        found.difference = (
            f"lot {to_key(row[0])} was granted {row[1]} and has {row[2]}; its allocations sum to {row[3]}"
        )


def _granted(business: UUID, found: Verification) -> None:
    """Every member entry is explained by lots: what it granted and what it drew."""
    row = _first(
        "SELECT e.id, e.amount, COALESCE(g.total, 0), COALESCE(d.total, 0) FROM ledger_entry e"
        " JOIN ledger_account a ON a.id = e.account_id AND a.kind = 'member'"
        " LEFT JOIN (SELECT transaction_id, account_id, SUM(granted) AS total FROM ledger_lot WHERE business_id = %s"
        " GROUP BY transaction_id, account_id) g ON g.transaction_id = e.transaction_id AND g.account_id = e.account_id"
        " LEFT JOIN (SELECT entry_id, SUM(amount) AS total FROM ledger_allocation WHERE business_id = %s"
        " GROUP BY entry_id) d ON d.entry_id = e.id"
        " WHERE e.business_id = %s AND e.amount <> COALESCE(g.total, 0) + COALESCE(d.total, 0)",
        business,
        3,
    )
    if row:
        found.difference = f"entry {to_key(row[0])} moves {row[1]}; it granted {row[2]} and drew {row[3]} from lots"


def _holds(business: UUID, found: Verification) -> None:
    held: dict[UUID, int] = {}
    for (parts,) in fetch(
        "SELECT parts FROM ledger_hold WHERE business_id = %s AND state = 'open'",
        [key_param(business)],
    ):
        for lot, part in to_json(parts):
            held[UUID(lot)] = held.get(UUID(lot), 0) + part
    for key, amount in fetch(
        "SELECT id, held FROM ledger_lot WHERE business_id = %s AND held > 0",
        [key_param(business)],
    ):
        if held.pop(to_key(key), 0) != amount:
            found.difference = f"lot {to_key(key)} has {amount} held, which its open holds do not explain"
            return
    if held:
        found.difference = f"a hold pins {next(iter(held.values()))} of lot {next(iter(held))}, which shows none held"


def _breakage(business: UUID, found: Verification) -> None:
    row = _first(
        "SELECT l.id, l.expired, COALESCE(x.total, 0) FROM ledger_lot l LEFT JOIN (SELECT a.lot_id, -SUM(a.amount) AS total"
        " FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id JOIN ledger_allocation a ON a.entry_id = e.id"
        " WHERE t.business_id = %s AND t.kind IN ('expire', 'reinstate') GROUP BY a.lot_id) x ON x.lot_id = l.id"
        " WHERE l.business_id = %s AND l.expired <> COALESCE(x.total, 0)",
        business,
        2,
    )
    if row:
        found.difference = f"lot {to_key(row[0])} shows {row[1]} expired; {row[2]} went to breakage"


def _totals(business: UUID, found: Verification) -> None:
    rows = fetch(
        "SELECT a.unit, a.kind, SUM(e.amount) FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id"
        " WHERE e.business_id = %s GROUP BY a.unit, a.kind ORDER BY a.unit, a.kind",
        [key_param(business)],
    )
    for unit, kind, total in rows:
        found.totals.setdefault(unit, {})[kind] = int(total)
    for unit, totals in found.totals.items():
        if sum(totals.values()) != 0:
            found.difference = f"all accounts of {unit} sum to {sum(totals.values())}, not to zero"


_TERMS = "{0}.available_at, {0}.waits_until, {0}.expires_at, {0}.expiry"


def _terms(business: UUID, found: Verification) -> None:
    """What was last changed of a lot is what it shows; how it was at first is sealed with it."""
    row = _first(
        f"SELECT l.id, {_TERMS.format('l')}, {_TERMS.format('c')} FROM ledger_lotchange c"
        " JOIN ledger_lot l ON l.id = c.lot_id WHERE c.business_id = %s"
        " AND NOT EXISTS (SELECT 1 FROM ledger_lotchange x WHERE x.lot_id = c.lot_id AND x.id > c.id)"
        " AND (l.available_at IS DISTINCT FROM c.available_at OR l.waits_until IS DISTINCT FROM c.waits_until"
        " OR l.expires_at IS DISTINCT FROM c.expires_at OR l.expiry IS DISTINCT FROM c.expiry)",
        business,
    )
    if row:
        shown, changed = (_terms_text(*row[place : place + 4]) for place in (1, 5))
        found.difference = (
            f"lot {to_key(row[0])} shows available, waiting, ending at {shown}; it was last changed to {changed}"
        )


def _terms_text(available_at: Any, waits_until: Any, expires_at: Any, expiry: Any) -> str:
    said = [str(to_moment(at)) if at else "never" for at in (available_at, waits_until, expires_at)]
    return ", ".join([*said, *([f"by {expiry}"] if expiry else [])])


def _resolutions(business: UUID, found: Verification) -> None:
    row = _first(
        "SELECT h.id, h.state, COALESCE(r.state, 'open') FROM ledger_hold h LEFT JOIN ledger_resolution r ON r.hold_id = h.id"
        " WHERE h.business_id = %s AND (h.state <> COALESCE(r.state, 'open') OR h.resolved_at IS DISTINCT FROM r.at)",
        business,
    )
    if row:
        found.difference = f"hold {to_key(row[0])} shows {row[1]}; it was left {row[2]}"
