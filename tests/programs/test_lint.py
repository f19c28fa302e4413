# SPDX-License-Identifier: Apache-2.0
"""What a program is warned of before it is published, by table. A usual purchase is 100.00."""

from typing import Any

import pytest

from regulars.programs.definition import read_program
from regulars.programs.lint import Caution, Reward, lint

USUAL = 10_000
SPEND = {"id": "spend", "name": {"en": "Spend"}, "gives": {"kind": "per_amount", "points": 1, "per_minor": 100}}
WELCOME = {
    "id": "welcome",
    "name": {"en": "Hello"},
    "gives": {"kind": "fixed", "points": 900},
    "limits": [{"per": "ever", "times": 1}],
}
TUESDAY = {
    "id": "tuesday",
    "name": {"en": "Tuesday"},
    "gives": {"kind": "multiply", "times_milli": 9_000},
    "when": {"field": "fact.weekday", "is": "is", "value": "tue"},
}
RARE = {**SPEND, "gives": {"kind": "per_amount", "points": 1, "per_minor": 30_000}}
LEVELS = [{"code": "base", "name": {"en": "Base"}}]


def cautions(*rewards: Reward, rules: list[Any] | None = None, usual: int | None = USUAL, **over: Any) -> list[Caution]:
    return lint(read_program({"rules": rules or [SPEND], **over}), rewards, usual)


def tea(**over: Any) -> Reward:
    return Reward(**{"code": "TEA", "price": 400, "worth_minor": 2_000, **over})


def fixed(code: str, **over: Any) -> dict[str, Any]:
    return {"id": code, "name": {"en": code}, "gives": {"kind": "fixed", "points": 500}, **over}


def test_four_purchases_and_five_per_cent_are_fine():
    """Four purchases of 100.00 bring 400 points, which take off 20.00 of 400.00."""
    assert cautions(tea()) == []


def test_nothing_is_said_of_pace_and_cost_before_the_first_purchase():
    assert cautions(tea(price=4_000, worth_minor=10**6), usual=None) == []


def test_two_of_one_name_in_some_language():
    rules = [
        SPEND,
        {**WELCOME, "name": {"en": "Hello", "hi": "नमस्ते"}},
        {**TUESDAY, "name": {"hi": " नमस्ते ", "en": "Tea"}},
    ]
    tees = [tea(name={"en": "Tea"}), tea(code="TEE", name={"en": "TEA"})]

    assert cautions(*tees, rules=rules) == [
        Caution("same_name", "tuesday", {"other": "welcome", "name": "नमस्ते"}),
        Caution("same_name", "TEE", {"other": "TEA", "name": "TEA"}),
    ]
    assert cautions(tea(name={"en": "Tea", "hi": ""}), tea(code="COFFEE", name={"en": "Coffee", "hi": ""})) == []


@pytest.mark.parametrize(
    ("rules", "values"),
    [
        ([SPEND], {"points": 401, "amount_minor": 10_000, "purchases": 5}),
        ([SPEND, WELCOME, TUESDAY], {"points": 401, "amount_minor": 10_000, "purchases": 5}),
        ([RARE], {"points": 401, "amount_minor": 10_000}),
        ([{**RARE, "carries": True}], {"points": 401, "amount_minor": 10_000, "purchases": 1_604}),
    ],
)
def test_a_first_reward_that_is_far(rules, values):
    assert cautions(tea(price=401, worth_minor=None), rules=rules) == [Caution("first_reward_far", "TEA", values)]


def test_the_nearest_reward_decides():
    assert cautions(tea(), tea(code="BIKE", price=90_000, worth_minor=None)) == []


def test_a_reward_that_gives_back_too_much():
    """400 points for 20.01: a hair above five in a hundred."""
    assert cautions(tea(worth_minor=2_001)) == [Caution("payback_high", "TEA", {"percent": 6, "max": 5})]


def test_rewards_that_nobody_can_have():
    above = cautions(tea(price=300, worth_minor=1), unit={"balance_max": 299})
    nobody = cautions(tea(worth_minor=1, tiers=("gold",)), ladder={"levels": LEVELS})
    paused = cautions(tea(), rules=[{**SPEND, "is_active": False}], usual=None)

    assert above == [Caution("reward_above_maximum", "TEA", {"points": 300, "max": 299})]
    assert nobody == [Caution("reward_without_level", "TEA")]
    assert paused == [Caution("nothing_earned")]


def test_exclusive_rules_of_equal_priority():
    groups = {"only": "exclusive", "best": "best"}
    rules = [
        fixed("a", group="only"),
        fixed("b", group="only"),
        fixed("c", group="only", priority=1),
        fixed("d", group="best"),
    ]

    assert cautions(rules=rules, groups=groups) == [Caution("exclusives_overlap", "a", {"other": "b"})]


@pytest.mark.parametrize(
    ("unit", "base", "gold", "warns"),
    [
        ({}, None, {"kind": "after", "months": 24}, True),
        ({"kind": "after", "months": 12}, None, {"kind": "after", "months": 24}, False),
        ({"kind": "after", "months": 12}, None, {"kind": "after", "months": 11}, True),
        ({"kind": "after", "months": 12}, None, {"kind": "period_end", "months": 11, "period": "year"}, True),
        ({"kind": "after", "months": 12}, {"kind": "after", "months": 36}, None, True),
        ({"kind": "after", "months": 12}, None, {"kind": "never"}, False),
        ({"kind": "after", "months": 12}, None, {"kind": "date", "day": "2026-12-31"}, False),
    ],
)
def test_points_of_a_higher_level_that_end_sooner(unit, base, gold, warns):
    levels = [
        {"code": "base", "name": {"en": "Base"}, **({"expiry": base} if base else {})},
        {"code": "gold", "name": {"en": "Gold"}, "at_least": 100, **({"expiry": gold} if gold else {})},
    ]

    found = cautions(unit={"expiry": unit} if unit else {}, ladder={"levels": levels})

    assert found == ([Caution("level_ends_sooner", "gold", {"below": "base"})] if warns else [])


def by_the_balance(at_least: int, **over: Any) -> dict[str, Any]:
    top = {"code": "gold", "name": {"en": "Gold"}, "at_least": at_least}
    return {"levels": [*LEVELS, top], "metric": "balance", **over}


@pytest.mark.parametrize(
    ("reward", "ladder", "warns"),
    [
        (tea(), by_the_balance(400), True),
        (tea(), by_the_balance(399), False),
        (tea(), by_the_balance(1_000, metric="points_earned"), False),
        (tea(is_limited=True), by_the_balance(400), False),
        (tea(tiers=("gold",)), by_the_balance(400), False),
    ],
)
def test_a_level_by_the_balance_that_an_automatic_reward_hides(reward, ladder, warns):
    found = cautions(reward, ladder=ladder, automatic=[{"offer": "TEA"}])

    assert found == ([Caution("automatic_hides_level", "TEA", {"level": "gold", "points": 400})] if warns else [])


def test_an_automatic_reward_that_there_is_not():
    found = cautions(tea(), tea(code="FREE", price=0), automatic=[{"offer": "GONE"}, {"offer": "FREE"}])

    assert found == [Caution("automatic_without_reward", "GONE"), Caution("automatic_without_reward", "FREE")]
