# SPDX-License-Identifier: Apache-2.0
"""Set-based SQL on customers and identities, both dialects: a fixed number of statements however many customers.

The rows that search looks through follow `customers_customer.search_text` by triggers (migration 0002), so no writer
can forget them, and emptying the column empties the index.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from msgspec import Struct

from regulars.customers.importing import Person
from regulars.customers.matching import IdentityKey, Resolved
from regulars.database import sql
from regulars.database.transactions import Overtaken
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
Row = tuple[object, ...]
IDENTITIES = sql.Table(
    "customers_identity",
    {
        "id": "uuid",
        "business_id": "uuid",
        "customer_id": "uuid",
        "kind": "text",
        "value": "text",
        "resolves": "boolean",
        "created_at": "timestamptz",
    },
)
_PROFILES = sql.Table(
    "customers_customer",
    {"id": "uuid", "new_name": "text", "new_language": "text", "new_birthday": "date", "new_tags": "jsonb"},
)
_TEXTS = sql.Table("customers_customer", {"id": "uuid", "words": "text"})
_ADDITIONS = sql.Table("customers_customer", {"id": "uuid", "addition": "text"})


def owners_of(business_id: UUID, wanted: Mapping[str, Collection[str]]) -> dict[IdentityKey, Resolved]:
    """Return the customers to whom identities (values by kind) resolve. One statement."""
    parts, params = [], []
    for kind, values in wanted.items():
        among, among_params = sql.one_of("i.value", list(values), "text")
        parts.append(f"""SELECT i.kind, i.value, c.id, c.language, c.tags, c.birthday, x.customer_id
            FROM customers_identity i LEFT JOIN customers_alias x ON x.customer_id = i.customer_id
            JOIN customers_customer c ON c.id = COALESCE(x.survivor_id, i.customer_id)
            WHERE i.business_id = %s AND i.kind = %s AND i.resolves AND {among}""")
        params += [business_id, kind, *among_params]
    rows = sql.fetch(" UNION ALL ".join(parts), params) if parts else []
    return {(kind, value): _resolved(*customer) for kind, value, *customer in rows}


def customers_by_id(business_id: UUID, ids: Collection[UUID]) -> dict[UUID, Resolved]:
    """Return whom these keys mean in a business: the customer, or who stayed when they were merged. One statement."""
    if not ids:
        return {}
    among, params = sql.one_of("a.id", list(ids), "uuid")
    statement = f"""SELECT a.id, c.id, c.language, c.tags, c.birthday, x.customer_id FROM customers_customer a
        LEFT JOIN customers_alias x ON x.customer_id = a.id
        JOIN customers_customer c ON c.id = COALESCE(x.survivor_id, a.id) WHERE a.business_id = %s AND {among}"""
    return {sql.to_key(key): _resolved(*row) for key, *row in sql.fetch(statement, [business_id, *params])}


def aliases_of(business_id: UUID, customers: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the merges that customers are part of: who was merged, and into whom. One statement."""
    if not customers:
        return {}
    merged, merged_params = sql.one_of("customer_id", list(customers), "uuid")
    survivor, survivor_params = sql.one_of("survivor_id", list(customers), "uuid")
    statement = f"""SELECT customer_id, survivor_id FROM customers_alias
        WHERE business_id = %s AND ({merged} OR {survivor})"""
    rows = sql.fetch(statement, [business_id, *merged_params, *survivor_params])
    return {sql.to_key(key): sql.to_key(into) for key, into in rows}


def merge_of(business_id: UUID, customer: UUID) -> tuple[UUID, UUID, datetime] | None:
    """Return into whom a customer is merged, the fact that says so, and since when; None for one who is not."""
    statement = "SELECT survivor_id, fact, merged_at FROM customers_alias WHERE business_id = %s AND customer_id = %s"
    rows = sql.fetch(statement, [business_id, customer])
    return (sql.to_key(rows[0][0]), sql.to_key(rows[0][1]), sql.to_moment(rows[0][2])) if rows else None


def check_unmerged(
    business_id: UUID, customers: Collection[UUID], named: Iterable[tuple[UUID | None, UUID | None]] = ()
) -> dict[UUID, UUID]:
    """Return the merges into customers whose rows are locked.

    Raises Overtaken where one was merged, or an alias by which one was named (alias, customer) was parted, since they were looked up.
    """
    aliases = aliases_of(business_id, customers)
    if not aliases.keys().isdisjoint(customers):
        raise Overtaken("a customer was merged meanwhile")
    if any(alias is not None and aliases.get(alias) != customer for alias, customer in named):
        raise Overtaken("a merge was undone meanwhile")
    return aliases


def lock_customers(business_id: UUID, ids: Collection[UUID]) -> None:
    """Lock customers in the order of their keys: nobody records anything of them beside this transaction."""
    among, params = sql.one_of("id", list(ids), "uuid")
    statement = f"SELECT id FROM customers_customer WHERE business_id = %s AND {among} ORDER BY id{sql.lock_clause()}"
    sql.fetch(statement, [business_id, *params])


