# SPDX-License-Identifier: Apache-2.0
"""Quotes: what a basket would bring, and that it then does."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.cast import ASHA, RAVI, RULE, a_caller, a_reward, a_shop, an_order
from regulars.customers.models import Customer
from regulars.facts.models import Fact
from regulars.kernel.clock import utc_now
from regulars.tenancy.actions import create_store
from regulars.tenancy.actors import SYSTEM

pytestmark = pytest.mark.django_db

LADDER = {
    "levels": [
        {"code": "base", "name": {"en": "Base"}},
        {"code": "silver", "name": {"en": "Silver"}, "at_least": 150, "times_milli": 1500},
    ]
}
RULES = [
    RULE,
    {
        "id": "tea",
        "name": {"en": "Tea time"},
        "gives": {"kind": "per_item", "points": 7},
        "when": {"field": "line.category", "is": "is", "value": "tea"},
    },
    {
        "id": "double",
        "name": {"en": "Double"},
        "gives": {"kind": "multiply", "times_milli": 2000},
        "when": {"field": "line.sku", "is": "is", "value": "B"},
    },
    {
        "id": "daily",
        "name": {"en": "Once a day"},
        "gives": {"kind": "fixed", "points": 10},
        "when": {"field": "order.total_minor", "is": "at_least", "value": 5_000},
        "limits": [{"per": "day", "times": 2}],
    },
    {
        "id": "first",
        "name": {"en": "Welcome"},
        "gives": {"kind": "fixed", "points": 25},
        "when": {"field": "customer.order_count_before", "is": "is", "value": 0},
    },
]


def test_a_quote_says_what_why_and_what_next():
    caller = a_caller(rules=[RULE], ladder=LADDER)
    caller.post("orders", an_order())

    quote = caller.post(
        "quotes", {"customer": ASHA, "lines": [{"sku": "A", "amount_minor": 10_550}, {"sku": "B", "amount_minor": 450}]}
    ).data

    assert (quote["is_member"], quote["points_earned"], quote["points_available"]) == (True, 110, 100)
    assert [line["points"] for line in quote["lines"]] == [106, 4]
    assert quote["earnings"][0]["name"] == "A point per rupee"
    assert quote["earnings"][0]["text"] == "1 point for every ₹1 of ₹110"
    assert quote["standing"] == {
        "tier": "base",
        "tier_after": "silver",
        "progress_after": 210,
        "next_tier": "",
        "missing": None,
    }


def test_a_quote_writes_nothing():
    caller = a_caller()

    quote = caller.post("quotes", an_order(customer=RAVI)).data

    assert (quote["points_earned"], quote["customer"]) == (100, None)
    assert not Fact.objects.exists()
    assert not Customer.objects.exists()


def test_a_stranger_hears_what_a_member_would_earn():
    caller = a_caller(rules=RULES)

    quote = caller.post("quotes", an_order(customer=None)).data

    assert (quote["is_member"], quote["points_earned"], quote["points_as_member"]) == (False, 0, 135)


def test_who_is_no_member_earns_nothing_where_one_has_to_join():
    caller = a_caller(membership="on_request")

    before = caller.post("quotes", an_order()).data
    caller.post("enrolments", {"customer": ASHA})
    after = caller.post("quotes", an_order()).data

    assert (before["points_earned"], before["points_as_member"], after["points_earned"]) == (0, 100, 100)


def test_rewards_say_why_not():
    caller = a_caller(ladder=LADDER)
    caller.post("orders", an_order())
    a_reward(caller, "CHEAP", 40)
    a_reward(caller, "DEAR", 500)
    a_reward(caller, "SILVER", 1, tiers=["silver"])
    a_reward(caller, "GONE", 1, stock=0)
    a_reward(caller, "PAUSED", 1, is_active=False)
    a_reward(caller, "ONCE", 1, per_member_max=1)
    caller.post("redemptions", {"customer": ASHA, "offer": "ONCE"})

    rewards = {one["offer"]: one for one in caller.post("quotes", an_order(8_000)).data["rewards"]}

    assert {offer: one["problem"] and one["problem"]["code"] for offer, one in rewards.items()} == {
        "CHEAP": None, "DEAR": "insufficient_points", "SILVER": "tier_too_low", "GONE": "out_of_stock", "PAUSED": "offer_paused",
        "ONCE": "member_limit_reached",
    }  # fmt: skip
    assert (rewards["DEAR"]["points_missing"], rewards["CHEAP"]["discount_minor"]) == (401, 5_000)


def test_strangers_are_asked_who_they_are():
    caller = a_caller()
    a_reward(caller)

    (reward,) = caller.post("quotes", an_order(customer=None)).data["rewards"]

    assert reward["problem"]["code"] == "customer_needed"


def test_codes_take_off_what_they_are_worth():
    caller = a_caller()
    caller.post("orders", an_order())
    a_reward(caller, price=10)
    code = caller.post("redemptions", {"customer": ASHA, "offer": "TEA50"}).data["detail"]["code"]
    lines = [{"sku": "A", "amount_minor": 9_000}, {"sku": "B", "amount_minor": 1_000}]

    codes = caller.post("quotes", {"customer": ASHA, "lines": lines, "codes": [code, "WRONG", code]}).data["codes"]

    assert [(one["discount_minor"], one["discounts_minor"]) for one in codes] == [
        (5_000, [4_500, 500]),
        (0, []),
        (0, []),
    ]
    assert [one["problem"] and one["problem"]["code"] for one in codes] == [None, "unknown_code", "already_used"]


def test_points_that_are_not_there_cannot_be_paid_with():
    caller = a_caller()
    caller.post("orders", an_order())

    quote = caller.post("quotes", {**an_order(), "points": 101}).data

    assert (quote["payment_problem"]["code"], quote["points_earned"]) == ("insufficient_points", 100)


@pytest.mark.parametrize(
    ("more", "code"), [({"store": "nowhere"}, "unknown_store"), ({"customer": {"phone": "12"}}, "bad_phone")]
)
def test_a_quote_refuses_what_an_order_would(more, code):
    response = a_caller().post("quotes", an_order() | more)

    assert (response.status_code, response.data["code"]) == (422, code)


line = st.fixed_dictionaries(
    {"sku": st.sampled_from(["A", "B", "C", " B "]), "amount_minor": st.integers(-2_000, 20_000)},
    optional={
        "quantity": st.sampled_from([1, 2, 0.5, "1.250", 3]),
        "category": st.sampled_from(["tea", " tea", "cake"]),
    },
)
basket = st.fixed_dictionaries(
    {"customer": st.sampled_from([ASHA, RAVI, None, {"card": "7"}]), "lines": st.lists(line, min_size=1, max_size=4)},
    optional={"points": st.integers(1, 60), "store": st.just("main")},
)


@pytest.fixture
def busy_shop():
    shop = a_shop(rules=RULES, ladder=LADDER, unit={"balance_max": 400})
    create_store(shop, code="main", name="Main", actor=SYSTEM, now=utc_now())
    return a_caller(shop)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(basket)
def test_a_quote_is_what_the_order_then_earns(busy_shop, basket):
    quote = busy_shop.post("quotes", basket).data
    order = busy_shop.post("orders", basket)

    if quote["payment_problem"]:
        assert order.data["code"] in {"insufficient_points", "customer_needed", "not_a_member"}
    else:
        earned = order.data["earnings"]
        assert order.data["points_earned"] == quote["points_earned"]
        if quote["points_earned"]:
            assert [(one["rule"], one["points"], one["reasons"]) for one in earned] == [
                (one["rule"], one["points"], one["reasons"]) for one in quote["earnings"]
            ]
            assert order.data["tier"] == quote["standing"]["tier_after"]
