# SPDX-License-Identifier: Apache-2.0
"""Why a rule gave, and why another did not: a small café's program, basket by basket."""

import gettext
import json
from datetime import date, time
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conditions.shop import PLAIN
from programs.strategies import programs, situations
from programs.test_inputs import recorded, with_waits_and_carries
from regulars.conditions.explain import say_unmet
from regulars.conditions.fact_fields import FACT_REGISTRY, bought
from regulars.conditions.sentence import Writer
from regulars.programs.account import account, account_again
from regulars.programs.decide import CompiledProgram, Situation, decide
from regulars.programs.definition import Program, read_program
from regulars.programs.explain import explain_next, explain_reason, names_in
from regulars.programs.inputs import keep_inputs
from regulars.ui import format as write

TUESDAY = date(2026, 3, 3)


def rule(code: str, name: str, gives: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": code, "name": {"en": name}, "gives": gives, **more}


def wanted(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": field, "is": operator, "value": value}


CAKE = wanted("line.category", "is", "cake")
CAFE = read_program(
    {
        "groups": {"gift": "best"},
        "ladder": {
            "levels": [
                {"code": "base", "name": {"en": "Member"}},
                {"code": "gold", "name": {"en": "Gold"}, "at_least": 1, "times_milli": 1_500},
            ]
        },
        "rules": [
            rule(
                "spend",
                "A point a rupee",
                {"kind": "per_amount", "points": 1, "per_minor": 100},
                limits=[{"per": "day", "points": 600}],
            ),
            rule(
                "weekend",
                "Weekend",
                {"kind": "fixed", "points": 50},
                when=wanted("fact.weekday", "is_one_of", ["sat", "sun"]),
            ),
            rule(
                "large",
                "Big basket",
                {"kind": "fixed", "points": 20},
                when=wanted("order.total_minor", "at_least", 50_000),
            ),
            rule(
                "cakes",
                "Cake day",
                {"kind": "multiply", "times_milli": 2_000},
                when={"all": [CAKE, wanted("fact.weekday", "is", "tue")]},
            ),
            rule(
                "cakes3",
                "Three times cake",
                {"kind": "multiply", "times_milli": 3_000},
                when={"all": [CAKE, wanted("customer.tags", "contains", "vip")]},
            ),
            rule("tea", "Tea", {"kind": "per_item", "points": 5}, when=wanted("line.category", "is", "tea")),
            rule("dear", "Gold coin", {"kind": "per_amount", "points": 1, "per_minor": 100_000}),
            rule(
                "hello", "Welcome", {"kind": "fixed", "points": 10}, group="gift", limits=[{"per": "ever", "times": 1}]
            ),
            rule(
                "morning",
                "Early bird",
                {"kind": "fixed", "points": 5},
                group="gift",
                when=wanted("fact.time", "less_than", "11:00"),
            ),
            rule("visit", "A visit", {"kind": "fixed", "points": 3}, on="visit"),
            rule("review", "A review", {"kind": "fixed", "points": 3}, on="event", event="review"),
            rule("old", "Of last year", {"kind": "fixed", "points": 3}, is_active=False),
        ],
    }
)


def a_basket(*lines: tuple[str, int], **more: Any) -> Situation:
    """Return a purchase of Tuesday, half past nine, by (category, amount); gift cards earn nothing."""
    fields = {"customer.tags": [], "fact.weekday": "tue", "fact.time": time(9, 30), **more.pop("fields", {})}
    return Situation(
        kind="order",
        snapshot={
            "lines": [
                bought(sku="", category=category, net_minor=net, quantity_milli=1_000) for category, net in lines
            ],
            "order.total_minor": sum(net for _, net in lines),
            **fields,
        },
        earns=[category != "gift card" for category, _ in lines],
        day=TUESDAY,
        **more,
    )


def told(program: Program, situation: Situation) -> dict[str, str]:
    """Return by rule what it came to, its points, and why."""
    compiled = CompiledProgram(program)
    writer = Writer(FACT_REGISTRY, gettext.NullTranslations(), PLAIN)
    say = partial(
        explain_reason,
        translate=gettext.NullTranslations(),
        money=PLAIN.money,
        number=partial(write.number, language="en", country="IN"),
        names=names_in(program, "en"),
    )
    return {
        one.rule.id: f"{one.came_to} {one.points}: "
        + ", ".join([*map(say, one.reasons), *(say_unmet(part, writer) for part in one.unmet)])
        for one in account(compiled, situation, decide(compiled, situation))
    }


HERE = a_basket(("cake", 10_000), ("tea", 28_000), used={"hello/ever/#": 1})


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("spend", "fired 480: 1 point for every ₹1 of ₹380, × 2 for ₹100 by “Cake day”"),
        ("weekend", "unmet 0: only when the day is Saturday or Sunday; here: Tuesday"),
        ("large", "unmet 0: only when the order is at least ₹500; here: ₹380; missing: ₹120"),
        ("cakes", "multiplied 0: × 2"),
        ("cakes3", "unmet 0: only when the customer has the tag “vip”"),
        ("tea", "fired 5: 5 points for each of 1 items"),
        ("dear", "nothing 0: 1 point for every ₹1000 of ₹380, × 2 for ₹100 by “Cake day”, not enough for one point"),
        ("hello", "blocked 0: 10 points, given 1 time in all at most"),
        ("morning", "fired 5: 5 points"),
        ("visit", "elsewhere 0: only for a visit"),
        ("review", "elsewhere 0: only for “review”"),
        ("old", "inactive 0: switched off"),
    ],
)
def test_a_purchase_on_a_tuesday(code, text):
    assert told(CAFE, HERE)[code] == text


