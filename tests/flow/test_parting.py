# SPDX-License-Identifier: Apache-2.0
"""A merge is undone exactly, or it is refused in words and nothing changes."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from flow.uniting import is_right, lots_of, merge, part, refusal
from regulars.customers.models import Alias, Customer
from regulars.flow.intake import Adjustment, Cancel, Enrolment, HoldPoints, OrderLine, Receipt, ReturnLine
from regulars.flow.nightly import close_day
from regulars.programs.models import Counter, Membership
from shop import ASHA, RAVI, SPEND, Till, a_program, a_shop, points_of

pytestmark = pytest.mark.django_db

LEVELS = [{"code": "a", "name": {"en": "A"}}, {"code": "b", "name": {"en": "B"}, "at_least": 150}]
SHORT: dict[str, Any] = {"expiry": {"kind": "after", "days": 5}, "grace_days": 10}


def why(receipt: Receipt) -> tuple[str, object]:
    """Return why something was refused, with the word that says what happened meanwhile."""
    assert receipt.refusal is not None
    return receipt.refusal.code, receipt.refusal.data["why"]


def test_what_was_spent_before_and_taken_back_meanwhile_is_not_paid_by_the_other():
    till = Till(a_shop(a_program(unit={"negative": "clamp"})))
    asha = till.sell(ASHA, 10_000).customer
    ravi = till.sell(RAVI, 10_000, common={"external_id": "R"}).customer
    till.sell(RAVI, 0, points=60)
    merge(till)
    till.take_back("R")
    assert points_of(till.business, asha) == 40, "Asha's hundred paid the sixty that Ravi had spent"

    parted = part(till, ravi)

    assert why(parted) == ("cannot_part", "paid_by_other")
    assert parted.refusal is not None
    assert parted.refusal.text.startswith(
        "The merge cannot be undone exactly: a purchase was taken back, and points of the other customer"
    )
    assert parted.refusal.status == 409
    assert Alias.objects.filter(pk=ravi).exists()
    assert (points_of(till.business, asha), points_of(till.business, ravi)) == (40, 0)
    assert is_right(till.business)


@pytest.mark.parametrize(("spent", "reason"), [(50, ""), (40, "grace")])
def test_points_that_came_back_in_grace_part_only_with_one_end(spent, reason):
    till = Till(a_shop(a_program(unit=SHORT)))
    ravi = till.sell(RAVI, 5_000).customer
    till.sell(RAVI, 10_000, points=spent, common={"external_id": "S"})
    till.sell(ASHA, 1_000)
    merge(till)
    till.wait(days=8)
    close_day(till.business, now=till.now)
    till.take_back("S")

    parted = part(till, ravi)

    if reason:
        assert why(parted) == ("cannot_part", reason)
        assert lots_of(ravi) == []
    else:
        assert (refusal(parted), lots_of(ravi)) == ("", [(50, "2026-03-20")])
    assert is_right(till.business)


def test_points_that_came_back_and_ran_out_with_the_rest_run_out_once():
    till = Till(a_shop(a_program(unit=SHORT)))
    ravi = till.sell(RAVI, 5_000).customer
    till.sell(RAVI, 0, points=40, common={"external_id": "S"})
    asha = till.sell(ASHA, 1_000).customer
    merge(till)
    till.give(Cancel, None, cancels="S")
    till.take_back("S")
    till.wait(days=8)
    close_day(till.business, now=till.now)

    assert refusal(part(till, ravi)) == ""
    assert [points_of(till.business, who) for who in (asha, ravi)] == [0, 0]
    assert is_right(till.business)


def test_an_overdue_hold_that_a_merge_gives_back_has_its_grace():
    till = Till(a_shop(a_program(unit=SHORT)))
    till.sell(RAVI, 5_000)
    asha = till.sell(ASHA, 1_000).customer
    till.give(HoldPoints, RAVI, points=20, ttl_s=6 * 86_400)
    till.wait(days=7)

    merged = merge(till)

    assert (refusal(merged), merged.points_expired) == ("", 30), "what no hold had pinned had run out"
    assert (20, "2026-03-19") in lots_of(asha)


@pytest.mark.parametrize(("metric", "at_least"), [("points_earned", 150), ("spend_minor", 15_000)])
def test_a_purchase_that_counted_for_a_level_came_back_meanwhile(metric, at_least):
    levels = [LEVELS[0], {**LEVELS[1], "at_least": at_least}]
    ladder = {"levels": levels, "metric": metric, "months": 12, "grace_days": 0}
    till = Till(a_shop(a_program(ladder=ladder)))
    ravi = till.sell(RAVI, 20_000, common={"external_id": "R"}).customer
    asha = till.sell(ASHA, 16_000, common={"external_id": "A"}).customer
    merge(till)
    till.take_back("A")
    assert refusal(part(till, ravi)) == "", "her own goods are taken off her own progress"
    members = Membership.objects.in_bulk([asha, ravi])
    unit = 1 if metric == "points_earned" else 100
    assert [(members[key].tier, members[key].progress) for key in (asha, ravi)] == [("a", 0), ("b", 200 * unit)]
    merge(till)

    till.take_back("R")

    assert why(part(till, ravi)) == ("cannot_part", "taken_back")


@pytest.mark.parametrize("limit", [{"per": "ever", "points": 100}, {"per": "ever", "times": 1}])
def test_a_purchase_that_used_a_limit_came_back_meanwhile(limit):
    till = Till(a_shop(a_program({**SPEND, "limits": [limit]})))
    ravi = till.sell(RAVI, 6_000, common={"external_id": "R"}).customer
    till.sell(ASHA, 100)
    merge(till)
    till.take_back("R")
    used = list(Counter.objects.order_by("pk").values_list("customer", "window", "used"))

    assert why(part(till, ravi)) == ("cannot_part", "taken_back")
    assert list(Counter.objects.order_by("pk").values_list("customer", "window", "used")) == used


@pytest.mark.parametrize(("is_moved", "reason"), [(True, "taken_back"), (False, "")])
def test_a_wait_that_the_merge_had_moved_is_not_given_back_to_who_stayed(is_moved, reason):
    till = Till(a_shop(a_program({**SPEND, "cooldown_hours": 48})))
    first, second = (ASHA, RAVI) if is_moved else (RAVI, ASHA)
    till.sell(first, 1_000, common={"external_id": first.name})
    till.wait(days=1)
    till.sell(second, 1_000, common={"external_id": second.name})
    ravi = Customer.objects.get(name="Ravi").pk
    merge(till)
    till.take_back("Asha")

    parted = part(till, ravi)

    assert parted.refusal is None if not reason else why(parted) == ("cannot_part", reason)
    if not reason:
        assert [till.sell(who, 1_000).points_earned for who in (ASHA, RAVI)] == [10, 0]


def test_a_purchase_that_was_corrected_meanwhile():
    till = Till(a_shop())
    ravi = till.sell(RAVI, 6_000, common={"external_id": "R"}).customer
    till.sell(ASHA, 1_000)
    merge(till)
    assert till.sell(RAVI, 3_000, common={"external_id": "R", "revision": 1}).balance == 40

    assert why(part(till, ravi)) == ("cannot_part", "corrected")


@pytest.mark.parametrize("is_joining", [True, False])
def test_purchases_that_counted_when_the_other_joined(is_joining):
    till = Till(a_shop(a_program(membership="on_request", claim_days=30)))
    ravi = till.sell(RAVI, 10_000).customer
    asha = till.sell(ASHA, 1_000).customer
    merge(till)
    if is_joining:
        assert till.give(Enrolment, ASHA).balance == 110
        assert why(part(till, ravi)) == ("cannot_part", "joined")
        assert points_of(till.business, asha) == 110
    else:
        assert refusal(part(till, ravi)) == ""


def test_debts_that_were_paid_meanwhile():
    till = Till(a_shop(a_program(unit={"negative": "clamp"})))
    ravi = till.sell(RAVI, 5_000, common={"external_id": "R"}).customer
    till.give(Adjustment, RAVI, points=-50, reason="spent")
    till.take_back("R")
    asha = till.sell(ASHA, 1_000).customer
    merge(till)
    assert points_of(till.business, asha, "deficit") == -40
    till.sell(ASHA, 2_500)

    assert why(part(till, ravi)) == ("cannot_part", "debt")


def test_points_used_meanwhile_while_others_ran_out():
    till = Till(a_shop(a_program(unit={"expiry": {"kind": "after", "days": 5}})))
    ravi = till.sell(RAVI, 5_000).customer
    till.wait(days=1)
    till.sell(ASHA, 5_000)
    merge(till)
    till.sell(ASHA, 0, points=20)
    till.wait(days=6)

    assert why(part(till, ravi)) == ("cannot_part", "ended")


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("back"), st.sampled_from(["R", "S", "A"]), st.integers(1, 2)),
        st.tuples(st.just("cancel"), st.sampled_from(["R", "S", "A", "V"]), st.just(0)),
        st.tuples(st.just("spend"), st.just("A"), st.sampled_from([10, 25, 40])),
        st.tuples(st.just("wait"), st.just(""), st.sampled_from([1, 4, 9])),
    ),
    min_size=1,
    max_size=5,
)
Steps = list[tuple[str, str, int]]
SHOPS: dict[str, dict[str, Any]] = {
    "plain": {},
    "grace": {"unit": {"expiry": {"kind": "after", "days": 12}, "grace_days": 10, "negative": "clamp"}},
    "ending": {"unit": {"expiry": {"kind": "after", "days": 6}, "negative": "allow"}},
    "earned": {"ladder": {"levels": LEVELS, "metric": "points_earned", "months": 12, "grace_days": 0}},
    "spent": {
        "ladder": {
            "levels": [LEVELS[0], {**LEVELS[1], "at_least": 7_000}],
            "metric": "spend_minor",
            "months": 12,
            "grace_days": 0,
        }
    },
}
LIMITS = [None, {"per": "ever", "points": 80}, {"per": "ever", "times": 2}]


class PartedOrRefused(TestCase):
    """Whatever happens while two are one: each has afterwards what they would have, or the parting is refused."""

    @given(STEPS, st.sampled_from(sorted(SHOPS)), st.sampled_from(LIMITS), st.booleans())
    @settings(max_examples=60, deadline=None)
    def test_end_as_if_they_had_never_been_one(
        self, steps: Steps, shop: str, limit: dict[str, object] | None, is_spent: bool
    ) -> None:
        rule = {**SPEND, "limits": [limit]} if limit else SPEND
        program = a_program(rule, **SHOPS[shop])
        alone = self.ends_with(steps, program, is_merged=False, is_spent=is_spent)
        together = self.ends_with(steps, program, is_merged=True, is_spent=is_spent)
        assert alone == "refused" or together in ("cannot_part", alone)

    def ends_with(self, steps: Steps, program: Any, *, is_merged: bool, is_spent: bool) -> object:
        till = Till(a_shop(program))
        pieces = [OrderLine("X", 3_000, quantity=3), OrderLine("Y", 1_500, quantity=2)]
        ravi = till.sell(RAVI, lines=pieces, common={"external_id": "R"}).customer
        till.take(Adjustment(**till.common(customer=RAVI, external_id="V"), points=-20, reason="used"))
        till.wait(days=1)
        asha = till.sell(ASHA, lines=pieces, common={"external_id": "A"}).customer
        till.sell(RAVI, lines=pieces, points=30 if is_spent else 0, common={"external_id": "S"})
        assert ravi is not None
        assert asha is not None
        if is_merged:
            merge(till)
        said = [self.step(till, *step) for step in steps]
        if not is_merged and "insufficient_points" in said:
            return "refused"
        if is_merged:
            parted = refusal(part(till, ravi))
            if parted:
                return parted
        close_day(till.business, now=till.now)
        assert is_right(till.business)
        return [self.stands(till, key) for key in (ravi, asha)]

    def step(self, till: Till, kind: str, name: str, number: int) -> str:
        if kind == "wait":
            till.wait(days=number)
            close_day(till.business, now=till.now)
            return ""
        if kind == "back":
            return refusal(till.take_back(name, [ReturnLine(1, line=number)]))
        if kind == "cancel":
            return refusal(till.give(Cancel, None, cancels=name))
        return refusal(till.give(Adjustment, ASHA, points=-number, reason="used"))

    def stands(self, till: Till, key: UUID) -> object:
        member = Membership.objects.get(pk=key)
        used = sorted(Counter.objects.filter(customer=key).exclude(used=0).values_list("window", "used"))
        return (
            lots_of(key),
            points_of(till.business, key),
            points_of(till.business, key, "deficit"),
            (member.tier, member.progress),
            used,
        )
