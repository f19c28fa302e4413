# SPDX-License-Identifier: Apache-2.0
"""The SQL of facts on the hot path: set-based reads and writes, one statement per batch, both dialects."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from regulars.database.plain import PlainTable
from regulars.database.sql import (
    Table,
    fetch,
    key_param,
    keys_table,
    lock_clause,
    moment_param,
    one_of,
    to_json,
    to_key,
    to_moment,
)

FactKey = tuple[str, str, int]

FACTS = Table(
    "facts_fact",
    {
        "id": "uuid", "business_id": "uuid", "kind": "text", "source": "text", "external_id": "text", "revision": "int", "body_digest": "bytea",
        "customer_id": "uuid", "store_id": "uuid", "occurred_at": "timestamptz", "local_day": "date", "recorded_at": "timestamptz", "currency": "text",
        "total_minor": "bigint", "amends_id": "uuid", "caused_by_id": "uuid", "depth": "int", "payload": "jsonb", "receipt": "jsonb",
    },
)  # fmt: skip
LINES = Table(
    "facts_line",
    {
        "id": "uuid", "business_id": "uuid", "fact_id": "uuid", "position": "int", "product_id": "uuid", "quantity_milli": "bigint",
        "net_minor": "bigint", "discount_minor": "bigint", "original_line_id": "uuid",
    },
)  # fmt: skip
RETURNED = Table(
    "facts_returned", {"line_id": "uuid", "business_id": "uuid", "sold_milli": "bigint", "quantity_milli": "bigint"}
)
ATTRIBUTIONS = Table(
    "facts_attribution",
    {"id": "uuid", "business_id": "uuid", "fact_id": "uuid", "customer_id": "uuid", "at": "timestamptz"},
)
_FACT, _LINE, _ATTRIBUTION = (
    {name: kind for name, kind in table.columns.items() if name != "business_id"}
    for table in (FACTS, LINES, ATTRIBUTIONS)
)
SEALED = (
    PlainTable("facts_fact", "facts", _FACT),
    PlainTable("facts_line", "facts", _LINE, found_by="t.fact_id"),
    PlainTable("facts_attribution", "attributions", _ATTRIBUTION),
)
POSITIONS = Table("facts_factposition", {"fact_id": "uuid", "business_id": "uuid", "position": "bigint"})


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A fact as recorded; `customer` is whose it is now: one who claimed it later goes before what was recorded.

    Where they were merged, `customer` is who stands for them and `alias` whose it was.
    """

    key: UUID
    kind: str
    source: str
    external_id: str
    revision: int
    body_digest: bytes
    customer: UUID | None
    store: UUID | None
    occurred_at: datetime
    total_minor: int
    payload: dict[str, Any]
    receipt: dict[str, Any]
    is_claimed: bool = False
    alias: UUID | None = None


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line as recorded, with how much of it has come back."""

    key: UUID
    fact: UUID
    position: int
    product: UUID | None
    quantity_milli: int
    net_minor: int
    returned_milli: int
    discount_minor: int = 0

    @property
    def sold_milli(self) -> int:
        """Return what can come back: the quantity, or one piece for a line sold without one."""
        return abs(self.quantity_milli) or 1000


@dataclass(frozen=True, slots=True)
class NewFact:
    """A fact to record: the row of `facts_fact` in words."""

    key: UUID
    kind: str
    source: str
    external_id: str
    revision: int
    body_digest: bytes
    customer: UUID | None
    store: UUID | None
    occurred_at: datetime
    local_day: date
    currency: str = ""
    total_minor: int = 0
    amends: UUID | None = None
    caused_by: UUID | None = None
    depth: int = 0
    payload: object = None


CLAIMED_BY = """(SELECT t.customer_id FROM facts_attribution t WHERE t.business_id = f.business_id AND t.fact_id = f.id
ORDER BY t.at DESC, t.id DESC LIMIT 1)"""
MERGED = f"LEFT JOIN customers_alias x ON x.customer_id = COALESCE({CLAIMED_BY}, f.customer_id)"
_FACT_COLUMNS = f"""f.id, f.kind, f.source, f.external_id, f.revision, f.body_digest, f.customer_id, f.store_id, f.occurred_at, f.total_minor,
f.payload, f.receipt, {CLAIMED_BY}, x.customer_id, x.survivor_id"""


def _stored(row: tuple[Any, ...]) -> StoredFact:
    (
        key, kind, source, external_id, revision, digest, customer, store, occurred_at, total, payload, receipt, claimer,
        alias, survivor,
    ) = row  # fmt: skip
    return StoredFact(
        to_key(key), kind, source, external_id, revision, bytes(digest), to_key(survivor or claimer or customer), to_key(store),
        to_moment(occurred_at), total, to_json(payload), to_json(receipt), claimer is not None, to_key(alias),
    )  # fmt: skip


def find_facts(business: UUID, keys: Sequence[FactKey]) -> dict[FactKey, StoredFact]:
    """Return those of the facts that are recorded already, and later revisions of them, by (source, external id, revision)."""
    if not keys:
        return {}
    head, params = keys_table({"source": "text", "external_id": "text", "revision": "int"}, keys)
    rows = fetch(
        f"{head} SELECT {_FACT_COLUMNS} FROM k CROSS JOIN facts_fact f {MERGED} WHERE f.business_id = %s AND f.source = k.source"
        " AND f.external_id = k.external_id AND f.revision >= k.revision",
        [*params, key_param(business)],
    )
    return {(fact.source, fact.external_id, fact.revision): fact for fact in map(_stored, rows)}


def find_latest(business: UUID, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], StoredFact]:
    """Return the latest revision of each named fact, by (source, external id)."""
    if not names:
        return {}
    head, params = keys_table({"source": "text", "external_id": "text"}, names)
    rows = fetch(
        f"{head} SELECT {_FACT_COLUMNS} FROM k CROSS JOIN facts_fact f {MERGED} WHERE f.business_id = %s AND f.source = k.source"
        " AND f.external_id = k.external_id ORDER BY f.revision",
        [*params, key_param(business)],
    )
    return {(fact.source, fact.external_id): fact for fact in map(_stored, rows)}


def lock_facts(business: UUID, keys: Collection[UUID]) -> None:
    """Lock facts, in the order of their keys: nobody decides whose they are, or what of them comes back, beside this batch."""
    condition, params = one_of("id", list(keys), "uuid")
    fetch(
        f"SELECT id FROM facts_fact WHERE business_id = %s AND {condition} ORDER BY id{lock_clause()}",
        [key_param(business), *params],
    )


def load_facts(business: UUID, keys: Collection[UUID]) -> dict[UUID, StoredFact]:
    """Return facts by key."""
    if not keys:
        return {}
    condition, params = one_of("f.id", list(keys), "uuid")
    rows = fetch(
        f"SELECT {_FACT_COLUMNS} FROM facts_fact f {MERGED} WHERE f.business_id = %s AND {condition}",
        [key_param(business), *params],
    )
    return {fact.key: fact for fact in map(_stored, rows)}


def load_amounts(business: UUID, facts: Collection[UUID]) -> dict[UUID, list[tuple[int, int, int]]]:
    """Return the lines of facts in their order as (net in minor units, quantity in thousandths, discount in minor units)."""
    condition, params = one_of("fact_id", list(facts), "uuid")
    amounts: dict[UUID, list[tuple[int, int, int]]] = {}
    sql = "SELECT fact_id, net_minor, quantity_milli, discount_minor FROM facts_line"
    sql += f" WHERE business_id = %s AND {condition} ORDER BY fact_id, position"
    for fact, net, quantity, discount in fetch(sql, [key_param(business), *params]):
        amounts.setdefault(to_key(fact), []).append((net, quantity, discount))
    return amounts


def find_amending(business: UUID, facts: Collection[UUID], kind: str) -> dict[UUID, UUID]:
    """Return for each of the facts the one of a kind that amends it, where there is one."""
    if not facts:
        return {}
    condition, params = one_of("amends_id", list(facts), "uuid")
    rows = fetch(
        f"SELECT amends_id, id FROM facts_fact WHERE {condition} AND kind = %s AND business_id = %s",
        [*params, kind, key_param(business)],
    )
    return {to_key(amended): to_key(fact) for amended, fact in rows}


def find_returns(business: UUID, facts: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Return for each purchase the returns that name it."""
    if not facts:
        return {}
    condition, params = one_of("amends_id", list(facts), "uuid")
    rows = fetch(
        f"SELECT amends_id, id FROM facts_fact WHERE {condition} AND kind = 'return' AND business_id = %s ORDER BY id",
        [*params, key_param(business)],
    )
    found: dict[UUID, list[UUID]] = {}
    for order, fact in rows:
        found.setdefault(to_key(order), []).append(to_key(fact))
    return found


