# SPDX-License-Identifier: Apache-2.0
"""Everything may be sent again, for ever, and happens once."""

import pytest

from regulars.facts.models import Fact
from regulars.flow.intake import Order, OrderLine, Visit
from regulars.flow.verifying import verify_books
from shop import ASHA, Till, a_shop

pytestmark = pytest.mark.django_db


def test_the_same_intake_gets_the_same_receipt():
    till = Till(a_shop())
    order = Order(**till.common(customer=ASHA), lines=[OrderLine("A", 10_000)])
    (first,) = till.take(order)
    till.wait(days=400)
    till.sell(ASHA, 5_000)

    (again,) = till.take(order)

    assert again.is_repeat
    assert (again.fact, again.balance, again.points_earned) == (first.fact, 100, 100)


def test_another_body_under_the_name_is_refused():
    till = Till(a_shop())
    till.take(Order(**till.common(external_id="A", customer=ASHA), lines=[OrderLine("A", 10_000)]))

    (other,) = till.take(Order(**till.common(external_id="A", customer=ASHA), lines=[OrderLine("A", 20_000)]))

    assert other.refusal is not None
    assert other.refusal.code == "key_reused"
    assert Fact.objects.of(till.business).count() == 1


def test_twice_in_one_batch():
    till = Till(a_shop())
    order = Order(**till.common(customer=ASHA), lines=[OrderLine("A", 10_000)])

    first, again = till.take(order, order)

    assert (again.is_repeat, again.fact, again.balance) == (True, first.fact, 100)


def test_a_refused_intake_disturbs_no_neighbour_and_leaves_no_trace():
    till = Till(a_shop())
    good = [Visit(**till.common(customer=ASHA)) for _ in range(2)]
    bad = Order(**till.common(customer=ASHA), lines=[OrderLine("A", 10_000)], points=5_000)

    receipts = till.take(good[0], bad, good[1])

    assert [receipt.refusal.code if receipt.refusal else "" for receipt in receipts] == ["", "insufficient_points", ""]
    assert Fact.objects.of(till.business).count() == 2
    assert verify_books(till.business.pk).entries == 0


def test_a_refused_stranger_is_not_kept():
    till = Till(a_shop())

    receipt = till.sell(ASHA, 10_000, points=10)

    assert receipt.refusal is not None
    assert Fact.objects.of(till.business).count() == 0
