# SPDX-License-Identifier: Apache-2.0
"""The writers of jobs, the schedule and the feed. All join the caller's transaction; `claim` and the like need none."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.db import connection, transaction
from django.db.models import F

from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.kernel.ids import new_key as make_key
from regulars.outbox import backoff, store
from regulars.outbox.commits import SEAL, Commit
from regulars.outbox.models import EVERYBODY, FeedHead, Job, Schedule
from regulars.outbox.schedule import Daily, Every, Recurrence, next_run
from regulars.outbox.wake import wake

_UTC = ZoneInfo("UTC")


class NotDead(RegularsError):
    """The job is not among the failed ones any more."""

    code = "job_not_dead"
    status = 409
    text = gettext_noop("The job is not among the failed ones any more. Reload the list.")


def enqueue(
    kind: str,
    payload: Mapping[str, Any],
    *,
    now: datetime,
    business_id: UUID | None = None,
    run_at: datetime | None = None,
    new_key: Callable[[], UUID] = make_key,
) -> UUID:
    """Write a job that the worker sees once the caller's transaction is committed, and return its key."""
    key = new_key()
    store.insert_jobs([store.JobRow(key, business_id, kind, payload, run_at or now, now)])
    return key


def claim(
    *,
    now: datetime,
    kinds: Sequence[str] | None = None,
    limit: int = 20,
    lease_s: int = 60,
    busy_targets: Iterable[UUID] = (),
) -> list[Job]:
    """Lease the jobs that are due, the longest waiting first, and return them; nobody else gets them until the lease
    ends.

    Jobs of a busy target are left. Two claimers never get the same job: SQLite writes in turn, PostgreSQL skips
    locked rows.
    """
    if not store.is_any_due(kinds, now):
        return []
    until = now + timedelta(seconds=lease_s)
    with transaction.atomic():
        return store.lease(kinds, now=now, until=until, limit=limit, busy_targets=list(busy_targets))


def give_back(jobs: Sequence[Job]) -> None:
    """Give claimed jobs back as if they had never been claimed."""
    keys = [job.pk for job in jobs]
    Job.objects.filter(pk__in=keys, leased_until__isnull=False).update(leased_until=None, attempts=F("attempts") - 1)


def extend(job: Job, *, now: datetime, lease_s: int) -> None:
    """Keep a claimed job for longer, while it is being worked on."""
    Job.objects.filter(pk=job.pk, attempts=job.attempts, leased_until__isnull=False).update(
        leased_until=now + timedelta(seconds=lease_s)
    )


def hold(jobs: Sequence[Job]) -> list[Job]:
    """Lock those jobs that are still leased by the claim that returned them; the others belong to somebody else by now.

    Called in the transaction that writes the effects and finishes the jobs.
    """
    attempts = store.attempts_of_leased([job.pk for job in jobs])
    return [job for job in jobs if attempts.get(job.pk) == job.attempts]


def finish(jobs: Sequence[Job]) -> None:
    """Delete jobs that are done, in the transaction of their effects."""
    if jobs:
        store.delete_jobs([job.pk for job in jobs])


def retry(
    job: Job,
    error: BaseException,
    *,
    now: datetime,
    random: Callable[[], float],
    attempts_max: int = backoff.ATTEMPTS_MAX,
) -> None:
    """Give a failed job back for a later time, or keep it as dead after its last attempt. Keeps nothing personal of
    the error.
    """
    is_dead = job.attempts >= attempts_max
    pause = timedelta(seconds=backoff.delay_s(max(job.attempts, 1), random=random))
    Job.objects.filter(pk=job.pk, attempts=job.attempts).update(
        state=Job.State.DEAD if is_dead else Job.State.READY,
        run_at=now if is_dead else now + pause,
        leased_until=None,
        last_error=backoff.describe(error),
    )


def release_all_leases() -> int:
    """Give back every leased job at once. Only for a start at which no other worker can be alive: the holder of the
    SQLite file.
    """
    return Job.objects.filter(leased_until__isnull=False).update(leased_until=None)


def postpone(target_id: UUID, *, until: datetime) -> int:
    """Let the jobs of a target that nobody is working on wait until a moment; return how many."""
    return Job.objects.filter(target_id=target_id, state=Job.State.READY, leased_until=None, run_at__lt=until).update(
        run_at=until
    )


def drop(target_id: UUID) -> int:
    """Delete the jobs of a target that nobody is working on; return how many."""
    return Job.objects.filter(target_id=target_id, state=Job.State.READY, leased_until=None).delete()[0]


def run_again(job: Job, *, now: datetime) -> None:
    """Give a dead job all its attempts again. The caller writes the audit entry. Raises NotDead."""
    revived = Job.objects.filter(pk=job.pk, state=Job.State.DEAD).update(
        state=Job.State.READY, run_at=now, attempts=0, leased_until=None
    )
    if revived != 1:
        raise NotDead
    connection.on_commit(wake)


