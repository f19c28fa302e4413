# SPDX-License-Identifier: Apache-2.0
import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError

from outbox.simultaneous import at_the_same_time
from regulars.kernel.clock import utc_now
from regulars.kernel.ids import new_key
from regulars.outbox import actions
from regulars.outbox.models import Job, Schedule
from regulars.outbox.schedule import Every
from regulars.work.kinds import Context, Handler, Long, Outward, Quick
from regulars.work.run import OneProcessOnly, run_worker
from regulars.work.scheduler import Scheduler
from regulars.work.worker import Worker

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHOP = uuid4()


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


def leave_a_mark(name: str) -> None:
    Schedule.objects.create(id=new_key(), business_id=SHOP, kind=name, next_run_at=NOW)


def marks() -> list[str]:
    return sorted(Schedule.objects.filter(business_id=SHOP).values_list("kind", flat=True))


def mark_all(context: Context, jobs: Sequence[Job]) -> None:
    for job in jobs:
        leave_a_mark(job.payload["name"])
        if job.payload.get("fails"):
            raise ValueError(job.payload["fails"])


def a_worker(handler: Handler, clock: Callable[[], datetime] | None = None) -> Worker:
    return Worker({"mark": handler}, clock=clock or Clock(), chance=lambda: 0.5)


def enqueue(*names: str, fails: str = "", business: UUID | None = SHOP) -> None:
    for name in names:
        payload = {"name": name, "fails": "Anita, +91 98765 43210" if name == fails else ""}
        actions.enqueue("mark", payload, now=NOW, business_id=business)


def states() -> dict[str, str]:
    return {job.payload["name"]: f"{job.state} {job.attempts}" for job in Job.objects.all()}


@pytest.mark.django_db
@pytest.mark.parametrize("is_together", [False, True])
def test_a_failing_job_takes_nothing_else_with_it(is_together: bool, caplog: pytest.LogCaptureFixture) -> None:
    enqueue("a", "b", "c", fails="b")

    with caplog.at_level(logging.ERROR):
        assert a_worker(Quick(run=mark_all, is_together=is_together)).step() == 3

    assert (marks(), states()) == (["a", "c"], {"b": "ready 1"})
    failed = Job.objects.get()
    assert (failed.last_error, failed.run_at) == ("ValueError", NOW + timedelta(seconds=5))
    assert "of kind mark failed" in caplog.text
    assert "mark_all" in caplog.text
    assert "Anita" not in caplog.text


@pytest.mark.django_db
def test_jobs_of_one_business_go_together() -> None:
    calls: list[list[str]] = []
    enqueue("a", "b")
    enqueue("c", business=uuid4())
    handler = Quick(run=lambda context, jobs: calls.append([job.payload["name"] for job in jobs]), is_together=True)

    a_worker(handler).step()

    assert sorted(calls) == [["a", "b"], ["c"]]
    assert states() == {}


@pytest.mark.django_db
def test_a_lost_claim_writes_nothing() -> None:
    enqueue("a")

    def lose_the_lease(context: Context, jobs: Sequence[Job]) -> dict[UUID, str]:
        actions.release_all_leases()
        return {}

    handler: Outward[str, str] = Outward(
        prepare=lose_the_lease,
        send=lambda context, request: request,
        record=lambda context, job, request, outcome: leave_a_mark("recorded"),
        is_slow=lambda outcome: False,
    )
    a_worker(handler).step()

    assert (marks(), states()) == ([], {"a": "ready 1"})


@pytest.mark.django_db
def test_a_job_that_ends_the_process_each_time_is_dead_at_last() -> None:
    enqueue("a")
    clock = Clock()
    for _ in range(3):
        actions.claim(now=clock.now, lease_s=60)  # and then the process is gone
        clock.now += timedelta(seconds=61)

    a_worker(Quick(run=mark_all, attempts_max=3), clock).step()

    assert (marks(), states()) == ([], {"a": "dead 4"})
    assert Job.objects.get().last_error.startswith("Interrupted: ")


