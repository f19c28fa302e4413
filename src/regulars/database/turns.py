# SPDX-License-Identifier: Apache-2.0
"""Two transactions in flight: while one is being written, the next already reads and decides. For PostgreSQL, whose server works beside us.

Works are written strictly in their order, and each reads only after the one before has read and taken its locks; so whoever reads
what that one has locked waits for it in the database. What cannot be locked because it is not there yet breaks a unique constraint,
and the later one starts over; so it does when the one before it has to.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Condition
from typing import Any, TypeVar

from django.db import connection

from regulars.database.sql import is_postgresql
from regulars.database.transactions import run_durably

_Result = TypeVar("_Result")
_LANES = 2
WAIT_MAX_S = 60.0


class EarlierFailed(Exception):
    """A work before this one failed, so nothing after it may be written."""


class _Overtaken(Exception):
    """The work before this one starts over, and needs what this one has locked."""


class Turn:
    """The place of a work among others. One that is `apart` reads only when all before it are over, and the next only after it."""

    def __init__(self, before: "Turn | None", *, is_apart: bool) -> None:
        self.before = before
        self.is_apart = is_apart
        self.attempts = 0
        self.has_read = self.is_over = self.has_failed = False
        self.board: Condition = before.board if before else Condition()
        self._attempt_seen = 0

    def run(self, work: Callable[["Turn"], _Result]) -> _Result:
        """Run the work in a durable transaction of its own. Raises EarlierFailed, TimeoutError or what the work raised."""
        try:
            while True:
                self._await_reading()
                try:
                    return run_durably(partial(self._attempt, work))
                except _Overtaken:
                    self.is_apart = True
        except BaseException:
            self.has_failed = True
            raise
        finally:
            self._note(is_over=True, has_read=True)

    def _attempt(self, work: Callable[["Turn"], _Result]) -> _Result:
        self._note(attempts=self.attempts + 1, has_read=False)
        return work(self)

    def _await_reading(self) -> None:
        before = self.before
        if before is None:
            return
        waits_for_end = self.is_apart or before.is_apart
        with self.board:
            self._await(lambda: before.is_over if waits_for_end else before.has_read)
            self._attempt_seen = before.attempts

    def may_write(self) -> None:
        """Say that everything is read and locked, and wait until this work may write."""
        self._note(has_read=True)
        before = self.before
        if before is not None:
            self._await(lambda: before.is_over or before.attempts > self._attempt_seen)
            if before.has_failed:
                raise EarlierFailed
            if not before.is_over:
                raise _Overtaken

    def _note(self, **changes: Any) -> None:
        with self.board:
            for name, value in changes.items():
                setattr(self, name, value)
            self.board.notify_all()

    def _await(self, is_so: Callable[[], bool]) -> None:
        with self.board:
            if not self.board.wait_for(is_so, WAIT_MAX_S):
                raise TimeoutError("the work before this one does not end")


def run_in_turn(works: Sequence[Callable[[Turn], _Result]], *, apart: Sequence[bool]) -> list[_Result]:
    """Run works, each in a durable transaction, as if one after the other; return their results in order.

    Raises what the first that failed raised: those before it are durable then, those after it are not written. Inside an open
    transaction all join it.
    """
    turns: list[Turn] = []
    for is_apart in apart:
        turns.append(Turn(turns[-1] if turns else None, is_apart=is_apart))
    if len(works) < _LANES or not is_postgresql() or connection.in_atomic_block:
        return [turn.run(work) for turn, work in zip(turns, works, strict=True)]
    results: dict[int, _Result] = {}
    errors: dict[int, BaseException] = {}

    def run_lane(first: int) -> None:
        for place in range(first, len(works), _LANES):
            try:
                results[place] = turns[place].run(works[place])
            except BaseException as error:  # noqa: BLE001 - raised again below
                errors[place] = error
                return

    def run_other_lane() -> None:
        run_lane(1)
        connection.close()  # the thread's own

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="lane") as lanes:
        lanes.submit(run_other_lane)
        run_lane(0)
    if errors:
        raise errors[min(errors)]
    return [results[place] for place in range(len(works))]
