# SPDX-License-Identifier: Apache-2.0
"""What rules give, by table: published examples of other engines where ours agrees, and our own choices."""

from datetime import date
from typing import Any

import pytest

from regulars.programs.decide import CompiledProgram, Outcome, Situation, decide
from regulars.programs.definition import read_program

DAY = date(2026, 3, 2)


def rule(code: str, gives: dict[str, Any], **over: Any) -> dict[str, Any]:
    return {"id": code, "name": {"en": code}, "gives": gives, **over}


def per(minor: int, points: int = 1) -> dict[str, Any]:
    return {"kind": "per_amount", "points": points, "per_minor": minor}


def outcomes(document: dict[str, Any], *nets: int, categories: tuple[str, ...] = (), **over: Any) -> list[Outcome]:
    lines = [
        {
            "line.net_minor": net,
            "line.quantity_milli": 1000,
            "line.category": categories[place] if categories else "all",
        }
        for place, net in enumerate(nets)
    ]
    situation = {
        "kind": "order",
        "snapshot": {"lines": lines, "fact.kind": "order"},
        "earns": [True] * len(nets),
        "day": DAY,
        **over,
    }
    return decide(CompiledProgram(read_program(document)), Situation(**situation))


def test_rounds_down_by_default():
    assert outcomes({"rules": [rule("a", per(1_000))]}, 10_500)[0].points == 10


@pytest.mark.parametrize(("rounding", "points"), [("floor", 28), ("half_up", 29), ("ceil", 29)])
def test_rounds_once_after_the_multiplier(rounding, points):
    """1999 at 1 per 100, times 1.5, is 29.985 before rounding; 1900 would be 28.5."""
    document = {
        "rules": [rule("a", per(100), rounding=rounding), rule("m", {"kind": "multiply", "times_milli": 1_500})]
    }

    assert outcomes(document, 1_900)[0].points == points


def test_stackable_rules_are_rounded_each_on_its_own():
    document = {"rules": [rule("a", per(100)), rule("b", per(200))]}

    assert [outcome.points for outcome in outcomes(document, 1_999)] == [19, 9]


def test_an_exclusive_rule_silences_the_others():
    document = {
        "groups": {"only": "exclusive"},
        "rules": [
            rule("a", per(100)),
            rule("b", {"kind": "fixed", "points": 100}, group="only"),
            rule("c", {"kind": "fixed", "points": 200}, group="only", priority=5),
        ],
    }

    assert {one.rule: one.points for one in outcomes(document, 1_999)} == {"a": 0, "b": 0, "c": 200}


@pytest.mark.parametrize(("mode", "kept"), [("best", "b"), ("first", "a")])
def test_a_group_keeps_one(mode, kept):
    document = {
        "groups": {"g": mode},
        "rules": [
            rule("a", {"kind": "fixed", "points": 5}, group="g", priority=9),
            rule("b", {"kind": "fixed", "points": 50}, group="g"),
        ],
    }

    assert [one.rule for one in outcomes(document, 100) if one.points] == [kept]


@pytest.mark.parametrize("mode", ["best", "first", "exclusive"])
def test_a_rule_that_is_used_up_silences_nobody(mode):
    once = rule("welcome", {"kind": "fixed", "points": 50}, group="g", priority=9, limits=[{"per": "ever", "times": 1}])
    document = {"groups": {"g": mode}, "rules": [once, rule("a", {"kind": "fixed", "points": 5}, group="g")]}

    first = outcomes(document, 100)
    later = outcomes(document, 100, used={"welcome/ever/#": 1})

    assert [(one.points, one.outcome) for one in first] == [(50, "fired"), (0, "blocked")]
    assert [(one.points, one.outcome) for one in later] == [(0, "blocked"), (5, "fired")]


def test_counters_count_what_is_given_in_the_end():
    counted = rule("a", per(100), limits=[{"per": "day", "times": 2, "points": 60}])
    document = {"unit": {"balance_max": 100}, "rules": [counted]}

    reduced, full = (outcomes(document, 5_000, balance=balance)[0] for balance in (80, 100))

    assert reduced.counted == (("a/day/2026-03-02#", 1), ("a/day/2026-03-02", 20))
    assert full.counted == ()


def test_a_category_rule_counts_the_net_of_its_lines():
    sweets = {"field": "line.category", "is": "is", "value": "sweets"}
    document = {"rules": [rule("a", per(100), when=sweets)]}

    (outcome,) = outcomes(document, 1_000, 500, 333, categories=("sweets", "tea", "sweets"))

    assert (outcome.points, outcome.per_line) == (13, (10, 0, 3))


def test_the_remainder_goes_to_the_earlier_line():
    assert outcomes({"rules": [rule("a", per(1))]}, 34, 33, 33)[0].per_line == (34, 33, 33)
    assert outcomes({"rules": [rule("a", {"kind": "fixed", "points": 100})]}, 10, 10, 10)[0].per_line == (34, 33, 33)


def test_only_the_best_multiplier_of_a_line_applies_and_the_tier_beside_it():
    levels = [
        {"code": "base", "name": {"en": "b"}},
        {"code": "gold", "name": {"en": "g"}, "at_least": 10, "times_milli": 2_000},
    ]
    document = {
        "ladder": {"levels": levels},
        "rules": [
            rule("a", per(100)),
            rule("x2", {"kind": "multiply", "times_milli": 2_000}),
            rule("x3", {"kind": "multiply", "times_milli": 3_000}),
        ],
    }

    assert outcomes(document, 1_000, tier="gold")[0].points == 60


def test_products_that_do_not_earn():
    assert outcomes({"rules": [rule("a", per(100))]}, 1_000, 5_000, earns=[True, False])[0].per_line == (10, 0)


def test_a_balance_cap_reduces_and_an_order_maximum_refuses():
    capped = outcomes({"unit": {"balance_max": 100}, "rules": [rule("a", per(100))]}, 5_000, balance=80)[0]
    refused = outcomes({"rules": [rule("a", per(100), order_max=49)]}, 5_000)[0]

    assert (capped.outcome, capped.points) == ("capped", 20)
    assert (refused.outcome, refused.points, refused.per_line) == ("blocked", 0, (0,))


def test_limits_per_period():
    limited = {"rules": [rule("a", per(100), limits=[{"per": "day", "times": 2, "points": 60}])]}

    first = outcomes(limited, 5_000)[0]
    second = outcomes(limited, 5_000, used={"a/day/2026-03-02": 50, "a/day/2026-03-02#": 1})[0]
    third = outcomes(limited, 5_000, used={"a/day/2026-03-02": 60, "a/day/2026-03-02#": 2})[0]

    assert first.counted == (("a/day/2026-03-02#", 1), ("a/day/2026-03-02", 50))
    assert (second.outcome, second.points) == ("capped", 10)
    assert (third.outcome, third.reasons[-1]) == ("blocked", {"is": "times_used_up", "per": "day", "max": 2})


def test_discount_lines_lower_the_basis_and_take_no_points():
    (outcome,) = outcomes({"rules": [rule("a", per(100))]}, 5_000, -1_000)

    assert (outcome.points, outcome.per_line) == (40, (40, 0))
