# SPDX-License-Identifier: Apache-2.0
"""Rewards that are taken by themselves, at night or at once, and levels that go by the balance."""

from typing import Any

import pytest

from regulars.api.intakes import answer_of
from regulars.facts.models import Fact
from regulars.flow.entitling import code_of
from regulars.flow.intake import Adjustment, Cancel, Closing, Order, OrderLine, Receipt, Redemption, Transfer, Visit
from regulars.flow.nightly import close_day
from regulars.flow.verifying import verify_books
from regulars.ledger.models import Transaction
from regulars.outbox.models import Event
from regulars.programs.actions import publish_program
from regulars.programs.models import Membership, Standing
from regulars.programs.queries import current_program, standing_of
from regulars.rewards.actions import OfferTerms, create_offer
from regulars.rewards.models import Entitlement, Offer
from regulars.tenancy.actors import SYSTEM
from shop import ASHA, RAVI, Till, a_program, a_shop, points_of

pytestmark = pytest.mark.django_db

BALANCE = {
    "metric": "balance",
    "grace_days": 5,
    "levels": [
        {"code": "base", "name": {"en": "Base"}},
        {"code": "silver", "name": {"en": "Silver"}, "at_least": 100},
        {"code": "gold", "name": {"en": "Gold"}, "at_least": 300},
    ],
}


def a_till(*automatic: dict[str, Any], **program: Any) -> Till:
    """Open a shop where COFFEE costs 100 and CAKE 250."""
    till = Till(a_shop(a_program(automatic=list(automatic), **program)))
    for code, price in (("COFFEE", 100), ("CAKE", 250)):
        add_offer(till, code, price)
    return till


def add_offer(till: Till, code: str, price: int, **over: Any) -> None:
    terms = OfferTerms(code=code, name={"en": code}, kind="perk", value={}, price=price, **over)
    create_offer(till.business, terms, actor=SYSTEM, now=till.now)


def held(till: Till, receipt: Receipt) -> list[str]:
    rows = Entitlement.objects.of(till.business).filter(holder=receipt.customer).order_by("id")
    return list(rows.values_list("offer__code", flat=True))


def tier(till: Till, receipt: Receipt) -> str:
    return Membership.objects.get(business=till.business, customer=receipt.customer).tier


AT_NIGHT, AT_ONCE = {"offer": "COFFEE"}, {"offer": "COFFEE", "at_once": True}


# ---- at night


def test_at_night_a_reward_is_taken_for_who_can_pay_it():
    till = a_till(AT_NIGHT)
    sold = till.sell(ASHA, 13_000)
    till.sell(RAVI, 9_900)
    assert held(till, sold) == []

    assert close_day(till.business, now=till.now) == 1

    assert held(till, sold) == ["COFFEE"]
    assert points_of(till.business, sold.customer) == 30
    assert verify_books(till.business.pk).totals["points"] == {"issued": -229, "member": 129, "redeemed": 100}


def test_it_is_an_ordinary_redemption_with_a_fact_of_its_own():
    till = a_till(AT_NIGHT)
    sold = till.sell(ASHA, 13_000)

    close_day(till.business, now=till.now)

    taken = Fact.objects.get(business=till.business, kind="redemption")
    closing = Fact.objects.get(business=till.business, kind="closing")
    assert (taken.source, taken.caused_by_id, taken.depth, taken.customer_id) == (
        "automatic", closing.pk, 1, sold.customer,
    )  # fmt: skip
    assert (taken.receipt["points_spent"], taken.receipt["balance"]) == (100, 30)
    assert [row.kind for row in Transaction.objects.of(till.business).filter(fact=taken)] == ["spend"]
    event = Event.objects.get(business_id=till.business.pk, kind="reward.taken")
    entitlement = Entitlement.objects.get(business=till.business)
    assert event.payload == {
        "fact": str(taken.pk), "entitlement": str(entitlement.pk), "offer": "COFFEE", "points": 100,
    }  # fmt: skip
    assert closing.receipt["detail"]["rewards_taken"] == [
        {"fact": str(taken.pk), "offer": "COFFEE", "points": 100, "entitlement": str(entitlement.pk)}
    ]


