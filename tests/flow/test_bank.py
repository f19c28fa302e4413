# SPDX-License-Identifier: Apache-2.0
"""The served program over HTTP: nothing is lost, nothing is done twice, whatever ends the server."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from flow.bank import Bank, check, play, play_with_kills
from lanes import LANE

pytestmark = pytest.mark.xdist_group("served")


@pytest.fixture
def bank(tmp_path: Path, own_database: str, django_db_setup: None) -> Iterator[Bank]:
    """A shop in a database of its own; on SQLite a copy of the tests' empty one, which is quicker than migrating."""
    if LANE == "sqlite":
        target = own_database.removeprefix("sqlite://")
        with (
            closing(sqlite3.connect(connection.settings_dict["NAME"])) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
    opened = Bank(tmp_path, own_database).open()
    opened.start()
    yield opened
    opened.stop()


def test_sixteen_clients_at_eight_members(bank: Bank) -> None:
    ledger = play(bank, clients=16, is_over=lambda count: count >= 40)

    assert len(ledger.done) > 200
    assert ledger.repeats > 20
    assert ledger.refused > 5
    check(bank, ledger)


@pytest.mark.sqlite  # on PostgreSQL a dead server's jobs wait a minute for their lease to end: that is for `make proof`
def test_killed_under_load(bank: Bank) -> None:
    ledger = play_with_kills(bank, kills=3)

    check(bank, ledger)
