# SPDX-License-Identifier: Apache-2.0
"""Two records of one person become one, and two again: points, standing, rewards and who is found."""

from typing import Any
from uuid import UUID

import pytest

from flow.uniting import is_right, lots_of, merge, part, place_all, refusal
from regulars.customers.matching import CustomerRef
from regulars.customers.models import Customer
from regulars.customers.queries import customer_list, profile
from regulars.facts.models import Fact
from regulars.flow.intake import (
    Adjustment,
    Cancel,
    Enrolment,
    Event,
    HoldPoints,
    Merge,
    OrderLine,
    PendingChange,
    Redemption,
    Return,
    ReturnLine,
    Unmerge,
    UseEntitlement,
    VoidHold,
)
from regulars.flow.nightly import close_day
from regulars.ledger.verify import verify_ledger
from regulars.outbox.models import Event as EventRow
from regulars.programs.models import Membership
from regulars.rewards.actions import OfferTerms, create_offer
from regulars.tenancy.actors import SYSTEM
from regulars.tenancy.models import Business
from shop import ASHA, NOON, RAVI, SPEND, Till, a_program, a_shop, points_of

pytestmark = pytest.mark.django_db

TEA = OfferTerms(
    code="tea", name={"en": "Tea"}, kind="amount_off", value={"amount_minor": 4_000}, price=40, per_member_max=2
)
DELIVERED = {"kind": "event", "event": "delivered", "timeout_days": 5}
LEVELS = [{"code": "a", "name": {"en": "A"}}, {"code": "b", "name": {"en": "B"}, "at_least": 150}]


def test_lots_go_over_with_their_ends_and_come_back():
    till = Till(a_shop(a_program(unit={"expiry": {"kind": "after", "days": 30}})))
    ravi = till.sell(RAVI, 5_000).customer
    till.wait(days=10)
    asha = till.sell(ASHA, 2_000).customer
    till.sell(RAVI, 3_000)

    merged = merge(till)

    assert (merged.customer, merged.balance, merged.detail["points_moved"]) == (asha, 100, 80)
    assert lots_of(asha) == [(50, "2026-04-01"), (20, "2026-04-11"), (30, "2026-04-11")]
    assert lots_of(ravi) == []

    back = part(till, ravi)

    assert (refusal(back), back.customer, back.balance, back.detail["points_moved"]) == ("", asha, 20, 80)
    assert lots_of(asha) == [(20, "2026-04-11")]
    assert lots_of(ravi) == [(50, "2026-04-01"), (30, "2026-04-11")]
    assert is_right(till.business)


def test_whoever_comes_under_the_old_name_is_the_survivor():
    till = Till(a_shop())
    ravi = till.sell(RAVI, 5_000).customer
    asha = till.sell(ASHA, 2_000).customer
    merge(till)

    by_phone, by_id = till.sell(RAVI, 1_000), till.sell(CustomerRef(id=ravi), 1_000)

    assert [(one.customer, one.balance) for one in (by_phone, by_id)] == [(asha, 80), (asha, 90)]
    assert part(till, ravi).balance == 40, "what came after the merge stays with whom it came to"
    assert till.sell(RAVI, 1_000).balance == 60


def test_points_that_wait_go_over_and_are_activated_there():
    till = Till(a_shop(a_program(unit={"expiry": {"kind": "after", "days": 30}, "pending": DELIVERED})))
    till.sell(RAVI, 5_000, common={"external_id": "R"})
    asha = till.sell(ASHA, 1_000).customer
    merge(till)
    till.wait(days=2)

    delivered = till.give(Event, None, name="delivered", of="R")

    assert (delivered.customer, delivered.detail["points_activated"]) == (asha, 50)
    assert refusal(till.sell(ASHA, 0, points=51)) == "insufficient_points", "her own ten still wait"
    assert till.sell(ASHA, 0, points=20).balance == 40
    assert lots_of(asha) == [(30, "2026-04-03"), (10, "never")], "their time begins with the delivery"
    assert is_right(till.business)


