# SPDX-License-Identifier: Apache-2.0
"""Run the same thing in several threads that start together, on a database that really commits."""

import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from django.db import connection, connections

_Result = TypeVar("_Result")


@pytest.fixture
def commits(transactional_db: None) -> Iterator[None]:
    """Let a test commit, and empty the tables afterwards: Django's own way stops at append-only tables on SQLite."""
    yield
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%append-only%'")
        triggers = cursor.fetchall()
        cursor.execute("PRAGMA foreign_keys=OFF")
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        for table in connection.introspection.django_table_names(only_existing=True, include_views=False):
            cursor.execute(f'DELETE FROM "{table}"')
        for _, statement in triggers:
            cursor.execute(statement)
        cursor.execute("PRAGMA foreign_keys=ON")


def at_the_same_time(work: Callable[[], _Result], *, times: int) -> list[_Result]:
    """Return what each thread returned; the first error of a thread is raised."""
    gate = threading.Barrier(times)
    results: list[_Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        gate.wait()
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]
    return results
