# SPDX-License-Identifier: Apache-2.0
"""Compile a tree into closures that check one snapshot; they never raise, whatever its values are or lack.

Missing values follow the two-valued rule of the package; see its docstring. What one comparison means is in `compare`.
"""

from collections.abc import Callable, Sequence
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
    quantified,
    split,
)

Selection: TypeAlias = Callable[[Snapshot], list[bool]]
Total: TypeAlias = Callable[[Snapshot], int]


def compile_check(tree: Node, registry: Registry) -> Check:
    """Return a function that says whether a snapshot satisfies the tree.

    Bare fields of lines ask for at least one line that satisfies all of them.
    """
    return _compile(quantified(tree, registry), registry)


def compile_lines(tree: Node, registry: Registry) -> Selection:
    """Return a function that says for each line, in order, whether the tree selects it.

    The members of the outermost `all` on bare fields of lines select the lines that satisfy each of them; where there
    is no such member, every line is selected. No line is selected where the rest of the tree does not hold.
    """
    about_fact, selecting = split(tree, registry)
    holds = _compile(about_fact, registry)
    if selecting is None:
        return lambda snapshot: [holds(snapshot)] * len(lines_of(snapshot))
    selects = _compile(selecting, registry)

    def select(snapshot: Snapshot) -> list[bool]:
        lines = lines_of(snapshot)
        return [*map(selects, lines)] if holds(snapshot) else [False] * len(lines)

    return select


def compile_total(node: LineTotal, registry: Registry) -> Total:
    """Return a function that adds up, or counts, the lines that satisfy the node's condition; a missing amount is 0."""
    selects = _compile(node.where or AllOf(()), registry)
    if node.summed is None:
        return lambda snapshot: sum(map(selects, lines_of(snapshot)))
    summed = node.summed

    def total(snapshot: Snapshot) -> int:
        amounts = [line.get(summed) for line in lines_of(snapshot) if selects(line)]
        return sum(amount for amount in amounts if amount.__class__ is int)

    return total


def lines_of(snapshot: Snapshot) -> Sequence[Snapshot]:
    """Return the lines of a snapshot; a fact without lines has none."""
    return snapshot.get(LINES) or ()


def _compile(node: Node, registry: Registry) -> Check:
    match node:
        case Comparison():
            return compile_comparison(node, registry[node.field])
        case AllOf(members):
            return _conjunction([_compile(member, registry) for member in members])
        case AnyOf(members):
            return _disjunction([_compile(member, registry) for member in members])
        case Not(member):
            holds = _compile(member, registry)
            return lambda snapshot: not holds(snapshot)
        case AnyLine(member):
            selects = _compile(member, registry)
            return lambda snapshot: any(map(selects, snapshot.get(LINES) or ()))
        case EveryLine(member):
            return _every_line(_compile(member, registry))
        case LineTotal():
            total, accepts = compile_total(node, registry), compile_total_test(node.operator, node.value)
            return lambda snapshot: accepts(total(snapshot))


def _conjunction(checks: list[Check]) -> Check:
    """Join checks with and. The short forms are written out: a loop costs as much as a comparison."""
    match checks:
        case [only]:
            return only
        case [first, second]:
            return lambda snapshot: first(snapshot) and second(snapshot)
        case [first, second, third]:
            return lambda snapshot: first(snapshot) and second(snapshot) and third(snapshot)

    def every(snapshot: Snapshot) -> bool:
        for check in checks:  # noqa: SIM110  # a generator costs three times the loop
            if not check(snapshot):
                return False
        return True

    return every


def _disjunction(checks: list[Check]) -> Check:
    """Join checks with or, in the same forms."""
    match checks:
        case [only]:
            return only
        case [first, second]:
            return lambda snapshot: first(snapshot) or second(snapshot)
        case [first, second, third]:
            return lambda snapshot: first(snapshot) or second(snapshot) or third(snapshot)

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