def test_twice_a_night_is_once():
    till = a_till(AT_NIGHT)
    sold = till.sell(ASHA, 13_000)
    close_day(till.business, now=till.now)
    till.wait(minutes=10)

    assert close_day(till.business, now=till.now) == 0

    assert held(till, sold) == ["COFFEE"]


def test_a_night_that_broke_off_goes_on_where_it_stopped():
    till = a_till(AT_NIGHT, ladder=BALANCE)
    asha, ravi = till.sell(ASHA, 21_000), till.sell(RAVI, 35_000)
    till.give(Closing, ASHA)
    till.wait(hours=1)

    assert close_day(till.business, now=till.now) == 1

    assert (held(till, asha), held(till, ravi)) == (["COFFEE"] * 2, ["COFFEE"] * 3)
    assert (tier(till, asha), tier(till, ravi)) == ("base", "base")


def test_several_are_taken_in_one_night_in_the_order_of_the_program():
    till = a_till({"offer": "CAKE"}, AT_NIGHT)
    sold = till.sell(ASHA, 78_000)

    close_day(till.business, now=till.now)

    assert held(till, sold) == ["CAKE", "CAKE", "CAKE"]
    assert points_of(till.business, sold.customer) == 30
    till.sell(ASHA, 20_000)
    till.wait(days=1)
    close_day(till.business, now=till.now)
    assert held(till, sold) == ["CAKE", "CAKE", "CAKE", "COFFEE", "COFFEE"]


def test_what_is_out_or_was_taken_often_enough_is_left_and_nobody_is_closed_for_it_again():
    till = a_till({"offer": "MUG"}, {"offer": "TEA"})
    add_offer(till, "MUG", 100, stock=3)
    add_offer(till, "TEA", 50, per_member_max=1)
    first = till.sell(ASHA, 50_000)
    second = till.sell(RAVI, 50_000)

    close_day(till.business, now=till.now)

    assert sorted(held(till, first) + held(till, second)) == ["MUG", "MUG", "MUG", "TEA", "TEA"]
    assert Offer.objects.get(business=till.business, code="MUG").taken == 3
    assert points_of(till.business, first.customer) + points_of(till.business, second.customer) == 600
    till.wait(days=1)
    assert close_day(till.business, now=till.now) == 0


def test_a_paused_reward_and_one_of_a_higher_level_are_not_taken():
    till = a_till({"offer": "MUG"}, {"offer": "TEA"}, {"offer": "GONE"}, ladder={**BALANCE, "metric": "points_earned"})
    add_offer(till, "MUG", 20, tiers=["silver"])
    add_offer(till, "TEA", 20, is_active=False)
    sold = till.sell(ASHA, 5_000)

    assert close_day(till.business, now=till.now) == 0

    till.sell(ASHA, 5_000)
    close_day(till.business, now=till.now)
    assert held(till, sold) == ["MUG"] * 5


def test_waiting_points_pay_once_their_day_has_come_and_what_is_held_does_not():
    till = a_till(AT_NIGHT, unit={"pending": {"kind": "delay", "days": 2}})
    sold = till.sell(ASHA, 10_000)
    assert close_day(till.business, now=till.now) == 0
    till.wait(days=2)

    close_day(till.business, now=till.now)

    assert held(till, sold) == ["COFFEE"]


def test_it_is_taken_before_points_end_and_what_is_over_pays_nothing():
    till = a_till(AT_NIGHT, unit={"expiry": {"kind": "after", "days": 2}})
    sold = till.sell(ASHA, 6_000)
    till.wait(days=1)
    till.sell(ASHA, 9_000)
    till.wait(days=2)

    close_day(till.business, now=till.now)

    assert (held(till, sold), points_of(till.business, sold.customer)) == ([], 90)


def test_a_reward_taken_at_night_is_no_activity_of_the_member():
    till = a_till(AT_NIGHT, unit={"expiry": {"kind": "inactivity", "days": 2}})
    sold = till.sell(ASHA, 13_000)
    till.wait(days=2)
    close_day(till.business, now=till.now)
    assert points_of(till.business, sold.customer) == 30
    till.wait(days=1)

    close_day(till.business, now=till.now)

    assert points_of(till.business, sold.customer) == 0


