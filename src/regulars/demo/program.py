# SPDX-License-Identifier: Apache-2.0
"""The programs of the demo businesses, as the documents that are published: five rules and a ladder of three levels."""

from collections.abc import Mapping, Sequence

from regulars.demo.shops import Tier


def program_document(
    *,
    unit: Mapping[str, object],
    spend_minor: int,
    doubled: tuple[str, str],
    names: Mapping[str, dict[str, str]],
    tiers: Sequence[Tier],
) -> dict[str, object]:
    """Return a program: points for spending, a category doubled on a weekday, visits, a welcome, the birthday.

    `doubled` is (category, weekday like "tue"); `names` holds the texts of the rules by their ids.
    """
    return {
        "unit": dict(unit),
        "membership": "on_request",
        "rules": [{**rule, "name": names[str(rule["id"])]} for rule in _rules(spend_minor, *doubled)],
        "ladder": {
            "metric": "points_earned",
            "months": 12,
            "levels": [
                {"code": tier.code, "name": tier.name, "at_least": tier.at_least, "times_milli": tier.times_milli}
                for tier in tiers
            ],
        },
    }


def _rules(spend_minor: int, category: str, weekday: str) -> list[dict[str, object]]:
    is_day = {"field": "fact.weekday", "is": "is", "value": weekday}
    is_category = {"field": "line.category", "is": "is", "value": category}
    is_first_order = {"field": "customer.order_count_before", "is": "is", "value": 0}
    is_birthday_month = {"field": "customer.is_birthday_month", "is": "is", "value": True}
    return [
        {"id": "spend", "gives": {"kind": "per_amount", "points": 1, "per_minor": spend_minor}},
        {
            "id": "double-day",
            "gives": {"kind": "multiply", "times_milli": 2_000},
            "when": {"all": [is_day, is_category]},
        },
        {
            "id": "visit",
            "on": "visit",
            "gives": {"kind": "fixed", "points": 2},
            "limits": [{"per": "day", "times": 1}],
        },
        {"id": "welcome", "gives": {"kind": "fixed", "points": 20}, "when": is_first_order},
        {
            "id": "birthday",
            "gives": {"kind": "fixed", "points": 30},
            "when": is_birthday_month,
            "limits": [{"per": "year", "times": 1}],
        },
    ]
