# SPDX-License-Identifier: Apache-2.0
"""Why a fact brought its points, and why no others: every rule, asked later, judged by what held then."""

from uuid import uuid4

import pytest

from api.cast import ASHA, RAVI, RULE, Caller, a_caller, an_order
from regulars.catalog.models import Category, Product

pytestmark = pytest.mark.django_db

RULES = [
    RULE,
    {
        "id": "large",
        "name": {"en": "Big basket", "hi": "बड़ी टोकरी"},
        "gives": {"kind": "fixed", "points": 20},
        "when": {"field": "order.total_minor", "is": "at_least", "value": 50_000},
    },
    {
        "id": "tea",
        "name": {"en": "Tea days"},
        "gives": {"kind": "multiply", "times_milli": 2_000},
        "when": {
            "all": [
                {"field": "line.category", "is": "is", "value": "tea"},
                {"field": "fact.weekday", "is": "is_one_of", "value": ["sat", "sun"]},
            ]
        },
    },
    {
        "id": "welcome",
        "name": {"en": "Welcome"},
        "gives": {"kind": "fixed", "points": 25},
        "limits": [{"per": "ever", "times": 1}],
    },
    {"id": "visit", "name": {"en": "A visit"}, "gives": {"kind": "fixed", "points": 3}, "on": "visit"},
]
SUNDAY, TUESDAY = "2026-11-08T10:00:00+05:30", "2026-11-10T10:00:00+05:30"


def explained(caller: Caller, fact: str, **headers: str) -> dict[str, tuple[str, int, str]]:
    answer = caller.get(f"facts/{fact}/explanation", **headers)
    assert answer.status_code == 200
    return {one["rule"]: (one["outcome"], one["points"], one["text"]) for one in answer.data["rules"]}


def bought(caller: Caller, at: str, amount_minor: int = 38_000) -> str:
    line = {"sku": "CTC", "category": "tea", "amount_minor": amount_minor}
    return caller.post("orders", {"customer": ASHA, "occurred_at": at, "lines": [line]}).data["fact"]


def test_every_rule_says_why_or_why_not():
    caller = a_caller(rules=RULES)
    bought(caller, SUNDAY)

    assert explained(caller, bought(caller, TUESDAY)) == {
        "spend": ("fired", 380, "1 point for every ₹1 of ₹380"),
        "large": ("unmet", 0, "only when the order is at least ₹500; here: ₹380; missing: ₹120"),
        "tea": ("unmet", 0, "only when the day is Saturday or Sunday; here: Tuesday"),
        "welcome": ("blocked", 0, "25 points, given 1 time in all at most"),
        "visit": ("elsewhere", 0, "only for a visit"),
    }


def test_a_multiplier_is_named_and_tells_what_it_multiplied():
    caller = a_caller(rules=RULES)
    lines = [{"sku": "CTC", "category": "tea", "amount_minor": 10_000}, {"sku": "CUP", "amount_minor": 28_000}]
    order = {"customer": ASHA, "occurred_at": SUNDAY, "lines": lines}

    receipt = caller.post("orders", order).data
    rules = explained(caller, receipt["fact"])

    assert receipt["points_earned"] == 505
    assert rules["spend"] == ("fired", 480, "1 point for every ₹1 of ₹380, × 2 for ₹100 by “Tea days”")
    assert rules["tea"] == ("multiplied", 0, "× 2")


def test_it_stays_so_whatever_is_changed_afterwards():
    caller = a_caller(rules=RULES)
    fact = bought(caller, SUNDAY)
    before = explained(caller, fact)

    coffee = Category.objects.create(business=caller.business, code="coffee", name="Coffee")
    Product.objects.filter(sku="CTC").update(category=coffee, earns_points=False)
    bought(caller, TUESDAY, 60_000)

    assert explained(caller, fact) == before
    assert before["tea"] == ("multiplied", 0, "× 2")


def test_what_was_lacking_is_there_for_programs_too():
    caller = a_caller(rules=RULES)
    rules = {one["rule"]: one for one in caller.get(f"facts/{bought(caller, TUESDAY)}/explanation").data["rules"]}

    assert rules["large"]["lacking"] == [
        {
            "condition": {"field": "order.total_minor", "is": "at_least", "value": 50_000},
            "seen": {"order.total_minor": [38_000]},
            "missing": 12_000,
            "text": "only when the order is at least ₹500; here: ₹380; missing: ₹120",
        }
    ]
    assert (rules["large"]["next"], rules["tea"]["next"]) == ("₹120 more for “Big basket”", "")


def test_in_the_language_of_who_asks():
    caller = a_caller(rules=RULES)

    rules = explained(caller, bought(caller, TUESDAY), accept_language="hi")

    assert rules["tea"][2] == "केवल तब, जब दिन शनिवार या रविवार है; यहाँ: मंगलवार"


def test_a_visit_says_that_the_rest_is_for_purchases():
    caller = a_caller(rules=RULES)
    fact = caller.post("visits", {"customer": ASHA}).data["fact"]

    rules = explained(caller, fact)

    assert rules["visit"] == ("fired", 3, "3 points")
    assert {rules[one] for one in ("spend", "large", "tea", "welcome")} == {("elsewhere", 0, "only for a purchase")}


def test_a_return_names_the_rules_whose_points_it_took():
    caller = a_caller(rules=RULES)
    caller.post("orders", {"customer": ASHA, "external_id": "1", "lines": [{"sku": "CUP", "amount_minor": 10_000}]})

    fact = caller.post("returns", {"order": "1"}).data["fact"]

    assert {rule: told[:2] for rule, told in explained(caller, fact).items()} == {
        "spend": ("reversed", -100),
        "welcome": ("reversed", -25),
    }


def test_nothing_was_decided_of_who_is_no_member():
    caller = a_caller(rules=RULES, membership="on_request")

    answer = caller.get(f"facts/{caller.post('orders', an_order(customer=RAVI)).data['fact']}/explanation")

    assert (answer.data["version"], answer.data["rules"]) == (None, [])


def test_nothing_is_known_under_another_id():
    answer = a_caller().get(f"facts/{uuid4()}/explanation")

    assert (answer.status_code, answer.data["code"]) == (404, "unknown_fact_id")


def test_a_quote_says_what_is_missing():
    caller = a_caller(rules=RULES)
    basket = {"customer": ASHA, "lines": [{"sku": "CUP", "amount_minor": 38_000}]}

    quote = caller.post("quotes", basket).data

    assert [one["rule"] for one in quote["earnings"]] == ["spend", "welcome"]
    assert [(one["rule"], one["next"]) for one in quote["not_earned"] if one["next"]] == [
        ("large", "₹120 more for “Big basket”")
    ]
    assert {one["rule"]: one["outcome"] for one in quote["not_earned"]} == {
        "large": "unmet",
        "tea": "unmet",
    }
