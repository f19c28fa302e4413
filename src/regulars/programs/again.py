# SPDX-License-Identifier: Apache-2.0
"""Decide a recorded fact again from what its decision kept, and compare with what was decided then. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from regulars.programs.decide import CompiledProgram, Outcome, decide
from regulars.programs.inputs import Inputs, Recorded, recall
from regulars.programs.outcomes import given

_TOLD = ("outcome", "points", "per_line", "reasons", "counted", "carried")
_Told = Mapping[str, Any]


def decided_otherwise(
    compiled: CompiledProgram, inputs: Inputs, outcomes: Sequence[dict[str, Any]], recorded: Recorded
) -> str:
    """Return the first thing that a decision says and its version, given the same, does not; empty where they agree.

    Booking, lot and moment of an outcome are not compared: the path gives them, not the program.
    """
    stored = {outcome["rule"]: outcome for outcome in given(outcomes)}
    found = {outcome.rule: _plain(outcome) for outcome in decide(compiled, recall(inputs, recorded))}
    for rule in dict.fromkeys((*stored, *found)):
        then, now = stored.get(rule), found.get(rule)
        if then is None or now is None:
            return f"rule {rule} is stored as {_short(then)}, expected {_short(now)}"
        for name in _TOLD:
            if (then.get(name) or None) != (now[name] or None):
                return f"{name} of rule {rule} is stored as {then.get(name)}, expected {now[name]}"
    return "" if list(stored) == list(found) else f"rules are stored in the order {[*stored]}, expected {[*found]}"


def _plain(outcome: Outcome) -> _Told:
    plain: _Told = msgspec.json.decode(msgspec.json.encode(outcome))
    return plain


def _short(outcome: _Told | None) -> str:
    return f"{outcome['outcome']} with {outcome['points']}" if outcome else "nothing"
