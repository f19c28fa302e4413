# SPDX-License-Identifier: Apache-2.0
"""Writers of one process take turns; readers never wait."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import OperationalError, connection, connections, transaction

from regulars.catalog.models import Category
from regulars.database.sqlite import base
from regulars.kernel.ids import new_key
from regulars.tenancy.models import Business
from shop import a_shop

pytestmark = [pytest.mark.usefixtures("commits"), pytest.mark.sqlite]


@pytest.fixture
def business(commits: None) -> Business:
    return a_shop()


def in_thread(work: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def lock() -> base.FairLock:
    return connection._lock


def wait_for_line(length: int) -> None:
    while len(lock()._waiting) < length:
        time.sleep(0.001)


def add(business: Business, code: str) -> None:
    Category.objects.create(business=business, code=code, name=code)


def codes(business: Business) -> list[str]:
    return list(Category.objects.filter(business=business).order_by("id").values_list("code", flat=True))


def test_a_write_waits_for_an_open_transaction_in_turn(business):
    with transaction.atomic():
        add(business, "first")
        writers = []
        for place, code in enumerate(["second", "third"], start=1):
            writers.append(in_thread(lambda code=code: add(business, code)))
            wait_for_line(place)
        assert codes(business) == ["first"]
    for writer in writers:
        writer.join()

    keys = Category.objects.filter(business=business).values_list("code", flat=True)
    assert set(keys) == {"first", "second", "third"}
    assert not lock()._is_held


def test_readers_never_wait(business):
    add(business, "before")
    seen: list[list[str]] = []
    with transaction.atomic():
        add(business, "meanwhile")
        in_thread(lambda: seen.append(codes(business))).join(10)

    assert seen == [["before"]]


def test_a_rollback_gives_the_turn_to_the_next(business):
    with transaction.atomic():
        add(business, "never")
        writer = in_thread(lambda: add(business, "next"))
        wait_for_line(1)
        transaction.set_rollback(True)
    writer.join()

    assert codes(business) == ["next"]


def test_a_refused_write_gives_the_turn_to_the_next(business):
    add(business, "one")
    writers = [in_thread(lambda: _refused(business)) for _ in range(3)]
    for writer in writers:
        writer.join()

    assert not lock()._is_held
    assert codes(business) == ["one"]


def _refused(business: Business) -> None:
    with pytest.raises(base.base.Database.IntegrityError), connection.cursor() as cursor:
        cursor.connection.execute("INSERT INTO catalog_category (id) VALUES (NULL)")


def test_a_connection_that_is_closed_within_a_transaction_gives_the_turn_back(business):
    def abandon() -> None:
        connection.set_autocommit(False)
        add(business, "lost")
        connection.close()

    in_thread(abandon).join()

    assert not lock()._is_held
    add(business, "found")
    assert codes(business) == ["found"]


def test_who_waits_too_long_is_told(business, monkeypatch):
    monkeypatch.setattr(base, "_LOCK_TIMEOUT_S", 0.02)
    told: list[Exception] = []

    def write() -> None:
        try:
            add(business, "late")
        except OperationalError as error:
            told.append(error)

    with transaction.atomic():
        add(business, "first")
        in_thread(write).join()

    assert "another writer" in str(told[0])
    assert codes(business) == ["first"]


def test_many_writers_lose_nothing(business):
    def write(name: int) -> None:
        for count in range(5):
            with transaction.atomic():
                Category.objects.create(id=new_key(), business=business, code=f"{name}-{count}", name="x")

    writers = [in_thread(lambda name=name: write(name)) for name in range(6)]
    for writer in writers:
        writer.join()

    assert len(codes(business)) == 30
