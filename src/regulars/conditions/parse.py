# SPDX-License-Identifier: Apache-2.0
"""Read a tree from JSON data: structure, fields, operators, values and limits, refused with path, value and remedy."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from regulars.conditions import errors, values
from regulars.conditions.errors import BadCondition, shown
from regulars.conditions.fields import (
    LISTED,
    OPERATORS,
    PRESENCE,
    TOTALLED,
    Field,
    FieldType,
    Operator,
    Registry,
    Scope,
)
from regulars.conditions.tree import AllOf, AnyLine, AnyOf, Comparison, EveryLine, LineTotal, Node, Not
from regulars.conditions.values import Scalar

DEPTH_MAX = 8
NODES_MAX = 100
LIST_VALUES_MAX = 1_000

_READ: Mapping[FieldType, tuple[Callable[[object], Scalar | None], type[BadCondition]]] = {
    FieldType.TEXT: (values.read_text, errors.NotText),
    FieldType.CHOICE: (values.read_text, errors.NotText),
    FieldType.NUMBER: (values.read_number, errors.NotANumber),
    FieldType.MONEY: (values.read_number, errors.NotMoney),
    FieldType.QUANTITY: (values.read_number, errors.NotAQuantity),
    FieldType.BOOLEAN: (values.read_boolean, errors.NotABoolean),
    FieldType.DATE: (values.read_date, errors.NotADate),
    FieldType.TIME: (values.read_time, errors.NotATime),
    FieldType.WEEKDAY: (values.read_weekday, errors.NotAWeekday),
    FieldType.MOMENT: (values.read_moment, errors.NotAMoment),
    FieldType.TAGS: (values.read_text, errors.NotText),
}
_PROPERTIES = {kind: _READ[kind] for kind in (FieldType.TEXT, FieldType.NUMBER, FieldType.BOOLEAN)}


class _Place(NamedTuple):
    path: str
    depth: int

    def child(self, step: str) -> "_Place":
        return _Place(f"{self.path}{step}", self.depth + 1)


class _Subject(NamedTuple):
    """What an operator and a value are read for."""

    name: str
    type: FieldType
    operators: tuple[Operator, ...]
    choices: Mapping[str, str]


def parse(data: object, registry: Registry) -> Node:
    """Read a tree from JSON data (plain dicts, lists and scalars).

    Raises BadCondition that names the path in the tree, the value there and the remedy.
    """
    return _Reader(registry).node(data, _Place("$", 1))


class _Reader:
    """One reading of one tree: counts the nodes and keeps to one scope per member of the outermost `all`."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.nodes = 0
        self.scope: Scope | None = None
        self.is_within_lines = False

    def node(self, data: object, place: _Place) -> Node:
        self.nodes += 1
        if place.depth > DEPTH_MAX:
            raise errors.TooDeep(path=place.path, value=shown(data), limit=DEPTH_MAX)
        if self.nodes > NODES_MAX:
            raise errors.TooManyNodes(path=place.path, value=shown(data), limit=NODES_MAX)
        if isinstance(data, dict):
            for key, read in _NODES.items():
                if key in data:
                    return read(self, data, place)
        raise BadCondition(path=place.path, value=shown(data))

    def all_of(self, data: dict[str, Any], place: _Place) -> Node:
        return AllOf(self.members(data, place, key="all"))

    def any_of(self, data: dict[str, Any], place: _Place) -> Node:
        return AnyOf(self.members(data, place, key="any"))

    def members(self, data: dict[str, Any], place: _Place, *, key: str) -> tuple[Node, ...]:
        _only(data, (key,), place)
        is_outermost_all = place.depth == 1 and key == "all"
        listed = data[key]
        if not isinstance(listed, list) or not (listed or is_outermost_all):
            raise errors.MembersNeeded(path=f"{place.path}.{key}", value=shown(listed))
        members = []
        for position, member in enumerate(listed):
            if is_outermost_all:
                self.scope = None
            members.append(self.node(member, place.child(f".{key}[{position}]")))
        return tuple(members)

    def negation(self, data: dict[str, Any], place: _Place) -> Node:
        _only(data, ("not",), place)
        return Not(self.node(data["not"], place.child(".not")))

    def any_line(self, data: dict[str, Any], place: _Place) -> Node:
        _only(data, ("any_line",), place)
        return AnyLine(self.on_lines(data["any_line"], place.child(".any_line")))

    def every_line(self, data: dict[str, Any], place: _Place) -> Node:
        _only(data, ("every_line",), place)
        return EveryLine(self.on_lines(data["every_line"], place.child(".every_line")))

    def on_lines(self, data: object, place: _Place) -> Node:
        """Read a condition that is asked of each line."""
        self.keep_to(Scope.FACT, data, place, within_lines=errors.LinesWithinLines)
        self.scope, self.is_within_lines = Scope.LINE, True
        member = self.node(data, place)
        self.scope, self.is_within_lines = Scope.FACT, False
        return member

    def total(self, data: dict[str, Any], place: _Place) -> Node:
        _only(data, ("lines",), place)
        total, inner = data["lines"], place._replace(path=f"{place.path}.lines")
        if not isinstance(total, dict):
            raise BadCondition(path=inner.path, value=shown(total))
        _only(total, ("where", "sum", "count", "is", "value"), inner)
        self.keep_to(Scope.FACT, total, inner, within_lines=errors.LinesWithinLines)
        subject = self.totalled(total, inner)
        where = self.on_lines(total["where"], inner.child(".where")) if "where" in total else None
        operator, value = _operand(total, subject, inner)
        return LineTotal(where, total.get("sum"), operator, value)  # type: ignore[arg-type]  # totals are whole numbers

    def totalled(self, total: dict[str, Any], place: _Place) -> _Subject:
        """Return what a total counts in: the field that is summed, or plain numbers."""
        if "sum" not in total and total.get("count") is True:
            return _Subject("count", FieldType.NUMBER, TOTALLED, {})
        if "sum" not in total or "count" in total:
            raise errors.SumOrCountNeeded(path=place.path, value=shown(total))
        summed = self.field(total["sum"], f"{place.path}.sum")
        if not summed.is_summable:
            allowed = ", ".join(one.name for one in self.registry if one.is_summable)
            raise errors.NotSummable(path=f"{place.path}.sum", value=shown(summed.name), allowed=allowed)
        return _Subject(summed.name, summed.type, TOTALLED, {})

    def comparison(self, data: dict[str, Any], place: _Place) -> Node:
        _only(data, ("field", "is", "value"), place)
        field, name = self.field(data["field"], f"{place.path}.field"), data["field"]
        self.keep_to(field.scope, name, place, within_lines=errors.NotALineField)
        operator, value = _operand(data, _Subject(name, field.type, field.operators, field.choices), place)
        return Comparison(name, operator, value)

    def field(self, name: object, path: str) -> Field:
        text = name if isinstance(name, str) else ""
        found = self.registry.find(text)
        if found is None:
            raise errors.UnknownField(path=path, value=shown(name), nearest=self.registry.nearest(text))
        return found

    def keep_to(self, scope: Scope, value: object, place: _Place, *, within_lines: type[BadCondition]) -> None:
        """Refuse a node whose scope is not that of the member it stands in; the first node sets it."""
        if self.scope is None:
            self.scope = scope
        if self.scope is not scope:
            refusal = within_lines if self.is_within_lines else errors.ScopesMixed
            raise refusal(path=place.path, value=shown(value))