def test_points_called_off_after_a_merge_are_not_taken_again_after_the_parting():
    till = Till(a_shop(a_program(unit={"pending": DELIVERED})))
    ravi = till.sell(RAVI, 5_000, common={"external_id": "R"}).customer
    till.sell(ASHA, 1_000)
    merge(till)
    till.give(PendingChange, None, of="R", is_cancelled=True)

    parted = part(till, ravi)
    back = till.take_back("R")

    assert (parted.balance, back.customer, back.balance, back.points_reversed) == (10, ravi, 0, 0)
    assert is_right(till.business)


def owing(till: Till, who: CustomerRef, points: int, name: str) -> UUID:
    """Let somebody owe points: earned, spent, and then the goods come back."""
    customer = till.sell(who, points * 100, common={"external_id": name}).customer
    till.give(Adjustment, who, points=-points, reason="spent")
    till.take_back(name)
    assert customer is not None
    return customer


CLAMP: dict[str, Any] = {"unit": {"negative": "clamp"}}


def test_what_the_merged_owes_is_paid_from_what_the_survivor_has_and_undone():
    till = Till(a_shop(a_program(**CLAMP)))
    ravi = owing(till, RAVI, 50, "R")
    asha = till.sell(ASHA, 20_000).customer

    assert merge(till).balance == 150
    assert points_of(till.business, asha, "deficit") == 0
    assert part(till, ravi).balance == 200
    assert (points_of(till.business, ravi), points_of(till.business, ravi, "deficit")) == (0, -50)
    assert is_right(till.business)


def test_what_the_survivor_owes_is_paid_from_what_comes_over_and_undone():
    till = Till(a_shop(a_program(**CLAMP)))
    asha = owing(till, ASHA, 30, "A")
    ravi = till.sell(RAVI, 10_000).customer

    assert merge(till).balance == 70
    assert part(till, ravi).balance == 0
    assert points_of(till.business, asha, "deficit") == -30
    assert (points_of(till.business, ravi), lots_of(ravi)) == (100, [(100, "never")])
    assert is_right(till.business)


def test_debts_of_both_add_up_and_are_each_ones_own_again():
    till = Till(a_shop(a_program(**CLAMP)))
    ravi, asha = owing(till, RAVI, 50, "R"), owing(till, ASHA, 30, "A")
    merge(till)
    assert points_of(till.business, asha, "deficit") == -80

    part(till, ravi)

    assert [points_of(till.business, who, "deficit") for who in (asha, ravi)] == [-30, -50]
    assert is_right(till.business)


@pytest.mark.parametrize(
    ("negative", "has", "owes", "shortfall"),
    [("clamp", 0, 20, 20), ("allow", -20, 20, 20), ("refuse", None, 0, None)],
)
def test_what_was_used_meanwhile_follows_the_policy(negative, has, owes, shortfall):
    till = Till(a_shop(a_program(unit={"negative": negative})))
    ravi = till.sell(RAVI, 5_000).customer
    asha = till.sell(ASHA, 1_000).customer
    merge(till)
    till.sell(ASHA, 0, points=30)

    parted = part(till, ravi)

    if negative == "refuse":
        assert refusal(parted) == "insufficient_points"
        assert (points_of(till.business, asha), points_of(till.business, ravi)) == (30, 0)
        till.give(Adjustment, ASHA, points=20, reason="put right")
        parted = part(till, ravi)
        has = 0
    assert (parted.balance, parted.detail.get("shortfall")) == (has, shortfall)
    assert (points_of(till.business, ravi), -points_of(till.business, asha, "deficit")) == (50, owes)
    assert is_right(till.business)


