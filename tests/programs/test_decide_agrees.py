# SPDX-License-Identifier: Apache-2.0
"""Whatever the program and the basket: what is decided, with every reason, is what the slow reference decides."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from programs.reference import reference_decide
from programs.strategies import programs, situations
from regulars.programs.decide import CompiledProgram, decide
from regulars.programs.definition import read_program

JSON = dict[str, Any]


@settings(max_examples=400)
@given(st.data())
def test_decisions_are_those_of_the_reference(data):
    document = data.draw(programs())
    compiled = CompiledProgram(read_program(document))

    for _ in range(3):
        situation = data.draw(situations(document["rules"]))
        outcomes = decide(compiled, situation)
        assert [without_expiry(outcome) for outcome in outcomes] == reference_decide(document, situation)
        assert all(sum(outcome.per_line) == outcome.points for outcome in outcomes if situation.earns)


def without_expiry(outcome: Any) -> JSON:
    """Return an outcome as the reference gives it."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in msgspec.structs.asdict(outcome).items()
        if name != "expiry"
    }
