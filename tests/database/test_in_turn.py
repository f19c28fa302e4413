# SPDX-License-Identifier: Apache-2.0
"""Works in flight together come out as if one had followed the other."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection

from database.conflicts import Conflict
from regulars.catalog.models import Category
from regulars.customers.matching import CustomerRef
from regulars.customers.models import Customer
from regulars.database import turns
from regulars.database.turns import EarlierFailed, Turn, run_in_turn
from regulars.flow import receive as path
from regulars.flow.intake import Intake, Order, OrderLine, Receipt, Return, ReturnLine, Visit
from regulars.flow.sealing import seal_commits
from regulars.flow.verifying import verify_books
from regulars.kernel.ids import new_key
from regulars.outbox.models import FeedEntry
from regulars.outbox.store import lease
from regulars.tenancy.models import Business
from shop import ASHA, SPEND, Till, a_program, a_shop

pytestmark = pytest.mark.usefixtures("commits")

WELCOME = {
    "id": "welcome",
    "name": {"en": "Welcome"},
    "gives": {"kind": "fixed", "points": 5},
    "limits": [{"per": "ever", "times": 1}],
}


def writes(business: Business, place: int, turn: Turn, *, fails: bool = False) -> list[str]:
    """Note what is there, then write one more."""
    seen = sorted(Category.objects.of(business).values_list("code", flat=True))
    turn.may_write()
    Category(id=new_key(), business=business, code=f"C{place}", name="C").save(force_insert=True)
    if fails:
        raise ValueError(place)
    return seen


def codes(business: Business) -> list[str]:
    return sorted(Category.objects.of(business).values_list("code", flat=True))


def some_works(business: Business, count: int, *, failing: int = -1) -> list[Callable[[Turn], list[str]]]:
    return [partial(writes, business, place, fails=place == failing) for place in range(count)]


def test_all_are_written_and_answered_in_order():
    business = a_shop()

    seen = run_in_turn(some_works(business, 5), apart=[False] * 5)

    assert codes(business) == ["C0", "C1", "C2", "C3", "C4"]
    assert [set(late) <= set(codes(business)[:place]) for place, late in enumerate(seen)] == [True] * 5


def test_one_apart_sees_everything_before_it_and_the_next_sees_it():
    business = a_shop()

    seen = run_in_turn(some_works(business, 5), apart=[False, False, True, False, False])

    assert seen[2] == ["C0", "C1"]
    assert seen[3] == ["C0", "C1", "C2"]


@pytest.mark.parametrize("failing", [0, 1, 2, 5])
def test_a_failure_keeps_what_came_before_and_nothing_after(failing: int):
    business = a_shop()

    with pytest.raises(ValueError, match=str(failing)):
        run_in_turn(some_works(business, 6, failing=failing), apart=[False] * 6)

    assert codes(business) == [f"C{place}" for place in range(failing)]
    assert not connection.in_atomic_block


def test_who_waits_for_a_failed_one_is_told():
    business = a_shop()
    first = Turn(None, is_apart=False)
    second = Turn(first, is_apart=False)
    with pytest.raises(ValueError, match="0"):
        first.run(partial(writes, business, 0, fails=True))

    with pytest.raises(EarlierFailed):
        second.run(partial(writes, business, 1))

    assert codes(business) == []


def test_who_waits_too_long_for_the_one_before_is_told_and_writes_nothing(monkeypatch: pytest.MonkeyPatch):
    business = a_shop()
    monkeypatch.setattr(turns, "WAIT_MAX_S", 0.05)
    never_run = Turn(None, is_apart=False)
    asked: list[int] = []

    for is_apart in (False, True):
        with pytest.raises(TimeoutError, match="the work before this one does not end"):
            Turn(never_run, is_apart=is_apart).run(lambda _: asked.append(1))
    never_run.has_read = True
    with pytest.raises(TimeoutError, match="the work before this one does not end"):
        Turn(never_run, is_apart=False).run(partial(writes, business, 1))

    assert (asked, codes(business)) == ([], [])
    assert not connection.in_atomic_block


@pytest.mark.parametrize("state", ["40001", "40P01"])
@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_conflict_is_tried_again_in_its_turn(state: str, place: int):
    """The one after it has read what it had locked, so it reads again as well: each sees all that came before it."""
    business = a_shop()
    conflicts = [place]
    attempts: list[int] = []

    def work(number: int, turn: Turn) -> list[str]:
        attempts.append(number)
        seen = sorted(Category.objects.of(business).values_list("code", flat=True))
        turn.may_write()
        Category(id=new_key(), business=business, code=f"C{number}", name="C").save(force_insert=True)
        if number in conflicts:
            conflicts.remove(number)
            raise OperationalError("injected") from Conflict(state)
        return seen

    seen = run_in_turn([partial(work, number) for number in range(5)], apart=[False] * 5)

    written = Category.objects.of(business).order_by("id").values_list("code", flat=True)
    assert list(written) == ["C0", "C1", "C2", "C3", "C4"], "keys ascend in the order of writing"
    assert [set(late) <= {f"C{one}" for one in range(number)} for number, late in enumerate(seen)] == [True] * 5
    assert attempts.count(place) == 2
    assert all(attempts.count(number) == 1 for number in range(5) if number not in {place, place + 1})
    assert attempts.count(place + 1) in {1, 2}


def a_day(till: Till) -> list[Intake]:
    """Return what a file may hold: the same newcomers and products again and again, repeats, returns, visits."""
    people = [CustomerRef(phone=f"+9198765{place:05d}") for place in range(10_000, 10_012)]
    sent: list[Intake] = []
    for number in range(120):
        who = people[number * 7 % len(people)]
        lines = [OrderLine(f"S{number % 9}", 10_000 + number * 100, 3, category=f"K{number % 4}")]
        sent.append(Order(**till.common(customer=who), lines=lines))
        if number % 10 == 3:
            sent.append(Visit(**till.common(customer=who)))
        if number % 40 == 39:
            sent.append(Return(**till.common(), order=sent[-8].external_id, lines=[ReturnLine(1, 1)]))
        if number % 30 == 29:
            sent.append(sent[-12])
    return sent


def said(receipt: Receipt) -> dict[str, Any]:
    moved = ("kind", "points_earned", "points_reversed", "balance", "is_repeat", "tier")
    return {
        **{name: getattr(receipt, name, None) for name in moved},
        "refusal": receipt.refusal and receipt.refusal.code,
    }


def test_a_file_in_flight_is_the_same_as_one_chunk_after_the_other(monkeypatch: pytest.MonkeyPatch):
    program = a_program(SPEND, WELCOME)
    slow, fast = Till(a_shop(program, name="Slow")), Till(a_shop(program, name="Fast"))
    expected = [receipt for intake in a_day(slow) for receipt in slow.take(intake)]
    monkeypatch.setattr(path, "CHUNK", 10)

    together = fast.take(*a_day(fast))

    assert [said(receipt) for receipt in together] == [said(receipt) for receipt in expected]
    assert Customer.objects.of(fast.business).count() == 12
    assert verify_books(fast.business.pk).is_right


def test_chunks_are_sealed_in_the_order_in_which_they_were_written(monkeypatch: pytest.MonkeyPatch):
    till = Till(a_shop())
    asha = till.sell(ASHA, 100).customer
    monkeypatch.setattr(path, "CHUNK", 10)

    till.take(*[Order(**till.common(customer=ASHA), lines=[OrderLine("A", 1_000)]) for _ in range(95)])

    jobs = lease(None, now=till.now, until=till.now + timedelta(minutes=1), limit=50, busy_targets=[])
    seal_commits(till.business.pk, [job.payload for job in jobs])
    entries = FeedEntry.objects.filter(customer_id=asha, event__kind="order.recorded").order_by("customer_sequence")
    told = [entry.event.payload["balance"] for entry in entries.select_related("event")]
    assert told == [1 + 10 * place for place in range(96)]
    assert verify_books(till.business.pk).difference == ""