def test_what_was_used_meanwhile_is_made_up_from_the_survivors_own():
    till = Till(a_shop(a_program(unit={"expiry": {"kind": "after", "days": 30}})))
    ravi = till.sell(RAVI, 5_000).customer
    till.wait(days=1)
    asha = till.sell(ASHA, 10_000).customer
    merge(till)
    till.sell(ASHA, 0, points=40)
    assert lots_of(asha) == [(10, "2026-04-01"), (100, "2026-04-02")], "the earlier end goes first"

    assert part(till, ravi).balance == 60
    assert lots_of(ravi) == [(50, "2026-04-01")]


def test_what_ran_out_meanwhile_has_run_out():
    till = Till(a_shop(a_program(unit={"expiry": {"kind": "after", "days": 30}})))
    ravi = till.sell(RAVI, 5_000, common={"external_id": "R"}).customer
    till.wait(days=20)
    asha = till.sell(ASHA, 1_000).customer
    merge(till)
    till.wait(days=15)
    close_day(till.business, now=till.now)
    assert points_of(till.business, asha) == 10

    parted = part(till, ravi)
    back = till.take_back("R")

    assert (parted.balance, points_of(till.business, ravi)) == (10, 0)
    assert (back.points_reversed, back.balance, back.detail.get("shortfall")) == (50, 0, None)
    assert is_right(till.business)


def test_goods_come_back_while_they_are_one():
    till = Till(a_shop())
    till.sell(RAVI, 10_000, common={"external_id": "R"})
    ravi = till.sell(RAVI, 2_000, points=60, common={"external_id": "S"}).customer
    asha = till.sell(ASHA, 1_000).customer
    assert merge(till).balance == 70

    paid = till.take_back("S")
    earned = till.take_back("R")

    assert (paid.customer, paid.points_returned, paid.points_reversed, paid.balance) == (asha, 60, 20, 110)
    assert (earned.customer, earned.points_reversed, earned.balance) == (asha, 100, 10)
    assert (part(till, ravi).balance, points_of(till.business, ravi)) == (10, 0)
    assert is_right(till.business)


def test_what_had_run_out_before_the_merge_is_not_taken_twice():
    till = Till(a_shop(a_program(unit={"expiry": {"kind": "after", "days": 10}})))
    till.sell(RAVI, 5_000, common={"external_id": "R"})
    till.wait(days=11)
    close_day(till.business, now=till.now)
    till.sell(ASHA, 3_000)
    merge(till)

    back = till.take_back("R")

    assert (back.points_reversed, back.balance) == (50, 30)
    assert is_right(till.business)


def test_goods_come_back_after_the_parting():
    till = Till(a_shop())
    ravi = till.sell(RAVI, 10_000, common={"external_id": "R"}).customer
    asha = till.sell(ASHA, 1_000).customer
    merge(till)
    till.sell(RAVI, 2_000, points=30, common={"external_id": "M"})
    assert part(till, ravi).balance == 0, "of 130 the 30 spent were made up from Asha's own"

    theirs, hers = till.take_back("R"), till.take_back("M")

    assert (theirs.customer, theirs.balance, points_of(till.business, ravi)) == (ravi, 0, 0)
    assert (hers.customer, hers.points_returned, hers.points_reversed, hers.balance) == (asha, 30, 20, 10)
    assert is_right(till.business)


def test_the_higher_tier_and_the_progress_of_both_count_and_are_parted():
    ladder = {"levels": LEVELS, "metric": "points_earned", "months": 12, "grace_days": 30}
    till = Till(a_shop(a_program(ladder=ladder)))
    ravi = till.sell(RAVI, 10_000).customer
    asha = till.sell(ASHA, 9_000).customer

    assert merge(till).tier == "b", "190 together"
    assert Membership.objects.get(pk=asha).progress == 190
    assert part(till, ravi).tier == "a"
    members = Membership.objects.in_bulk([asha, ravi])
    assert [(members[key].tier, members[key].progress) for key in (asha, ravi)] == [("a", 90), ("a", 100)]