@pytest.mark.django_db
def test_jobs_of_unknown_kinds_wait_for_who_knows_them() -> None:
    actions.enqueue("of the next version", {"name": "x"}, now=NOW)

    assert a_worker(Quick(run=mark_all)).step() == 0
    assert states() == {"x": "ready 0"}


class Conflict(Exception):
    sqlstate = "40001"


@pytest.mark.usefixtures("commits")
def test_a_conflict_starts_the_whole_commit_over() -> None:
    enqueue("a", "b")
    conflicts = [1, 2]

    def run(context: Context, jobs: Sequence[Job]) -> None:
        mark_all(context, jobs)
        if jobs[0].payload["name"] == "b" and conflicts:
            conflicts.pop()
            raise OperationalError("could not serialize access") from Conflict()

    a_worker(Quick(run=run)).step()

    assert (marks(), states(), conflicts) == (["a", "b"], {}, [])


@pytest.mark.usefixtures("commits")
def test_slow_work_lets_other_writers_in_between() -> None:
    enqueue("a", "b", "c")
    commits_seen: list[list[str]] = []

    def run(context: Context, jobs: Sequence[Job]) -> None:
        commits_seen.append(at_the_same_time(marks, times=1)[0])
        mark_all(context, jobs)
        time.sleep(0.06)

    a_worker(Quick(run=run)).step()

    assert commits_seen == [[], ["a"], ["a", "b"]]


@pytest.mark.usefixtures("commits")
def test_several_workers_do_each_job_once() -> None:
    enqueue(*[f"job {number:03}" for number in range(120)])

    def work() -> int:
        worker = a_worker(Quick(run=mark_all))
        done = 0
        while moved := worker.step():
            done += moved
        return done

    assert sum(at_the_same_time(work, times=4)) == 120
    assert marks() == [f"job {number:03}" for number in range(120)]
    assert states() == {}


@pytest.mark.usefixtures("commits")
def test_the_loop_wakes_for_a_commit_and_ends_when_told() -> None:
    stop, worker = threading.Event(), Worker({"mark": Quick(run=mark_all)})
    thread = threading.Thread(target=worker.run, args=(stop,), daemon=True)
    thread.start()

    enqueue("a")
    deadline = time.monotonic() + 10
    while Job.objects.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    thread.join(10)

    assert (marks(), states(), thread.is_alive()) == (["a"], {}, False)


@pytest.mark.usefixtures("commits")
def test_a_long_job_runs_outside_any_transaction_and_keeps_its_lease() -> None:
    clock = Clock()
    enqueue("a")

    def run(context: Context, job: Job) -> None:
        leave_a_mark("begun")
        worker._extended_at -= 60
        clock.now += timedelta(seconds=50)
        at_the_same_time(worker.step, times=1)
        assert Job.objects.get().leased_until == NOW + timedelta(seconds=110)

    worker = a_worker(Long(run=run), clock)

    assert (worker.long_step(), marks(), states()) == (1, ["begun"], {})


@pytest.mark.django_db
def test_a_long_job_that_fails_is_tried_again() -> None:
    enqueue("a", fails="a")

    worker = a_worker(Long(run=lambda context, job: mark_all(context, [job]), attempts_max=1))

    assert (worker.long_step(), worker.long_step(), states()) == (1, 0, {"a": "dead 1"})


@pytest.mark.django_db
def test_the_scheduler_plans_and_enqueues() -> None:
    clock = Clock()
    scheduler = Scheduler({"mark": Every(60)}, zones=dict, clock=clock)

    ticks = []
    for _ in range(4):
        ticks.append(scheduler.tick())
        clock.now += timedelta(seconds=30)

    assert ticks == [1, 0, 1, 0]


@pytest.mark.sqlite
@pytest.mark.django_db
def test_sqlite_has_no_second_worker_process() -> None:
    with pytest.raises(OneProcessOnly, match="regulars serve"):
        run_worker(threading.Event())


def test_the_worker_reads_the_real_clock_by_default() -> None:
    assert abs(Worker({})._context().now - utc_now()) < timedelta(seconds=5)
