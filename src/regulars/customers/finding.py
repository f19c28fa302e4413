# SPDX-License-Identifier: Apache-2.0
"""Search by text in SQL, both dialects: keys of customers, the latest first, one page at a time."""

from uuid import UUID

from django.db import connection
from msgspec import Struct

from regulars.customers.matching import IdentityKey
from regulars.customers.searching import PART_MIN, Word, fts_expression
from regulars.database import sql

HOLDERS_MAX = 50
_Condition = tuple[str, list[object]]


class Slice(Struct, frozen=True):
    """Which matches are wanted: after a customer, at most so many, leaving some out, bearing a tag if one is named."""

    limit: int
    after: UUID | None = None
    without: tuple[UUID, ...] = ()
    tag: str = ""


def holders_of(business_id: UUID, identities: list[IdentityKey]) -> list[UUID]:
    """Return the customers who hold one of the identities exactly: resolving ones before contacts."""
    if not identities:
        return []
    parts = [
        f"SELECT COALESCE(x.survivor_id, i.customer_id) AS customer_id, {order} AS place FROM customers_identity i "
        "LEFT JOIN customers_alias x ON x.customer_id = i.customer_id "
        f"WHERE i.business_id = %s AND i.kind = %s AND i.value = %s AND {resolves}"
        for order, resolves in enumerate(("i.resolves", "NOT i.resolves"))
        for _ in identities
    ]
    params = [value for kind, text in identities for value in (business_id, kind, text)] * 2
    union = " UNION ALL ".join(parts)
    statement = f"SELECT customer_id FROM ({union}) AS holders ORDER BY place, customer_id LIMIT {HOLDERS_MAX}"
    return list(dict.fromkeys(sql.to_key(key) for (key,) in sql.fetch(statement, params)))


def starting_with(business_id: UUID, words: list[Word], wanted: Slice) -> list[UUID]:
    """Return customers in whose search text every query word starts a word."""
    return _run(business_id, words, _every(words, only_starts=True), wanted, only_starts=True)


def containing(business_id: UUID, words: list[Word], wanted: Slice) -> list[UUID]:
    """Return customers in whose search text every query word stands somewhere, without those found by word starts."""
    anywhere, params = _every(words, only_starts=False)
    at_start, start_params = _every(words, only_starts=True)
    condition = f"{anywhere} AND NOT ({at_start})", [*params, *start_params]
    return _run(business_id, words, condition, wanted, only_starts=False)


def _run(
    business_id: UUID, words: list[Word], condition: _Condition, wanted: Slice, *, only_starts: bool
) -> list[UUID]:
    if connection.vendor == "postgresql":
        statement, params = _postgresql(business_id, condition, wanted)
    else:
        expression = fts_expression(words, f"B{business_id.hex[-2:].upper()}", only_starts=only_starts)
        statement, params = _sqlite(business_id, expression, condition, wanted)
    return [sql.to_key(key) for (key,) in sql.fetch(statement, params)]


def _sqlite(business_id: UUID, expression: str, condition: _Condition, wanted: Slice) -> tuple[str, list[object]]:
    checks, check_params = condition
    params: list[object] = [business_id, expression, *check_params]
    if wanted.after is not None:
        checks += " AND f.rowid < (SELECT number FROM customers_searchrow WHERE customer_id = %s)"
        params.append(wanted.after)
    if wanted.without:
        checks += f" AND r.customer_id NOT IN ({', '.join(['%s'] * len(wanted.without))})"
        params += wanted.without
    if wanted.tag:
        checks += " AND EXISTS (SELECT 1 FROM json_each(c.tags) WHERE value = %s)"
        params.append(wanted.tag)
    # CROSS JOIN keeps the index in the lead, so that the page is full after its first matches.
    statement = f"""SELECT r.customer_id FROM customers_search f
        CROSS JOIN customers_searchrow r ON r.number = f.rowid
        CROSS JOIN customers_customer c ON c.id = r.customer_id AND c.business_id = %s
        WHERE f.customers_search MATCH %s AND {checks} ORDER BY f.rowid DESC LIMIT %s"""
    return statement, [*params, wanted.limit]


def _postgresql(business_id: UUID, condition: _Condition, wanted: Slice) -> tuple[str, list[object]]:
    checks, check_params = condition
    params: list[object] = [business_id, *check_params]
    if wanted.after is not None:
        checks += " AND id < %s"
        params.append(wanted.after)
    if wanted.without:
        checks += " AND id <> ALL(%s::uuid[])"
        params.append(list(wanted.without))
    if wanted.tag:
        checks += " AND tags @> jsonb_build_array(%s::text)"
        params.append(wanted.tag)
    statement = f"SELECT id FROM customers_customer WHERE business_id = %s AND {checks} ORDER BY id DESC LIMIT %s"
    return statement, [*params, wanted.limit]


def _every(words: list[Word], *, only_starts: bool) -> _Condition:
    clauses, params = [], []
    for word in words:
        forms = [_form(form, is_start=only_starts or len(form) < PART_MIN) for form in word.forms]
        clauses.append(f"({' OR '.join(clause for clause, _ in forms)})")
        params += [param for _, form_params in forms for param in form_params]
    return " AND ".join(clauses), params


def _form(form: str, *, is_start: bool) -> _Condition:
    if connection.vendor != "postgresql":
        return "instr(r.text, %s) > 0", [f" {form}" if is_start else form]
    pattern = form.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    if is_start:
        return "(search_text LIKE %s OR search_text LIKE %s)", [f"{pattern}%", f"% {pattern}%"]
    return "search_text LIKE %s", [f"%{pattern}%"]
