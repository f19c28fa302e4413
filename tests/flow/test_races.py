# SPDX-License-Identifier: Apache-2.0
"""Many at once for the last of something: exactly so many get it, on a database that really commits."""

import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from outbox.simultaneous import at_the_same_time
from regulars.customers.actions import create_customer
from regulars.customers.importing import CustomerRow
from regulars.customers.matching import CustomerRef
from regulars.facts.models import Attribution
from regulars.flow.entitling import code_of
from regulars.flow.gathering import Gathering
from regulars.flow.intake import (
    Adjustment,
    Cancel,
    ClaimReceipt,
    HoldPoints,
    Intake,
    Merge,
    Order,
    OrderLine,
    Receipt,
    Redemption,
    Return,
    ReturnLine,
    SettleHold,
    Unmerge,
    UseEntitlement,
)
from regulars.flow.receive import receive
from regulars.flow.verifying import verify_books
from regulars.flow.writer import Writer
from regulars.ledger.models import Account
from regulars.rewards.actions import OfferTerms, create_offer
from regulars.rewards.models import Entitlement, Offer
from regulars.tenancy.actors import SYSTEM
from shop import ASHA, NOON, RAVI, Till, a_shop, points_of

pytestmark = pytest.mark.usefixtures("commits")

Do = Callable[[Intake], Receipt]


class End(BaseException):
    """The writer's thread is over."""


class LastRequest:
    """What ends the writer's thread."""

    @property
    def business(self) -> None:
        raise End


class EndingGathering(Gathering[Any, Any]):
    """A gathering whose thread ends with the test and gives its connection back."""

    def _run(self) -> None:
        try:
            super()._run()
        except End:
            connections.close_all()

    def end(self) -> None:
        self._queue.put(LastRequest())
        if self._thread is not None:
            self._thread.join(30)


