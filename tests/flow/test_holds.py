# SPDX-License-Identifier: Apache-2.0
"""Points set aside at a till, through the path."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from regulars.customers.matching import CustomerRef
from regulars.flow.intake import Adjustment, Closing, HoldPoints, Receipt, SettleHold, VoidHold
from regulars.flow.verifying import verify_books
from regulars.ledger.queries import Balance, balance_of
from regulars.tenancy.models import Business
from shop import ASHA, RAVI, Till, a_program, a_shop

pytestmark = pytest.mark.django_db


def a_till(**unit: Any) -> Till:
    """A till where Asha has 100 points."""
    till = Till(a_shop(a_program(unit=unit)))
    till.sell(ASHA, 10_000)
    return till


def hold(till: Till, points: int = 60, who: CustomerRef | None = ASHA, **more: Any) -> Any:
    receipt = till.give(HoldPoints, who, points=points, **more)
    assert receipt.refusal is None, receipt.refusal
    return UUID(str(receipt.detail["hold"]))


def balance(business: Business, receipt: Receipt, till: Till) -> Balance:
    assert receipt.customer is not None
    return balance_of(business, receipt.customer, "points", now=till.now)


def refusal(receipt: Receipt) -> str:
    return receipt.refusal.code if receipt.refusal else ""


def test_held_points_are_there_and_cannot_be_used():
    till = a_till()
    held = till.give(HoldPoints, ASHA, points=60)

    has = balance(till.business, held, till)
    assert (held.balance, has.total, has.available, has.held) == (100, 100, 40, 60)
    assert refusal(till.sell(ASHA, 5_000, points=41)) == "insufficient_points"
    assert refusal(till.give(HoldPoints, ASHA, points=41)) == "insufficient_points"


def test_the_answer_says_until_when():
    till = a_till()

    held = till.give(HoldPoints, ASHA, points=60, ttl_s=600)

    assert held.detail["expires_at"] == "2026-03-02T06:40:00+00:00"
    assert held.detail["points_held"] == 60


def test_less_is_settled_and_the_rest_returns():
    till = a_till()

    settled = till.give(SettleHold, hold=hold(till), points=25)

    has = balance(till.business, settled, till)
    assert (settled.points_spent, settled.balance, has.available, has.held) == (25, 75, 75, 0)


@pytest.mark.parametrize(
    ("first", "second"), [(SettleHold, VoidHold), (VoidHold, SettleHold), (SettleHold, SettleHold)]
)
def test_a_hold_is_resolved_once(first: type, second: type):
    till = a_till()
    held = hold(till)
    done = till.give(first, hold=held)

    again = till.give(second, hold=held)

    assert refusal(again) == "hold_resolved"
    assert balance(till.business, done, till).total == done.balance


def test_more_than_was_held_cannot_be_settled():
    till = a_till()

    assert refusal(till.give(SettleHold, hold=hold(till), points=61)) == "over_hold"
    assert till.sell(ASHA, 0).balance == 100


def test_two_settlements_in_one_batch_settle_once():
    till = a_till()
    held = hold(till)

    receipts = till.take(*(SettleHold(**till.common(), hold=held) for _ in range(2)))

    assert [refusal(receipt) for receipt in receipts] == ["", "hold_resolved"]


def test_a_hold_is_over_with_its_time_and_its_points_return_at_the_closing():
    till = a_till()
    held = hold(till, ttl_s=1_800)
    till.wait(seconds=1_800)

    late = till.give(SettleHold, hold=held)
    closed = till.give(Closing, ASHA)

    assert refusal(late) == "hold_resolved"
    assert balance(till.business, closed, till).available == 100
    assert refusal(till.give(VoidHold, hold=held)) == "hold_resolved"


def test_what_ends_while_it_is_held_is_honoured():
    till = a_till(expiry={"kind": "after", "days": 1})
    held = hold(till, ttl_s=200_000)
    till.wait(days=2)

    closed = till.give(Closing, ASHA)
    settled = till.give(SettleHold, hold=held, points=45)

    assert (closed.points_expired, closed.balance) == (40, 60)
    assert (settled.points_spent, settled.points_expired, settled.balance) == (45, 15, 0)
    assert verify_books(till.business.pk).difference == ""


def test_what_is_given_up_after_its_end_ends_at_once():
    till = a_till(expiry={"kind": "after", "days": 1})
    held = hold(till, ttl_s=200_000)
    till.wait(days=2)

    voided = till.give(VoidHold, hold=held)

    assert (voided.points_expired, voided.balance) == (100, 0)
    assert till.give(Closing, ASHA).points_expired == 0


def test_what_is_owed_is_paid_from_a_hold_that_is_given_up():
    till = a_till()
    held = hold(till)
    back = till.take_back("0001")

    assert (back.balance, back.detail["shortfall"]) == (60, 60)

    till.give(VoidHold, hold=held)
    after = balance(till.business, back, till)
    assert (after.total, after.owed) == (0, 0)


def test_spent_and_earned_come_back_in_either_order():
    def both(*orders: str) -> tuple[int, int]:
        till = Till(a_shop())
        till.sell(ASHA, 15_000, common={"external_id": "earned"})
        till.sell(ASHA, 100, points=100, common={"external_id": "spent"})
        last = [till.take_back(order) for order in orders][-1]
        has = balance(till.business, last, till)
        return has.total, has.owed

    assert both("earned", "spent") == both("spent", "earned") == (0, 0)


def test_nobody_resolves_what_another_holds():
    till = a_till()
    held = hold(till)

    assert refusal(till.give(VoidHold, RAVI, hold=held)) == "unknown_hold"
    assert refusal(till.give(VoidHold, hold=uuid4())) == "unknown_hold"
    assert refusal(Till(a_shop()).give(VoidHold, hold=held)) == "unknown_hold"


def test_an_adjustment_cannot_take_what_is_held():
    till = a_till()
    hold(till)

    assert refusal(till.give(Adjustment, ASHA, points=-50, reason="a mistake")) == "insufficient_points"