# ---- at once


def test_at_once_it_is_taken_after_the_purchase_that_fills_the_card():
    till = a_till(AT_ONCE)
    till.sell(ASHA, 9_900)

    sold = till.sell(ASHA, 12_000)

    assert (sold.points_earned, sold.points_spent, sold.balance) == (120, 0, 19)
    assert [(one["offer"], one["points"]) for one in sold.detail["rewards_taken"]] == [("COFFEE", 100)] * 2
    assert held(till, sold) == ["COFFEE", "COFFEE"]


def test_a_repeat_takes_nothing_more_and_says_the_same():
    till = a_till(AT_ONCE)
    till.sell(ASHA, 10_000, common={"external_id": "A", "occurred_at": till.now})
    again = till.sell(ASHA, 10_000, common={"external_id": "A", "occurred_at": till.now})

    assert (again.is_repeat, again.balance, len(held(till, again))) == (True, 0, 1)


def test_the_answer_of_the_till_has_the_codes():
    till = a_till(AT_ONCE)

    sold = till.sell(ASHA, 10_000)

    entitlement = Entitlement.objects.get(business=till.business)
    assert answer_of(sold).detail["rewards_taken"][0]["code"] == code_of(entitlement.pk)


def test_a_stamp_card_is_a_unit_with_a_cap_and_a_reward_taken_at_once():
    """Two stamps at nine fill the card: the cap takes one of them, and the card begins anew."""
    stamp = {"id": "stamp", "name": {"en": "Stamp"}, "gives": {"kind": "per_item", "points": 1}}
    till = Till(a_shop(a_program(stamp, unit={"balance_max": 10}, automatic=[AT_ONCE])))
    add_offer(till, "COFFEE", 10)
    for _ in range(9):
        till.sell(ASHA, 1_000)

    full = till.sell(ASHA, 1_000, 1_000)
    first = till.sell(ASHA, 1_000)

    assert (full.points_earned, full.earnings[0].outcome, full.balance) == (1, "capped", 0)
    assert (first.balance, held(till, full)) == (1, ["COFFEE"])


@pytest.mark.parametrize("how", ["by hand", "moved", "visit"])
def test_whatever_brings_the_points(how):
    visit = {"id": "visit", "name": {"en": "Visit"}, "on": "visit", "gives": {"kind": "fixed", "points": 100}}
    till = Till(a_shop(a_program(visit, automatic=[AT_ONCE])))
    add_offer(till, "COFFEE", 100, per_member_max=1)
    till.give(Visit, RAVI)
    ravi = till.give(Visit, RAVI)
    if how == "by hand":
        asha = till.give(Adjustment, ASHA, points=100, reason="hello")
    elif how == "moved":
        asha = till.give(Adjustment, ASHA, points=1, reason="hello")
        till.give(Transfer, RAVI, points=100, to=ASHA, reason="a gift")
    else:
        asha = till.give(Visit, ASHA)

    assert held(till, asha) == ["COFFEE"]
    assert held(till, ravi) == ["COFFEE"]


def test_a_batch_shares_the_last_piece_fairly():
    till = a_till({"offer": "MUG", "at_once": True})
    add_offer(till, "MUG", 100, stock=1)
    lines = [OrderLine("TEA", 10_000)]

    asha, ravi = till.take(*(Order(**till.common(customer=who), lines=lines) for who in (ASHA, RAVI)))

    assert [(held(till, one), points_of(till.business, one.customer)) for one in (asha, ravi)] == [
        (["MUG"], 0),
        ([], 100),
    ]


def test_given_back_as_any_other_reward():
    till = a_till(AT_ONCE)
    sold = till.sell(ASHA, 10_000)
    taken = Fact.objects.get(business=till.business, kind="redemption")

    back = till.give(Cancel, cancels=taken.external_id, cancels_source="automatic")

    assert (back.points_returned, back.balance) == (100, 100)
    assert Entitlement.objects.get(business=till.business).state == "cancelled"
    assert sold.customer == back.customer


