# SPDX-License-Identifier: Apache-2.0
"""The worker: claim what is due, speak to the network outside any transaction, write all results in one commit.

One thread claims and writes; each send has a daemon thread of its own, and long jobs share one. A job is done exactly
when its effects are: both are in one commit, and a claim that was lost meanwhile writes nothing.
"""

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any
from uuid import UUID

from django.db import DatabaseError, IntegrityError, close_old_connections, connections, transaction

from regulars.database.transactions import is_worth_retrying, run_durably
from regulars.kernel.clock import utc_now
from regulars.outbox import actions as outbox
from regulars.outbox.models import Job
from regulars.outbox.wake import listen, stop_listening
from regulars.tenancy.sender import TIMEOUT_S, Sender
from regulars.work.failures import Interrupted, without_values
from regulars.work.handlers import HANDLERS
from regulars.work.kinds import Context, Handler, Long, Outward, Quick

logger = logging.getLogger(__name__)

CLAIM_MAX = 20
SLOTS = 16  # sends under way at once
_SLOTS_FOR_SLOW = 8
_SLOTS_FOR_NEW = 4
_SLOW_S = 2.0
_IDLE_S = 0.5
_GATHER_S = 0.05  # what is committed meanwhile is worked on together
_LEASE_S = 60
_EXTEND_EVERY_S = 20.0
_COMMIT_EVERY_S = 0.05  # how long other writers may have to wait


@dataclass(slots=True)
class _Targets:
    """What this process knows of the targets it speaks to: how many sends are under way, who is fast and who wastes
    time.
    """

    under_way: Counter[UUID] = field(default_factory=Counter)
    fast: set[UUID] = field(default_factory=set)
    slow: set[UUID] = field(default_factory=set)

    def room(self, target: UUID) -> int:
        """Return how many more sends a target may have."""
        if target in self.slow:
            others = sum(self.under_way[each] for each in self.slow)
            return 0 if self.under_way[target] or others >= _SLOTS_FOR_SLOW else 1
        limit = SLOTS if target in self.fast else _SLOTS_FOR_NEW
        return limit - self.under_way[target]

    def full(self) -> list[UUID]:
        """Return the targets that may have no more sends now."""
        return [target for target in {*self.under_way, *self.slow} if self.room(target) <= 0]

    def learn(self, target: UUID, *, is_slow: bool) -> None:
        """Remember how a target behaved the last time."""
        self.under_way[target] -= 1
        if not self.under_way[target]:
            del self.under_way[target]
        (self.fast if is_slow else self.slow).discard(target)
        (self.slow if is_slow else self.fast).add(target)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """A send that ended: its outcome, or the error of our own that ended it."""

    job: Job
    request: Any
    outcome: Any = None
    error: Exception | None = None
    seconds: float


@dataclass(frozen=True, slots=True)
class _Unit:
    """Jobs that share a savepoint, and what writes their effects."""

    jobs: tuple[Job, ...]
    write: Callable[[Sequence[Job]], None]


