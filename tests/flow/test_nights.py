# SPDX-License-Identifier: Apache-2.0
"""Many nights one after the other: each member with something due is closed once, and whom nothing settles stands in nobody's way."""

from typing import Any
from uuid import UUID

import pytest

from flow.uniting import merge, part, refusal
from regulars.customers.matching import CustomerRef
from regulars.facts.models import Fact
from regulars.flow import nightly
from regulars.flow.intake import Enrolment, Redemption
from regulars.flow.nightly import close_day
from regulars.programs.actions import publish_program
from regulars.programs.models import Membership
from regulars.rewards.actions import OfferTerms, create_offer
from regulars.rewards.models import Entitlement
from regulars.tenancy.actors import SYSTEM
from shop import ASHA, RAVI, Till, a_program, a_shop, points_of

pytestmark = pytest.mark.django_db

LEVELS = [{"code": "a", "name": {"en": "A"}}, {"code": "b", "name": {"en": "B"}, "at_least": 150}]
EARNED = {"levels": LEVELS, "metric": "points_earned", "months": 1, "grace_days": 5}
BALANCE = {"levels": LEVELS, "metric": "balance", "grace_days": 0}


def a_till(**program: Any) -> Till:
    return Till(a_shop(a_program(**program)))


def publish(till: Till, **program: Any) -> None:
    publish_program(till.business, a_program(**program), valid_from=till.now, actor=SYSTEM, now=till.now)


def add_tea(till: Till, **over: Any) -> None:
    terms = OfferTerms(code="tea", name={"en": "Tea"}, kind="amount_off", value={"amount_minor": 4_000}, **over)
    create_offer(till.business, terms, actor=SYSTEM, now=till.now)


def nights(till: Till, count: int) -> list[int]:
    """Close so many days, and return how many members each closed."""
    closed = []
    for _ in range(count):
        till.wait(days=1)
        closed.append(close_day(till.business, now=till.now))
    return closed


def closings(till: Till) -> int:
    return Fact.objects.of(till.business).filter(kind="closing").count()


def standing(customer: UUID | None) -> tuple[str, bool, bool]:
    """Return the tier, whether progress is to be summed anew some day, and whether a fall is due."""
    member = Membership.objects.get(pk=customer)
    return member.tier, member.progress_until is not None, member.falls_at is not None


# ---- customers who were merged


def test_who_was_merged_at_a_level_by_the_balance_is_not_looked_at_any_more():
    till = a_till(ladder=BALANCE)
    ravi = till.sell(RAVI, 20_000).customer
    till.sell(ASHA, 1_000)
    assert nights(till, 1) == [1], "Ravi rises to b"
    merge(till)

    assert nights(till, 4) == [0, 0, 0, 0]

    assert closings(till) == 1
    assert part(till, UUID(str(ravi))).refusal is None
    assert nights(till, 2) == [0, 0]


def test_what_a_merged_member_has_taken_counts_at_night_too():
    till = a_till(automatic=[{"offer": "tea"}])
    add_tea(till, price=50, per_member_max=1)
    till.sell(RAVI, 6_000)
    assert nights(till, 1) == [1]
    asha = till.sell(ASHA, 6_000).customer
    merge(till)

    assert nights(till, 2) == [0, 0]

    assert (points_of(till.business, asha), closings(till)) == (70, 1)


def test_rewards_of_both_that_end_in_one_night_are_closed_by_one_fact():
    till = a_till()
    add_tea(till, price=0, valid_days=3)
    for who in (RAVI, ASHA):
        till.sell(who, 1_000)
        till.give(Redemption, who, offer="tea")
    merge(till)

    assert nights(till, 5) == [0, 0, 0, 1, 0]

    assert closings(till) == 1
    assert set(Entitlement.objects.of(till.business).values_list("state", flat=True)) == {"expired"}


# ---- a program without levels after one with


def test_without_levels_there_is_nothing_to_look_at():
    till = a_till(ladder=EARNED)
    asha = till.sell(ASHA, 20_000).customer
    publish(till)

    till.wait(days=60)

    assert nights(till, 3) == [0, 0, 0]
    assert closings(till) == 0
    publish(till, ladder=EARNED)
    assert nights(till, 1) == [1], "the levels are back and nothing counts any more: the grace begins"
    assert standing(asha) == ("b", False, True)


def test_a_grace_that_ends_without_levels_is_over_for_good():
    till = a_till(ladder=EARNED)
    asha = till.sell(ASHA, 20_000).customer
    till.wait(days=40)
    assert nights(till, 1) == [1]
    assert standing(asha) == ("b", False, True)
    publish(till)

    assert nights(till, 8) == [0, 0, 0, 0, 1, 0, 0, 0]

    assert standing(asha) == ("b", False, False)


def test_who_cannot_be_settled_keeps_nobody_waiting(monkeypatch):
    """Three whose closing is refused, by a page of three: the fourth one's reward ends all the same."""
    monkeypatch.setattr(nightly, "PAGE", 3)
    till = a_till(membership="on_request")
    add_tea(till, price=0, valid_days=5)
    crowd = [CustomerRef(phone=f"+9198765432{number:02d}") for number in range(20, 24)]
    for who in crowd:
        till.give(Enrolment, who)
        assert refusal(till.give(Redemption, who, offer="tea")) == ""
    stuck = [till.sell(who, 1_000).customer for who in crowd[:3]]
    till.wait(days=5)
    Membership.objects.filter(pk__in=stuck).delete()

    assert nights(till, 2) == [1, 0]

    states = Entitlement.objects.of(till.business).order_by("id").values_list("state", flat=True)
    assert list(states) == ["issued", "issued", "issued", "expired"]
