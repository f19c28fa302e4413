# SPDX-License-Identifier: Apache-2.0
"""Quotes that are asked together say what each would say alone, and none of them changes anything."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from regulars.customers.matching import CustomerRef
from regulars.facts.models import Fact
from regulars.flow.entitling import code_of
from regulars.flow.intake import Order, OrderLine, Redemption
from regulars.flow.quote import Quote, quote, quote_all
from regulars.kernel.errors import RegularsError
from regulars.rewards.actions import OfferTerms, create_offer
from regulars.tenancy.actors import SYSTEM
from shop import ASHA, NOON, RAVI, SPEND, Till, a_program, a_shop

pytestmark = pytest.mark.django_db

ONCE = {
    "id": "once",
    "name": {"en": "Once a day"},
    "gives": {"kind": "fixed", "points": 10},
    "limits": [{"per": "day", "times": 1}],
}
TEA = {
    "id": "tea",
    "name": {"en": "Tea"},
    "gives": {"kind": "fixed", "points": 7},
    "when": {"field": "line.category", "is": "is", "value": "tea"},
}
LADDER = {
    "levels": [
        {"code": "base", "name": {"en": "Base"}},
        {"code": "silver", "name": {"en": "Silver"}, "at_least": 150},
    ]
}
NEW = CustomerRef(phone="+919876500000", name="Somebody new")


@pytest.fixture
def till() -> Till:
    till = Till(a_shop(a_program(SPEND, ONCE, TEA, ladder=LADDER)))
    terms: dict[str, Any] = {
        "code": "TEA",
        "name": {"en": "Tea"},
        "kind": "amount_off",
        "value": {"amount_minor": 4_000},
    }
    create_offer(till.business, OfferTerms(**terms, price=40, per_member_max=1), actor=SYSTEM, now=NOON)
    till.sell(ASHA, 10_000)
    till.wait(days=1)
    return till


def basket(till: Till, who: CustomerRef | None, minor: int, **over: Any) -> Order:
    line = OrderLine(over.pop("sku", "A"), minor, category=over.pop("category", ""))
    return Order(**till.common(customer=who), lines=[line], **over)


def said(answer: Quote | RegularsError) -> Any:
    """Return what a quote says, without the keys of what would be booked."""
    if isinstance(answer, RegularsError):
        return answer.code, answer.data
    outcomes = [
        {key: one[key] for key in ("rule", "outcome", "points", "per_line", "reasons")} for one in answer.outcomes
    ]
    rewards = [(one.offer.code, one.refusal and one.refusal.code, tuple(one.discounts)) for one in answer.rewards]
    codes = [(one.code, one.refusal and one.refusal.code) for one in answer.codes]
    refusal = answer.payment_refusal and answer.payment_refusal.code
    return replace(answer, outcomes=outcomes, rewards=rewards, codes=codes, payment_refusal=refusal)


def test_each_is_answered_as_if_it_came_alone(till: Till):
    taken = till.give(Redemption, ASHA, offer="TEA")
    code = code_of(UUID(str(taken.detail["entitlement"])))
    orders = [
        basket(till, ASHA, 4_000),
        basket(till, ASHA, 4_000),
        basket(till, NEW, 20_000, sku="X", category="cake"),
        basket(till, NEW, 20_000, sku="X", category="tea"),
        basket(till, None, 9_900),
        basket(till, RAVI, 100, store="nowhere"),
        basket(till, CustomerRef(phone="12"), 100),
        basket(till, ASHA, 10_000, codes=[code, "WRONG"]),
        basket(till, ASHA, 10_000, points=50),
        basket(till, ASHA, 10_000, points=500),
    ]

    together = quote_all(till.business, orders, now=till.now)

    alone = [quote_all(till.business, [order], now=till.now)[0] for order in orders]
    assert [said(answer) for answer in together] == [said(answer) for answer in alone]
    assert [answer.points_as_member for answer in together if isinstance(answer, Quote)] == [
        50, 50, 210, 217, 109, 110, 110, 110,
    ]  # fmt: skip
    assert [answer.after.tier for answer in together if isinstance(answer, Quote)][:3] == ["silver", "silver", "silver"]


def test_nothing_is_written_and_a_refusal_is_raised(till: Till):
    before = Fact.objects.count()

    with pytest.raises(RegularsError, match="nowhere"):
        quote(till.business, basket(till, RAVI, 100, store="nowhere"), now=till.now)

    assert (quote(till.business, basket(till, RAVI, 10_000), now=till.now).points_earned, Fact.objects.count()) == (
        110,
        before,
    )


def test_a_discount_is_seen_by_who_tells_why_not():
    much = {
        "id": "much",
        "name": {"en": "Much off"},
        "gives": {"kind": "per_amount", "points": 1, "per_minor": 10_000_000},
        "when": {"all": [{"field": "line.discount_minor", "is": "at_least", "value": 100}]},
    }
    till = Till(a_shop(a_program(SPEND, much)))
    till.sell(ASHA, 1_000)
    order = Order(**till.common(customer=ASHA), lines=[OrderLine("A", 5_000, discount_minor=500)])

    (other,) = quote(till.business, order, now=till.now).others

    assert (other.rule.id, other.came_to, other.unmet) == ("much", "nothing", ())