def test_a_tier_that_was_held_stays_held():
    ladder = {"levels": LEVELS, "metric": "spend_minor", "months": 12, "grace_days": 30}
    ladder["levels"] = [LEVELS[0], {**LEVELS[1], "at_least": 15_000}]
    till = Till(a_shop(a_program(ladder=ladder)))
    ravi = till.sell(RAVI, 16_000).customer
    asha = till.sell(ASHA, 1_000).customer

    assert merge(till).tier == "b"
    assert part(till, ravi).tier == "a"
    till.wait(days=1)
    close_day(till.business, now=till.now)
    members = Membership.objects.in_bulk([asha, ravi])
    assert [(members[key].tier, members[key].progress) for key in (asha, ravi)] == [("a", 1_000), ("b", 16_000)]


def test_a_tier_by_the_balance_follows_the_points_at_night():
    ladder = {"levels": LEVELS, "metric": "balance", "months": 12, "grace_days": 0}
    till = Till(a_shop(a_program(ladder=ladder)))
    ravi = till.sell(RAVI, 10_000).customer
    till.sell(ASHA, 9_000)

    assert merge(till).tier == "a", "190 together, compared at night"
    till.wait(days=1)
    close_day(till.business, now=till.now)
    assert till.sell(ASHA, 100).tier == "b"
    assert part(till, ravi).tier == "a", "the higher one was the merge's"


def test_a_tier_by_the_balance_that_one_held_is_held_until_the_night():
    ladder = {"levels": LEVELS, "metric": "balance", "months": 12, "grace_days": 0}
    till = Till(a_shop(a_program(ladder=ladder)))
    ravi = till.sell(RAVI, 16_000).customer
    till.sell(ASHA, 1_000)
    till.wait(days=1)
    close_day(till.business, now=till.now)
    till.sell(RAVI, 0, points=100)

    assert merge(till).tier == "b", "Ravi's, though both have but seventy"
    assert part(till, ravi).tier == "a"
    assert Membership.objects.get(pk=ravi).tier == "b"


def test_limits_that_both_have_used_count_together_and_apart():
    rule = {**SPEND, "limits": [{"per": "ever", "points": 100}]}
    till = Till(a_shop(a_program(rule)))
    ravi = till.sell(RAVI, 6_000).customer
    till.sell(ASHA, 3_000)
    merge(till)

    assert till.sell(ASHA, 5_000).points_earned == 10, "of a hundred ninety were used"
    part(till, ravi)
    assert till.sell(RAVI, 5_000).points_earned == 40
    assert till.sell(ASHA, 10_000).points_earned == 60


def test_rewards_are_the_survivors_to_use_and_go_back_with_their_state():
    business = a_shop()
    create_offer(business, TEA, actor=SYSTEM, now=NOON)
    till = Till(business)
    ravi = till.sell(RAVI, 10_000).customer
    asha = till.sell(ASHA, 10_000).customer
    first, second = (till.give(Redemption, RAVI, offer="tea") for _ in range(2))
    merge(till)

    third = till.give(Redemption, ASHA, offer="tea")
    used = till.give(UseEntitlement, ASHA, entitlement=UUID(str(first.detail["entitlement"])))

    assert refusal(third) == "member_limit_reached", "two of two are taken"
    assert (refusal(used), used.customer) == ("", asha)
    part(till, ravi)
    again = till.give(UseEntitlement, RAVI, entitlement=UUID(str(first.detail["entitlement"])))
    other = till.give(UseEntitlement, RAVI, entitlement=UUID(str(second.detail["entitlement"])))
    assert (refusal(again), refusal(other), other.customer) == ("already_used", "", ravi)


