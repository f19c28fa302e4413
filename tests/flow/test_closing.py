# SPDX-License-Identifier: Apache-2.0
"""The end of a business day: what waits, what is held, rewards, tier, expiry, in this order; and late facts."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from regulars.flow.entitling import code_of
from regulars.flow.intake import (
    Adjustment,
    Cancel,
    Closing,
    HoldPoints,
    PendingChange,
    Receipt,
    Redemption,
    SettleHold,
    UseEntitlement,
    Visit,
)
from regulars.flow.nightly import close_day
from regulars.flow.verifying import verify_books
from regulars.ledger.loading import progress_of
from regulars.ledger.models import Lot, Transaction
from regulars.ledger.queries import balance_of
from regulars.programs.actions import publish_program
from regulars.programs.models import Decision, Membership, Standing, Version
from regulars.rewards.actions import OfferTerms, create_offer
from regulars.rewards.models import Entitlement
from regulars.tenancy.actors import SYSTEM
from shop import ASHA, EVER, RAVI, SPEND, Till, a_program, a_shop, points_of

pytestmark = pytest.mark.django_db

LEVELS = [
    {"code": "base", "name": {"en": "Base"}},
    {"code": "silver", "name": {"en": "Silver"}, "at_least": 100},
    {"code": "gold", "name": {"en": "Gold"}, "at_least": 300, "times_milli": 2_000},
]


def ladder(**over: Any) -> dict[str, Any]:
    return {"levels": LEVELS, "months": 1, "grace_days": 10, **over}


def a_till(**program: Any) -> Till:
    return Till(a_shop(a_program(**program)))


def waiting(**over: Any) -> dict[str, Any]:
    return {"pending": {"kind": "event", "event": "delivered", "timeout_days": 5, **over}}


def standing(till: Till, receipt: Receipt) -> Membership:
    return Membership.objects.get(business=till.business, customer=receipt.customer)


def available(till: Till, receipt: Receipt) -> int:
    assert receipt.customer is not None
    return balance_of(till.business, receipt.customer, "points", now=till.now).available


# ---- the order of things


def test_nothing_due_closes_nobody():
    till = a_till()
    till.sell(ASHA, 10_000)

    assert close_day(till.business, now=till.now) == 0


def test_everything_due_is_closed_once():
    till = a_till(unit={"expiry": {"kind": "after", "days": 1}})
    sold = till.sell(ASHA, 10_000)
    till.sell(RAVI, 5_000)
    till.wait(days=3)

    assert close_day(till.business, now=till.now) == 2
    assert close_day(till.business, now=till.now) == 0
    assert points_of(till.business, sold.customer) == 0
    assert verify_books(till.business.pk).totals["points"] == {"breakage": 150, "issued": -150, "member": 0}


def test_waiting_points_become_usable_before_others_end():
    """What waited in vain is activated first, so its time begins on the day on which the rest ends."""
    till = a_till(unit={**waiting(on_timeout="activate"), "expiry": {"kind": "after", "days": 2}})
    sold = till.sell(ASHA, 10_000)
    till.give(Adjustment, ASHA, points=30, reason="hello")
    till.wait(days=6)

    closed = till.give(Closing, ASHA)

    assert (closed.points_expired, closed.balance, available(till, sold)) == (30, 100, 100)
    till.wait(days=3)
    assert till.give(Closing, ASHA).points_expired == 100


def test_a_hold_is_freed_before_points_end_so_that_they_end_in_the_same_night():
    till = a_till(unit={"expiry": {"kind": "after", "days": 1}})
    till.sell(ASHA, 10_000)
    till.give(HoldPoints, ASHA, points=60, ttl_s=600)
    till.wait(days=2)

    closed = till.give(Closing, ASHA)

    assert (closed.points_expired, closed.balance) == (100, 0)
    kinds = Transaction.objects.filter(business=till.business, fact=closed.fact).values_list("kind", flat=True)
    assert set(kinds) == {"expire"}


def test_a_reserved_reward_ends_with_its_hold():
    till = a_till(unit={"expiry": {"kind": "after", "days": 1}})
    worth = {"amount_minor": 100}
    create_offer(
        till.business,
        OfferTerms(code="TEA", name={"en": "Tea"}, kind="amount_off", value=worth, price=40, stock=5),
        actor=SYSTEM,
        now=till.now,
    )
    till.sell(ASHA, 10_000)
    taken = till.give(Redemption, ASHA, offer="TEA", is_reserved=True)
    till.wait(days=2)

    close_day(till.business, now=till.now)

    assert Entitlement.objects.get(business=till.business).state == "expired"
    code = code_of(UUID(str(taken.detail["entitlement"])))
    assert till.sell(ASHA, 100, codes=[code]).refusal is not None
    assert points_of(till.business, taken.customer) == 0


# ---- points that wait


def test_waiting_points_are_called_off_when_their_time_is_over():
    till = a_till(unit=waiting())
    sold = till.sell(ASHA, 10_000)
    till.wait(days=6)
    till.wait(hours=12)

    close_day(till.business, now=till.now)

    assert (sold.points_pending, points_of(till.business, sold.customer)) == (100, 0)


def test_the_time_of_activated_points_begins_with_their_activation():
    till = a_till(unit={**waiting(), "expiry": {"kind": "after", "days": 2}})
    sold = till.sell(ASHA, 10_000)
    till.wait(days=3)
    activated = till.give(PendingChange, of="0001")
    till.wait(days=2)

    assert activated.detail["points_activated"] == 100
    assert available(till, sold) == 100
    till.wait(days=1)
    assert available(till, sold) == 0


@pytest.mark.parametrize("how", ["by hand", "by hand before its day", "in vain"])
def test_points_called_off_are_not_taken_again_when_the_goods_come_back(how):
    till = a_till(unit={"pending": {"kind": "delay", "days": 5}} if "day" in how else waiting())
    till.sell(ASHA, 10_000, common={"external_id": "A"})
    till.give(Adjustment, ASHA, points=70, reason="hello")
    if "by hand" in how:
        till.give(PendingChange, of="A", is_cancelled=True)
    else:
        till.wait(days=7)
        close_day(till.business, now=till.now)

    back = till.take_back("A")

    assert (back.points_reversed, back.balance) == (0, 70)
    assert points_of(till.business, back.customer, "deficit") == 0


@pytest.mark.parametrize("how", ["by hand", "in vain"])
def test_points_called_off_do_not_count_towards_a_tier(how):
    till = a_till(unit=waiting(), ladder=ladder())
    sold = till.sell(ASHA, 15_000, common={"external_id": "A"})
    assert standing(till, sold).tier == "silver"
    if how == "by hand":
        till.give(PendingChange, of="A", is_cancelled=True)
    else:
        till.wait(days=7)
        close_day(till.business, now=till.now)

    after = standing(till, sold)

    assert (after.progress, after.falls_at is None) == (0, False)
    assert sold.customer is not None
    sums = progress_of(till.business.pk, [sold.customer], "points", EVER)
    assert sums[sold.customer][0] == 0


def test_l22_what_waits_counts_towards_the_most_that_one_may_have():
    till = a_till(unit={**waiting(), "balance_max": 120})

    first, second = till.sell(ASHA, 10_000), till.sell(ASHA, 10_000)

    assert (first.points_pending, second.points_earned, second.earnings[0].outcome) == (100, 20, "capped")


# ---- tiers


def test_a_rise_is_at_once_and_counts_from_the_next_purchase():
    till = a_till(ladder=ladder())

    first = till.sell(ASHA, 30_000)
    second = till.sell(ASHA, 1_000)

    assert (first.tier, first.points_earned) == ("gold", 300)
    assert second.points_earned == 20


def test_a_fall_waits_for_its_grace():
    till = a_till(ladder=ladder())
    sold = till.sell(ASHA, 30_000)
    till.wait(days=32)
    close_day(till.business, now=till.now)
    in_grace = standing(till, sold)
    assert (in_grace.tier, in_grace.progress) == ("gold", 0)
    till.wait(days=9, hours=23)
    close_day(till.business, now=till.now)
    assert standing(till, sold).tier == "gold"

    till.wait(hours=2)
    close_day(till.business, now=till.now)

    assert standing(till, sold).tier == "base"
    assert list(
        Standing.objects.filter(business=till.business).order_by("since").values_list("tier", "reason__from")
    ) == [("gold", "base"), ("base", "gold")]


def test_who_qualifies_again_within_the_grace_keeps_the_tier():
    till = a_till(ladder=ladder())
    sold = till.sell(ASHA, 30_000)
    till.wait(days=32)
    close_day(till.business, now=till.now)
    till.sell(ASHA, 15_000)
    till.wait(days=11)
    close_day(till.business, now=till.now)

    assert standing(till, sold).tier == "gold"


@pytest.mark.parametrize(("downgrade", "tiers"), [("none", ["gold"] * 3), ("one_level", ["gold", "silver", "base"])])
def test_how_far_a_fall_goes(downgrade, tiers):
    till = a_till(ladder=ladder(downgrade=downgrade))
    sold = till.sell(ASHA, 30_000)
    found = []
    for _ in range(3):
        till.wait(days=32)
        close_day(till.business, now=till.now)
        found.append(standing(till, sold).tier)

    assert found == tiers


def test_r15_goods_that_come_back_lower_the_progress_and_the_fall_waits():
    till = a_till(ladder=ladder())
    till.sell(ASHA, 30_000, common={"external_id": "A"})

    back = till.take_back("A")

    after = standing(till, back)
    assert (after.tier, after.progress) == ("gold", 0)
    assert after.falls_at is not None
    till.wait(days=10)
    close_day(till.business, now=till.now)
    assert standing(till, back).tier == "base"


# ---- activity moves the end


def test_any_activity_moves_the_end_of_points_that_end_by_inactivity():
    till = a_till(unit={"expiry": {"kind": "inactivity", "days": 10}})
    sold = till.sell(ASHA, 10_000)
    till.wait(days=8)
    till.sell(ASHA, 100)
    till.wait(days=8)
    close_day(till.business, now=till.now)
    assert points_of(till.business, sold.customer) == 101

    till.wait(days=3)
    close_day(till.business, now=till.now)

    assert points_of(till.business, sold.customer) == 0


def test_what_has_ended_is_not_woken_by_activity():
    till = a_till(unit={"expiry": {"kind": "inactivity", "days": 10}})
    sold = till.sell(ASHA, 10_000)
    till.wait(days=12)

    till.sell(ASHA, 500)

    assert available(till, sold) == 5


def test_a_late_fact_never_shortens_and_what_it_earned_ends_with_the_rest():
    till = a_till(unit={"expiry": {"kind": "inactivity", "days": 10}})
    sold = till.sell(ASHA, 10_000)
    till.wait(days=8)
    till.sell(ASHA, 100)
    till.sell(ASHA, 100, common={"occurred_at": till.now.replace(day=3)})
    till.wait(days=9)

    assert available(till, sold) == 102


@pytest.mark.parametrize(
    "activity", ["a purchase of nothing", "a visit", "a reward taken", "a reward used", "points spent"]
)
def test_what_earns_nothing_is_an_activity_too(activity):
    till = a_till(unit={"expiry": {"kind": "inactivity", "days": 10}})
    free = OfferTerms(code="FREE", name={"en": "A sample"}, kind="perk", value={}, price=0)
    create_offer(till.business, free, actor=SYSTEM, now=till.now)
    sold = till.sell(ASHA, 10_000)
    taken = till.give(Redemption, ASHA, offer="FREE")
    hold = till.give(HoldPoints, ASHA, points=1, ttl_s=864_000)
    till.wait(days=8)

    done = {
        "a purchase of nothing": lambda: till.sell(ASHA, 1),
        "a visit": lambda: till.give(Visit, ASHA),
        "a reward taken": lambda: till.give(Redemption, ASHA, offer="FREE"),
        "a reward used": lambda: till.give(UseEntitlement, ASHA, entitlement=UUID(str(taken.detail["entitlement"]))),
        "points spent": lambda: till.give(SettleHold, hold=UUID(str(hold.detail["hold"]))),
    }[activity]()
    assert (done.refusal, done.points_earned) == (None, 0)
    till.wait(days=8)
    close_day(till.business, now=till.now)

    assert available(till, sold) >= 99
    assert verify_books(till.business.pk).difference == ""


def test_of_a_days_activities_only_the_first_moves_ends():
    till = a_till(unit={"expiry": {"kind": "inactivity", "days": 10}})
    for _ in range(3):
        till.sell(ASHA, 100)
        till.wait(days=1)
    till.sell(ASHA, 0)
    before = list(Lot.objects.order_by("id").values_list("id", "expires_at"))
    till.wait(hours=1)

    heard: list[str] = []

    def hear(run: Callable[..., Any], sql: str, *call: Any) -> Any:
        heard.append(sql)
        return run(sql, *call)

    with connection.execute_wrapper(hear):
        till.sell(ASHA, 0)

    assert list(Lot.objects.order_by("id").values_list("id", "expires_at")) == before
    assert len({ends for _, ends in before}) == 1
    assert heard
    assert [sql for sql in heard if sql.startswith('UPDATE "ledger_lot"')] == []


def test_points_given_by_an_earlier_version_go_on_ending_by_inactivity():
    till = a_till(unit={"expiry": {"kind": "inactivity", "days": 10}})
    sold = till.sell(ASHA, 10_000)
    till.wait(days=1)
    later = a_program(unit={"expiry": {"kind": "after", "months": 12}})
    publish_program(till.business, later, valid_from=till.now, actor=SYSTEM, now=till.now)
    till.wait(days=7)
    till.sell(ASHA, 100)
    till.wait(days=8)

    assert available(till, sold) == 101


# ---- late facts


def test_a_late_purchase_earns_by_the_version_of_its_day():
    till = a_till()
    began = till.now
    till.wait(days=10)
    tripled = {**SPEND, "gives": {"kind": "per_amount", "points": 3, "per_minor": 100}}
    publish_program(till.business, a_program(tripled), valid_from=till.now, actor=SYSTEM, now=till.now)
    till.wait(days=1)

    late = till.sell(ASHA, 1_000, common={"occurred_at": began})
    today = till.sell(ASHA, 1_000)

    assert (late.points_earned, today.points_earned) == (10, 30)
    decided = {d.fact_id: d.version_id for d in Decision.objects.filter(business=till.business)}
    numbers = {v.pk: v.number for v in Version.objects.filter(business=till.business)}
    assert [numbers[decided[receipt.fact]] for receipt in (late, today)] == [1, 2]


def test_a_late_purchase_earns_by_the_tier_of_its_day():
    till = a_till(ladder=ladder())
    till.sell(ASHA, 100)
    before = till.now
    till.wait(days=5)
    till.sell(ASHA, 30_000)
    till.wait(days=1)

    late = till.sell(ASHA, 1_000, common={"occurred_at": before})
    today = till.sell(ASHA, 1_000)

    assert (late.points_earned, today.points_earned) == (10, 20)
    assert late.tier == "gold", "the standing of today stays"


def test_a_late_purchase_starts_the_clock_on_its_own_day():
    till = a_till(unit={"expiry": {"kind": "after", "days": 10}})
    before = till.now
    till.wait(days=12)

    late = till.sell(ASHA, 1_000, common={"occurred_at": before})

    assert (late.points_earned, available(till, late)) == (10, 0)
    close_day(till.business, now=till.now)
    assert points_of(till.business, late.customer) == 0


def test_what_ended_is_taken_back_from_breakage_when_the_goods_come_back():
    till = a_till(unit={"expiry": {"kind": "after", "days": 1}})
    till.sell(ASHA, 10_000, common={"external_id": "A"})
    till.wait(days=3)
    till.sell(ASHA, 5_000)
    close_day(till.business, now=till.now)

    back = till.give(Cancel, cancels="A")

    assert (back.points_reversed, back.balance) == (100, 50)
    assert verify_books(till.business.pk).totals["points"]["breakage"] == 0
