# SPDX-License-Identifier: Apache-2.0
"""A transaction that the database asks to repeat is repeated; whatever else goes wrong is not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from database.conflicts import Conflict
from regulars.catalog.models import Category
from regulars.database import transactions
from regulars.database.transactions import ATTEMPTS_MAX, run_durably
from regulars.facts.models import Fact
from regulars.flow.intake import Order, OrderLine
from regulars.flow.verifying import verify_books
from shop import ASHA, Till, a_shop

pytestmark = pytest.mark.usefixtures("commits")


@contextmanager
def failing(times: int, state: str, *, at: str = "INSERT") -> Iterator[list[str]]:
    """Make the first so many statements of a kind fail with a state; yield those that failed."""
    failed: list[str] = []

    def execute(run: Callable[..., Any], sql: str, *call: Any) -> Any:
        if sql.lstrip().startswith(at) and len(failed) < times:
            failed.append(sql)
            raise OperationalError("injected") from Conflict(state)
        return run(sql, *call)

    with connection.execute_wrapper(execute):
        yield failed


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(transactions, "sleep", slept.append)
    return slept


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_conflict_is_tried_again_and_happens_once(state, pauses):
    till = Till(a_shop())
    with failing(2, state) as failed:
        receipt = till.sell(ASHA, 10_000)

    assert (len(failed), receipt.balance) == (2, 100)
    assert Fact.objects.of(till.business).count() == 1
    assert verify_books(till.business.pk).transactions == 1
    assert pauses == sorted(pauses)
    assert len(pauses) == 2


@pytest.mark.parametrize("part", range(0, 16, 2))
def test_a_conflict_at_any_statement(part):
    till = Till(a_shop())
    left = part

    def execute(run: Callable[..., Any], sql: str, *call: Any) -> Any:
        nonlocal left
        if "SAVEPOINT" in sql:
            return run(sql, *call)
        left -= 1
        if left == -1:
            raise OperationalError("injected") from Conflict("40001")
        return run(sql, *call)

    with connection.execute_wrapper(execute):
        receipt = till.sell(ASHA, 10_000)

    assert receipt.balance == 100
    verified = verify_books(till.business.pk)
    assert (verified.transactions, verified.difference) == (1, "")


def test_it_gives_up_in_the_end(pauses):
    business = a_shop()
    with failing(100, "40001") as failed, pytest.raises(OperationalError):
        run_durably(lambda: Category.objects.create(business=business, code="a", name="a"))

    assert len(failed) == ATTEMPTS_MAX
    assert len(pauses) == ATTEMPTS_MAX - 1
    assert not Category.objects.exists()


def test_another_error_is_not_tried_again():
    business = a_shop()
    with failing(100, "42601") as failed, pytest.raises(OperationalError):
        run_durably(lambda: Category.objects.create(business=business, code="a", name="a"))

    assert len(failed) == 1


def test_a_lost_race_for_a_key_starts_over():
    business = a_shop()
    Category.objects.create(business=business, code="a", name="theirs")
    seen: list[bool] = []

    def work() -> str:
        is_there = bool(seen) and Category.objects.filter(business=business, code="a").exists()
        seen.append(is_there)
        if not is_there:
            Category.objects.create(business=business, code="a", name="mine")
        return Category.objects.get(business=business, code="a").name

    assert run_durably(work) == "theirs"
    assert seen == [False, True]


def test_a_broken_promise_is_raised():
    business = a_shop()

    def work() -> None:
        Category.objects.create(business=business, code="a", name=None)

    with pytest.raises(IntegrityError):
        run_durably(work)


def test_within_an_open_transaction_the_work_joins_it():
    business = a_shop()
    with transaction.atomic():
        run_durably(lambda: Category.objects.create(business=business, code="a", name="a"))
        transaction.set_rollback(True)

    assert not Category.objects.exists()


def test_within_an_open_transaction_nothing_is_tried_again():
    business = a_shop()
    with failing(1, "40001") as failed, pytest.raises(OperationalError), transaction.atomic():
        run_durably(lambda: Category.objects.create(business=business, code="a", name="a"))

    assert len(failed) == 1


def test_a_batch_is_tried_again_as_a_whole():
    till = Till(a_shop())
    orders = [Order(**till.common(customer=ASHA), lines=[OrderLine("A", 10_000)]) for _ in range(3)]
    with failing(1, "40P01", at='INSERT INTO "ledger_transaction"'):
        receipts = till.take(*orders)

    assert [receipt.balance for receipt in receipts] == [100, 200, 300]
    assert not any(receipt.is_repeat for receipt in receipts)
