# SPDX-License-Identifier: Apache-2.0
"""What a decision keeps is enough to decide it again."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from programs.strategies import programs, situations
from regulars.programs.decide import CompiledProgram, Situation, decide
from regulars.programs.definition import read_program
from regulars.programs.inputs import Recorded, keep_inputs, recall

JSON = dict[str, Any]


def with_waits_and_carries(document: JSON) -> JSON:
    """Let every second rule wait an hour, and carry over what may be carried."""
    rules = [rule | ({"cooldown_hours": 1} if place % 2 else {}) for place, rule in enumerate(document["rules"])]
    return document | {
        "rules": [
            rule | {"carries": True}
            if rule["gives"]["kind"] == "per_amount"
            and "group" not in rule
            and rule.get("rounding", "floor") == "floor"
            else rule
            for rule in rules
        ]
    }


def recorded(situation: Situation) -> Recorded:
    """Return what a fact itself holds; of its products only what is said of them today, which is something else."""
    lines = [line | {"line.sku": "other", "line.category": "moved"} for line in situation.snapshot["lines"]]
    return Recorded(kind=situation.kind, day=situation.day, at=situation.at, event=situation.event, lines=lines)


@settings(max_examples=300)
@given(st.data())
def test_decided_again_from_what_was_kept(data):
    document = with_waits_and_carries(data.draw(programs()))
    compiled = CompiledProgram(read_program(document))
    situation = data.draw(situations(document["rules"]))

    kept = json.loads(json.dumps(keep_inputs(compiled, situation)))

    assert decide(compiled, recall(kept, recorded(situation))) == decide(compiled, situation)


def test_only_what_the_version_reads_is_kept():
    spend = {"id": "spend", "name": {"en": "S"}, "gives": {"kind": "per_amount", "points": 1, "per_minor": 100}}
    tea = {
        **spend,
        "id": "tea",
        "when": {
            "all": [
                {"field": "line.category", "is": "is", "value": "tea"},
                {"field": "fact.weekday", "is": "is", "value": "mon"},
            ]
        },
        "limits": [{"per": "ever", "points": 9}],
    }
    lines = [{"line.net_minor": 100, "line.category": category} for category in ("tea", None)]
    situation = Situation(
        kind="order",
        snapshot={"fact.weekday": "tue", "fact.store": "pune", "lines": lines},
        earns=[True, False],
        day=None,
        tier="gold",
        balance=7,
        used={"tea/ever/": 4, "tea/ever/#": 0},
    )

    def kept(*rules: JSON) -> JSON:
        return keep_inputs(CompiledProgram(read_program({"rules": list(rules)})), situation)

    assert kept(spend) == {"tier": "gold", "balance": 7, "earns": [True, False], "used": {"tea/ever/": 4}}
    assert kept(spend, tea) == {
        "tier": "gold",
        "balance": 7,
        "fact.weekday": "tue",
        "line.category": ["tea", None],
        "earns": [True, False],
        "used": {"tea/ever/": 4},
    }
