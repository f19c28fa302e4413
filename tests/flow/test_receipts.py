# SPDX-License-Identifier: Apache-2.0
"""A purchase that named nobody, added to a member afterwards by its receipt."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from regulars.facts.models import Attribution
from regulars.flow.intake import (
    Adjustment,
    Cancel,
    ClaimReceipt,
    Enrolment,
    Order,
    OrderLine,
    Receipt,
    Return,
    ReturnLine,
    Visit,
)
from regulars.flow.nightly import close_day
from regulars.flow.verifying import verify_books
from regulars.outbox.models import Event
from regulars.programs.actions import publish_program
from regulars.programs.models import Decision, Membership
from regulars.tenancy.actions import create_store
from regulars.tenancy.actors import SYSTEM
from shop import ASHA, RAVI, SPEND, Till, a_program, a_shop, points_of

pytestmark = pytest.mark.django_db
LEVELS = [
    {"code": "base", "name": {"en": "Base"}},
    {"code": "gold", "name": {"en": "Gold"}, "at_least": 20_000, "times_milli": 2_000},
]


def a_till(*rules: dict[str, Any], **program: Any) -> Till:
    return Till(a_shop(a_program(*rules, **program)))


def sell_to_nobody(till: Till, *amounts: int, name: str = "R1", **over: Any) -> Receipt:
    lines = over.pop("lines", None)
    return till.sell(None, *amounts, common={"external_id": name, **over}, **({"lines": lines} if lines else {}))


def claim(till: Till, who: Any = ASHA, name: str = "R1", **over: Any) -> Receipt:
    return till.give(ClaimReceipt, who, order=name, **over)


def claim_at(till: Till, moment: datetime, name: str) -> Receipt:
    """Claim a receipt now by an intake that says another moment."""
    return till.take(ClaimReceipt(**till.common(customer=ASHA, occurred_at=moment), order=name))[0]


def code_of(receipt: Receipt) -> str:
    return receipt.refusal.code if receipt.refusal else ""


def test_a_receipt_brings_what_the_purchase_would_have_brought():
    till = a_till()
    sold = sell_to_nobody(till, 12_000)
    assert (sold.customer, sold.balance) == (None, None)
    till.wait(days=3)

    added = claim(till)

    assert (added.points_earned, added.balance, added.detail["purchase"]) == (120, 120, str(sold.fact))
    assert [(one.rule, one.points) for one in added.earnings] == [("spend", 120)]
    decision = Decision.objects.get(business=till.business, fact=sold.fact)
    assert decision.outcomes[0]["points"] == 120
    owner = Attribution.objects.get(business=till.business)
    assert (owner.fact_id, owner.customer_id) == (sold.fact, added.customer)
    event = Event.objects.get(business_id=till.business.pk, kind="receipt.added")
    assert (event.payload["points_earned"], event.customer_id) == (120, added.customer)
    assert verify_books(till.business.pk).difference == ""


def test_once_only_whoever_asks():
    till = a_till()
    sell_to_nobody(till, 12_000)
    first = claim(till)

    again, other = claim(till), claim(till, RAVI)

    assert (code_of(again), code_of(other)) == ("receipt_taken", "receipt_taken")
    assert other.refusal is not None
    assert other.refusal.text == "The receipt “R1” belongs to a customer already; it counts once."
    assert points_of(till.business, first.customer) == 120
    assert Attribution.objects.of(till.business).count() == 1


def test_the_same_claim_sent_again_is_a_repeat():
    till = a_till()
    sell_to_nobody(till, 12_000)
    intake = ClaimReceipt(**till.common(customer=ASHA), order="R1")

    first, again = till.take(intake, intake)
    (late,) = till.take(intake)

    assert (first.balance, again.is_repeat, late.is_repeat, late.balance) == (120, True, True, 120)


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("MINE", "receipt_taken"),
        ("GONE", "already_cancelled"),
        ("BACK", "nothing_left"),
        ("V", "wrong_kind"),
        ("X", "unknown_fact"),
    ],
)
def test_what_cannot_be_added(name, refused):
    till = a_till()
    till.sell(RAVI, 1_000, common={"external_id": "MINE"})
    sell_to_nobody(till, 1_000, name="GONE")
    till.give(Cancel, cancels="GONE")
    sell_to_nobody(till, 1_000, name="BACK")
    till.take_back("BACK")
    till.take(Visit(**till.common(customer=RAVI, external_id="V")))
    before = verify_books(till.business.pk)

    assert code_of(claim(till, name=name)) == refused

    assert verify_books(till.business.pk) == before
    assert not Membership.objects.of(till.business).filter(customer__name="Asha").exists()


def test_nobody_adds_a_receipt_without_saying_who():
    till = a_till()
    sell_to_nobody(till, 1_000)

    assert code_of(till.give(ClaimReceipt, order="R1")) == "customer_needed"


@pytest.mark.parametrize(("days", "hours", "refused"), [(30, 0, ""), (31, 0, "receipt_too_old")])
def test_within_thirty_days_of_the_shop(days, hours, refused):
    till = a_till()
    sell_to_nobody(till, 1_000)
    till.wait(days=days, hours=hours)

    assert code_of(claim(till)) == refused


def test_within_the_days_that_the_program_states_or_never():
    till = a_till(receipt_days=2)
    sell_to_nobody(till, 1_000)
    sell_to_nobody(till, 1_000, name="R2")
    till.wait(days=2)
    assert code_of(claim(till)) == ""
    till.wait(days=1)

    late = claim(till, name="R2")

    assert late.refusal is not None
    assert late.refusal.text == "A receipt can be added for 2 days; “R2” is of 2026-03-02."
    publish_program(till.business, a_program(receipt_days=0), valid_from=till.now, actor=SYSTEM, now=till.now)
    till.wait(hours=1)
    sell_to_nobody(till, 1_000, name="R3")
    assert code_of(claim(till, name="R3")) == ""
    till.wait(days=1)
    sold = sell_to_nobody(till, 1_000, name="R4")
    till.wait(days=1)
    assert (sold.refusal, code_of(claim(till, name="R4"))) == (None, "receipt_too_old")


def test_the_days_are_counted_to_the_day_on_which_the_claim_comes_whatever_it_says():
    till = a_till(receipt_days=7)
    sell_to_nobody(till, 10_000)
    sold_at = till.now
    sell_to_nobody(till, 10_000, name="R2")
    till.wait(days=7)
    in_time = claim_at(till, sold_at - timedelta(days=3), "R1")
    till.wait(days=1)

    late = [claim_at(till, sold_at + timedelta(days=days), "R2") for days in (-3, 0, 7)]

    assert (code_of(in_time), in_time.points_earned) == ("", 100)
    assert [code_of(one) for one in late] == ["receipt_too_old"] * 3
    assert points_of(till.business, in_time.customer) == 100


def test_the_days_are_those_of_the_version_in_force_when_the_claim_comes():
    till = a_till(receipt_days=7)
    sell_to_nobody(till, 10_000)
    sold_at = till.now
    till.wait(days=1)
    publish_program(till.business, a_program(receipt_days=2), valid_from=till.now, actor=SYSTEM, now=till.now)
    till.wait(days=2)

    assert code_of(claim_at(till, sold_at, "R1")) == "receipt_too_old"


def test_what_came_back_before_is_not_earned_and_what_comes_back_later_is_taken():
    till = a_till()
    line = [OrderLine("TEA", 10_000, quantity=3)]
    sell_to_nobody(till, lines=line)
    till.take_back("R1", [ReturnLine(1, line=1)])

    added = claim(till)
    assert (added.points_earned, added.points_reversed, added.balance) == (100, 33, 67)

    second = till.take_back("R1", [ReturnLine(1, line=1)])
    third = till.take_back("R1", [ReturnLine(1, line=1)])

    assert [(one.customer, one.points_reversed) for one in (second, third)] == [
        (added.customer, 34),
        (added.customer, 33),
    ]
    assert points_of(till.business, added.customer) == 0


def test_goods_without_a_receipt_are_found_among_what_was_added():
    till = a_till()
    sell_to_nobody(till, lines=[OrderLine("TEA", 10_000)])
    added = claim(till)

    back = till.give(Return, ASHA, lines=[ReturnLine(1, sku="TEA")])

    assert (back.points_reversed, back.balance, back.detail) == (100, 0, {})
    assert back.customer == added.customer


def test_cancelled_after_it_was_added():
    till = a_till()
    sell_to_nobody(till, 12_000)
    added = claim(till)

    gone = till.give(Cancel, cancels="R1")

    assert (gone.customer, gone.points_reversed, gone.balance) == (added.customer, 120, 0)


def test_a_correction_that_names_nobody_stays_with_the_member():
    till = a_till()
    sell_to_nobody(till, 12_000)
    added = claim(till)

    corrected = sell_to_nobody(till, 9_000, revision=1)

    assert (corrected.customer, corrected.points_reversed, corrected.points_earned, corrected.balance) == (
        added.customer, 120, 90, 90,
    )  # fmt: skip
    assert code_of(claim(till, RAVI)) == "receipt_taken"


def test_by_the_version_and_the_tier_of_its_day():
    till = a_till(ladder={"levels": LEVELS})
    till.give(Visit, ASHA)
    sell_to_nobody(till, 10_000)
    till.wait(days=1)
    rich = till.give(Adjustment, ASHA, points=1, reason="hello")
    till.sell(ASHA, 2_000_000)
    assert Membership.objects.get(business=till.business, customer=rich.customer).tier == "gold"
    double = {**SPEND, "gives": {"kind": "per_amount", "points": 5, "per_minor": 100}}
    publish_program(
        till.business, a_program(double, ladder={"levels": LEVELS}), valid_from=till.now, actor=SYSTEM, now=till.now
    )
    till.wait(days=1)

    assert claim(till).points_earned == 100


def test_the_limit_of_its_day_counts():
    limited = {**SPEND, "limits": [{"per": "day", "points": 150}]}
    till = a_till(limited)
    sell_to_nobody(till, 10_000)
    till.sell(ASHA, 10_000)
    till.wait(days=1)
    till.sell(ASHA, 10_000)

    added = claim(till)

    assert (added.points_earned, added.earnings[0].outcome, added.balance) == (50, "capped", 250)


def test_sold_and_added_by_a_till_that_was_off_line():
    limited = {**SPEND, "limits": [{"per": "day", "points": 150}]}
    till = a_till(limited)
    till.sell(ASHA, 10_000)

    sold, back, added = till.take(
        Order(**till.common(external_id="R1"), lines=[OrderLine("TEA", 10_000, quantity=2)]),
        Return(**till.common(), order="R1", lines=[ReturnLine(1, line=1)]),
        ClaimReceipt(**till.common(customer=ASHA), order="R1"),
    )

    assert (sold.refusal, back.refusal) == (None, None)
    assert (added.points_earned, added.points_reversed, added.balance) == (50, 25, 125)
    assert set(Attribution.objects.of(till.business).values_list("fact", flat=True)) == {sold.fact, back.fact}


def test_money_spent_counts_towards_the_level_also_when_it_is_summed_anew():
    till = a_till(ladder={"levels": LEVELS, "metric": "spend_minor", "months": 2, "grace_days": 0})
    till.sell(ASHA, 5_000)
    till.wait(days=40)
    sell_to_nobody(till, lines=[OrderLine("TEA", 30_000, quantity=3)])
    till.take_back("R1", [ReturnLine(1, line=1)])

    added = claim(till)

    assert (added.tier, added.points_earned, added.points_reversed) == ("gold", 300, 100)
    member = Membership.objects.get(business=till.business, customer=added.customer)
    assert member.progress == 25_000
    till.wait(days=30)
    close_day(till.business, now=till.now)
    member.refresh_from_db()
    assert (member.progress, member.tier) == (20_000, "gold")


def test_it_was_not_the_first_purchase_any_more():
    first = {"field": "customer.order_count_before", "is": "is", "value": 0}
    welcome = {"id": "welcome", "name": {"en": "Welcome"}, "gives": {"kind": "fixed", "points": 50}, "when": first}
    till = a_till(welcome)
    sell_to_nobody(till, 1_000)
    sell_to_nobody(till, 1_000, name="R2")

    first_one, second = claim(till), claim(till, name="R2")

    assert (first_one.points_earned, second.points_earned) == (50, 0)
    assert till.sell(ASHA, 1_000).points_earned == 0


def test_points_end_when_they_would_have_ended_and_a_purchase_of_a_store_has_its_day():
    till = a_till(unit={"expiry": {"kind": "after", "days": 10}})
    create_store(till.business, code="NORTH", name="North", timezone="Asia/Yerevan", actor=SYSTEM, now=till.now)
    sell_to_nobody(till, 1_000, store="NORTH")
    till.wait(days=9)
    added = claim(till)
    till.wait(days=2)

    close_day(till.business, now=till.now)

    assert points_of(till.business, added.customer) == 0


def test_who_is_no_member_joins_first_where_the_program_asks():
    till = a_till(membership="on_request")
    sell_to_nobody(till, 1_000)
    assert code_of(claim(till)) == "not_a_member"
    till.give(Enrolment, ASHA)

    assert claim(till).balance == 10
