# SPDX-License-Identifier: Apache-2.0
"""What the path reads of the ledger: accounts, lots and holds into a book, set-based, the members' accounts locked."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from regulars.database.sql import fetch, key_param, lock_clause, moment_param, one_of, to_json, to_key, to_moment
from regulars.ledger.book import Account, Book, Drawn, Hold, Lot, Side

_LOT_COLUMNS = """id, account_id, transaction_id, granted, remaining, held, expired, occurred_at, available_at,
waits_for, waits_until, expires_at, expiry, moved_from_id"""


def load_accounts(book: Book, business: UUID, unit: str, customers: Collection[UUID]) -> None:
    """Take the members' accounts into the book, locking them in the order of their keys."""
    if not customers:
        return
    condition, params = one_of("customer_id", list(customers), "uuid")
    columns = "SELECT id, kind, unit, customer_id, balance FROM ledger_account"
    sql = f"{columns} WHERE business_id = %s AND {condition} AND unit = %s ORDER BY id{lock_clause()}"
    params = [key_param(business), *params, unit]
    for key, kind, account_unit, customer, balance in fetch(sql, params):
        book.add_account(Account(to_key(key), Side(kind), account_unit, to_key(customer), balance))


def load_shop_accounts(book: Book, business: UUID, unit: str) -> None:
    """Take the shop's own accounts into the book."""
    shop = "SELECT id, kind, unit FROM ledger_account WHERE business_id = %s AND customer_id IS NULL AND unit = %s"
    for key, kind, account_unit in fetch(shop, [key_param(business), unit]):
        book.add_account(Account(to_key(key), Side(kind), account_unit, None))


def load_lots(book: Book, customers: Collection[UUID], *, keys: Collection[UUID] = ()) -> None:
    """Take the open lots of members into the book, and closed ones that a reversal names by key, or that came from these by a merge."""
    wanted = [
        account.key
        for (customer, _, side), account in (book.accounts.items() if customers else ())
        if side is Side.MEMBER and customer in customers and not account.is_new
    ]
    if not wanted:
        return
    by_key = {account.key: account for account in book.accounts.values() if account.side is Side.MEMBER}
    condition, params = one_of("account_id", wanted, "uuid")
    sql = f"SELECT {_LOT_COLUMNS} FROM ledger_lot WHERE {condition} AND remaining > 0"
    if keys:
        named, more = one_of("id", list(keys), "uuid")
        moved, since = one_of("moved_from_id", list(keys), "uuid")
        sql += f" UNION ALL SELECT {_LOT_COLUMNS} FROM ledger_lot WHERE {named} AND remaining = 0"
        sql += f" UNION ALL SELECT {_LOT_COLUMNS} FROM ledger_lot WHERE {moved} AND remaining = 0"
        params = [*params, *more, *since]
    for row in fetch(sql, params):
        lot = _lot(row)
        account = by_key.get(to_key(row[1]))
        if account is not None and lot.key not in book.lots:
            account.lots.append(lot)
            book.add_lot(account, lot)


def available_on(accounts: Collection[UUID], *, now: datetime) -> dict[UUID, int]:
    """Return what can be spent of accounts now, without taking their lots into a book; nothing is left out."""
    if not accounts:
        return {}
    condition, params = one_of("account_id", list(accounts), "uuid")
    rows = fetch(
        f"SELECT account_id, SUM(remaining - held) FROM ledger_lot WHERE {condition} AND remaining > 0"
        " AND available_at <= %s AND (expires_at IS NULL OR expires_at > %s) GROUP BY account_id",
        [*params, moment_param(now), moment_param(now)],
    )
    return {**dict.fromkeys(accounts, 0), **{to_key(account): int(total) for account, total in rows}}


def available_to(business: UUID, unit: str, customers: Collection[UUID], *, now: datetime) -> dict[UUID, int]:
    """Return what members can spend now; who is not there can spend nothing."""
    if not customers:
        return {}
    condition, params = one_of("a.customer_id", list(customers), "uuid")
    rows = fetch(
        "SELECT a.customer_id, SUM(l.remaining - l.held) FROM ledger_account a JOIN ledger_lot l ON l.account_id = a.id"
        f" WHERE a.business_id = %s AND {condition} AND a.unit = %s AND l.remaining > 0 AND l.available_at <= %s"
        " AND (l.expires_at IS NULL OR l.expires_at > %s) GROUP BY a.customer_id",
        [key_param(business), *params, unit, moment_param(now), moment_param(now)],
    )
    return {to_key(customer): int(total) for customer, total in rows}


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
        moved_from,
    ) = row
    return Lot(
        key=to_key(key), transaction=to_key(transaction), granted=granted, remaining=remaining, held=held, expired=expired,
        occurred_at=to_moment(occurred_at), available_at=to_moment(available_at), waits_for=waits_for, waits_until=to_moment(waits_until),
        expires_at=to_moment(expires_at), expiry=to_json(expiry), moved_from=to_key(moved_from),
    )  # fmt: skip


