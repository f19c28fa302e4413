# SPDX-License-Identifier: Apache-2.0
"""The SQL of programs on the hot path: standings in, decisions and changed standings out."""

from collections.abc import Collection, Iterator, Sequence
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
    to_day,
    to_json,
    to_key,
    to_moment,
)
from regulars.facts.store import facts_of
from regulars.programs.outcomes import DECIDED

MEMBERSHIPS = Table(
    "programs_membership",
    {
        "customer_id": "uuid", "business_id": "uuid", "enrolled_at": "timestamptz", "tier": "text", "tier_since": "timestamptz", "progress": "bigint",
        "progress_until": "timestamptz", "falls_at": "timestamptz",
    },
)  # fmt: skip
STANDINGS = Table(
    "programs_standing",
    {
        "id": "uuid",
        "business_id": "uuid",
        "customer_id": "uuid",
        "tier": "text",
        "since": "timestamptz",
        "reason": "jsonb",
        "fact_id": "uuid",
    },
)
DECISIONS = Table(
    "programs_decision",
    {"fact_id": "uuid", "business_id": "uuid", "version_id": "uuid", "inputs": "jsonb", "outcomes": "jsonb"},
)
SEALED = PlainTable(
    "programs_decision",
    "decisions",
    {"fact_id": "uuid", "version_number": "int", "inputs": "jsonb", "outcomes": "jsonb"},
    found_by="t.fact_id",
    joined="JOIN programs_version v ON v.id = t.version_id",
    of={"version_number": "v.number"},
)
COUNTERS = Table(
    "programs_counter", {"id": "uuid", "business_id": "uuid", "customer_id": "uuid", "window": "text", "used": "bigint"}
)


@dataclass(slots=True)
class Member:
    """A membership as a batch works on it."""

    customer: UUID
    enrolled_at: datetime
    tier: str
    tier_since: datetime
    progress: int = 0
    progress_until: datetime | None = None
    falls_at: datetime | None = None
    is_new: bool = False
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision as recorded: the version and its outcomes with amounts per line, lots and transactions."""

    fact: UUID
    version: UUID
    outcomes: list[dict[str, Any]]


_MEMBER_COLUMNS = "customer_id, enrolled_at, tier, tier_since, progress, progress_until, falls_at"


def load_members(business: UUID, customers: Collection[UUID]) -> dict[UUID, Member]:
    """Lock and return the memberships of customers, in the order of their keys: nobody decides on them beside this batch."""
    if not customers:
        return {}
    condition, params = one_of("customer_id", list(customers), "uuid")
    rows = fetch(
        f"SELECT {_MEMBER_COLUMNS} FROM programs_membership WHERE business_id = %s AND {condition} ORDER BY customer_id{lock_clause()}",
        [key_param(business), *params],
    )
    return {member.customer: member for member in map(_member, rows)}


def _member(row: tuple[Any, ...]) -> Member:
    customer, enrolled, tier, since, progress, until, falls = row
    return Member(
        to_key(customer), to_moment(enrolled), tier, to_moment(since), progress, to_moment(until), to_moment(falls)
    )


def members_after(business: UUID, after: UUID | None, limit: int) -> list[Member]:
    """Return memberships in the order of their keys, those after a key, unlocked; the standing of who was merged rests."""
    rows = fetch(
        f"SELECT {_MEMBER_COLUMNS} FROM programs_membership m WHERE business_id = %s AND customer_id > %s"
        " AND NOT EXISTS (SELECT 1 FROM customers_alias x WHERE x.customer_id = m.customer_id) ORDER BY customer_id LIMIT %s",
        [key_param(business), key_param(after or UUID(int=0)), limit],
    )
    return [_member(row) for row in rows]


def load_past_tiers(business: UUID, customers: Collection[UUID]) -> dict[UUID, list[tuple[datetime, str]]]:
    """Return the history of tiers of customers, the earliest first."""
    if not customers:
        return {}
    condition, params = one_of("customer_id", list(customers), "uuid")
    rows = fetch(
        f"SELECT customer_id, since, tier FROM programs_standing WHERE business_id = %s AND {condition} ORDER BY since, id",
        [key_param(business), *params],
    )
    history: dict[UUID, list[tuple[datetime, str]]] = {}
    for customer, since, tier in rows:
        history.setdefault(to_key(customer), []).append((to_moment(since), tier))
    return history


def load_counters(business: UUID, wanted: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], int]:
    """Return what members have used of windows; what is not there is zero."""
    if not wanted:
        return {}
    head, params = keys_table({"customer_id": "uuid", "window_name": "text"}, wanted)
    rows = fetch(
        f'{head} SELECT c.customer_id, c."window", c.used FROM k CROSS JOIN programs_counter c WHERE c.business_id = %s'
        ' AND c.customer_id = k.customer_id AND c."window" = k.window_name',
        [*params, key_param(business)],
    )
    return {(to_key(customer), window): used for customer, window, used in rows}


def load_decisions(facts: Collection[UUID]) -> dict[UUID, StoredDecision]:
    """Return the decisions of facts."""
    if not facts:
        return {}
    condition, params = one_of("fact_id", list(facts), "uuid")
    rows = fetch(f"SELECT fact_id, version_id, outcomes FROM programs_decision WHERE {condition}", params)
    return {
        to_key(fact): StoredDecision(to_key(fact), to_key(version), to_json(outcomes))
        for fact, version, outcomes in rows
    }


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with what its fact says of itself, apart from its lines; `at` in seconds since 1970."""

    fact: UUID
    version: UUID
    inputs: dict[str, Any]
    outcomes: list[dict[str, Any]]
    kind: str
    source: str
    external_id: str
    day: date
    at: int
    event: str


_DECIDED_PAGE = 500