def test_a_reward_given_back_while_they_are_one_returns_its_points_and_they_part():
    business = a_shop()
    create_offer(business, TEA, actor=SYSTEM, now=NOON)
    till = Till(business)
    ravi = till.sell(RAVI, 10_000).customer
    taken = till.give(Redemption, RAVI, offer="tea")
    asha = till.sell(ASHA, 1_000).customer
    merge(till)
    name = Fact.objects.get(pk=taken.fact).external_id

    back = till.give(Cancel, None, cancels=name)

    assert (back.customer, back.points_returned, back.balance) == (asha, 40, 110)
    assert (part(till, ravi).balance, points_of(business, ravi)) == (10, 100)
    assert is_right(business)


def test_points_set_aside_hold_a_merge_up_until_their_time():
    till = Till(a_shop())
    ravi = till.sell(RAVI, 5_000).customer
    till.sell(ASHA, 1_000)
    till.give(HoldPoints, RAVI, points=20, ttl_s=600)

    assert refusal(merge(till)) == "points_held"
    assert points_of(till.business, ravi) == 50
    till.wait(minutes=11)
    assert merge(till).balance == 60
    held = till.give(HoldPoints, ASHA, points=55)
    assert refusal(part(till, ravi)) == "points_held"
    till.give(VoidHold, None, hold=UUID(str(held.detail["hold"])))
    assert part(till, ravi).balance == 10
    assert is_right(till.business)


def test_three_become_one_and_part_in_any_order():
    till = Till(a_shop())
    others = [CustomerRef(phone=f"+91987654330{place}", name=f"R{place}") for place in range(3)]
    keys = [till.sell(one, 1_000 * (place + 1)).customer for place, one in enumerate(others)]
    asha = till.sell(ASHA, 500).customer
    for one in others:
        merge(till, one)
    assert points_of(till.business, asha) == 65

    for place in (1, 0, 2):
        part(till, keys[place])

    assert [points_of(till.business, key) for key in (asha, *keys)] == [5, 10, 20, 30]
    assert is_right(till.business)


def test_what_is_refused_and_changes_nothing():
    till = Till(a_shop(a_program(membership="on_request")))
    ravi, asha = (till.give(Enrolment, who).customer for who in (RAVI, ASHA))
    maya = CustomerRef(phone="+919876543399", name="Maya")
    stranger = CustomerRef(phone="+919876543398")
    till.sell(maya, 1_000)
    by_id = CustomerRef(id=ravi)

    assert refusal(merge(till, ASHA, ASHA)) == "same_customer"
    assert refusal(merge(till, stranger, ASHA)) == refusal(merge(till, ASHA, stranger)) == "customer_needed"
    assert refusal(merge(till, ASHA, maya)) == "survivor_not_a_member"
    assert refusal(merge(till, CustomerRef(id=UUID(int=1)))) == "unknown_customer"
    assert refusal(part(till, ravi)) == refusal(part(till, UUID(int=1))) == "not_merged"
    assert refusal(merge(till)) == ""
    assert refusal(merge(till, by_id)) == refusal(merge(till, maya, by_id)) == "merged"
    assert refusal(merge(till, RAVI)) == "same_customer", "the phone is Asha's now"
    assert refusal(merge(till, ASHA, till_member(till))) == "has_merged"
    assert refusal(till.give(Unmerge, till_member(till), merged=ravi)) == "not_merged", "not into them"
    assert Customer.objects.of(till.business).count() == 4
    assert (part(till, ravi).customer, refusal(part(till, ravi))) == (asha, "not_merged")


def till_member(till: Till) -> CustomerRef:
    """Return somebody else who is a member."""
    other = CustomerRef(phone="+919876543397", name="Uma")
    till.give(Enrolment, other)
    return other


def test_somebody_of_another_shop_is_not_there():
    till, other = Till(a_shop()), Till(a_shop(name="Elsewhere"))
    till.sell(ASHA, 1_000)
    theirs = other.sell(RAVI, 1_000).customer

    assert refusal(merge(till, CustomerRef(id=theirs))) == "unknown_customer"
    assert refusal(part(till, theirs)) == "not_merged"
    assert points_of(other.business, theirs) == 10


