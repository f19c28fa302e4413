# SPDX-License-Identifier: Apache-2.0
import http.client
import itertools
import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from lanes import LANE
from work.served import Served, eventually, is_alive, serving

pytestmark = pytest.mark.xdist_group("served")

BACK_WITHIN_S = 3.0
CUT_OFF_AFTER_S = 10.0


@pytest.fixture
def database(own_database: str, django_db_setup: None) -> str:
    """Return an empty database with all tables; on SQLite a copy of the tests' own, which is quicker than migrating."""
    if LANE == "sqlite":
        target = own_database.removeprefix("sqlite://")
        with (
            closing(sqlite3.connect(connection.settings_dict["NAME"])) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
    return own_database


@pytest.fixture
def served(tmp_path: Path, database: str) -> Iterator[Served]:
    with serving(tmp_path, database) as program:
        yield program.starts()


def written(database: str) -> set[str]:
    """Read the names that were written, past the program."""
    query = "SELECT kind FROM outbox_event"
    if LANE == "sqlite":
        with closing(sqlite3.connect(database.removeprefix("sqlite://"))) as reader:
            return {kind for (kind,) in reader.execute(query)}
    with psycopg.connect(database) as reader:
        return {kind for (kind,) in reader.execute(query)}


class Clients:
    """Write without pause from several connections; `acknowledged` holds what was answered."""

    def __init__(self, served: Served, count: int) -> None:
        self.acknowledged: set[str] = set()
        self._served = served
        self._names = itertools.count()
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._write) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _write(self) -> None:
        while not self._is_over.is_set():
            try:
                self.acknowledged.add(self._served.get(f"/write/name-{next(self._names)}"))
            except (OSError, http.client.HTTPException):
                time.sleep(0.01)

    def have_written(self, count: int) -> bool:
        return eventually(lambda: len(self.acknowledged) >= count)

    def end(self) -> set[str]:
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        return self.acknowledged


def test_it_says_where_it_is_and_ctrl_c_ends_it(served: Served) -> None:
    workers = served.workers()

    assert served.interrupt() == 0
    assert served.log.read_text().count("\n") == 1
    assert f"http://127.0.0.1:{served.port}" in served.log.read_text()
    assert not any(map(is_alive, workers))


def test_it_works_in_the_background(served: Served) -> None:
    assert eventually(lambda: served.get("/jobs") == "0"), "the schedule's first jobs are done"

    served.get("/enqueue")

    assert eventually(lambda: served.get("/jobs") == "0", within_s=10)


def test_sigterm_lets_requests_finish(served: Served, database: str) -> None:
    clients = Clients(served, 6)
    slow: list[str] = []
    sleeper = threading.Thread(target=lambda: slow.append(served.get("/slow")))
    sleeper.start()
    assert clients.have_written(20)

    asked_at = time.monotonic()
    assert served.stop() == 0
    is_cut_off = time.monotonic() - asked_at > CUT_OFF_AFTER_S  # the server's own limit, met on a crowded machine

    sleeper.join()
    assert slow == ["slept"]
    assert clients.end() - written(database) == set()
    assert is_cut_off or clients.acknowledged == written(database), "what was accepted was answered too"


def test_a_killed_worker_comes_back_and_nothing_acknowledged_is_lost(served: Served, database: str) -> None:
    clients, first = Clients(served, 6), served.worker()
    assert clients.have_written(20)

    os.kill(first, signal.SIGKILL)

    assert eventually(served.answers, within_s=BACK_WITHIN_S)
    before = len(clients.acknowledged)
    assert clients.have_written(before + 20)
    assert clients.end() - written(database) == set()
    assert first not in served.workers()


def test_a_killed_supervisor_leaves_no_worker(tmp_path: Path, database: str, served: Served) -> None:
    clients, workers = Clients(served, 4), served.workers()
    assert clients.have_written(20)

    served.kill()

    assert eventually(lambda: not any(map(is_alive, workers)), within_s=5)
    with serving(tmp_path, database) as again:
        again.starts()
        assert clients.end() - written(database) == set()
        assert again.interrupt() == 0


@pytest.mark.sqlite
def test_a_second_one_waits_for_the_first(tmp_path: Path, database: str, served: Served) -> None:
    with serving(tmp_path, database) as second:
        time.sleep(2)
        assert second.main.poll() is None
        assert not second.answers()

        served.get("/write/first")
        assert served.stop() == 0

        second.starts().get("/write/second")
        assert written(database) == {"first", "second"}


def test_a_taken_port_is_said_in_one_line(tmp_path: Path, database: str) -> None:
    other = socket.create_server(("127.0.0.1", 0))
    with closing(other), serving(tmp_path, database, port=other.getsockname()[1]) as served:
        assert served.main.wait(30) == 1
        (line,) = served.log.read_text().splitlines()

    assert line.startswith(f"Cannot listen on 127.0.0.1:{served.port} (the system says “")
    assert "REGULARS_BIND" in line