def read_decided(business: UUID) -> Iterator[list[Decided]]:
    """Yield the decisions on what a program reacts to, in the order of their facts, page by page."""
    after = UUID(int=0)
    kinds = ", ".join(f"'{kind}'" for kind in sorted(DECIDED))
    while rows := fetch(
        "SELECT d.fact_id, d.version_id, d.inputs, d.outcomes, f.kind, f.source, f.external_id, f.local_day, f.occurred_at, f.payload"
        " FROM programs_decision d JOIN facts_fact f ON f.id = d.fact_id"
        f" WHERE d.business_id = %s AND d.fact_id > %s AND f.kind IN ({kinds}) ORDER BY d.fact_id LIMIT {_DECIDED_PAGE}",
        [key_param(business), key_param(after)],
    ):
        page = [_decided(row) for row in rows]
        yield page
        after = page[-1].fact


def _decided(row: tuple[Any, ...]) -> Decided:
    fact, version, inputs, outcomes, kind, source, external_id, day, at, payload = row
    event = to_json(payload).get("name", "") if kind == "event" else ""
    return Decided(
        to_key(fact), to_key(version), to_json(inputs), to_json(outcomes), kind, source, external_id, to_day(day),
        int(to_moment(at).timestamp()), event,
    )  # fmt: skip


def is_decided(business: UUID, customer: UUID) -> bool:
    """Tell whether a program has decided anything that was recorded as a customer's."""
    rows = fetch(
        "SELECT 1 FROM facts_fact f JOIN programs_decision d ON d.fact_id = f.id WHERE f.business_id = %s AND f.customer_id = %s LIMIT 1",
        [key_param(business), key_param(customer)],
    )
    return bool(rows)


def find_undecided(business: UUID, customers: Collection[UUID], since: datetime) -> list[UUID]:
    """Return the purchases of customers since a moment that no program decided, neither cancelled nor corrected, the earliest first."""
    if not customers:
        return []
    condition, params = one_of("f.customer_id", list(customers), "uuid")
    rows = fetch(
        f"SELECT f.id FROM facts_fact f WHERE f.business_id = %s AND {condition} AND f.kind = 'order' AND f.occurred_at >= %s"
        " AND NOT EXISTS (SELECT 1 FROM programs_decision d WHERE d.fact_id = f.id)"
        " AND NOT EXISTS (SELECT 1 FROM facts_fact a WHERE a.amends_id = f.id AND a.kind IN ('order', 'cancel'))"
        " ORDER BY f.occurred_at, f.id",
        [key_param(business), *params, moment_param(since)],
    )
    return [to_key(key) for (key,) in rows]


def spend_progress(
    business: UUID, customers: Collection[UUID], since: datetime
) -> dict[UUID, tuple[int, datetime | None]]:
    """Return what members spent in purchases since a moment, with the earliest that counts.

    What came back is taken off on the day of its purchase. A purchase counts once, in its latest revision, and only where the
    program decided it: what somebody bought before they were a member counts neither in nor out.
    """
    if not customers:
        return {}
    facts, params = facts_of(business, customers)
    bought_at = "CASE WHEN f.kind = 'order' OR o.id IS NULL THEN f.occurred_at ELSE o.occurred_at END"
    decided = "CASE WHEN f.kind = 'order' OR o.id IS NULL THEN f.id ELSE o.id END"
    rows = fetch(
        f"SELECT f.owner, SUM(f.total_minor), MIN({bought_at}) FROM {facts} f LEFT JOIN facts_fact o ON o.id = f.amends_id"
        f" JOIN programs_decision d ON d.fact_id = {decided} WHERE f.kind IN ('order', 'return', 'cancel') AND {bought_at} >= %s"
        " AND NOT EXISTS (SELECT 1 FROM facts_fact a WHERE a.amends_id = f.id AND a.kind = 'order') GROUP BY f.owner",
        [*params, moment_param(since)],
    )
    return {to_key(customer): (int(total), to_moment(first)) for customer, total, first in rows}


def load_versions(business: UUID) -> list[tuple[UUID, datetime, int]]:
    """Return key, valid-from and number of the published versions, the latest number last."""
    rows = fetch(
        "SELECT id, valid_from, number FROM programs_version WHERE business_id = %s ORDER BY number",
        [key_param(business)],
    )
    return [(to_key(key), to_moment(valid_from), number) for key, valid_from, number in rows]


_DUE = """
WITH due AS MATERIALIZED (
    SELECT customer_id FROM programs_membership WHERE business_id = %s AND falls_at IS NOT NULL AND falls_at <= %s{aged}
)
SELECT customer_id FROM due WHERE customer_id > %s ORDER BY customer_id LIMIT %s
"""
_AGED = """
    UNION SELECT customer_id FROM programs_membership WHERE business_id = %s AND progress_until IS NOT NULL AND progress_until <= %s"""


def due_for_evaluation(business: UUID, *, now: datetime, after: UUID, limit: int, has_ladder: bool) -> list[UUID]:
    """Return members after a key, in the order of keys, whose grace is over or, where there is a ladder to count for, whose progress has aged."""
    dated = [key_param(business), moment_param(now)] * (2 if has_ladder else 1)
    statement = _DUE.format(aged=_AGED if has_ladder else "")
    return [to_key(customer) for (customer,) in fetch(statement, [*dated, key_param(after), limit])]


def load_all_counters(business: UUID, customers: Collection[UUID]) -> dict[tuple[UUID, str], int]:
    """Return all that members have used of windows."""
    condition, params = one_of("customer_id", list(customers), "uuid")
    rows = fetch(
        f'SELECT customer_id, "window", used FROM programs_counter WHERE business_id = %s AND {condition} ORDER BY "window"',
        [key_param(business), *params],
    )
    return {(to_key(customer), window): used for customer, window, used in rows}