def load_holds(book: Book, business: UUID, keys: Collection[UUID], *, overdue_of: Collection[UUID] = ()) -> None:
    """Take holds by key, and the overdue ones of accounts, into the book, the oldest first. Their accounts and lots are in it already."""
    accounts = {account.key: account for account in book.accounts.values()}
    conditions, params = [], []
    if keys:
        condition, values = one_of("id", list(keys), "uuid")
        conditions.append(condition)
        params += values
    if overdue_of:
        condition, values = one_of("account_id", list(overdue_of), "uuid")
        conditions.append(f"({condition} AND state = 'open' AND expires_at <= %s)")
        params += [*values, moment_param(book.now)]
    if not conditions:
        return
    sql = "SELECT id, account_id, fact_id, amount, parts, state, expires_at FROM ledger_hold"
    sql += f" WHERE business_id = %s AND ({' OR '.join(conditions)}) ORDER BY id"
    for key, account, fact, amount, parts, state, expires_at in fetch(sql, [key_param(business), *params]):
        pinned = [(UUID(lot), part) for lot, part in to_json(parts)]
        if to_key(account) in accounts:
            book.holds[to_key(key)] = Hold(
                to_key(key), accounts[to_key(account)], to_key(fact), amount, pinned, to_moment(expires_at), state
            )