@pytest.mark.parametrize(
    ("situation", "code", "text"),
    [
        (
            a_basket(("cake", 40_000), tier="gold", used={"spend/day/2026-03-03": 100}),
            "spend",
            "capped 500: 1 point for every ₹1 of ₹400, × 2 by “Cake day”, × 1.5 by the level “Gold”, at most 600 points a day",
        ),
        (a_basket(("tea", 100)), "hello", "fired 10: 10 points"),
        (a_basket(("tea", 100)), "morning", "blocked 0: 5 points, not given, since “Welcome” applies instead"),
        (
            a_basket(("tea", 100), fields={"fact.time": time(18, 5)}),
            "morning",
            "unmet 0: only when the time is before 11:00; here: 18:05",
        ),
        (
            a_basket(("tea", 100)),
            "cakes",
            "unmet 0: only when the order has an item where the category is cake; here: tea",
        ),
        (
            a_basket(("cake", 100), fields={"customer.tags": ["vip"]}),
            "cakes",
            "blocked 0: not given, since “Three times cake” applies instead",
        ),
        (
            a_basket(("cake", 10), used={"spend/day/2026-03-03": 600}),
            "cakes",
            "nothing 0: there were no points to multiply",
        ),
        (a_basket(("gift card", 90_000)), "spend", "nothing 0: these products earn no points"),
        (a_basket(("gift card", 90_000)), "large", "nothing 0: these products earn no points"),
    ],
)
def test_other_baskets(situation, code, text):
    assert told(CAFE, situation)[code] == text


@pytest.mark.parametrize(("code", "next_text"), [("large", "₹120 more for “Big basket”"), ("weekend", "")])
def test_what_would_bring_it(code, next_text):
    compiled = CompiledProgram(CAFE)
    accounts = {one.rule.id: one for one in account(compiled, HERE, decide(compiled, HERE))}
    one = accounts[code]

    assert (
        explain_next(one.unmet, one.rule.name["en"], Writer(FACT_REGISTRY, gettext.NullTranslations(), PLAIN))
        == next_text
    )


@settings(max_examples=300)
@given(st.data())
def test_every_rule_is_accounted_for_from_what_was_kept(data):
    document = with_waits_and_carries(data.draw(programs()))
    compiled = CompiledProgram(read_program(document))
    situation = data.draw(situations(document["rules"]))
    outcomes = decide(compiled, situation)
    stored = json.loads(
        json.dumps(
            [{name: getattr(one, name) for name in ("rule", "outcome", "points", "per_line", "reasons")} for one in outcomes]
        )
    )  # fmt: skip

    accounts = account_again(
        compiled, json.loads(json.dumps(keep_inputs(compiled, situation))), stored, recorded(situation)
    )

    assert accounts == account(compiled, situation, outcomes)
    assert [one.rule.id for one in accounts] == [one["id"] for one in document["rules"]]
    decided = {one.rule: (one.outcome, one.points, one.per_line) for one in outcomes}
    assert {
        one.rule.id: (one.came_to, one.points, one.per_line) for one in accounts if one.rule.id in decided
    } == decided
    assert all(one.unmet or one.reasons for one in accounts if one.rule.id not in decided)
    assert sum(one.points for one in accounts) == sum(one.points for one in outcomes)
