# SPDX-License-Identifier: Apache-2.0
"""Set-based SQL on customers and identities, both dialects: a fixed number of statements however many customers.

The rows that search looks through follow `customers_customer.search_text` by triggers (migration 0002), so no writer can forget
them and emptying the column empties the index.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from regulars.customers.matching import IdentityKey, Resolved
from regulars.database import sql
from regulars.kernel.text import SEARCH_MAX

CUSTOMERS = sql.Table(
    "customers_customer",
    {
        "id": "uuid",
        "business_id": "uuid",
        "name": "text",
        "language": "text",
        "birthday": "date",
        "tags": "jsonb",
        "search_text": "text",
        "is_test": "boolean",
        "created_at": "timestamptz",
    },
)
IDENTITIES = sql.Table(
    "customers_identity",
    {
        "id": "uuid",
        "business_id": "uuid",
        "customer_id": "uuid",
        "kind": "text",
        "value": "text",
        "resolves": "boolean",
        "is_primary": "boolean",
        "is_verified": "boolean",
        "created_at": "timestamptz",
    },
)
_ADDITIONS = sql.Table("customers_customer", {"id": "uuid", "addition": "text"})


def owners_of(business_id: UUID, wanted: Mapping[str, Collection[str]]) -> dict[IdentityKey, Resolved]:
    """Return the customers to whom identities (values by kind) resolve. One statement."""
    parts, params = [], []
    for kind, values in wanted.items():
        among, among_params = sql.one_of(connection, "i.value", list(values), "text")
        parts.append(f"""SELECT i.kind, i.value, c.id, c.language, c.tags, c.birthday
            FROM customers_identity i JOIN customers_customer c ON c.id = i.customer_id
            WHERE i.business_id = %s AND i.kind = %s AND i.resolves AND {among}""")
        params += [business_id, kind, *among_params]
    rows = sql.fetch(connection, " UNION ALL ".join(parts), params) if parts else []
    return {(kind, value): _resolved(*customer) for kind, value, *customer in rows}


def customers_by_id(business_id: UUID, ids: Collection[UUID]) -> dict[UUID, Resolved]:
    """Return the customers of a business with these keys. One statement."""
    if not ids:
        return {}
    among, params = sql.one_of(connection, "id", list(ids), "uuid")
    statement = f"SELECT id, language, tags, birthday FROM customers_customer WHERE business_id = %s AND {among}"
    return {sql.to_key(row[0]): _resolved(*row) for row in sql.fetch(connection, statement, [business_id, *params])}


def _resolved(customer_id: Any, language: str, tags: Any, birthday: Any) -> Resolved:
    return Resolved(
        sql.to_key(customer_id),
        language=language,
        tags=[] if tags == "[]" else sql.to_json(tags),
        birthday=sql.to_day(birthday),
    )


def insert_customers(rows: Sequence[tuple[object, ...]]) -> None:
    """Insert customers, columns as in CUSTOMERS."""
    sql.insert_rows(connection, CUSTOMERS, rows)


def insert_identities(rows: Sequence[tuple[object, ...]]) -> None:
    """Insert identities, columns as in IDENTITIES. A lost race for one raises IntegrityError: the whole batch starts over."""
    sql.insert_rows(connection, IDENTITIES, rows)


def identity_row(key: UUID, business_id: UUID, customer_id: UUID, identity: IdentityKey, now: datetime) -> tuple[object, ...]:
    """Return the row of a resolving identity."""
    return (key, business_id, customer_id, *identity, True, False, False, now)


def extend_search_text(additions: Iterable[tuple[UUID, str]]) -> None:
    """Append words to what customers are found by. Appending in the database loses no concurrent addition."""
    ordered = sorted(additions)
    sets = f"search_text = substr(search_text || ' ' || {{addition}}, 1, {SEARCH_MAX})"
    sql.update_rows(connection, _ADDITIONS, ordered, sets=sets)
