# SPDX-License-Identifier: Apache-2.0
"""Check many conditions on one snapshot at once: one look-up per field answers all that they ask about it.

A condition is a bit. Its outermost `all` is taken apart, and parts that several conditions share are asked once. What
one value of a field answers is worked out by the closures of `check` when the value is first seen, and kept; those
conditions hold whose bit every field leaves standing. Parts about several fields, or about values that seldom come
twice (a time, tags), are asked one by one, and only where everything else in some condition holds.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import reduce
from operator import or_
from typing import Any, TypeAlias

from regulars.conditions.check import compile_node, lines_of, total_of
from regulars.conditions.compare import Check, compile_total_test
from regulars.conditions.fields import FieldType, Registry, Snapshot
from regulars.conditions.tree import AllOf, AnyLine, EveryLine, LineTotal, Node, fields_in, split

VALUES_KEPT_MAX = 500

# Fields whose values come again and again, and the class that a value must have to be kept: 1 is neither True nor 1.0.
_RECURRING: Mapping[FieldType, type] = {
    FieldType.TEXT: str,
    FieldType.CHOICE: str,
    FieldType.WEEKDAY: str,
    FieldType.NUMBER: int,
    FieldType.MONEY: int,
    FieldType.QUANTITY: int,
    FieldType.BOOLEAN: bool,
    FieldType.DATE: date,
}

_Parts: TypeAlias = dict[str, tuple[Node, int]]
_Question: TypeAlias = Callable[[Sequence[Snapshot], Sequence[int], int], bool]


class Together:
    """Conditions compiled to be checked together: the first is bit 1, the second bit 2, the third bit 4."""

    def __init__(self, trees: Sequence[Node], registry: Registry) -> None:
        on_fact: _Parts = {}
        on_lines: _Parts = {}
        selecting = 0
        for place, tree in enumerate(trees):
            about_fact, selection = split(tree, registry)
            _add(on_fact, about_fact, 1 << place)
            if selection is not None:
                _add(on_lines, selection, 1 << place)
                selecting |= 1 << place
        self._unselective = ~selecting
        self._questions: list[tuple[int, _Question]] = []
        bit = 1 << len(trees)
        for node, bits in [*on_fact.values()]:
            if isinstance(node, AnyLine | EveryLine | LineTotal):
                del on_fact[repr(node)]
                _add(on_lines, _asked(node), bit)
                self._questions.append((bits, _question(node, bit)))
                bit <<= 1
        self._fact = _Rows(on_fact, registry, every=(1 << len(trees)) - 1)
        self._lines = _Rows(on_lines, registry, every=bit - 1)

    def __call__(self, snapshot: Snapshot) -> tuple[int, list[int]]:
        """Return the bits of the conditions that hold, and for each line the bits of those that select it.

        The members of the outermost `all` on bare fields of lines select the lines that satisfy each of them, and ask
        for one such line; a condition without such a member selects every line. On lines, the bits of conditions that
        do not hold mean nothing.
        """
        lines = lines_of(snapshot)
        (holds,) = self._fact.standing((snapshot,))
        selected = self._lines.standing(lines)
        by_some = reduce(or_, selected, 0)
        holds &= by_some | self._unselective
        for bits, question in self._questions:
            if holds & bits and not question(lines, selected, by_some):
                holds &= ~bits
        return holds, selected


def _add(parts: _Parts, node: Node, bits: int) -> None:
    """Note who has the parts of a condition. They are told apart as they are written: 1 and true are two things."""
    if isinstance(node, AllOf):
        for member in node.members:
            _add(parts, member, bits)
    else:
        _, earlier = parts.get(repr(node), (node, 0))
        parts[repr(node)] = node, earlier | bits


def _asked(node: AnyLine | EveryLine | LineTotal) -> Node:
    return (node.where or AllOf(())) if isinstance(node, LineTotal) else node.member


def _question(node: AnyLine | EveryLine | LineTotal, bit: int) -> _Question:
    """Return what is asked about all lines together, once it is known on which of them the bit stands."""
    match node:
        case AnyLine():
            return lambda _lines, _selected, by_some: by_some & bit != 0
        case EveryLine():
            return lambda _lines, selected, by_some: by_some & bit != 0 and all(map(bit.__and__, selected))
        case LineTotal(_, summed, operator, value):
            accepts = compile_total_test(operator, value)

            def question(lines: Sequence[Snapshot], selected: Sequence[int], by_some: int) -> bool:
                pairs = zip(lines, selected, strict=True) if by_some & bit else ()
                return accepts(total_of([line for line, bits in pairs if bits & bit], summed))

            return question


class _Rows:
    """Parts of one scope, asked about rows of values."""

    def __init__(self, parts: _Parts, registry: Registry, *, every: int) -> None:
        self._every = every
        columns: dict[str, _Column] = {}
        self._columns = columns.values()
        self._others: list[tuple[int, Check]] = []
        for node, bits in parts.values():
            asking = bits, compile_node(node, registry)
            name, exact = _recurring(node, registry)
            if exact is None:
                self._others.append(asking)
            else:
                columns.setdefault(name, _Column(name, exact, every)).checks.append(asking)

    def standing(self, rows: Sequence[Snapshot]) -> list[int]:
        """Return for each row the bits that all parts leave standing."""
        standing = [self._every] * len(rows)
        for column in self._columns:
            name, exact = column.name, column.exact
            standing = [
                bits
                & (column[value] if (value := row.get(name)).__class__ is exact or value is None else column.ask(value))
                for bits, row in zip(standing, rows, strict=True)
            ]
        return [self._ask(bits, row) for bits, row in zip(standing, rows, strict=True)] if self._others else standing

    def _ask(self, standing: int, row: Snapshot) -> int:
        for bits, check in self._others:
            if standing & bits and not check(row):
                standing &= ~bits
        return standing


def _recurring(node: Node, registry: Registry) -> tuple[str, type | None]:
    """Return the one field that a part is about, and the class of those of its values that are kept, if any are."""
    names = {*fields_in(node)}
    name = names.pop() if len(names) == 1 else ""
    field = registry.find(name)
    return name, _RECURRING.get(field.type) if field else None


class _Column(dict[Any, int]):
    """What each value of one field leaves standing."""

    def __init__(self, name: str, exact: type, every: int) -> None:
        super().__init__()
        self.name, self.exact, self._every = name, exact, every
        self.checks: list[tuple[int, Check]] = []

    def __missing__(self, value: object) -> int:
        if len(self) >= VALUES_KEPT_MAX:
            self.clear()
        self[value] = standing = self.ask(value)
        return standing

    def ask(self, value: object) -> int:
        """Return the bits that a value leaves standing, of whatever class it is."""
        values, standing = {self.name: value}, self._every
        for bits, check in self.checks:
            if standing & bits and not check(values):
                standing &= ~bits
        return standing