_NODES: Mapping[str, Callable[[_Reader, dict[str, Any], _Place], Node]] = {
    "all": _Reader.all_of,
    "any": _Reader.any_of,
    "not": _Reader.negation,
    "field": _Reader.comparison,
    "any_line": _Reader.any_line,
    "every_line": _Reader.every_line,
    "lines": _Reader.total,
}


def _only(data: dict[str, Any], allowed: tuple[str, ...], place: _Place) -> None:
    for key in data:
        if key not in allowed:
            raise errors.KeyNotUnderstood(path=place.path, value=shown(key), allowed=", ".join(allowed))


def _operand(
    data: dict[str, Any], subject: _Subject, place: _Place
) -> tuple[Operator, Scalar | tuple[Scalar, ...] | None]:
    """Read `is` and `value` of a comparison or a total."""
    if "is" not in data:
        raise errors.KeyMissing(path=place.path, value=shown(data), key="is")
    operator = _operator(data["is"], subject, place)
    if operator in PRESENCE:
        _only(data, ("field", "is"), place)
        return operator, None
    if "value" not in data:
        raise errors.KeyMissing(path=place.path, value=shown(data), key="value")
    given, path = data["value"], f"{place.path}.value"
    if operator in LISTED:
        return operator, _listed(given, subject, path)
    if operator is Operator.BETWEEN:
        return operator, _range(given, subject, path)
    return operator, _scalar(given, _settled(subject, operator, sample=given, path=path), path)


def _operator(given: object, subject: _Subject, place: _Place) -> Operator:
    if isinstance(given, str) and given in subject.operators:
        return Operator(given)
    allowed = ", ".join(subject.operators)
    raise errors.OperatorNotAllowed(path=f"{place.path}.is", value=shown(given), field=subject.name, allowed=allowed)


def _listed(given: object, subject: _Subject, path: str) -> tuple[Scalar, ...]:
    if not isinstance(given, list) or not 0 < len(given) <= LIST_VALUES_MAX:
        raise errors.ListNeeded(path=path, value=shown(given), limit=LIST_VALUES_MAX)
    settled = _settled(subject, Operator.IS_ONE_OF, sample=given[0], path=path)
    return tuple(_scalar(one, settled, f"{path}[{position}]") for position, one in enumerate(given))


def _range(given: object, subject: _Subject, path: str) -> tuple[Scalar, Scalar]:
    if not isinstance(given, list) or len(given) != 2:
        raise errors.RangeNeeded(path=path, value=shown(given))
    settled = _settled(subject, Operator.BETWEEN, sample=given[0], path=path)
    low, high = (_scalar(one, settled, f"{path}[{position}]") for position, one in enumerate(given))
    if settled.type is not FieldType.TIME and low > high:  # type: ignore[operator]  # both are of the one type of the field
        raise errors.RangeReversed(path=path, value=shown(given))
    return low, high


def _settled(subject: _Subject, operator: Operator, *, sample: object, path: str) -> _Subject:
    """Return the subject with its type; a property takes that of the first value, if the operator has it."""
    if subject.type is not FieldType.PROPERTY:
        return subject
    settled = next((kind for kind, (read, _) in _PROPERTIES.items() if read(sample) is not None), None)
    if settled is None:
        raise errors.NotAProperty(path=path, value=shown(sample))
    if operator not in OPERATORS[settled]:
        allowed = ", ".join(OPERATORS[settled])
        raise errors.OperatorNotAllowed(path=path, value=shown(operator.value), field=subject.name, allowed=allowed)
    return subject._replace(type=settled)


def _scalar(given: object, subject: _Subject, path: str) -> Scalar:
    read, refusal = _READ[subject.type]
    value = read(given)
    if value is None:
        raise refusal(path=path, value=shown(given))
    if subject.choices and value not in subject.choices:
        raise errors.NotAChoice(path=path, value=shown(given), allowed=", ".join(subject.choices))
    return value