def _resolved(customer_id: Any, language: str, tags: Any, birthday: Any, alias: Any) -> Resolved:
    return Resolved(
        sql.to_key(customer_id),
        language=language,
        tags=[] if tags == "[]" else sql.to_json(tags),
        birthday=sql.to_day(birthday),
        alias=sql.to_key(alias),
    )


def insert_customers(rows: Sequence[Row]) -> None:
    """Insert customers, columns as in CUSTOMERS."""
    sql.insert_rows(CUSTOMERS, rows)


def insert_identities(rows: Sequence[Row]) -> None:
    """Insert identities, columns as in IDENTITIES. A lost race raises IntegrityError: the batch starts over."""
    sql.insert_rows(IDENTITIES, rows)


class IdentityMaker(Struct, frozen=True):
    """Make rows of identities: one business, one moment."""

    business_id: UUID
    now: datetime
    new_key: Callable[[], UUID]

    def rows(self, customer_id: UUID, identities: Iterable[IdentityKey], *, resolve: bool) -> list[Row]:
        """Return the rows by which a customer is known."""
        return [
            (self.new_key(), self.business_id, customer_id, kind, value, resolve, self.now)
            for kind, value in identities
        ]


def extend_search_text(additions: Iterable[tuple[UUID, str]]) -> None:
    """Append words to what customers are found by. Appending in the database loses no concurrent addition."""
    ordered = sorted(additions)
    sets = f"search_text = substr(search_text || ' ' || {{addition}}, 1, {SEARCH_MAX})"
    sql.update_rows(_ADDITIONS, ordered, sets=sets)


def people_by_id(business_id: UUID, ids: Collection[UUID]) -> dict[UUID, Person]:
    """Return whole profiles to lay rows over, locked in the order of keys. One statement."""
    if not ids:
        return {}
    among, params = sql.one_of("id", list(ids), "uuid")
    lock = " FOR UPDATE" if connection.vendor == "postgresql" else ""
    statement = f"""SELECT id, name, language, birthday, tags FROM customers_customer
        WHERE business_id = %s AND {among} ORDER BY id{lock}"""
    return {
        sql.to_key(key): Person(sql.to_key(key), name, language, sql.to_day(birthday), sql.to_json(tags))
        for key, name, language, birthday, tags in sql.fetch(statement, [business_id, *params])
    }


def contacts_among(business_id: UUID, wanted: Mapping[str, Collection[str]]) -> set[tuple[UUID, IdentityKey]]:
    """Return who holds identities (values by kind) as contacts that do not resolve. One statement."""
    parts, params = [], []
    for kind, values in wanted.items():
        among, among_params = sql.one_of("value", list(values), "text")
        parts.append(f"""SELECT customer_id, kind, value FROM customers_identity
            WHERE business_id = %s AND kind = %s AND NOT resolves AND {among}""")
        params += [business_id, kind, *among_params]
    rows = sql.fetch(" UNION ALL ".join(parts), params) if parts else []
    return {(sql.to_key(key), (kind, value)) for key, kind, value in rows}


def identities_of(business_id: UUID, ids: Collection[UUID]) -> dict[UUID, list[IdentityKey]]:
    """Return every identity of these customers and of those merged into them, the earliest first. One statement."""
    if not ids:
        return {}
    own, params = sql.one_of("customer_id", list(ids), "uuid")
    merged, _ = sql.one_of("x.survivor_id", list(ids), "uuid")
    statement = f"""SELECT customer_id, kind, value, id FROM customers_identity WHERE business_id = %s AND {own}
        UNION ALL SELECT x.survivor_id, i.kind, i.value, i.id FROM customers_alias x
        JOIN customers_identity i ON i.customer_id = x.customer_id WHERE x.business_id = %s AND {merged} ORDER BY id"""
    found: dict[UUID, list[IdentityKey]] = {}
    for key, kind, value, _ in sql.fetch(statement, [business_id, *params] * 2):
        found.setdefault(sql.to_key(key), []).append((kind, value))
    return found


def update_profiles(people: Iterable[Person]) -> None:
    """Write the profiles of these people. One statement."""
    rows = [(person.id, person.name, person.language, person.birthday, person.tags) for person in people]
    sets = "name = {new_name}, language = {new_language}, birthday = {new_birthday}, tags = {new_tags}"
    sql.update_rows(_PROFILES, rows, sets=sets)


def replace_search_text(texts: Iterable[tuple[UUID, str]]) -> None:
    """Write anew what customers are found by; the caller has locked them before reading their identities."""
    sql.update_rows(_TEXTS, sorted(texts), sets="search_text = {words}")


def purge_search_index() -> None:
    """Take out of the SQLite index what emptied search texts have left in it; called once after an erasure.

    SQLite before 3.42 hides deleted postings until it merges them: here all are merged, which holds the write lock for
    about a second per 100,000 customers. From 3.42 on the index was made to delete at once, and nothing is left to do.
    """
    if connection.vendor != "sqlite":
        return
    if not sql.fetch("SELECT v FROM customers_search_config WHERE k = 'secure-delete' AND v = 1", []):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO customers_search(customers_search) VALUES ('optimize')")