def holders_of(business: UUID, holds: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the customer of each hold."""
    if not holds:
        return {}
    condition, params = one_of("h.id", list(holds), "uuid")
    sql = "SELECT h.id, a.customer_id FROM ledger_hold h JOIN ledger_account a ON a.id = h.account_id"
    sql += f" WHERE h.business_id = %s AND {condition}"
    return {to_key(hold): to_key(customer) for hold, customer in fetch(sql, [key_param(business), *params])}


def load_drawn(facts: Collection[UUID]) -> dict[UUID, list[tuple[UUID, list[Drawn]]]]:
    """Return for each fact its spending transactions with what of them can still be given back, in the order it was drawn."""
    if not facts:
        return {}
    condition, params = one_of("fact_id", list(facts), "uuid")
    spends = fetch(
        f"SELECT id, fact_id FROM ledger_transaction WHERE {condition} AND kind IN ('spend', 'settle', 'adjust') ORDER BY id",
        params,
    )
    if not spends:
        return {}
    keys = [to_key(key) for key, _ in spends]
    own, own_params = one_of("t.id", keys, "uuid")
    back, back_params = one_of("t.reverses_id", keys, "uuid")
    rows = fetch(
        "SELECT COALESCE(t.reverses_id, t.id), a.lot_id, a.amount FROM ledger_transaction t"
        " JOIN ledger_entry e ON e.transaction_id = t.id JOIN ledger_allocation a ON a.entry_id = e.id"
        f" WHERE {own} OR {back} ORDER BY a.id",
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


def progress_of(
    business: UUID, customers: Collection[UUID], unit: str, since: datetime
) -> dict[UUID, tuple[int, datetime | None]]:
    """Return what counts towards the ladder since a moment, with the earliest moment that counts, by customer."""
    if not customers:
        return {}
    condition, params = one_of("a.customer_id", list(customers), "uuid")
    rows = fetch(
        f"SELECT a.customer_id, SUM(e.amount), MIN(e.counts_at) FROM ledger_account a JOIN ledger_entry e ON e.account_id = a.id"
        f" WHERE a.business_id = %s AND {condition} AND a.unit = %s AND e.counts_at >= %s GROUP BY a.customer_id",
        [key_param(business), *params, unit, moment_param(since)],
    )
    return {to_key(customer): (int(total), to_moment(first)) for customer, total, first in rows}


_DRAWN = """FROM ledger_account k JOIN ledger_entry e ON e.account_id = k.id JOIN ledger_transaction t ON t.id = e.transaction_id
LEFT JOIN ledger_allocation a ON a.entry_id = e.id LEFT JOIN ledger_lot l ON l.id = a.lot_id
LEFT JOIN ledger_lot o ON o.id = l.moved_from_id WHERE k.business_id = %s AND k.customer_id = %s"""
_TAKEN_BACK = f"{_DRAWN} AND t.kind IN ('reverse_earn', 'adjust')"


def is_paid_by_other(business: UUID, keeper: UUID, owner: Account, since: datetime) -> bool:
    """Tell whether, since a merge, what one of the two had got was taken back from what is the other's.

    Of `owner`, who was merged, nothing may be taken but what a booking gave; of `keeper` anything but what was moved to them.
    """
    rows = fetch(
        f"SELECT 1 {_TAKEN_BACK} AND (o.account_id = %s AND o.transaction_id <> t.reverses_id OR t.booked_at >= %s AND EXISTS"
        " (SELECT 1 FROM ledger_entry g WHERE g.transaction_id = t.reverses_id AND g.account_id = %s)"
        " AND (o.transaction_id IS NULL OR o.transaction_id <> t.reverses_id)) LIMIT 1",
        [key_param(business), key_param(keeper), key_param(owner.key), moment_param(since), key_param(owner.key)],
    )
    return bool(rows)


def has_drawn(business: UUID, keeper: UUID, merge: UUID) -> bool:
    """Tell whether a member has used points since a merge, or something was taken back from other lots than those that it opened."""
    rows = fetch(
        f"SELECT 1 {_DRAWN} AND t.id > %s AND (t.kind IN ('spend', 'settle', 'transfer') AND e.amount < 0"
        " OR t.kind = 'adjust' AND t.reverses_id IS NULL AND e.amount < 0"
        " OR t.kind IN ('reverse_earn', 'adjust') AND t.reverses_id IS NOT NULL"
        " AND (l.id IS NULL OR l.transaction_id <> t.reverses_id AND (o.id IS NULL OR o.transaction_id <> t.reverses_id)))"
        " LIMIT 1",
        [key_param(business), key_param(keeper), key_param(merge)],
    )
    return bool(rows)


def has_ended(keeper: Account, owner: Account, since: datetime) -> bool:
    """Tell whether points of an account, other than those moved to it from another, have run out since a moment."""
    rows = fetch(
        "SELECT 1 FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id"
        " JOIN ledger_allocation a ON a.entry_id = e.id JOIN ledger_lot l ON l.id = a.lot_id"
        " LEFT JOIN ledger_lot o ON o.id = l.moved_from_id WHERE e.account_id = %s AND t.kind = 'expire' AND t.booked_at >= %s"
        " AND (o.id IS NULL OR o.account_id <> %s) LIMIT 1",
        [key_param(keeper.key), moment_param(since), key_param(owner.key)],
    )
    return bool(rows)


def load_moved(book: Book, keeper: Account, owner: Account, merge: UUID) -> tuple[list[Drawn], dict[UUID, int]]:
    """Take into the book what a parting touches: lots moved to an account, those that they came from, and those that paid debts.

    Return what lots paid of debts in the merge itself, and by moved lot how much of it was used since: not what ran out, what its
    own reversal took, or what was called off. Both accounts and their open lots are in the book already.
    """
    drawn = fetch(
        "SELECT a.lot_id FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id AND t.kind = 'merge'"
        " JOIN ledger_allocation a ON a.entry_id = e.id WHERE e.account_id = %s",
        [key_param(owner.key)],
    )
    origins = {to_key(key) for (key,) in drawn}
    paid = fetch(
        "SELECT a.lot_id, -a.amount FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.id"
        " JOIN ledger_allocation a ON a.entry_id = e.id WHERE t.fact_id = %s AND t.kind = 'recover' ORDER BY a.id",
        [key_param(merge)],
    )
    recovered = [Drawn(to_key(lot), amount) for lot, amount in paid]
    _add_lots(book, "id", origins | {part.lot for part in recovered})
    _add_lots(book, "moved_from_id", origins)
    used = fetch(
        "SELECT a.lot_id, -SUM(a.amount) FROM ledger_entry e JOIN ledger_allocation a ON a.entry_id = e.id"
        " JOIN ledger_transaction t ON t.id = e.transaction_id JOIN ledger_lot l ON l.id = a.lot_id"
        " JOIN ledger_lot o ON o.id = l.moved_from_id WHERE e.account_id = %s AND t.fact_id <> %s"
        " AND t.kind NOT IN ('expire', 'reinstate', 'cancel_pending')"
        " AND (t.reverses_id IS NULL OR t.reverses_id <> o.transaction_id) GROUP BY a.lot_id",
        [key_param(keeper.key), key_param(merge)],
    )
    return recovered, {to_key(lot): int(total) for lot, total in used}


def _add_lots(book: Book, column: str, keys: Collection[UUID]) -> None:
    """Take lots of accounts that are in the book into it, each once: by their keys, or by those they were moved from."""
    accounts = {account.key: account for account in book.accounts.values()}
    if not keys:
        return
    condition, params = one_of(column, list(keys), "uuid")
    for row in fetch(f"SELECT {_LOT_COLUMNS} FROM ledger_lot WHERE {condition}", params):
        lot, account = _lot(row), accounts.get(to_key(row[1]))
        if account is not None and lot.key not in book.lots:
            account.lots.append(lot)
            book.add_lot(account, lot)


_DUE = """
WITH due AS MATERIALIZED (
    SELECT account_id FROM ledger_lot WHERE business_id = %s AND expires_at IS NOT NULL AND remaining > 0
        AND expires_at <= %s AND remaining > held
    UNION SELECT account_id FROM ledger_lot WHERE business_id = %s AND available_at IS NULL
        AND waits_until <= %s AND remaining > 0
    UNION SELECT account_id FROM ledger_hold WHERE business_id = %s AND state = 'open' AND expires_at <= %s
), owners AS MATERIALIZED (SELECT customer_id FROM ledger_account WHERE id IN (SELECT account_id FROM due))
SELECT DISTINCT customer_id FROM owners WHERE customer_id > %s ORDER BY customer_id LIMIT %s
"""


def due_for_closing(business: UUID, *, now: datetime, after: UUID, limit: int) -> list[UUID]:
    """Return members after a key, in the order of keys, with something to close: points that are over, waited in vain, or held too long."""
    params = [key_param(business), moment_param(now)] * 3
    return [to_key(customer) for (customer,) in fetch(_DUE, [*params, key_param(after), limit])]
