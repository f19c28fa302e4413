# SPDX-License-Identifier: Apache-2.0
"""Put the reasons of decisions and the bookings of a statement into words. Pure: language and formats come in.

A reason is what `decide` wrote: `{"is": "per_amount", "basis_minor": 10550, "points": 1, "per_minor": 100}`.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Protocol

from regulars.conditions.fields import Plural
from regulars.conditions.sentence import Translation
from regulars.conditions.wording import ngettext_lazy
from regulars.kernel.errors import gettext_noop

_PER_AMOUNT = ngettext_lazy("{points} point for every {per} of {basis}", "{points} points for every {per} of {basis}")
_PER_ITEM = ngettext_lazy("{points} point for each of {pieces} items", "{points} points for each of {pieces} items")
_FIXED = ngettext_lazy("{points} point", "{points} points")
_TIMES = gettext_noop("× {times}")
_GAVE_WAY = gettext_noop("not given, since “{rule}” applies instead")
_OVER_ORDER_MAX = gettext_noop("not given: {points} points are more than the {max} that one purchase can bring")
_BALANCE_FULL = gettext_noop("a member can have at most {max} points")
_TIMES_USED_UP = {
    "day": ngettext_lazy("given {max} time a day at most", "given {max} times a day at most"),
    "week": ngettext_lazy("given {max} time a week at most", "given {max} times a week at most"),
    "month": ngettext_lazy("given {max} time a month at most", "given {max} times a month at most"),
    "year": ngettext_lazy("given {max} time a year at most", "given {max} times a year at most"),
    "ever": ngettext_lazy("given {max} time in all at most", "given {max} times in all at most"),
}
_POINTS_USED_UP = {
    "day": gettext_noop("at most {max} points a day"),
    "week": gettext_noop("at most {max} points a week"),
    "month": gettext_noop("at most {max} points a month"),
    "year": gettext_noop("at most {max} points a year"),
    "ever": gettext_noop("at most {max} points in all"),
}
_BOOKINGS = {
    "earn": gettext_noop("Earned"),
    "spend": gettext_noop("Spent"),
    "settle": gettext_noop("Spent from points set aside"),
    "reverse_earn": gettext_noop("Taken back after a return"),
    "reverse_spend": gettext_noop("Given back after a return"),
    "expire": gettext_noop("Expired"),
    "reinstate": gettext_noop("Expired points brought back for a return"),
    "cancel_pending": gettext_noop("Pending points cancelled"),
    "adjust": gettext_noop("Corrected by staff"),
    "transfer": gettext_noop("Moved between members"),
    "recover": gettext_noop("Set against points owed"),
}
_BY_RULE = {
    "earn": gettext_noop("Earned: {rule}"),
    "reverse_earn": gettext_noop("Taken back after a return: {rule}"),
    "cancel_pending": gettext_noop("Pending points cancelled: {rule}"),
}
_UNKNOWN = gettext_noop("for another reason")

Reason = Mapping[str, Any]


class WriteNumber(Protocol):
    """Writes a number in the language, with so many decimals: `ui.format.number` with language and country filled in."""

    def __call__(self, value: int | Decimal, *, decimals: int = 0) -> str:
        """Return the number as text."""
        ...


def explain_reason(
    reason: Reason, *, translate: Translation, money: Callable[[int], str], number: WriteNumber, rules: Mapping[str, str] | None = None
) -> str:
    """Return a reason as a clause: "1 point for every ₹1 of ₹105.50". `rules` gives the names of rules by id."""
    plain = {key: number(value) for key, value in reason.items() if type(value) is int}
    match reason["is"]:
        case "per_amount":
            return _counted(_PER_AMOUNT, reason["points"], translate).format(
                points=plain["points"], per=money(reason["per_minor"]), basis=money(reason["basis_minor"])
            )
        case "per_item":
            return _counted(_PER_ITEM, reason["points"], translate).format(**plain)
        case "fixed":
            return _counted(_FIXED, reason["points"], translate).format(**plain)
        case "times":
            return translate.gettext(_TIMES).format(times=_times(reason["times_milli"], number))
        case "gave_way":
            rule = str(reason["rule"])
            return translate.gettext(_GAVE_WAY).format(rule=(rules or {}).get(rule, rule))
        case "times_used_up":
            return _counted(_TIMES_USED_UP[reason["per"]], reason["max"], translate).format(**plain)
        case "points_used_up":
            return translate.gettext(_POINTS_USED_UP[reason["per"]]).format(**plain)
        case "over_order_max":
            return translate.gettext(_OVER_ORDER_MAX).format(**plain)
        case "balance_full":
            return translate.gettext(_BALANCE_FULL).format(**plain)
    return translate.gettext(_UNKNOWN)


def explain_booking(kind: str, *, translate: Translation, rule: str = "") -> str:
    """Return why points moved, as a heading: "Earned: Points for every purchase". `rule` is the name of the rule, if one gave them."""
    if rule and kind in _BY_RULE:
        return translate.gettext(_BY_RULE[kind]).format(rule=rule)
    return translate.gettext(_BOOKINGS[kind]) if kind in _BOOKINGS else translate.gettext(_UNKNOWN)


def text_in(texts: Mapping[str, str], language: str) -> str:
    """Return the text of a language, or else the English one, or else the first there is; empty without any."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def _counted(plural: Plural, count: int, translate: Translation) -> str:
    return translate.ngettext(plural.singular, plural.plural, count)


def _times(milli: int, number: WriteNumber) -> str:
    decimals = next(places for places in range(4) if milli * 10**places % 1000 == 0)
    return number(Decimal(milli) / 1000, decimals=decimals)