def facts_of(business: UUID, customers: Collection[UUID]) -> tuple[str, list[Any]]:
    """Return SQL for the facts of customers, those included that they claimed later, and its values; `owner` is whose each is."""
    columns = "x.id, x.kind, x.occurred_at, x.total_minor, x.amends_id"
    own, own_params = one_of("x.customer_id", list(customers), "uuid")
    claimed, claimed_params = one_of("t.customer_id", list(customers), "uuid")
    sql = (
        f"(SELECT {columns}, x.customer_id AS owner FROM facts_fact x WHERE x.business_id = %s AND {own} UNION ALL"
        f" SELECT {columns}, t.customer_id AS owner FROM facts_attribution t JOIN facts_fact x ON x.id = t.fact_id"
        f" WHERE t.business_id = %s AND {claimed})"
    )
    return sql, [key_param(business), *own_params, key_param(business), *claimed_params]


def taken_back_since(
    business: UUID, owner: UUID, since: datetime, *, unless_by: UUID | None = None
) -> list[tuple[str, UUID]]:
    """Return what of a customer was taken back or corrected since a moment: by which kind, and what; not what is recorded of one."""
    facts, params = facts_of(business, [owner])
    later, scope = "r.business_id = %s AND r.recorded_at >= %s", [key_param(business), moment_param(since)]
    if unless_by is not None:
        later, scope = f"{later} AND (r.customer_id IS NULL OR r.customer_id <> %s)", [*scope, key_param(unless_by)]
    rows = fetch(
        f"SELECT r.kind, f.id FROM {facts} f JOIN facts_fact r ON r.amends_id = f.id WHERE {later}"
        f" AND r.kind IN ('return', 'cancel', 'order', 'visit', 'event') UNION SELECT r.kind, f.id FROM {facts} f"
        " JOIN facts_line l ON l.fact_id = f.id JOIN facts_line b ON b.original_line_id = l.id"
        f" JOIN facts_fact r ON r.id = b.fact_id WHERE {later}",
        [*params, *scope, *params, *scope],
    )
    return [(kind, to_key(key)) for kind, key in rows]