def test_a_repeat_gets_the_first_receipt_and_merges_once():
    till = Till(a_shop())
    till.sell(RAVI, 5_000)
    till.sell(ASHA, 1_000)
    intake = Merge(**till.common(customer=ASHA), merged=RAVI)

    first, again = till.take(intake, intake)

    assert (first.balance, again.balance, again.is_repeat) == (60, 60, True)


def test_the_purchases_of_one_who_was_no_member_count_for_who_stays():
    rule = {**SPEND, "when": {"field": "customer.order_count_before", "is": "at_least", "value": 2}}
    till = Till(a_shop(a_program(rule, membership="on_request")))
    till.sell(RAVI, 1_000)
    till.sell(RAVI, 1_000)
    till.give(Enrolment, ASHA)
    assert till.sell(ASHA, 1_000).points_earned == 0
    merge(till)

    assert till.sell(ASHA, 1_000).points_earned == 10


def test_goods_that_name_no_purchase_are_matched_to_those_of_both():
    till = Till(a_shop())
    till.sell(RAVI, 1_000)
    asha = till.sell(ASHA, 500, lines=[OrderLine("OTHER", 500)]).customer
    merge(till)

    back = till.take(Return(**till.common(customer=ASHA), lines=[ReturnLine(1, sku="SKU1")]))[0]

    assert (back.customer, back.points_reversed, back.balance) == (asha, 10, 5)
    assert "unmatched_lines" not in back.detail


def test_the_profile_says_where_it_went_and_who_is_found():
    till = Till(a_shop())
    ravi = till.sell(RAVI, 5_000).customer
    asha = till.sell(CustomerRef(phone=ASHA.phone), 1_000).customer
    business = till.business
    merge(till, RAVI, CustomerRef(id=asha))

    assert (profile(business, ravi).merged_into, profile(business, asha).name) == (asha, "Ravi")
    assert {one.value for one in profile(business, asha).identities} == {ASHA.phone, RAVI.phone}
    for text in ("", "Ravi", "98765 43211", RAVI.phone):
        assert [one.id for one in customer_list(business, text=text or "").customers] == [asha], text
    part(till, ravi)
    assert [one.id for one in customer_list(business, text="Ravi").customers] == [ravi]
    assert [one.id for one in customer_list(business, text="98765 43211").customers] == [ravi]
    assert (profile(business, ravi).merged_into, profile(business, asha).name) == (None, "")
    assert len(customer_list(business).customers) == 2


def test_tags_are_united_and_parted():
    till = Till(a_shop())
    ravi, asha = (till.sell(who, 1_000).customer for who in (RAVI, ASHA))
    for key, tags in ((ravi, ["Sweet", "Diwali"]), (asha, ["Sweet", "Early"])):
        Customer.objects.filter(pk=key).update(tags=tags)
    merge(till)
    assert profile(till.business, asha).tags == ("Sweet", "Early", "Diwali")

    part(till, ravi)

    assert [profile(till.business, key).tags for key in (asha, ravi)] == [("Sweet", "Early"), ("Sweet", "Diwali")]


def test_the_event_names_both_and_the_chain_goes_on():
    till = Till(a_shop())
    ravi = till.sell(RAVI, 5_000).customer
    asha = till.sell(ASHA, 1_000).customer
    merge(till)
    part(till, ravi)
    place_all(till)

    told = told_of(till.business)

    assert told == [("customer.merged", asha, str(ravi)), ("customer.unmerged", asha, str(ravi))]
    assert verify_ledger(till.business.pk).unsealed == 0
    assert is_right(till.business)


def told_of(business: Business) -> list[tuple[str, UUID | None, str]]:
    rows = EventRow.objects.filter(business_id=business.pk, kind__in=["customer.merged", "customer.unmerged"])
    return [(row.kind, row.customer_id, row.payload["detail"]["merged"]) for row in rows.order_by("pk")]
