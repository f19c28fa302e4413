# SPDX-License-Identifier: Apache-2.0
"""The nodes of a condition, as frozen data; how a tree is written back to JSON; which part of it speaks of lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from regulars.conditions.fields import LINES, PRESENCE, Operator, Registry, Scope
from regulars.conditions.values import Scalar, write


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every member holds; without members it always holds."""

    members: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one member holds."""

    members: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The member does not hold."""

    member: "Node"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field compared with a value: one, a tuple for lists and ranges, None where the operator needs none."""

    field: str
    operator: Operator
    value: Scalar | tuple[Scalar, ...] | None = None


@dataclass(frozen=True, slots=True)
class AnyLine:
    """At least one line satisfies the member."""

    member: "Node"


@dataclass(frozen=True, slots=True)
class EveryLine:
    """There are lines, and each satisfies the member."""

    member: "Node"


@dataclass(frozen=True, slots=True)
class LineTotal:
    """The sum of a field over the lines that satisfy `where` (or their count, if `summed` is None), compared."""

    where: "Node | None"
    summed: str | None
    operator: Operator
    value: int | tuple[int, ...]


Node: TypeAlias = AllOf | AnyOf | Not | Comparison | AnyLine | EveryLine | LineTotal


def dump(tree: Node) -> dict[str, Any]:
    """Write a tree as JSON data; parsing that gives the same tree."""
    match tree:
        case AllOf(members):
            return {"all": [dump(member) for member in members]}
        case AnyOf(members):
            return {"any": [dump(member) for member in members]}
        case Not(member):
            return {"not": dump(member)}
        case AnyLine(member):
            return {"any_line": dump(member)}
        case EveryLine(member):
            return {"every_line": dump(member)}
        case LineTotal():
            return {"lines": _dump_total(tree)}
        case Comparison():
            return {"field": tree.field, **_dump_operand(tree.operator, tree.value)}


def _dump_total(total: LineTotal) -> dict[str, Any]:
    where = {"where": dump(total.where)} if total.where is not None else {}
    what = {"count": True} if total.summed is None else {"sum": total.summed}
    return {**where, **what, **_dump_operand(total.operator, total.value)}


def _dump_operand(operator: Operator, value: Scalar | tuple[Scalar, ...] | None) -> dict[str, Any]:
    if operator in PRESENCE or value is None:
        return {"is": operator.value}
    written = [write(one) for one in value] if isinstance(value, tuple) else write(value)
    return {"is": operator.value, "value": written}


def scope_of(node: Node, registry: Registry) -> Scope:
    """Return what a node speaks of; parsing has made sure that it is one of the two."""
    match node:
        case Comparison():
            return registry[node.field].scope
        case Not(member):
            return scope_of(member, registry)
        case AllOf(members) | AnyOf(members) if members:
            return scope_of(members[0], registry)
        case _:
            return Scope.FACT


def fields_in(node: Node) -> Iterator[str]:
    """Yield the names of the fields that a node asks about; one that asks about all lines together yields `lines`."""
    match node:
        case Comparison():
            yield node.field
        case AllOf(members) | AnyOf(members):
            for member in members:
                yield from fields_in(member)
        case Not(member):
            yield from fields_in(member)
        case AnyLine() | EveryLine() | LineTotal():
            yield LINES


def split(tree: Node, registry: Registry) -> tuple[Node, Node | None]:
    """Split a tree into the part about the fact and the part that selects lines.

    A member of the outermost `all` (or a tree that is no `all`) built on bare fields of lines selects lines; several
    select the lines that satisfy each of them. None where no member does.
    """
    members = tree.members if isinstance(tree, AllOf) else (tree,)
    selecting = tuple(member for member in members if scope_of(member, registry) is Scope.LINE)
    if not selecting:
        return tree, None
    about_fact = AllOf(tuple(member for member in members if member not in selecting))
    return about_fact, selecting[0] if len(selecting) == 1 else AllOf(selecting)


def quantified(tree: Node, registry: Registry) -> Node:
    """Return the tree with what selects lines said in full: the fact has at least one such line."""
    about_fact, selecting = split(tree, registry)
    if selecting is None:
        return tree
    members = about_fact.members if isinstance(about_fact, AllOf) else (about_fact,)
    return AllOf((*members, AnyLine(selecting)))