_LINE_COLUMNS = "l.id, l.fact_id, l.position, l.product_id, l.quantity_milli, l.net_minor, COALESCE(r.quantity_milli, 0), l.discount_minor"


def _stored_line(row: tuple[Any, ...]) -> StoredLine:
    key, fact, position, product, quantity, net, returned, discount = row
    return StoredLine(to_key(key), to_key(fact), position, to_key(product), quantity, net, returned, discount)


def load_lines(facts: Collection[UUID]) -> dict[UUID, list[StoredLine]]:
    """Return the lines of facts in their order."""
    lines: dict[UUID, list[StoredLine]] = {fact: [] for fact in facts}
    if facts:
        condition, params = one_of("l.fact_id", list(facts), "uuid")
        rows = fetch(
            f"SELECT {_LINE_COLUMNS} FROM facts_line l LEFT JOIN facts_returned r ON r.line_id = l.id WHERE {condition} ORDER BY l.position",
            params,
        )
        for line in map(_stored_line, rows):
            lines[line.fact].append(line)
    return lines


def find_purchases(
    business: UUID, wanted: Collection[tuple[UUID, UUID]], before: datetime
) -> dict[tuple[UUID, UUID], list[StoredLine]]:
    """Return the lines of purchases by (customer, product) up to a moment that have not come back whole, the latest first."""
    if not wanted:
        return {}
    head, params = keys_table({"customer_id": "uuid", "product_id": "uuid"}, list(wanted))
    owned = (
        ("facts_fact f", "f.business_id = %s AND f.customer_id = k.customer_id"),
        (
            "facts_attribution t JOIN facts_fact f ON f.id = t.fact_id",
            "t.business_id = %s AND t.customer_id = k.customer_id",
        ),
    )
    lines = [
        f"SELECT f.occurred_at AS bought_at, l.position AS place, k.customer_id, {_LINE_COLUMNS} FROM k CROSS JOIN {facts}"
        f" JOIN facts_line l ON l.fact_id = f.id LEFT JOIN facts_returned r ON r.line_id = l.id WHERE {condition} AND f.kind = 'order'"
        " AND f.occurred_at <= %s AND l.product_id = k.product_id AND l.quantity_milli > COALESCE(r.quantity_milli, 0)"
        for facts, condition in owned
    ]
    scope = [key_param(business), moment_param(before)]
    rows = fetch(f"{head} {' UNION ALL '.join(lines)} ORDER BY bought_at DESC, place DESC", [*params, *scope, *scope])
    found: dict[tuple[UUID, UUID], list[StoredLine]] = {}
    for _, _, customer, *line_row in rows:
        line = _stored_line(tuple(line_row))
        assert line.product is not None, "the join is by product"
        found.setdefault((to_key(customer), line.product), []).append(line)
    return found


def count_orders(business: UUID, customers: Collection[UUID]) -> dict[UUID, int]:
    """Return how many purchases of each customer are recorded and neither cancelled nor corrected by a later revision."""
    if not customers:
        return {}
    facts, params = facts_of(business, customers)
    rows = fetch(
        f"SELECT f.owner, COUNT(*) FROM {facts} f WHERE f.kind = 'order' AND NOT EXISTS"
        " (SELECT 1 FROM facts_fact a WHERE a.amends_id = f.id AND a.kind IN ('order', 'cancel')) GROUP BY f.owner",
        params,
    )
    return {to_key(customer): count for customer, count in rows}


def unplaced(keys: Sequence[UUID]) -> list[UUID]:
    """Return those of the facts that have no place yet, in the order given."""
    if not keys:
        return []
    condition, params = one_of("fact_id", keys, "uuid")
    placed = {to_key(key) for (key,) in fetch(f"SELECT fact_id FROM facts_factposition WHERE {condition}", params)}
    return [key for key in keys if key not in placed]


def last_position(business: UUID) -> int:
    """Return the place of the latest fact; 0 before the first."""
    sql = "SELECT position FROM facts_factposition WHERE business_id = %s ORDER BY position DESC LIMIT 1"
    rows = fetch(sql, [key_param(business)])
    return int(rows[0][0]) if rows else 0
