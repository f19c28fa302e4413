# SPDX-License-Identifier: Apache-2.0
"""The words that every field shares: message ids of clauses, amounts and joints, whole enough to be translated.

What a field says in better words stands beside the field. Ids are English; placeholders are named.
"""

from collections.abc import Mapping

from regulars.conditions.fields import Clause, FieldType, Frame, Operator, Plural
from regulars.kernel.errors import gettext_noop


def ngettext_lazy(singular: str, plural: str) -> Plural:
    """Mark a pair for the catalogues; the sentence looks it up when it knows the count."""
    return Plural(singular, plural)


AND = gettext_noop("{list} and {last}")
OR = gettext_noop("{list} or {last}")
COMMA = gettext_noop("{list}, {next}")
GROUPED = gettext_noop("({condition})")
QUOTED = gettext_noop("“{value}”")
ALWAYS = gettext_noop("always")
NEVER = gettext_noop("never")
YES = gettext_noop("yes")
NO = gettext_noop("no")

SELECTED = gettext_noop("for the items where {selection}")
SELECTED_WHEN = gettext_noop("{condition}, for the items where {selection}")
ANY_LINE = Clause(
    gettext_noop("the order has an item where {condition}"), gettext_noop("the order has no item where {condition}")
)
EVERY_LINE = Clause(
    gettext_noop("every item of the order is one where {condition}"),
    gettext_noop("not every item of the order is one where {condition}"),
)
COUNT = Clause(gettext_noop("the order has {value}"), gettext_noop("the order does not have {value}"))
COUNT_WHERE = Clause(
    gettext_noop("the order has {value} where {condition}"),
    gettext_noop("the order does not have {value} where {condition}"),
)
LINE_COUNT = ngettext_lazy("{count} line", "{count} lines")

CLAUSES: Mapping[Frame, Clause] = {
    Frame.IS: Clause(gettext_noop("{field} is {value}"), gettext_noop("{field} is not {value}")),
    Frame.STARTS_WITH: Clause(
        gettext_noop("{field} starts with {value}"), gettext_noop("{field} does not start with {value}")
    ),
    Frame.HAS: Clause(gettext_noop("{value} is among {field}"), gettext_noop("{value} is not among {field}")),
    Frame.IS_SET: Clause(gettext_noop("{field} is known"), gettext_noop("{field} is not known")),
}

_COUNTED: Mapping[Operator, str] = {
    Operator.IS: gettext_noop("exactly {value}"),
    Operator.AT_LEAST: gettext_noop("at least {value}"),
    Operator.AT_MOST: gettext_noop("at most {value}"),
    Operator.MORE_THAN: gettext_noop("more than {value}"),
    Operator.LESS_THAN: gettext_noop("less than {value}"),
    Operator.BETWEEN: gettext_noop("between {start} and {end}"),
}
_IN_TIME: Mapping[Operator, str] = {
    Operator.AT_LEAST: gettext_noop("{value} or later"),
    Operator.AT_MOST: gettext_noop("{value} or earlier"),
    Operator.MORE_THAN: gettext_noop("after {value}"),
    Operator.LESS_THAN: gettext_noop("before {value}"),
    Operator.BETWEEN: gettext_noop("between {start} and {end}"),
}
AMOUNTS: Mapping[FieldType, Mapping[Operator, str]] = {
    FieldType.NUMBER: _COUNTED,
    FieldType.MONEY: _COUNTED,
    FieldType.QUANTITY: _COUNTED,
    FieldType.DATE: _IN_TIME,
    FieldType.TIME: _IN_TIME,
    FieldType.MOMENT: _IN_TIME,
}

ONLY_WHEN = gettext_noop("only when {wanted}")
ONLY_WHEN_HERE = gettext_noop("only when {wanted}; here: {seen}")
ONLY_WHEN_MISSING = gettext_noop("only when {wanted}; here: {seen}; missing: {missing}")
LABELLED = gettext_noop("{label}: {value}")
NOT_KNOWN = gettext_noop("not known")
