# SPDX-License-Identifier: Apache-2.0
"""Say a tree in the language of the shop: "the order is at least ₹500 and the day is Saturday or Sunday".

Negation goes inward to clauses that exist as such in every language, by De Morgan's rules: the two-valued rule keeps
them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from fractions import Fraction
from functools import reduce
from math import isfinite
from typing import Any, Protocol

from regulars.conditions import wording
from regulars.conditions.compare import type_of
from regulars.conditions.fields import LINES, LISTED, Field, FieldType, Frame, Operator, Plural, Registry
from regulars.conditions.tree import AllOf, AnyLine, AnyOf, Comparison, EveryLine, LineTotal, Node, Not, split

_OPPOSITES = {
    Operator.IS_NOT: Operator.IS,
    Operator.IS_NONE_OF: Operator.IS_ONE_OF,
    Operator.IS_NOT_SET: Operator.IS_SET,
}
_COUNTED_LINES = Field(
    name=LINES,
    type=FieldType.NUMBER,
    label=wording.LINE_COUNT.plural,
    unit=wording.LINE_COUNT,
    clauses={Frame.TOTAL: wording.COUNT, Frame.TOTAL_WHERE: wording.COUNT_WHERE},
)


class Translation(Protocol):
    """What gettext gives: the standard library's translation objects and Django's module of translation both fit."""

    def gettext(self, message: str, /) -> str:
        """Return the message in the language."""
        ...

    def ngettext(self, singular: str, plural: str, number: int, /) -> str:
        """Return the form of the message that the number takes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Formatters:
    """How values are written for a business in a language. `choice` gets the field's name and a code."""

    money: Callable[[int], str]
    quantity: Callable[[int], str]
    number: Callable[[int | float], str]
    date: Callable[[date], str]
    time: Callable[[time], str]
    moment: Callable[[datetime], str]
    weekday: Callable[[str], str]
    choice: Callable[[str, str], str]


def sentence(tree: Node, registry: Registry, translate: Translation, formatters: Formatters) -> str:
    """Return the tree as one clause, without capital and full stop, to stand after "when"."""
    writer = Writer(registry, translate, formatters)
    condition, selection = clauses(tree, registry, translate, formatters)
    if not selection:
        return condition
    if not condition:
        return writer.say(wording.SELECTED, selection=selection)
    return writer.say(wording.SELECTED_WHEN, condition=condition, selection=selection)


