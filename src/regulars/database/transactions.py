# SPDX-License-Identifier: Apache-2.0
"""Durable transactions: opened once at a door, tried again when the database asks for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import sleep
from typing import TypeVar

from django.db import DatabaseError, IntegrityError, connection, transaction

_Result = TypeVar("_Result")
ATTEMPTS_MAX = 6
_RETRY_STATES = {"40001", "40P01", "23514"}


class Overtaken(DatabaseError):
    """Something that was read before a lock is no longer so: the work has to start over."""


def is_worth_retrying(error: DatabaseError) -> bool:
    """Tell whether the same work may succeed when it starts over: a serialization failure, a deadlock, a lost race
    for a key or for what a check guards (the next reading sees the winner and refuses properly)."""
    state = getattr(error.__cause__, "sqlstate", None)
    return (
        isinstance(error, Overtaken)
        or state in _RETRY_STATES
        or (isinstance(error, IntegrityError) and (state == "23505" or "UNIQUE" in str(error)))
    )


def run_durably(work: Callable[[], _Result]) -> _Result:
    """Run work in its own outermost transaction and return its result once it is durable.

    Starts over, with a short growing pause, when the database reports a conflict; the work must therefore have no effect outside
    the transaction. Inside an open transaction the work joins it and is not retried; if it fails, what it wrote is taken back.
    """
    if connection.in_atomic_block:
        with transaction.atomic():
            return work()
    for attempt in range(ATTEMPTS_MAX):
        try:
            with transaction.atomic(durable=True):
                return work()
        except DatabaseError as error:
            if attempt == ATTEMPTS_MAX - 1 or not is_worth_retrying(error):
                raise
            sleep(0.002 * 2**attempt)
    raise AssertionError("unreachable: the last attempt returns or raises")


@contextmanager
def at_one_moment() -> Iterator[None]:
    """Let all reads of the block see the database as it is at the first of them; writers are not held up.

    Inside an open transaction they see what that sees.
    """
    if connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "BEGIN" + (" ISOLATION LEVEL REPEATABLE READ READ ONLY" if connection.vendor == "postgresql" else "")
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")
