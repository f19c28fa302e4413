# SPDX-License-Identifier: Apache-2.0
"""The set-based writes of the hot path: jobs, events and feed entries, one statement for however many."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from regulars.database.sql import (
    Table,
    execute,
    fetch,
    insert_rows,
    is_postgresql,
    key_param,
    lock_clause,
    moment_param,
    one_of,
    to_json,
    to_key,
    to_moment,
)
from regulars.outbox.models import Job
from regulars.outbox.wake import wake

_READY = ("ready", 0, "")

JOBS = Table(
    "outbox_job",
    {
        "id": "uuid",
        "business_id": "uuid",
        "kind": "text",
        "payload": "jsonb",
        "run_at": "timestamptz",
        "created_at": "timestamptz",
        "target_id": "uuid",
        "state": "text",
        "attempts": "smallint",
        "last_error": "text",
    },
)
EVENTS = Table(
    "outbox_event",
    {
        "id": "uuid",
        "business_id": "uuid",
        "kind": "text",
        "customer_id": "uuid",
        "payload": "jsonb",
        "recorded_at": "timestamptz",
    },
)
FEED = Table(
    "outbox_feedentry",
    {
        "event_id": "uuid",
        "business_id": "uuid",
        "position": "bigint",
        "customer_id": "uuid",
        "customer_sequence": "bigint",
    },
)


class JobRow(NamedTuple):
    """One job to insert. The payload is whatever msgspec encodes as a JSON object; keys and moments become text."""

    id: UUID
    business_id: UUID | None
    kind: str
    payload: Any
    run_at: datetime
    created_at: datetime
    target_id: UUID | None = None


class EventRow(NamedTuple):
    """One event to insert: ids and amounts only, of a kind in EVENT_TYPES."""

    id: UUID
    business_id: UUID
    kind: str
    customer_id: UUID | None
    payload: Any
    recorded_at: datetime


class FeedRow(NamedTuple):
    """The place of one event in the feed."""

    event_id: UUID
    business_id: UUID
    position: int
    customer_id: UUID | None
    customer_sequence: int | None


def insert_jobs(rows: Sequence[JobRow]) -> None:
    """Insert jobs in the caller's transaction and wake the worker after its commit."""
    if rows:
        insert_rows(JOBS, [(*row, *_READY) for row in rows])
        connection.on_commit(wake)


_DUE = "state = 'ready' AND run_at <= %s AND (leased_until IS NULL OR leased_until <= %s)"


def is_any_due(kinds: Sequence[str] | None, now: datetime) -> bool:
    """Tell whether a job is due, of these kinds or at all; an idle look takes no lock."""
    of_kind, params = one_of("kind", kinds, "text") if kinds is not None else ("TRUE", [])
    moment = moment_param(now)
    return bool(fetch(f"SELECT 1 FROM outbox_job WHERE {_DUE} AND {of_kind} LIMIT 1", [moment, moment, *params]))


def lease(
    kinds: Sequence[str] | None, *, now: datetime, until: datetime, limit: int, busy_targets: Sequence[UUID]
) -> list[Job]:
    """Lease the jobs that are due, the longest waiting first, in one statement of the caller's transaction."""
    of_kind, kind_params = one_of("kind", kinds, "text") if kinds is not None else ("TRUE", [])
    busy, busy_params = one_of("target_id", busy_targets, "uuid") if busy_targets else ("FALSE", [])
    picked = f"""SELECT id FROM outbox_job WHERE {_DUE} AND {of_kind} AND (target_id IS NULL OR NOT {busy})
        ORDER BY run_at, id LIMIT %s"""
    # Not IN on PostgreSQL: it may pick anew for every row it looks at, and so more than the limit.
    among = f"id = ANY(ARRAY({picked} FOR UPDATE SKIP LOCKED))" if is_postgresql() else f"id IN ({picked})"
    rows = fetch(
        f"""UPDATE outbox_job SET leased_until = %s, attempts = attempts + 1 WHERE {among}
        RETURNING id, business_id, kind, payload, target_id, state, run_at, attempts, leased_until, last_error, created_at""",
        [moment_param(until), moment_param(now), moment_param(now), *kind_params, *busy_params, limit],
    )
    return sorted(map(_job, rows), key=lambda job: (job.run_at, job.id))


def _job(row: tuple[Any, ...]) -> Job:
    key, business, kind, payload, target, state, run_at, attempts, leased_until, last_error, created_at = row
    return Job(
        id=to_key(key), business_id=to_key(business), kind=kind, payload=to_json(payload), target_id=to_key(target), state=state,
        run_at=to_moment(run_at), attempts=attempts, leased_until=to_moment(leased_until), last_error=last_error,
        created_at=to_moment(created_at),
    )  # fmt: skip


def attempts_of_leased(keys: Sequence[UUID]) -> dict[UUID, int]:
    """Lock those of the jobs that are leased, in the order of their keys, and return which claim holds each."""
    among, params = one_of("id", keys, "uuid")
    rows = fetch(
        f"SELECT id, attempts FROM outbox_job WHERE {among} AND state = 'ready' AND leased_until IS NOT NULL"
        f" ORDER BY id{lock_clause()}",
        params,
    )
    return {to_key(key): attempts for key, attempts in rows}


def delete_jobs(keys: Sequence[UUID]) -> None:
    """Delete jobs."""
    among, params = one_of("id", keys, "uuid")
    execute(f"DELETE FROM outbox_job WHERE {among}", params)


def insert_events(rows: Sequence[EventRow]) -> None:
    """Insert events in the caller's transaction; they get their place in the feed later, by `number_events`."""
    insert_rows(EVENTS, rows)


def unnumbered(business_id: UUID, keys: Sequence[UUID]) -> dict[UUID, tuple[UUID | None, int]]:
    """Return those of the events that have no place in the feed yet: their customers, and the number of the last event of each.

    The number is asked for customer by customer, so the index answers it, however long a customer's history is.
    """
    among, params = one_of("e.id", keys, "uuid")
    last = """SELECT MAX(x.customer_sequence) FROM outbox_feedentry x
        WHERE x.business_id = e.business_id AND x.customer_id = e.customer_id"""
    rows = fetch(
        f"SELECT e.id, e.customer_id, ({last}) FROM outbox_event e LEFT JOIN outbox_feedentry f ON f.event_id = e.id"
        f" WHERE e.business_id = %s AND {among} AND f.event_id IS NULL",
        [key_param(business_id), *params],
    )
    return {to_key(key): (to_key(customer), last or 0) for key, customer, last in rows}


def insert_feed(rows: Sequence[FeedRow]) -> None:
    """Insert feed entries in the caller's transaction."""
    insert_rows(FEED, rows)
