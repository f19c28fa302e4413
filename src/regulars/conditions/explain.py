# SPDX-License-Identifier: Apache-2.0
"""Account for a check: which parts of a tree held on a snapshot, with the values seen, and the account in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from regulars.conditions import wording
from regulars.conditions.check import compile_total, lines_of
from regulars.conditions.compare import compile_comparison, compile_total_test, property_type, seen
from regulars.conditions.fields import LINES, PRESENCE, FieldType, Operator, Registry, Snapshot
from regulars.conditions.sentence import Writer
from regulars.conditions.tree import AllOf, AnyLine, AnyOf, Comparison, EveryLine, LineTotal, Node, Not, quantified

SEEN_MAX = 5


class Outcome(StrEnum):
    """What came out of one node."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What became of one node.

    `holds` is what check goes by. `outcome` is unknown for a comparison whose value is missing. `seen` is the value of
    a comparison or a total, else None. `members` follow the members of a group; a node on lines has one per line.
    """

    condition: Node
    holds: bool
    outcome: Outcome
    seen: Any = None
    members: tuple["Explanation", ...] = ()

    def leaves(self) -> Iterator["Explanation"]:
        """Yield what no further part explains, in the order of the tree."""
        if not self.members:
            yield self
        for member in self.members:
            yield from member.leaves()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """A part of a condition that did not hold: the part, by field the values seen instead (None where there was none), and by how
    much an amount fell short. The field of a total is what it counts in.
    """

    wanted: Node
    seen: Mapping[str, tuple[Any, ...]]
    missing: int | None = None


def explain(tree: Node, registry: Registry, snapshot: Snapshot) -> Explanation:
    """Return what became of each node; the whole holds exactly when check says so."""
    return _explain(quantified(tree, registry), registry, snapshot)


def _explain(node: Node, registry: Registry, snapshot: Snapshot) -> Explanation:
    match node:
        case Comparison():
            return _explain_comparison(node, registry, snapshot)
        case LineTotal():
            return _explain_total(node, registry, snapshot)
        case Not(member):
            explained = _explain(member, registry, snapshot)
            return _concluded(node, (explained,), holds=not explained.holds)
        case AllOf(members) | AnyOf(members):
            parts = tuple(_explain(member, registry, snapshot) for member in members)
            held = [part.holds for part in parts]
            return _concluded(node, parts, holds=all(held) if isinstance(node, AllOf) else any(held))
        case AnyLine(member) | EveryLine(member):
            parts = _explain_lines(member, registry, snapshot)
            held = [part.holds for part in parts]
            return _concluded(node, parts, holds=any(held) if isinstance(node, AnyLine) else bool(held) and all(held))


def _explain_comparison(node: Comparison, registry: Registry, snapshot: Snapshot) -> Explanation:
    field = registry[node.field]
    holds = compile_comparison(node, field)(snapshot)
    value = seen(node, field, snapshot)
    if value is None and node.operator not in PRESENCE:
        return Explanation(condition=node, holds=holds, outcome=Outcome.UNKNOWN)
    return _concluded(node, (), holds=holds, value=value)


def _explain_total(node: LineTotal, registry: Registry, snapshot: Snapshot) -> Explanation:
    parts = () if node.where is None else _explain_lines(node.where, registry, snapshot)
    total = compile_total(node, registry)(snapshot)
    return _concluded(node, parts, holds=compile_total_test(node.operator, node.value)(total), value=total)


def _explain_lines(node: Node, registry: Registry, snapshot: Snapshot) -> tuple[Explanation, ...]:
    return tuple(_explain(node, registry, line) for line in lines_of(snapshot))


def _concluded(node: Node, members: tuple[Explanation, ...], *, holds: bool, value: object = None) -> Explanation:
    outcome = Outcome.TRUE if holds else Outcome.FALSE
    return Explanation(condition=node, holds=holds, outcome=outcome, seen=value, members=members)


def unmet(explanation: Explanation) -> list[Unmet]:
    """Return the parts because of which a condition does not hold: all that an `all` lacks, and each other part as a whole."""
    node = explanation.condition
    if explanation.holds:
        return []
    if isinstance(node, AllOf) or (isinstance(node, AnyOf) and len(node.members) == 1):
        return [part for member in explanation.members for part in unmet(member)]
    seen: dict[str, tuple[Any, ...]] = {}
    for name, value in _values(explanation):
        known = seen.setdefault(name, ())
        seen[name] = known if value in known else (*known, value)
    return [Unmet(wanted=node, seen=seen, missing=_missing(explanation))]


def _values(explanation: Explanation) -> Iterator[tuple[str, Any]]:
    """Yield the values that a part was about, by field; a total is about its sum, not about what selects the lines."""
    node = explanation.condition
    if isinstance(node, Comparison):
        yield node.field, explanation.seen
    elif isinstance(node, LineTotal):
        yield node.summed or LINES, explanation.seen
    else:
        for member in explanation.members:
            yield from _values(member)


def _missing(explanation: Explanation) -> int | None:
    """Return by how much an amount that should be at least so much fell short."""
    node, value = explanation.condition, explanation.seen
    if not isinstance(node, Comparison | LineTotal) or value.__class__ is not int:
        return None
    least: Any = node.value
    if node.operator is Operator.BETWEEN:
        least = least[0]
    if node.operator not in (Operator.AT_LEAST, Operator.BETWEEN) or least <= value:
        return None
    return int(least - value)


def say_unmet(part: Unmet, writer: Writer) -> str:
    """Return what a rule asks and what there was: "only when the order is at least ₹500; here: ₹380; missing: ₹120"."""
    wanted, seen = writer.clause(part.wanted), _say_seen(part, writer)
    if not seen:
        return writer.say(wording.ONLY_WHEN, wanted=wanted)
    if part.missing is None:
        return writer.say(wording.ONLY_WHEN_HERE, wanted=wanted, seen=seen)
    return writer.say(wording.ONLY_WHEN_MISSING, wanted=wanted, seen=seen, missing=say_missing(part, writer))


def say_missing(part: Unmet, writer: Writer) -> str:
    """Return by how much an amount fell short, with its unit; empty where it is no such part."""
    return "".join(_say_value(name, part.missing, writer) for name in part.seen) if part.missing is not None else ""


def _say_seen(part: Unmet, writer: Writer) -> str:
    """Write the values seen; of several fields with their labels, where no unit says it. Of yes and no the clause says it all."""
    told = [(name, _say_values(values, name, writer)) for name, values in part.seen.items()]
    if len(told) == 1:
        return told[0][1]
    return writer.listed([_labelled(name, text, writer) for name, text in told if text])


def _labelled(name: str, text: str, writer: Writer) -> str:
    is_plain = writer.counted(name).unit is None
    return writer.say(wording.LABELLED, label=writer.label(name), value=text) if is_plain else text


def _say_values(values: tuple[Any, ...], name: str, writer: Writer) -> str:
    shown = [value for value in values if value.__class__ is not bool and value not in ([], ())][:SEEN_MAX]
    return writer.listed([_say_value(name, value, writer) for value in shown])


def _say_value(name: str, value: Any, writer: Writer) -> str:
    if value is None:
        return writer.say(wording.NOT_KNOWN)
    field = writer.counted(name)
    as_type = property_type(value) if field.type is FieldType.PROPERTY else field.type
    return writer.value(field, value, as_type=as_type)
