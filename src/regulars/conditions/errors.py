# SPDX-License-Identifier: Apache-2.0
"""Why a tree is refused: each error names the path in the tree, the value that stands there, and the remedy."""

import json
from itertools import islice

from regulars.kernel.errors import RegularsError, gettext_noop

SHOWN_CHARS_MAX = 60
SHOWN_ITEMS_MAX = 8


def shown(value: object) -> str:
    """Write a refused value for an error text: as JSON, two levels deep, cut to 60 characters."""
    text = json.dumps(_outline(value, levels=2), ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_CHARS_MAX else f"{text[: SHOWN_CHARS_MAX - 1]}…"


def _outline(value: object, *, levels: int) -> object:
    """Copy no more than can be shown, so that a hostile tree costs nothing."""
    if isinstance(value, dict):
        items = islice(value.items(), SHOWN_ITEMS_MAX) if levels else ()
        return {str(key): _outline(inner, levels=levels - 1) for key, inner in items}
    if isinstance(value, list):
        return [_outline(inner, levels=levels - 1) for inner in value[:SHOWN_ITEMS_MAX]] if levels else []
    return value[:SHOWN_CHARS_MAX] if isinstance(value, str) else value


class BadCondition(RegularsError):
    """A tree that is no condition. Its data always has `path` and `value`."""

    code = "bad_condition"
    status = 422
    text = gettext_noop(
        "%(path)s: %(value)s is not a condition. Write one of all, any, not, field, any_line, every_line, lines."
    )


class KeyNotUnderstood(BadCondition):
    """A key that has no meaning where it stands."""

    text = gettext_noop(
        "%(path)s: the key %(value)s has no meaning here. Take it out; these are understood: %(allowed)s."
    )


class KeyMissing(BadCondition):
    """A key without which the node says nothing."""

    text = gettext_noop("%(path)s: %(value)s lacks the key “%(key)s”. Add it.")


class MembersNeeded(BadCondition):
    """A group that is no list, or empty below the top."""

    text = gettext_noop("%(path)s: %(value)s is not a list of conditions. Write at least one, or take the group out.")


class TooDeep(BadCondition):
    """Nesting beyond the limit."""

    text = gettext_noop("%(path)s: %(value)s is nested more than %(limit)s levels deep. Join groups of the same kind.")


class TooManyNodes(BadCondition):
    """More nodes than the limit."""

    text = gettext_noop(
        "%(path)s: with %(value)s there are more than %(limit)s conditions. Use is_one_of for lists of values."
    )


class UnknownField(BadCondition):
    """A name that the registry does not have."""

    text = gettext_noop("%(path)s: %(value)s is not a field. Did you mean “%(nearest)s”?")


class OperatorNotAllowed(BadCondition):
    """An operator that the field's type does not have."""

    text = gettext_noop("%(path)s: %(value)s cannot compare %(field)s. Use one of %(allowed)s.")


class NotALineField(BadCondition):
    """A field of the fact where each line is asked."""

    text = gettext_noop(
        "%(path)s: %(value)s belongs to the whole purchase, not to a line. Move it out of the condition on lines."
    )


class ScopesMixed(BadCondition):
    """A field of lines and one of the fact in one member."""

    text = gettext_noop(
        "%(path)s: %(value)s mixes lines with the whole purchase. Put the part on lines into any_line, every_line or "
        "lines, or make it a member of its own of the outermost all."
    )


class LinesWithinLines(BadCondition):
    """A quantifier over lines inside another."""

    text = gettext_noop("%(path)s: %(value)s stands inside a condition on lines, and a line has no lines. Move it out.")


class NotSummable(BadCondition):
    """A field that gives no sensible total."""

    text = gettext_noop("%(path)s: %(value)s cannot be added up. Use one of %(allowed)s.")


class SumOrCountNeeded(BadCondition):
    """A total that is neither a sum nor a count, or both."""

    text = gettext_noop("%(path)s: %(value)s needs either “sum” with a field of lines or “count” with true, not both.")


class ListNeeded(BadCondition):
    """No list of values, or one out of bounds."""

    text = gettext_noop(
        "%(path)s: %(value)s is not a list of 1 to %(limit)s values. Write them between square brackets."
    )


class RangeNeeded(BadCondition):
    """No pair of bounds."""

    text = gettext_noop(
        "%(path)s: %(value)s is not a range. Write the lowest and the highest value between square brackets."
    )


class RangeReversed(BadCondition):
    """A lower bound above the upper one."""

    text = gettext_noop("%(path)s: the range %(value)s begins after its end. Swap the two values.")


class NotText(BadCondition):
    """No text within the limit."""

    text = gettext_noop("%(path)s: %(value)s is not a text of 1 to 200 characters. Write it between quotation marks.")


class NotAChoice(BadCondition):
    """A code that the field does not have."""

    text = gettext_noop("%(path)s: %(value)s is not one of the choices. Use one of %(allowed)s.")


class NotANumber(BadCondition):
    """No whole number within the limit."""

    text = gettext_noop(
        "%(path)s: %(value)s is not a whole number of at most 15 digits. Write it without quotation marks."
    )


class NotMoney(BadCondition):
    """No amount in minor units."""

    text = gettext_noop("%(path)s: %(value)s is not an amount. Write it in minor units: 50000 for 500.00.")


class NotAQuantity(BadCondition):
    """No quantity in thousandths."""

    text = gettext_noop("%(path)s: %(value)s is not a quantity. Write it in thousandths: 2000 for two, 350 for 0.35.")


class NotABoolean(BadCondition):
    """Neither true nor false."""

    text = gettext_noop("%(path)s: %(value)s is neither true nor false. Write true or false without quotation marks.")


class NotADate(BadCondition):
    """No calendar day."""

    text = gettext_noop("%(path)s: %(value)s is not a date. Write it like “2026-01-31”.")


class NotATime(BadCondition):
    """No time of day."""

    text = gettext_noop("%(path)s: %(value)s is not a time of day. Write hours and minutes like “18:30”.")


class NotAWeekday(BadCondition):
    """No day of the week."""

    text = gettext_noop("%(path)s: %(value)s is not a day of the week. Write mon, tue, wed, thu, fri, sat or sun.")


class NotAMoment(BadCondition):
    """No instant with its offset."""

    text = gettext_noop(
        "%(path)s: %(value)s is not a moment. Write it with its offset like “2026-01-31T18:30:00+05:30”."
    )


class NotAProperty(BadCondition):
    """None of what an event can carry."""

    text = gettext_noop("%(path)s: %(value)s is not a text, a whole number, true or false. Write one of these.")
