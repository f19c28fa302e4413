# SPDX-License-Identifier: Apache-2.0
"""Compile the nodes of a tree into closures that check one snapshot; they never raise, whatever its values are or lack.

Missing values follow the two-valued rule of the package; see its docstring. What one comparison means is in `compare`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from regulars.conditions.compare import Check, compile_comparison, compile_total_test
from regulars.conditions.fields import LINES, Registry, Snapshot
from regulars.conditions.tree import (
    AllOf,
    AnyLine,
    AnyOf,
    Comparison,
    EveryLine,
    LineTotal,
    Node,
    Not,
)

Total: TypeAlias = Callable[[Snapshot], int]


def lines_of(snapshot: Snapshot) -> Sequence[Snapshot]:
    """Return the lines of a snapshot; a fact without lines has none."""
    return snapshot.get(LINES) or ()


def total_of(lines: Iterable[Snapshot], summed: str | None) -> int:
    """Return the sum of a field over lines, or their number where no field is named; a missing amount is 0."""
    if summed is None:
        return sum(1 for _ in lines)
    return sum([amount for line in lines if (amount := line.get(summed)).__class__ is int])


def compile_total(node: LineTotal, registry: Registry) -> Total:
    """Return a function that adds up, or counts, the lines that satisfy the node's condition."""
    selects, summed = compile_node(node.where or AllOf(()), registry), node.summed
    return lambda snapshot: total_of(filter(selects, lines_of(snapshot)), summed)


def compile_node(node: Node, registry: Registry) -> Check:
    """Return a function that says whether a snapshot, or a line if the node is about lines, satisfies the node."""
    match node:
        case Comparison():
            return compile_comparison(node, registry[node.field])
        case AllOf(members):
            return _conjunction([compile_node(member, registry) for member in members])
        case AnyOf(members):
            return _disjunction([compile_node(member, registry) for member in members])
        case Not(member):
            holds = compile_node(member, registry)
            return lambda snapshot: not holds(snapshot)
        case AnyLine(member):
            selects = compile_node(member, registry)
            return lambda snapshot: any(map(selects, lines_of(snapshot)))
        case EveryLine(member):
            return _every_line(compile_node(member, registry))
        case LineTotal():
            total, accepts = compile_total(node, registry), compile_total_test(node.operator, node.value)
            return lambda snapshot: accepts(total(snapshot))


def _conjunction(checks: list[Check]) -> Check:
    def every(snapshot: Snapshot) -> bool:
        for check in checks:  # noqa: SIM110  # a generator costs three times the loop
            if not check(snapshot):
                return False
        return True

    return every


def _disjunction(checks: list[Check]) -> Check:
    def some(snapshot: Snapshot) -> bool:
        for check in checks:  # noqa: SIM110  # a generator costs three times the loop
            if check(snapshot):
                return True
        return False

    return some


def _every_line(selects: Check) -> Check:
    def every(snapshot: Snapshot) -> bool:
        lines = lines_of(snapshot)
        return len(lines) > 0 and all(map(selects, lines))

    return every
