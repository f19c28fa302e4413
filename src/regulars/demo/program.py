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
    category, weekday = doubled
    return {
        "unit": dict(unit),
        "membership": "on_request",
        "rules": [
            {
                "id": "spend",
                "name": names["spend"],
                "gives": {"kind": "per_amount", "points": 1, "per_minor": spend_minor},
            },
            {
                "id": "double-day",
                "name": names["double-day"],
                "gives": {"kind": "multiply", "times_milli": 2_000},
                "when": {
                    "all": [
                        {"field": "fact.weekday", "is": "is", "value": weekday},
                        {"field": "line.category", "is": "is", "value": category},
                    ]
                },
            },
            {
                "id": "visit",
                "name": names["visit"],
                "on": "visit",
                "gives": {"kind": "fixed", "points": 2},
                "limits": [{"per": "day", "times": 1}],
            },
            {
                "id": "welcome",
                "name": names["welcome"],
                "gives": {"kind": "fixed", "points": 20},
                "when": {"field": "customer.order_count_before", "is": "is", "value": 0},
            },
            {
                "id": "birthday",
                "name": names["birthday"],
                "gives": {"kind": "fixed", "points": 30},
                "when": {"field": "customer.is_birthday_month", "is": "is", "value": True},
                "limits": [{"per": "year", "times": 1}],
            },
        ],
        "ladder": {
            "metric": "points_earned",
            "months": 12,
            "levels": [
                {"code": tier.code, "name": tier.name, "at_least": tier.at_least, "times_milli": tier.times_milli}
                for tier in tiers
            ],
        },
    }
