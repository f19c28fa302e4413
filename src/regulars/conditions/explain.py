# SPDX-License-Identifier: Apache-2.0
"""Account for a check: which parts of a tree held on a snapshot, with the values seen, and the account in words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from regulars.conditions import wording
from regulars.conditions.check import compile_total, lines_of
from regulars.conditions.compare import compile_comparison, compile_total_test, property_type, seen, type_of
from regulars.conditions.fields import PRESENCE, FieldType, Registry, Snapshot
from regulars.conditions.sentence import Formatters, Translation, Writer
from regulars.conditions.tree import AllOf, AnyLine, AnyOf, Comparison, EveryLine, LineTotal, Node, Not, quantified


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
class Told:
    """One line of an account: how deep it stands, its words, its outcome, and the value seen in words (or empty)."""

    depth: int
    text: str
    outcome: Outcome
    seen: str = ""


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


def tell(explanation: Explanation, registry: Registry, translate: Translation, formatters: Formatters) -> list[Told]:
    """Return an account in words, one entry per node in the order of the tree."""
    return [*_tell(explanation, Writer(registry, translate, formatters), depth=0)]


def _tell(explanation: Explanation, writer: Writer, *, depth: int) -> Iterator[Told]:
    node = explanation.condition
    yield Told(depth=depth, text=_heading(node, writer), outcome=explanation.outcome, seen=_seen(explanation, writer))
    if isinstance(node, AnyLine | EveryLine | LineTotal):
        yield from _tell_lines(explanation.members, writer, depth=depth + 1)
        return
    for member in explanation.members:
        yield from _tell(member, writer, depth=depth + 1)


def _tell_lines(lines: Iterable[Explanation], writer: Writer, *, depth: int) -> Iterator[Told]:
    for number, line in enumerate(lines, start=1):
        yield Told(depth=depth, text=writer.say(wording.LINE_NUMBER, number=number), outcome=line.outcome)
        yield from _tell(line, writer, depth=depth + 1)


def _heading(node: Node, writer: Writer) -> str:
    match node:
        case AllOf(members) if members:
            return writer.say(wording.ALL_HEADING)
        case AnyOf():
            return writer.say(wording.ANY_HEADING)
        case Not():
            return writer.say(wording.NOT_HEADING)
        case _:
            return writer.clause(node)


def _seen(explanation: Explanation, writer: Writer) -> str:
    node, value = explanation.condition, explanation.seen
    match node:
        case Comparison() if value is not None:
            field = writer.registry[node.field]
            field_type = type_of(node, field)
            as_type = property_type(value) if field_type is FieldType.PROPERTY else field_type
            return writer.value(field, value, as_type=as_type)
        case LineTotal():
            field = writer.totalled(node)
            return writer.value(field, value, as_type=field.type)
        case _:
            return ""
