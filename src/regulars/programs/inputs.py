# SPDX-License-Identifier: Apache-2.0
"""What a decision keeps of the situation that it judged, and the situation again from what was kept. Pure.

Kept is what could be otherwise tomorrow: the standing, counters, the fields that the version reads, and of lines their product, their
category and whether they earn. What a fact holds for ever (its kind, its moment, amounts and quantities of its lines) is not kept twice.
"""

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import Any

from msgspec import Struct

from regulars.conditions.fact_fields import FACT_REGISTRY
from regulars.conditions.fields import FieldType
from regulars.programs.decide import CompiledProgram, Situation

Inputs = Mapping[str, Any]

_WRITTEN = {FieldType.DATE: date.fromisoformat, FieldType.TIME: time.fromisoformat}


class Recorded(Struct, frozen=True, kw_only=True):
    """What a fact itself says: `lines` are mappings of condition fields, product and category as they are known today."""

    kind: str
    day: date
    at: int
    event: str = ""
    lines: Sequence[Mapping[str, Any]] = ()


def keep_inputs(compiled: CompiledProgram, situation: Situation) -> dict[str, object]:
    """Return what a decision keeps, as plain JSON data. Counters at zero are left out, and lines where all of them earn."""
    snapshot = situation.snapshot
    inputs: dict[str, object] = {"tier": situation.tier, "balance": situation.balance}
    for name in compiled.inputs_read:
        value = snapshot.get(name)
        inputs[name] = value if value is None or isinstance(value, bool | int | float | list) else str(value)
    for name in compiled.line_inputs_read:
        inputs[name] = [line.get(name) for line in snapshot["lines"]]
    if not all(situation.earns):
        inputs["earns"] = list(situation.earns)
    if situation.used and (used := {name: count for name, count in situation.used.items() if count}):
        inputs["used"] = used
    return inputs


def recall(inputs: Inputs, recorded: Recorded) -> Situation:
    """Return the situation that a decision judged, from what it kept and what its fact says."""
    lines = [{**line, **_kept_of_line(inputs, place)} for place, line in enumerate(recorded.lines)]
    snapshot = {name: _read(name, value) for name, value in inputs.items() if FACT_REGISTRY.find(name)}
    return Situation(
        kind=recorded.kind,
        snapshot={**snapshot, "lines": lines},
        earns=inputs.get("earns") or [True] * len(lines),
        day=recorded.day,
        at=recorded.at,
        event=recorded.event,
        tier=inputs.get("tier", ""),
        balance=inputs.get("balance", 0),
        used=inputs.get("used", {}),
    )


def _kept_of_line(inputs: Inputs, place: int) -> dict[str, Any]:
    return {name: values[place] for name, values in inputs.items() if name.startswith("line.")}


def _read(name: str, value: Any) -> Any:
    read = _WRITTEN.get(FACT_REGISTRY[name].type)
    return value if read is None or value is None else read(value)