def discard(job: Job) -> None:
    """Delete a dead job. The caller has asked for a reason and writes the audit entry. Raises NotDead."""
    if Job.objects.filter(pk=job.pk, state=Job.State.DEAD).delete()[0] != 1:
        raise NotDead


def plan_schedule(plan: Mapping[str, Recurrence], zones: Mapping[UUID, ZoneInfo], *, now: datetime) -> None:
    """Make sure that every kind of the plan has its row: one for the installation, or one for each business given
    with its zone.

    Intervals begin at once, daily kinds at their next hour. Rows of kinds that left the plan go.
    """
    rows = [(EVERYBODY, kind, now) for kind, recurrence in plan.items() if isinstance(recurrence, Every)]
    for kind, recurrence in plan.items():
        if isinstance(recurrence, Daily):
            rows += [(business_id, kind, next_run(recurrence, now, zone)) for business_id, zone in zones.items()]
    known = set(Schedule.objects.values_list("business_id", "kind"))
    missing = [
        Schedule(business_id=owner, kind=kind, next_run_at=at) for owner, kind, at in rows if (owner, kind) not in known
    ]
    if missing:
        Schedule.objects.bulk_create(missing, ignore_conflicts=True)
    if any(kind not in plan for _, kind in known):
        Schedule.objects.exclude(kind__in=list(plan)).delete()


def enqueue_due(plan: Mapping[str, Recurrence], zones: Mapping[UUID, ZoneInfo], *, now: datetime) -> int:
    """Enqueue a job for every schedule whose time has come and move it on, both in one transaction; return how many.

    However many schedulers run, each time gives one job: the row is moved on by a conditional update.
    """
    due = list(Schedule.objects.filter(next_run_at__lte=now, kind__in=list(plan)).order_by("next_run_at"))
    return sum(_enqueue_one(row, plan[row.kind], zones.get(row.business_id, _UTC), now=now) for row in due)


def _enqueue_one(row: Schedule, recurrence: Recurrence, zone: ZoneInfo, *, now: datetime) -> int:
    with transaction.atomic():
        moved = Schedule.objects.filter(pk=row.pk, next_run_at=row.next_run_at).update(
            next_run_at=next_run(recurrence, now, zone)
        )
        if moved:
            owner = None if row.business_id == EVERYBODY else row.business_id
            enqueue(row.kind, {"due_at": row.next_run_at}, now=now, business_id=owner)
    return moved


def number_events(business_id: UUID, event_ids: Sequence[UUID]) -> list[UUID]:
    """Give events their places in the business's feed and in their customers', in the order given; return those newly
    placed.

    Joins the caller's transaction and holds the business's head until it ends, so places ascend in commit order
    without a gap.
    """
    head = _lock_head(business_id)
    found = store.unnumbered(business_id, event_ids)
    fresh = [key for key in dict.fromkeys(event_ids) if key in found]
    last: dict[UUID, int] = {}
    rows = []
    for position, key in enumerate(fresh, start=head + 1):
        customer, sequence = found[key]
        if customer:
            sequence = last[customer] = last.get(customer, sequence) + 1
        rows.append(store.FeedRow(key, business_id, position, customer, sequence if customer else None))
    store.insert_feed(rows)
    FeedHead.objects.filter(pk=business_id).update(position=head + len(rows))
    return fresh


def _lock_head(business_id: UUID) -> int:
    heads = FeedHead.objects.select_for_update().filter(pk=business_id)
    if (head := heads.first()) is None:
        FeedHead.objects.bulk_create([FeedHead(business_id=business_id, position=0)], ignore_conflicts=True)
        head = heads.get()
    return head.position


def announce(
    kind: str,
    payload: Mapping[str, Any],
    *,
    business_id: UUID,
    now: datetime,
    customer_id: UUID | None = None,
    new_key: Callable[[], UUID] = make_key,
) -> UUID:
    """Freeze an event in the caller's transaction, with the job that gives it its place in the feed; return its key."""
    row = store.EventRow(new_key(), business_id, kind, customer_id, payload, now)
    freeze([row], Commit(), business_id=business_id, now=now, new_key=new_key)
    return row.id


def announce_customers(
    kind: str, customers: Iterable[UUID], *, business_id: UUID, now: datetime, new_key: Callable[[], UUID] = make_key
) -> None:
    """Freeze one event about each customer, whose data is the customer's id; two statements, none for nobody."""
    rows = [
        store.EventRow(new_key(), business_id, kind, customer, {"customer": str(customer)}, now)
        for customer in customers
    ]
    if rows:
        freeze(rows, Commit(), business_id=business_id, now=now, new_key=new_key)


def freeze(
    rows: Sequence[store.EventRow], commit: Commit, *, business_id: UUID, now: datetime, new_key: Callable[[], UUID]
) -> None:
    """Freeze events, and enqueue the one job that gives them their places in the feed and seals what the commit wrote."""
    store.insert_events(rows)
    named = msgspec.structs.replace(commit, events=tuple([f"{row.id.int:032X}" for row in rows]))
    store.insert_jobs([store.JobRow(new_key(), business_id, SEAL, named, now, now)])
