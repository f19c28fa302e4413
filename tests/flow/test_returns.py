# SPDX-License-Identifier: Apache-2.0
"""Exact returns, told through the path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from regulars.flow.intake import Adjustment, Cancel, Order, OrderLine, Return, ReturnLine
from regulars.flow.verifying import verify_books
from regulars.programs.actions import publish_program
from regulars.tenancy.actors import SYSTEM
from shop import ASHA, RAVI, SPEND, Till, a_program, a_shop, points_of

pytestmark = pytest.mark.django_db


def three_for_a_hundred(till: Till) -> str:
    till.sell(ASHA, lines=[OrderLine("TRAY", 10_000, quantity=3)], common={"external_id": "A"})
    return "A"


def test_piece_by_piece():
    till = Till(a_shop())
    order = three_for_a_hundred(till)

    reversed_ = [till.take_back(order, [ReturnLine(1, line=1)]).points_reversed for _ in range(3)]

    assert reversed_ == [33, 34, 33]


def test_a_fourth_piece_is_refused_and_changes_nothing():
    till = Till(a_shop())
    till.take_back(three_for_a_hundred(till))

    receipt = till.take_back("A", [ReturnLine(1, line=1)])

    assert receipt.refusal is not None
    assert receipt.refusal.code == "returned_too_much"
    assert verify_books(till.business.pk).transactions == 2


def test_preload_earn_spend_and_full_return():
    till = Till(a_shop())
    till.sell(ASHA, 0)
    till.give(Adjustment, ASHA, points=200, reason="preload")
    sold = till.sell(ASHA, 7_000, points=150, common={"external_id": "A"})
    back = till.take_back("A")

    assert (sold.points_earned, sold.points_spent, sold.balance) == (70, 150, 120)
    assert (back.points_reversed, back.points_returned, back.balance) == (70, 150, 200)


def test_order_and_its_return_in_one_batch():
    till = Till(a_shop())
    order = Order(**till.common(external_id="A", customer=ASHA), lines=[OrderLine("TRAY", 10_000, quantity=3)])
    back = Return(**till.common(), order="A", lines=[ReturnLine(2, line=1)])

    sold, returned = till.take(order, back)

    assert (sold.balance, returned.points_reversed, returned.balance) == (100, 67, 33)


def test_reversal_uses_the_recorded_decision_not_todays_rule():
    till = Till(a_shop())
    till.sell(ASHA, 5_000, common={"external_id": "A"})
    doubled = {**SPEND, "gives": {"kind": "per_amount", "points": 2, "per_minor": 100}}
    a_newer_program(till, a_program(doubled))

    assert till.take_back("A").points_reversed == 50


def test_a_deleted_rule_still_reverses():
    till = Till(a_shop())
    till.sell(ASHA, 5_000, common={"external_id": "A"})
    a_newer_program(till, {"rules": []})

    assert till.take_back("A").balance == 0


def a_newer_program(till: Till, document: dict[str, object]) -> None:
    till.wait(days=1)
    publish_program(till.business, document, valid_from=till.now, actor=SYSTEM, now=till.now)
    till.wait(days=1)


@pytest.mark.parametrize(("negative", "balance", "owed"), [("clamp", 0, 100), ("allow", -100, 100)])
def test_a_shortfall_follows_the_policy(negative, balance, owed):
    """Earned 150, spent 100, returned all: 50 can be taken."""
    till = Till(a_shop(a_program(unit={"negative": negative})))
    sold = till.sell(ASHA, 15_000, common={"external_id": "A"})
    till.give(Adjustment, ASHA, points=-100, reason="spent elsewhere")

    back = till.take_back("A")

    assert (back.balance, back.detail["shortfall"]) == (balance, 100)
    assert points_of(till.business, sold.customer, "deficit") == -owed


def test_a_shortfall_can_be_refused():
    till = Till(a_shop(a_program(unit={"negative": "refuse"})))
    till.sell(ASHA, 15_000, common={"external_id": "A"})
    till.give(Adjustment, ASHA, points=-100, reason="spent elsewhere")

    back = till.take_back("A")

    assert back.refusal is not None
    assert (back.refusal.code, back.refusal.data) == ("insufficient_points", {"needed": 150, "available": 50})
    assert till.sell(ASHA, 0).balance == 50


def test_later_credits_absorb_what_is_owed():
    till = Till(a_shop())
    till.sell(ASHA, 15_000, common={"external_id": "A"})
    till.give(Adjustment, ASHA, points=-100, reason="spent elsewhere")
    till.take_back("A")

    assert till.sell(ASHA, 13_000).balance == 30
    assert verify_books(till.business.pk).difference == ""


def test_goods_without_a_receipt_are_matched_to_the_latest_purchase():
    till = Till(a_shop())
    till.sell(ASHA, lines=[OrderLine("TRAY", 10_000)], common={"external_id": "old"})
    till.wait(days=1)
    till.sell(ASHA, lines=[OrderLine("TRAY", 12_000)], common={"external_id": "new"})
    till.wait(days=1)

    back = till.give(Return, ASHA, lines=[ReturnLine(1, sku="TRAY")])

    assert (back.points_reversed, back.balance) == (120, 100)


def test_goods_never_sold_are_reversed_by_the_program_of_the_day_and_listed():
    till = Till(a_shop())
    till.sell(ASHA, 50_000)

    back = till.give(Return, ASHA, lines=[ReturnLine(2, sku="OTHER", amount_minor=3_050)])

    assert back.detail["unmatched_lines"] == [{"sku": "OTHER", "quantity_milli": 2_000, "amount_minor": 3_050}]
    assert (back.points_reversed, back.balance) == (30, 470)


def test_undo_at_the_till_takes_everything_back():
    till = Till(a_shop())
    till.sell(ASHA, 9_900, common={"external_id": "A"})
    undone = till.give(Cancel, cancels="A")
    again = till.give(Cancel, cancels="A")

    assert (undone.points_reversed, undone.balance) == (99, 0)
    assert again.refusal is not None
    assert again.refusal.code == "already_cancelled"


def test_one_member_cannot_return_what_another_bought():
    till = Till(a_shop())
    till.sell(ASHA, 10_000, common={"external_id": "A"})
    till.sell(RAVI, 10_000)

    back = till.take_back("A", customer=RAVI)

    assert back.balance == 0
    assert till.sell(RAVI, 0).balance == 100


class AnySequence(TestCase):
    """Any sequence of partial returns equals one full return, for every line and for points paid with."""

    @given(
        nets=st.lists(st.integers(0, 99_999), min_size=1, max_size=4),
        counts=st.lists(st.integers(1, 7), min_size=4, max_size=4),
        spent=st.integers(0, 300),
        picks=st.lists(st.integers(1, 4), max_size=40),
    )
    def test_equals_one_full_return(self, nets, counts, spent, picks):
        till = Till(a_shop())
        till.sell(ASHA, 0)
        till.give(Adjustment, ASHA, points=300, reason="preload")
        lines = [
            OrderLine(f"S{place}", net, quantity=count)
            for place, (net, count) in enumerate(zip(nets, counts, strict=False))
        ]
        till.sell(ASHA, lines=lines, points=spent, common={"external_id": "A"})
        for pick in picks:
            till.take_back("A", [ReturnLine(1, line=min(pick, len(lines)))])
        till.take_back("A")

        assert till.sell(ASHA, 0).balance == 300
        assert verify_books(till.business.pk).difference == ""