def test_a_version_that_takes_nothing_by_itself_any_more():
    till = a_till(AT_NIGHT)
    sold = till.sell(ASHA, 10_000)
    publish_program(till.business, a_program(), valid_from=till.now, actor=SYSTEM, now=till.now)

    assert close_day(till.business, now=till.now) == 0

    assert held(till, sold) == []


# ---- levels by the balance


def moves(till: Till) -> list[tuple[str, dict[str, Any]]]:
    rows = Standing.objects.of(till.business).order_by("since", "id")
    return list(rows.values_list("tier", "reason"))


def test_a_level_by_the_balance_is_reached_at_night():
    till = a_till(ladder=BALANCE)
    sold = till.sell(ASHA, 32_000)
    assert (sold.tier, tier(till, sold)) == ("base", "base")

    assert close_day(till.business, now=till.now) == 1

    assert tier(till, sold) == "gold"
    assert moves(till) == [("gold", {"from": "base", "progress": 320, "metric": "balance"})]
    assert close_day(till.business, now=till.now) == 0


def test_a_level_by_the_balance_is_lost_after_its_grace_when_points_are_spent_or_end():
    till = a_till(ladder=BALANCE, unit={"expiry": {"kind": "after", "days": 20}})
    sold = till.sell(ASHA, 32_000)
    close_day(till.business, now=till.now)
    till.give(Redemption, ASHA, offer="CAKE")
    till.wait(days=1)
    assert close_day(till.business, now=till.now) == 1
    assert tier(till, sold) == "gold"
    till.wait(days=1)
    assert close_day(till.business, now=till.now) == 0
    till.wait(days=4)

    assert close_day(till.business, now=till.now) == 1

    assert tier(till, sold) == "base"
    assert moves(till)[-1] == ("base", {"from": "gold", "progress": 70, "metric": "balance"})


def test_what_ends_in_a_night_no_longer_counts_in_that_night():
    till = a_till(ladder={**BALANCE, "grace_days": 0}, unit={"expiry": {"kind": "after", "days": 1}})
    sold = till.sell(ASHA, 32_000)
    close_day(till.business, now=till.now)
    assert tier(till, sold) == "gold"
    till.wait(days=2)

    close_day(till.business, now=till.now)

    assert (tier(till, sold), points_of(till.business, sold.customer)) == ("base", 0)
    assert moves(till)[-1] == ("base", {"from": "gold", "progress": 0, "metric": "balance"})


def test_what_is_over_lifts_nobody_before_it_ends():
    till = a_till(ladder=BALANCE, unit={"expiry": {"kind": "after", "days": 1}})
    sold = till.sell(ASHA, 32_000)
    till.wait(days=2)

    close_day(till.business, now=till.now)

    assert (tier(till, sold), points_of(till.business, sold.customer), moves(till)) == ("base", 0, [])


def test_rewards_are_taken_before_the_balance_is_looked_at():
    till = a_till(AT_NIGHT, ladder=BALANCE)
    sold = till.sell(ASHA, 32_000)

    close_day(till.business, now=till.now)

    assert (tier(till, sold), held(till, sold)) == ("base", ["COFFEE"] * 3)


def test_what_one_stands_at_is_the_balance_of_now():
    till = a_till(ladder=BALANCE)
    sold = till.sell(ASHA, 7_000)
    assert sold.customer is not None

    standing = standing_of(till.business, sold.customer, current_program(till.business, till.now))

    assert standing is not None
    assert (standing.progress, standing.next_tier, standing.missing) == (70, "silver", 30)


def test_levels_by_money_become_levels_by_the_balance():
    till = a_till(ladder={**BALANCE, "metric": "spend_minor", "months": 1, "grace_days": 0})
    sold = till.sell(ASHA, 5_000)
    assert sold.tier == "gold"
    publish_program(
        till.business, a_program(ladder={**BALANCE, "grace_days": 0}), valid_from=till.now, actor=SYSTEM, now=till.now
    )

    close_day(till.business, now=till.now)

    assert tier(till, sold) == "base"
    till.wait(days=40)
    close_day(till.business, now=till.now)
    assert close_day(till.business, now=till.now) == 0
