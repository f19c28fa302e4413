# SPDX-License-Identifier: Apache-2.0
"""What one comparison means: the value that counts as seen, and the closure that compares it.

The closures repeat the test of the type instead of calling `seen`: a call would cost as much as the comparison itself.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, time
from operator import eq, ge, gt, le, lt, ne
from typing import Any, TypeAlias, cast

from regulars.conditions.fields import PRESENCE, Field, FieldType, Operator, Snapshot
from regulars.conditions.tree import Comparison
from regulars.conditions.values import Scalar

Check: TypeAlias = Callable[[Snapshot], bool]

CLASSES: Mapping[FieldType, Collection[type]] = {
    FieldType.NUMBER: frozenset({int, float}),
    FieldType.PROPERTY: frozenset({int, float}),
    FieldType.MONEY: frozenset({int}),
    FieldType.QUANTITY: frozenset({int}),
    FieldType.DATE: frozenset({date}),
    FieldType.MOMENT: frozenset({datetime}),
}
LAST_MINUTE = 24 * 60 - 1


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_number(value: object) -> bool:
    return value.__class__ in CLASSES[FieldType.NUMBER]


def _is_whole(value: object) -> bool:
    return value.__class__ is int


def _is_boolean(value: object) -> bool:
    return value.__class__ is bool


def _is_date(value: object) -> bool:
    return value.__class__ is date


def _is_time(value: object) -> bool:
    return value.__class__ is time


def _is_moment(value: object) -> bool:
    return isinstance(value, datetime) and value.tzinfo is not None


def _is_tags(value: object) -> bool:
    return isinstance(value, list | tuple | set | frozenset)


def _is_property(value: object) -> bool:
    return _is_text(value) or _is_number(value) or _is_boolean(value)


_IS_OF_TYPE: Mapping[FieldType, Callable[[object], bool]] = {
    FieldType.TEXT: _is_text,
    FieldType.CHOICE: _is_text,
    FieldType.NUMBER: _is_number,
    FieldType.MONEY: _is_whole,
    FieldType.QUANTITY: _is_whole,
    FieldType.BOOLEAN: _is_boolean,
    FieldType.DATE: _is_date,
    FieldType.TIME: _is_time,
    FieldType.WEEKDAY: _is_text,
    FieldType.MOMENT: _is_moment,
    FieldType.TAGS: _is_tags,
    FieldType.PROPERTY: _is_property,
}


def type_of(node: Comparison, field: Field) -> FieldType:
    """Return the type in which a comparison is made: the field's, or that of the value for a property."""
    if field.type is not FieldType.PROPERTY or node.operator in PRESENCE:
        return field.type
    return property_type(node.value[0] if isinstance(node.value, tuple) else node.value)


def property_type(value: object) -> FieldType:
    """Return the type that a value of a property has."""
    if isinstance(value, bool):
        return FieldType.BOOLEAN
    return FieldType.TEXT if isinstance(value, str) else FieldType.NUMBER


def seen(node: Comparison, field: Field, snapshot: Snapshot) -> Any:
    """Return the value that a comparison has to do with, or None if it is missing or of another type."""
    value = snapshot.get(node.field)
    return value if _IS_OF_TYPE[type_of(node, field)](value) else None


def compile_comparison(node: Comparison, field: Field) -> Check:
    """Return the check of one comparison on a snapshot of the field's scope."""
    name, operator, value = node.field, node.operator, cast("Any", node.value)
    match operator:
        case Operator.IS_SET | Operator.IS_NOT_SET:
            return _unless(_is_set(name, field.type), negated=operator is Operator.IS_NOT_SET)
        case Operator.IS | Operator.IS_NOT:
            return _unless(_is(name, value, field_type=field.type), negated=operator is Operator.IS_NOT)
        case Operator.IS_ONE_OF | Operator.IS_NONE_OF:
            return _unless(_is_one_of(name, value, field_type=field.type), negated=operator is Operator.IS_NONE_OF)
        case Operator.CONTAINS:
            return _has_one_of(name, (value,))
        case Operator.STARTS_WITH:
            return lambda values: isinstance(text := values.get(name), str) and text.startswith(value)
        case _:
            return _in_order(name, operator, value, field_type=field.type)