class Worker:
    """One claiming loop over the handlers; `step` is one turn of it."""

    def __init__(
        self,
        handlers: Mapping[str, Handler] = HANDLERS,
        *,
        clock: Callable[[], datetime] = utc_now,
        chance: Callable[[], float] = random.random,
        sender: Sender | None = None,
    ) -> None:
        self._handlers = handlers
        self._clock = clock
        self._chance = chance
        self._sender = sender or Sender()
        self._bell = threading.Event()
        self._sent: SimpleQueue[_Sent] = SimpleQueue()
        self._targets = _Targets()
        self._in_flight = 0
        self._long_job: Job | None = None
        self._extended_at = time.monotonic()

    def _kinds(self, shape: type[Quick] | type[Outward[Any, Any]] | type[Long]) -> list[str]:
        return [kind for kind, handler in self._handlers.items() if isinstance(handler, shape)]

    def _context(self) -> Context:
        return Context(now=self._clock(), random=self._chance, sender=self._sender)

    def step(self) -> int:
        """Claim, start sends, write what is ready; return how many jobs moved on."""
        context = self._context()
        quick = self._claimed(self._kinds(Quick), context, limit=CLAIM_MAX)
        unsent = self._start_sends(context)
        sent = self._take_sent()
        units = [*self._quick_units(quick, context), *self._outward_units(unsent, sent, context)]
        settle(units, context, attempts_max=self._attempts_max)
        self._keep_long_job(context)
        return sum(len(unit.jobs) for unit in units)

    def _attempts_max(self, job: Job) -> int:
        return self._handlers[job.kind].attempts_max

    def _claimed(self, kinds: Sequence[str], context: Context, *, limit: int, busy: Iterable[UUID] = ()) -> list[Job]:
        if not kinds or limit <= 0:
            return []
        claimed = outbox.claim(now=context.now, kinds=kinds, limit=limit, lease_s=_LEASE_S, busy_targets=busy)
        lost = [job for job in claimed if job.attempts > self._attempts_max(job)]
        for job in lost:
            outbox.retry(
                job, Interrupted(), now=context.now, random=context.random, attempts_max=self._attempts_max(job)
            )
        return [job for job in claimed if job not in lost]

    def _quick_units(self, jobs: Sequence[Job], context: Context) -> list[_Unit]:
        groups: dict[tuple[object, ...], list[Job]] = {}
        for job in jobs:
            handler = self._handlers[job.kind]
            is_together = isinstance(handler, Quick) and handler.is_together
            groups.setdefault((job.kind, job.business_id) if is_together else (job.pk,), []).append(job)
        return [_Unit(tuple(group), self._quick_write(group[0].kind, context)) for group in groups.values()]

    def _quick_write(self, kind: str, context: Context) -> Callable[[Sequence[Job]], None]:
        handler = self._handlers[kind]
        assert isinstance(handler, Quick)
        return lambda jobs: handler.run(context, jobs)

    def _start_sends(self, context: Context) -> list[Job]:
        """Claim outward jobs for the free slots and start them; return those that need no sending."""
        claimed = self._claimed(self._kinds(Outward), context, limit=SLOTS - self._in_flight, busy=self._targets.full())
        unsent: list[Job] = []
        for kind in {job.kind for job in claimed}:
            jobs = self._within_limits([job for job in claimed if job.kind == kind])
            requests = self._prepare(kind, jobs, context)
            for job in jobs:
                if job.pk in requests:
                    self._start_send(job, requests[job.pk], context)
                else:
                    unsent.append(job)
        return unsent

    def _within_limits(self, jobs: Sequence[Job]) -> list[Job]:
        """Give back what would exceed the share of a target."""
        taken: Counter[UUID] = Counter()
        within, beyond = [], []
        for job in jobs:
            if job.target_id and taken[job.target_id] >= self._targets.room(job.target_id):
                beyond.append(job)
                continue
            within.append(job)
            if job.target_id:
                taken[job.target_id] += 1
        if beyond:
            outbox.give_back(beyond)
            self._bell.set()
        return within

    def _prepare(self, kind: str, jobs: Sequence[Job], context: Context) -> dict[UUID, Any]:
        """Prepare all at once, or each alone should that fail; those that fail alone go back."""
        handler = self._handlers[kind]
        assert isinstance(handler, Outward)
        try:
            return dict(handler.prepare(context, jobs))
        except Exception as error:
            if len(jobs) > 1:
                return {key: value for job in jobs for key, value in self._prepare(kind, [job], context).items()}
            logger.exception("job %s of kind %s failed", jobs[0].pk, kind, exc_info=without_values(error))
            self._take_back(jobs[0], error, context)
            return {}

    def _take_back(self, job: Job, error: Exception, context: Context) -> None:
        outbox.retry(job, error, now=context.now, random=context.random, attempts_max=self._attempts_max(job))

    def _start_send(self, job: Job, request: Any, context: Context) -> None:
        self._in_flight += 1
        if job.target_id:
            self._targets.under_way[job.target_id] += 1
        threading.Thread(target=self._send, args=(job, request, context), name=f"send {job.kind}", daemon=True).start()

    def _send(self, job: Job, request: Any, context: Context) -> None:
        handler = self._handlers[job.kind]
        assert isinstance(handler, Outward)
        started = time.monotonic()
        outcome, failure = None, None
        try:
            outcome = handler.send(context, request)
        except Exception as error:  # noqa: BLE001 - the writing thread logs it and gives the job back
            failure = error
        seconds = time.monotonic() - started
        self._sent.put(_Sent(job=job, request=request, outcome=outcome, error=failure, seconds=seconds))
        self._bell.set()

    def _take_sent(self) -> list[_Sent]:
        taken: list[_Sent] = []
        while True:
            try:
                taken.append(self._sent.get_nowait())
            except Empty:
                break
        for sent in taken:
            self._in_flight -= 1
            handler = self._handlers[sent.job.kind]
            assert isinstance(handler, Outward)
            if sent.job.target_id:
                is_slow = sent.seconds > _SLOW_S or (sent.error is None and handler.is_slow(sent.outcome))
                self._targets.learn(sent.job.target_id, is_slow=is_slow)
        return taken

    def _outward_units(self, unsent: Sequence[Job], sent: Sequence[_Sent], context: Context) -> list[_Unit]:
        ended = [_Sent(job=job, request=None, seconds=0.0) for job in unsent]
        return [_Unit((each.job,), self._outward_write(each, context)) for each in (*ended, *sent)]

    def _outward_write(self, sent: _Sent, context: Context) -> Callable[[Sequence[Job]], None]:
        handler = self._handlers[sent.job.kind]
        assert isinstance(handler, Outward)

        def write(_jobs: Sequence[Job]) -> None:
            if sent.error is not None:
                raise sent.error
            handler.record(context, sent.job, sent.request, sent.outcome)

        return write

    def _keep_long_job(self, context: Context) -> None:
        job = self._long_job
        if job is not None and time.monotonic() - self._extended_at >= _EXTEND_EVERY_S:
            self._extended_at = time.monotonic()
            outbox.extend(job, now=context.now, lease_s=_LEASE_S)

    def long_step(self) -> int:
        """Claim and run one long job; return how many there were."""
        context = self._context()
        jobs = self._claimed(self._kinds(Long), context, limit=1)
        for job in jobs:
            handler = self._handlers[job.kind]
            assert isinstance(handler, Long)
            self._extended_at, self._long_job = time.monotonic(), job
            try:
                handler.run(context, job)
                run_durably(partial(_finish_if_held, job))
            except Exception as error:
                logger.exception("job %s of kind %s failed", job.pk, job.kind, exc_info=without_values(error))
                self._take_back(job, error, self._context())
            finally:
                self._long_job = None
        return len(jobs)

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; then wait for the sends under way and write their outcomes."""
        never_rung = threading.Event()  # long jobs can wait for the next look
        threading.Thread(
            target=self._loop, args=(self.long_step, stop, never_rung), name="long jobs", daemon=True
        ).start()
        self._bell = listen()
        self._loop(self.step, stop, self._bell)
        stop_listening(self._bell)
        deadline = time.monotonic() + TIMEOUT_S + 1
        while self._in_flight and time.monotonic() < deadline:
            self._bell.wait(_IDLE_S)
            self._bell.clear()
            self._write_rest()
        connections.close_all()

    def _write_rest(self) -> None:
        context = self._context()
        settle(self._outward_units((), self._take_sent(), context), context, attempts_max=self._attempts_max)

    def _loop(self, turn: Callable[[], int], stop: threading.Event, bell: threading.Event) -> None:
        while not stop.is_set():
            bell.clear()
            close_old_connections()
            moved = 0
            try:
                moved = turn()
            except Exception as error:
                logger.exception("the worker failed", exc_info=without_values(error))
            if not moved:
                bell.wait(_IDLE_S)
            if moved < CLAIM_MAX and not self._in_flight:
                stop.wait(_GATHER_S)
        connections.close_all()


def _finish_if_held(job: Job) -> None:
    outbox.finish(outbox.hold([job]))


def settle(units: Sequence[_Unit], context: Context, *, attempts_max: Callable[[Job], int]) -> None:
    """Write the effects of units and finish their jobs, in as few commits as let other writers in between."""
    rest = list(units)
    while rest:
        rest = rest[run_durably(partial(_settle_some, rest, context, attempts_max)) :]


def _settle_some(units: Sequence[_Unit], context: Context, attempts_max: Callable[[Job], int]) -> int:
    started = time.monotonic()
    held = {job.pk for job in outbox.hold([job for unit in units for job in unit.jobs])}
    done: list[Job] = []
    count = 0
    for unit in units:
        jobs = [job for job in unit.jobs if job.pk in held]
        done += _settled(unit, jobs, context, attempts_max) if jobs else []
        count += 1
        if time.monotonic() - started > _COMMIT_EVERY_S:
            break
    outbox.finish(done)
    return count


def _settled(unit: _Unit, jobs: Sequence[Job], context: Context, attempts_max: Callable[[Job], int]) -> list[Job]:
    """Write the effects of jobs under a savepoint and return those that are done; the others are given back for
    later.
    """
    try:
        with transaction.atomic():
            unit.write(jobs)
    except Exception as error:
        if isinstance(error, DatabaseError) and not isinstance(error, IntegrityError) and is_worth_retrying(error):
            raise  # the whole transaction starts over
        if len(jobs) > 1:
            return [done for job in jobs for done in _settled(unit, [job], context, attempts_max)]
        job = jobs[0]
        logger.exception("job %s of kind %s failed", job.pk, job.kind, exc_info=without_values(error))
        outbox.retry(job, error, now=context.now, random=context.random, attempts_max=attempts_max(job))
        return []
    return list(jobs)