def clauses(tree: Node, registry: Registry, translate: Translation, formatters: Formatters) -> tuple[str, str]:
    """Return what the tree says of the fact, to stand after "when", and of items, to stand after "where"; empty for nothing."""
    writer = Writer(registry, translate, formatters)
    about_fact, selecting = split(tree, registry)
    if selecting is None:
        return writer.clause(tree), ""
    return "" if about_fact == AllOf(()) else writer.clause(about_fact), writer.clause(selecting)


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes clauses and values in one language for one business."""

    registry: Registry
    translate: Translation
    formatters: Formatters

    def say(self, message: str, **values: object) -> str:
        """Translate a message and put its values in."""
        return self.translate.gettext(message).format(**values)

    def clause(self, node: Node, *, negated: bool = False) -> str:
        """Write a node, or its opposite."""
        match node:
            case Comparison():
                return self._comparison(node, negated=negated)
            case Not(member):
                return self.clause(member, negated=not negated)
            case AllOf(()):
                return self.say(wording.NEVER if negated else wording.ALWAYS)
            case AllOf() | AnyOf():
                joint = _joint(node, negated=negated)
                return self._joined(self._members(node, joint, negated=negated), joint)
            case AnyLine(member):
                return self.say(wording.ANY_LINE[negated], condition=self.clause(member))
            case EveryLine(member):
                return self.say(wording.EVERY_LINE[negated], condition=self.clause(member))
            case LineTotal():
                return self._total(node, negated=negated)

    def value(self, field: Field, value: Any, *, as_type: FieldType) -> str:
        """Write one value of a field, or all the tags that it holds."""
        if as_type is FieldType.TAGS and not isinstance(value, str):
            return self._joined([self.say(wording.QUOTED, value=tag) for tag in sorted(map(str, value))], wording.AND)
        match as_type:
            case FieldType.NUMBER:
                return self._counted(field.unit, self.formatters.number(value), number=value)
            case FieldType.QUANTITY:
                return self._counted(field.unit, self.formatters.quantity(value), number=Fraction(value, 1000))
            case FieldType.CHOICE if value in field.choices:
                return self.say(field.choices[value])
            case FieldType.CHOICE:
                return self.formatters.choice(field.name, value)
            case FieldType.BOOLEAN:
                return self.say(wording.YES if value else wording.NO)
            case FieldType.TEXT | FieldType.TAGS:
                return self.say(wording.QUOTED, value=value)
            case _:
                return self._formatted(value, as_type)

    def counted(self, name: str) -> Field:
        """Return the field of a name; `lines` is the number of them."""
        return _COUNTED_LINES if name == LINES else self.registry[name]

    def label(self, name: str) -> str:
        """Write what a field is called."""
        field = self.counted(name)
        return self.say(field.label, key=name.removeprefix(field.prefix)) if field.is_family else self.say(field.label)

    def listed(self, texts: Iterable[str]) -> str:
        """Write texts one after another; empty without any."""
        first, *others = [*texts] or [""]
        return reduce(lambda text, following: self.say(wording.COMMA, list=text, next=following), others, first)

    def _formatted(self, value: Any, as_type: FieldType) -> str:
        write: dict[FieldType, Callable[[Any], str]] = {
            FieldType.MONEY: self.formatters.money,
            FieldType.DATE: self.formatters.date,
            FieldType.TIME: self.formatters.time,
            FieldType.WEEKDAY: self.formatters.weekday,
            FieldType.MOMENT: self.formatters.moment,
        }
        return write[as_type](value)

    def _counted(self, unit: Plural | None, text: str, *, number: int | float | Fraction) -> str:
        """Put the unit beside a number; fractions below two take the form of 0, which is right in all six languages."""
        if unit is None:
            return text
        whole = abs(int(number)) if isfinite(number) else 0
        count = whole if whole > 1 or whole == abs(number) else 0
        return self.translate.ngettext(unit.singular, unit.plural, count).format(count=text)

    def _comparison(self, node: Comparison, *, negated: bool) -> str:
        field = self.registry[node.field]
        if not isinstance(node.value, tuple | None) and (node.operator, node.value) in field.wordings:
            return self.say(field.wordings[node.operator, node.value][negated])
        frame = _frame(node, field)
        clause = field.clauses.get(frame) or wording.CLAUSES[frame]
        message = clause[negated != (node.operator in _OPPOSITES)]
        as_type = type_of(node, field)
        values = node.value if isinstance(node.value, tuple) else () if node.value is None else (node.value,)
        texts = [self.value(field, one, as_type=as_type) for one in values]
        return self.say(message, field=self.label(node.field), value=self._phrase(node.operator, texts, as_type))

    def _phrase(self, operator: Operator, texts: list[str], as_type: FieldType) -> str:
        """Write the values as the operator relates to them: at least ₹500, Saturday or Sunday, 18:00 or later."""
        if operator in LISTED:
            return self._joined(texts, wording.OR)
        message = wording.AMOUNTS.get(as_type, {}).get(_OPPOSITES.get(operator, operator))
        if operator is Operator.BETWEEN and message:
            return self.say(message, start=texts[0], end=texts[1])
        return self.say(message, value=texts[0]) if message else "".join(texts)

    def _total(self, node: LineTotal, *, negated: bool) -> str:
        field = self.counted(node.summed or LINES)
        values = node.value if isinstance(node.value, tuple) else (node.value,)
        texts = [self.value(field, one, as_type=field.type) for one in values]
        phrase = self._phrase(node.operator, texts, field.type)
        is_opposite = negated != (node.operator in _OPPOSITES)
        if node.where is None:
            return self.say(field.clauses[Frame.TOTAL][is_opposite], value=phrase)
        return self.say(field.clauses[Frame.TOTAL_WHERE][is_opposite], value=phrase, condition=self.clause(node.where))

    def _members(self, node: AllOf | AnyOf, joint: str, *, negated: bool) -> Iterator[str]:
        """Write the members of a group: groups of the same joint run on, others stand in brackets."""
        for member in node.members:
            inner, is_opposite = _without_not(member, negated=negated)
            if not isinstance(inner, AllOf | AnyOf):
                yield self.clause(inner, negated=is_opposite)
            elif len(inner.members) == 1 or _joint(inner, negated=is_opposite) == joint:
                yield from self._members(inner, joint, negated=is_opposite)
            else:
                yield self.say(wording.GROUPED, condition=self.clause(inner, negated=is_opposite))

    def _joined(self, texts: Iterable[str], joint: str) -> str:
        *head, last = texts
        if not head:
            return last
        return self.say(joint, list=self.listed(head), last=last)


def _joint(node: AllOf | AnyOf, *, negated: bool) -> str:
    return wording.AND if isinstance(node, AllOf) != negated else wording.OR


def _without_not(node: Node, *, negated: bool) -> tuple[Node, bool]:
    while isinstance(node, Not):
        node, negated = node.member, not negated
    return node, negated


def _frame(node: Comparison, field: Field) -> Frame:
    match node.operator:
        case Operator.IS_SET | Operator.IS_NOT_SET:
            return Frame.IS_SET
        case Operator.STARTS_WITH:
            return Frame.STARTS_WITH
        case _:
            return Frame.HAS if field.type is FieldType.TAGS else Frame.IS