def _unless(check: Check, *, negated: bool) -> Check:
    return (lambda values: not check(values)) if negated else check


def _is_set(name: str, field_type: FieldType) -> Check:
    is_of_type = _IS_OF_TYPE[field_type]
    if field_type is FieldType.TAGS:
        return lambda values: is_of_type(values.get(name)) and len(values[name]) > 0
    return lambda values: is_of_type(values.get(name))


def _is(name: str, value: Scalar, *, field_type: FieldType) -> Check:
    """Compare for equality; 1 is not true."""
    if isinstance(value, bool):
        return lambda values: values.get(name) is value
    if isinstance(value, str):
        return lambda values: values.get(name) == value
    classes = CLASSES[field_type]
    return lambda values: (one := values.get(name)) == value and one.__class__ in classes


def _is_one_of(name: str, wanted: tuple[Scalar, ...], *, field_type: FieldType) -> Check:
    if field_type is FieldType.TAGS:
        return _has_one_of(name, wanted)
    accepted = frozenset(wanted)
    if isinstance(wanted[0], str):
        return lambda values: isinstance(code := values.get(name), str) and code in accepted
    classes = CLASSES[field_type]
    return lambda values: (one := values.get(name)).__class__ in classes and one in accepted


def _has_one_of(name: str, wanted: tuple[Scalar, ...]) -> Check:
    return lambda values: _is_tags(values.get(name)) and any(map(values[name].__contains__, wanted))


def _in_order(name: str, operator: Operator, value: Any, *, field_type: FieldType) -> Check:
    """Compare by order; a moment without its offset is no moment."""
    if field_type is FieldType.TIME:
        return _at_time(name, operator, value)
    ordered = _ordered(name, operator, value, classes=CLASSES[field_type])
    if field_type is FieldType.MOMENT:
        return lambda values: _is_moment(values.get(name)) and ordered(values)
    return ordered


def _ordered(name: str, operator: Operator, value: Any, *, classes: Collection[type]) -> Check:
    match operator:
        case Operator.AT_LEAST:
            return lambda values: (one := values.get(name)).__class__ in classes and one >= value
        case Operator.AT_MOST:
            return lambda values: (one := values.get(name)).__class__ in classes and one <= value
        case Operator.MORE_THAN:
            return lambda values: (one := values.get(name)).__class__ in classes and one > value
        case Operator.LESS_THAN:
            return lambda values: (one := values.get(name)).__class__ in classes and one < value
        case _:
            low, high = value
            return lambda values: (one := values.get(name)).__class__ in classes and low <= one <= high


def _at_time(name: str, operator: Operator, value: Any) -> Check:
    """Compare whole minutes, as a receipt shows them: until 18:00 includes 18:00:59. A range may pass midnight."""
    low, high = _minutes_range(operator, value)
    if operator is Operator.BETWEEN and low > high:
        return lambda values: (at := values.get(name)).__class__ is time and not high < at.hour * 60 + at.minute < low
    return lambda values: (at := values.get(name)).__class__ is time and low <= at.hour * 60 + at.minute <= high


def _minutes_range(operator: Operator, value: Any) -> tuple[int, int]:
    if operator is Operator.BETWEEN:
        start, end = value
        return _minute(start), _minute(end)
    minute = _minute(value)
    return {
        Operator.AT_LEAST: (minute, LAST_MINUTE),
        Operator.AT_MOST: (0, minute),
        Operator.MORE_THAN: (minute + 1, LAST_MINUTE),
        Operator.LESS_THAN: (0, minute - 1),
    }[operator]


def _minute(clock: time) -> int:
    return clock.hour * 60 + clock.minute


def compile_total_test(operator: Operator, value: int | tuple[int, ...]) -> Callable[[int], bool]:
    """Return the test of a total, which is never missing."""
    if isinstance(value, tuple):
        low, high = value
        return lambda total: low <= total <= high
    compare = _TOTALS[operator]
    return lambda total: compare(total, value)


_TOTALS: Mapping[Operator, Callable[[int, int], bool]] = {
    Operator.IS: eq,
    Operator.IS_NOT: ne,
    Operator.AT_LEAST: ge,
    Operator.AT_MOST: le,
    Operator.MORE_THAN: gt,
    Operator.LESS_THAN: lt,
}
