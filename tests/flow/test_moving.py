# SPDX-License-Identifier: Apache-2.0
"""Points from one member to another, and by hand, through the path."""

import pytest

from regulars.customers.models import Customer
from regulars.flow.intake import Adjustment, Receipt, Transfer, Visit
from regulars.flow.verifying import verify_books
from shop import ASHA, RAVI, Till, a_program, a_shop, points_of

pytestmark = pytest.mark.django_db


def refusal(receipt: Receipt) -> str:
    return receipt.refusal.code if receipt.refusal else ""


def move(till: Till, points: int = 30) -> Receipt:
    return till.give(Transfer, ASHA, to=RAVI, points=points, reason="a gift")


def test_moved_points_are_there_and_no_longer_here():
    till = Till(a_shop())
    till.sell(ASHA, 10_000)
    taker = till.give(Visit, RAVI).customer

    moved = move(till)

    assert (moved.points_spent, moved.balance, points_of(till.business, taker)) == (30, 70, 30)
    assert verify_books(till.business.pk).totals["points"] == {"issued": -100, "member": 100}


def test_a_stranger_gets_nothing_and_is_not_kept():
    till = Till(a_shop())
    till.sell(ASHA, 10_000)

    assert refusal(move(till)) == "not_a_member"
    assert Customer.objects.filter(business=till.business).count() == 1


def test_to_oneself():
    till = Till(a_shop())
    till.sell(RAVI, 10_000)

    assert refusal(till.give(Transfer, RAVI, to=RAVI, points=1, reason="a gift")) == "same_member"


def test_more_than_there_is():
    till = Till(a_shop())
    till.sell(ASHA, 10_000)
    till.give(Visit, RAVI)

    assert refusal(move(till, 101)) == "insufficient_points"


def test_l11_moved_points_end_when_they_would_have_ended():
    till = Till(a_shop(a_program(unit={"expiry": {"kind": "after", "days": 10}})))
    till.sell(ASHA, 10_000)
    till.wait(days=8)
    taker = till.sell(RAVI, 5_000)
    move(till)
    till.wait(days=3)

    spent = till.sell(RAVI, 0, points=51)

    assert refusal(spent) == "insufficient_points"
    assert points_of(till.business, taker.customer) == 80, "the closing has not come yet"


def test_what_is_owed_is_paid_from_moved_points():
    till = Till(a_shop())
    till.sell(RAVI, 5_000, common={"external_id": "A"})
    till.give(Adjustment, RAVI, points=-50, reason="spent")
    back = till.take_back("A")
    till.sell(ASHA, 10_000)

    move(till, 80)

    assert points_of(till.business, back.customer, "deficit") == 0
    assert points_of(till.business, back.customer) == 30
    assert verify_books(till.business.pk).is_right


def test_nothing_to_adjust():
    till = Till(a_shop())

    assert refusal(till.give(Adjustment, ASHA, points=0, reason="nothing")) == "nothing_to_adjust"