@pytest.fixture
def till(commits: None) -> Till:
    return Till(a_shop())


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What gathers ends with the test."""
    made: list[EndingGathering] = []

    def gathering(*args: Any, **kwargs: Any) -> EndingGathering:
        made.append(EndingGathering(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr("regulars.flow.writer.Gathering", gathering)
    monkeypatch.setattr("regulars.flow.quoter.Gathering", gathering)
    yield
    for one in made:
        one.end()


@pytest.fixture
def writer(till: Till, ending: None) -> Writer:
    """A writer whose clock stands still."""
    return Writer(lambda: till.now)


@pytest.fixture(params=["writer", "connections"])
def do(request: pytest.FixtureRequest, till: Till) -> Do:
    """Receive one intake: through the one writer, or each thread on a connection of its own."""
    if request.param == "writer":
        writer: Writer = request.getfixturevalue("writer")
        return lambda intake: writer.receive_one(till.business, intake)
    return lambda intake: receive(till.business, [intake], now=till.now)[0]


def an_offer(till: Till, **over: Any) -> None:
    worth = {"amount_minor": 4_000}
    terms = {"code": "TEA", "name": {"en": "Tea"}, "kind": "amount_off", "value": worth, "price": 40, **over}
    create_offer(till.business, OfferTerms(**terms), actor=SYSTEM, now=NOON)


def one_each(do: Do, intakes: list[Intake]) -> list[Receipt]:
    """Receive intakes, each from a thread of its own, all at the same time."""
    waiting, guard = list(intakes), threading.Lock()

    def work() -> Receipt:
        with guard:
            intake = waiting.pop()
        return do(intake)

    return at_the_same_time(work, times=len(intakes))


def outcomes(receipts: list[Receipt]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for receipt in receipts:
        name = receipt.refusal.code if receipt.refusal else "done"
        counted[name] = counted.get(name, 0) + 1
    return counted


def is_right(till: Till) -> bool:
    return verify_books(till.business.pk).is_right


def test_two_hundred_ask_for_fifty_pieces(till: Till, writer: Writer):
    an_offer(till, stock=50)
    people = [{"phone": f"+9198765{place:05d}"} for place in range(10_000, 10_200)]
    customers = [type(ASHA)(**person) for person in people]
    till.take(*(Order(**till.common(customer=who), lines=[OrderLine("A", 10_000)]) for who in customers))
    wishes = [Redemption(**till.common(customer=who), offer="TEA") for who in customers]

    receipts = one_each(lambda intake: writer.receive_one(till.business, intake), wishes)

    assert outcomes(receipts) == {"done": 50, "out_of_stock": 150}
    assert Offer.objects.get(business=till.business).taken == 50
    assert Entitlement.objects.filter(business=till.business, state="issued").count() == 50
    balances = Account.objects.filter(business=till.business, kind="member").values_list("balance", flat=True)
    assert sorted(balances) == [60] * 50 + [100] * 150
    assert is_right(till)


def test_on_connections_of_their_own_too(till: Till):
    an_offer(till, stock=5)
    till.sell(ASHA, 100_000)
    wishes = [Redemption(**till.common(customer=ASHA), offer="TEA") for _ in range(16)]

    receipts = one_each(lambda intake: receive(till.business, [intake], now=till.now)[0], wishes)

    assert outcomes(receipts) == {"done": 5, "out_of_stock": 11}
    assert points_of(till.business, receipts[0].customer) == 800


def test_the_last_use_of_a_voucher(till: Till, do: Do):
    an_offer(till)
    till.sell(ASHA, 10_000)
    taken = till.give(Redemption, ASHA, offer="TEA")
    code = code_of(UUID(str(taken.detail["entitlement"])))
    uses: list[Intake] = [UseEntitlement(**till.common(), code=code) for _ in range(10)]
    uses += [Order(**till.common(customer=ASHA), lines=[OrderLine("A", 100)], codes=[code]) for _ in range(10)]

    assert outcomes(one_each(do, uses)) == {"done": 1, "already_used": 19}
    assert is_right(till)


def test_the_last_points(till: Till, do: Do):
    sold = till.sell(ASHA, 10_000)
    spends: list[Intake] = [Adjustment(**till.common(customer=ASHA), points=-30, reason="spent") for _ in range(12)]

    assert outcomes(one_each(do, spends)) == {"done": 3, "insufficient_points": 9}
    assert points_of(till.business, sold.customer) == 10
    assert is_right(till)


def test_a_hold_is_settled_once(till: Till, do: Do):
    till.sell(ASHA, 10_000)
    hold = UUID(str(till.give(HoldPoints, ASHA, points=60).detail["hold"]))
    settles: list[Intake] = [SettleHold(**till.common(), hold=hold) for _ in range(10)]

    receipts = one_each(do, settles)

    assert outcomes(receipts) == {"done": 1, "hold_resolved": 9}
    assert points_of(till.business, receipts[0].customer) == 40
    assert is_right(till)


def test_goods_come_back_piece_by_piece_at_the_same_time(till: Till, do: Do):
    """Three pieces for a hundred points, each returned by somebody else, and one more who finds nothing left."""
    sold = till.sell(ASHA, lines=[OrderLine("TRAY", 10_000, quantity=3)], common={"external_id": "A"})
    returns: list[Intake] = [Return(**till.common(), order="A", lines=[ReturnLine(1, line=1)]) for _ in range(8)]

    receipts = one_each(do, returns)

    assert outcomes(receipts) == {"done": 3, "returned_too_much": 5}
    assert sorted(receipt.points_reversed for receipt in receipts)[-3:] == [33, 33, 34]
    assert points_of(till.business, sold.customer) == points_of(till.business, sold.customer, "deficit") == 0
    assert is_right(till)


def test_goods_without_a_receipt_come_back_at_the_same_time(till: Till, do: Do):
    sold = till.sell(ASHA, lines=[OrderLine("TRAY", 10_000, quantity=3)])
    returns: list[Intake] = [
        Return(**till.common(customer=ASHA), lines=[ReturnLine(1, sku="TRAY", amount_minor=0)]) for _ in range(3)
    ]

    receipts = one_each(do, returns)

    assert sum(receipt.points_reversed for receipt in receipts) == 100
    assert points_of(till.business, sold.customer) == points_of(till.business, sold.customer, "deficit") == 0


@pytest.mark.parametrize("points", [70, -70])
def test_something_is_taken_back_once(till: Till, do: Do, points: int):
    sold = till.sell(ASHA, 10_000)
    till.give(Adjustment, ASHA, points=points, reason="a mistake")
    cancels: list[Intake] = [Cancel(**till.common(), cancels="0002") for _ in range(8)]

    assert outcomes(one_each(do, cancels)) == {"done": 1, "already_cancelled": 7}
    assert points_of(till.business, sold.customer) == 100
    assert is_right(till)


def test_spent_points_go_back_to_where_they_came_from(till: Till, do: Do):
    """Two lines paid with points from two lots come back at the same time: each lot gets its own."""
    till.sell(ASHA, 5_000)
    sold = till.sell(ASHA, 5_000)
    lines = [OrderLine("A", 50), OrderLine("B", 50)]
    till.sell(ASHA, lines=lines, points=100, common={"external_id": "P"})
    returns: list[Intake] = [Return(**till.common(), order="P", lines=[ReturnLine(1, line=place)]) for place in (1, 2)]

    receipts = one_each(do, returns)

    assert [receipt.points_returned for receipt in receipts] == [50, 50]
    assert points_of(till.business, sold.customer) == 100
    assert is_right(till)


def test_the_same_intake_from_many_happens_once(till: Till, do: Do):
    order = Order(**till.common(customer=ASHA), lines=[OrderLine("A", 10_000)])

    receipts = one_each(do, [order] * 12)

    assert {receipt.fact for receipt in receipts} == {receipts[0].fact}
    assert sum(not receipt.is_repeat for receipt in receipts) == 1
    assert points_of(till.business, receipts[0].customer) == 100


def test_a_customer_is_made_once(till: Till, do: Do):
    orders: list[Intake] = [Order(**till.common(customer=ASHA), lines=[OrderLine("A", 1_000)]) for _ in range(12)]

    receipts = one_each(do, orders)

    assert outcomes(receipts) == {"done": 12}
    assert len({receipt.customer for receipt in receipts}) == 1
    assert points_of(till.business, receipts[0].customer) == 120
    assert is_right(till)


def test_a_receipt_is_added_once(till: Till, do: Do):
    sold = till.sell(None, 10_000, common={"external_id": "R"})
    people = [CustomerRef(phone=f"+9198765433{place:02}") for place in range(8)]

    receipts = one_each(do, [ClaimReceipt(**till.common(customer=who), order="R") for who in people])

    assert outcomes(receipts) == {"done": 1, "receipt_taken": 7}
    (winner,) = [receipt.customer for receipt in receipts if receipt.refusal is None]
    assert Attribution.objects.get(business=till.business).customer_id == winner
    assert (Attribution.objects.get(business=till.business).fact_id, points_of(till.business, winner)) == (
        sold.fact,
        100,
    )
    assert is_right(till)


def test_a_receipt_is_added_while_goods_come_back(till: Till, do: Do):
    """Whichever comes first: what came back earns nothing in the end."""
    for name in "ABCD":
        till.sell(None, lines=[OrderLine("TEA", 10_000, quantity=4)], common={"external_id": name})
    claims: list[Intake] = [ClaimReceipt(**till.common(customer=ASHA), order=name) for name in "ABCD"]
    returns: list[Intake] = [Return(**till.common(), order=name, lines=[ReturnLine(3, line=1)]) for name in "ABCD"]

    receipts = one_each(do, [one for both in zip(claims, returns, strict=True) for one in both])

    assert outcomes(receipts) == {"done": 8}
    asha = next(receipt.customer for receipt in receipts if receipt.kind == "claim")
    assert points_of(till.business, asha) == 100


def test_two_become_one_once(till: Till, do: Do):
    ravi = till.sell(RAVI, 5_000).customer
    asha = till.sell(ASHA, 1_000).customer
    by_id = type(RAVI)(id=ravi)

    merges = [Merge(**till.common(customer=ASHA), merged=by_id) for _ in range(8)]
    assert outcomes(one_each(do, merges)) == {"done": 1, "merged": 7}
    assert (points_of(till.business, asha), points_of(till.business, ravi)) == (60, 0)
    assert ravi is not None
    partings: list[Intake] = [Unmerge(**till.common(), merged=ravi) for _ in range(8)]
    assert outcomes(one_each(do, partings)) == {"done": 1, "not_merged": 7}
    assert (points_of(till.business, asha), points_of(till.business, ravi)) == (10, 50)
    assert is_right(till)


def test_two_who_are_merged_into_each_other_become_one(till: Till, do: Do):
    ravi, asha = till.sell(RAVI, 5_000).customer, till.sell(ASHA, 1_000).customer
    one, other = type(RAVI)(id=ravi), type(ASHA)(id=asha)

    counted = outcomes(
        one_each(
            do, [Merge(**till.common(customer=one), merged=other), Merge(**till.common(customer=other), merged=one)]
        )
    )

    assert counted == {"done": 1, "merged": 1}
    assert sorted(points_of(till.business, who) for who in (ravi, asha)) == [0, 60]


@pytest.mark.parametrize("is_known", [True, False])
def test_purchases_while_two_become_one_are_the_survivors(till: Till, do: Do, is_known: bool):
    if is_known:
        till.sell(RAVI, 1_000)
    else:
        customer = create_customer(till.business, CustomerRow((("phone", RAVI.phone),)), actor=SYSTEM, now=NOON)
        assert points_of(till.business, customer.pk) == 0
    asha = till.sell(ASHA, 1_000).customer
    sales: list[Intake] = [Order(**till.common(customer=RAVI), lines=[OrderLine("A", 1_000)]) for _ in range(12)]
    intakes = [*sales, Merge(**till.common(customer=ASHA), merged=RAVI)]

    assert outcomes(one_each(do, intakes)) == {"done": 13}
    assert points_of(till.business, asha) == (140 if is_known else 130)
    assert Account.objects.filter(business=till.business, kind="member", balance__gt=0).count() == 1
    assert is_right(till)


def test_purchases_while_two_part_are_whose_the_receipt_says(till: Till, do: Do):
    ravi, asha = till.sell(RAVI, 1_000).customer, till.sell(ASHA, 1_000).customer
    till.give(Merge, ASHA, merged=RAVI)
    assert ravi is not None
    sales: list[Intake] = [Order(**till.common(customer=RAVI), lines=[OrderLine("A", 1_000)]) for _ in range(12)]

    receipts = one_each(do, [*sales, Unmerge(**till.common(), merged=ravi)])

    assert outcomes(receipts) == {"done": 13}
    bought = [receipt.customer for receipt in receipts if receipt.kind == "order"]
    assert [points_of(till.business, who) for who in (asha, ravi)] == [
        10 + 10 * bought.count(asha),
        10 + 10 * bought.count(ravi),
    ]
    assert len(bought) == bought.count(asha) + bought.count(ravi)
    assert is_right(till)
