# SPDX-License-Identifier: Apache-2.0
"""Put the reasons of decisions and the bookings of a statement into words. Pure: language and formats come in.

A reason is what `decide` wrote: `{"is": "per_amount", "basis_minor": 10550, "points": 1, "per_minor": 100}`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from regulars.conditions.explain import Unmet, say_missing
from regulars.conditions.sentence import Translation, Writer
from regulars.conditions.wording import ngettext_lazy
from regulars.kernel.errors import gettext_noop
from regulars.programs.definition import Program

# Reasons that are counted: the pair of forms, and the value that chooses between them.
_COUNTED = {
    "per_amount": (
        ngettext_lazy("{points} point for every {per} of {basis}", "{points} points for every {per} of {basis}"),
        "points",
    ),
    "per_item": (
        ngettext_lazy("{points} point for each of {pieces} items", "{points} points for each of {pieces} items"),
        "points",
    ),
    "fixed": (ngettext_lazy("{points} point", "{points} points"), "points"),
    "times/pieces": (
        ngettext_lazy("× {times} for {pieces} item by “{rule}”", "× {times} for {pieces} items by “{rule}”"),
        "pieces",
    ),
    "returned": (
        ngettext_lazy(
            "the part that came back of {points} point earned", "the part that came back of {points} points earned"
        ),
        "points",
    ),
    "too_soon": (
        ngettext_lazy(
            "given again after {hours} hour at the earliest", "given again after {hours} hours at the earliest"
        ),
        "hours",
    ),
    "times_used_up/day": (ngettext_lazy("given {max} time a day at most", "given {max} times a day at most"), "max"),
    "times_used_up/week": (ngettext_lazy("given {max} time a week at most", "given {max} times a week at most"), "max"),
    "times_used_up/month": (
        ngettext_lazy("given {max} time a month at most", "given {max} times a month at most"),
        "max",
    ),
    "times_used_up/year": (ngettext_lazy("given {max} time a year at most", "given {max} times a year at most"), "max"),
    "times_used_up/ever": (ngettext_lazy("given {max} time in all at most", "given {max} times in all at most"), "max"),
}
_PLAIN = {
    "times": gettext_noop("× {times}"),
    "times/rule": gettext_noop("× {times} by “{rule}”"),
    "times/basis_minor": gettext_noop("× {times} for {basis} by “{rule}”"),
    "times/tier": gettext_noop("× {times} by the level “{tier}”"),
    "multiplied": gettext_noop("× {times}"),
    "nothing_to_multiply": gettext_noop("there were no points to multiply"),
    "too_little": gettext_noop("not enough for one point"),
    "no_goods_that_earn": gettext_noop("these products earn no points"),
    "other_occasion/order": gettext_noop("only for a purchase"),
    "other_occasion/visit": gettext_noop("only for a visit"),
    "other_occasion/event": gettext_noop("only for “{event}”"),
    "switched_off": gettext_noop("switched off"),
    "carried": gettext_noop("not a whole amount yet; it counts with the next purchase"),
    "gave_way": gettext_noop("not given, since “{rule}” applies instead"),
    "over_order_max": gettext_noop("not given: {points} points are more than the {max} that one purchase can bring"),
    "balance_full": gettext_noop("a member can have at most {max} points"),
    "points_used_up/day": gettext_noop("at most {max} points a day"),
    "points_used_up/week": gettext_noop("at most {max} points a week"),
    "points_used_up/month": gettext_noop("at most {max} points a month"),
    "points_used_up/year": gettext_noop("at most {max} points a year"),
    "points_used_up/ever": gettext_noop("at most {max} points in all"),
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
    "merge": gettext_noop("Moved when two customers were merged"),
    "unmerge": gettext_noop("Moved when a merge was undone"),
    "reverse_earn/cancel": gettext_noop("Taken back"),
    "reverse_spend/cancel": gettext_noop("Given back"),
    "reinstate/cancel": gettext_noop("Expired points brought back"),
    "adjust/cancel": gettext_noop("Taken back"),
    "reverse_earn/correction": gettext_noop("Taken back"),
    "reverse_spend/correction": gettext_noop("Given back"),
    "reinstate/correction": gettext_noop("Expired points brought back"),
}
_BY_RULE = {
    "earn": gettext_noop("Earned: {rule}"),
    "reverse_earn": gettext_noop("Taken back after a return: {rule}"),
    "cancel_pending": gettext_noop("Pending points cancelled: {rule}"),
    "reverse_earn/cancel": gettext_noop("Taken back: {rule}"),
    "reverse_earn/correction": gettext_noop("Taken back for a correction: {rule}"),
}
_NUMBERS = ("points", "pieces", "max", "hours")
_VARIANTS = ("pieces", "basis_minor", "rule", "tier")
_MORE = gettext_noop("{missing} more for “{rule}”")
_UNKNOWN = gettext_noop("for another reason")

Reason = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Names:
    """What the rules and the levels of a program are called in one language, by id and code."""

    rules: Mapping[str, str] = field(default_factory=dict)
    tiers: Mapping[str, str] = field(default_factory=dict)


def names_in(program: Program | None, language: str) -> Names:
    """Return the names of a program in a language."""
    if program is None:
        return Names()
    levels = program.ladder.levels if program.ladder else ()
    return Names(
        {rule.id: text_in(rule.name, language) for rule in program.rules},
        {level.code: text_in(level.name, language) for level in levels},
    )


class WriteNumber(Protocol):
    """Writes a number in the language, with so many decimals: `ui.format.number` with language and country filled in."""

    def __call__(self, value: int | Decimal, *, decimals: int = 0) -> str:
        """Return the number as text."""
        ...


def explain_reason(
    reason: Reason,
    *,
    translate: Translation,
    money: Callable[[int], str],
    number: WriteNumber,
    names: Names | None = None,
) -> str:
    """Return a reason as a clause: "1 point for every ₹1 of ₹105.50"."""
    known = names or Names()
    values = {key: number(reason[key]) for key in _NUMBERS if key in reason}
    values |= {key: money(reason[f"{key}_minor"]) for key in ("per", "basis") if f"{key}_minor" in reason}
    if "times_milli" in reason:
        values["times"] = _times(reason["times_milli"], number)
    if "rule" in reason:
        values["rule"] = known.rules.get(reason["rule"], reason["rule"])
    if "tier" in reason:
        values["tier"] = known.tiers.get(reason["tier"], reason["tier"])
    if "event" in reason:
        values["event"] = reason["event"]
    return _template(reason, translate).format(**values)


def _name(reason: Reason) -> str:
    """Return the name of the sentence: some reasons have one for each period, occasion, or part that they speak of."""
    match reason["is"]:
        case "times":
            variant = next((key for key in _VARIANTS if key in reason), "")
        case "other_occasion":
            variant = reason["on"]
        case _:
            variant = reason.get("per", "")
    return f"{reason['is']}/{variant}" if variant else str(reason["is"])


def _template(reason: Reason, translate: Translation) -> str:
    name = _name(reason)
    if name in _COUNTED:
        plural, counted = _COUNTED[name]
        return translate.ngettext(plural.singular, plural.plural, reason[counted])
    return translate.gettext(_PLAIN.get(name, _UNKNOWN))


def explain_next(unmet: Sequence[Unmet], rule: str, writer: Writer) -> str:
    """Return what would bring a rule, where nothing but one amount fell short: "₹120 more for “Big basket”"; else empty."""
    if len(unmet) != 1 or unmet[0].missing is None:
        return ""
    return writer.say(_MORE, missing=say_missing(unmet[0], writer), rule=rule)


def explain_booking(kind: str, *, translate: Translation, rule: str = "", cause: str = "") -> str:
    """Return why points moved, as a heading: "Earned: Points for every purchase".

    `rule` is the name of the rule, if one gave them; `cause` tells a cancellation or a correction from a return.
    """
    name = f"{kind}/{cause}" if f"{kind}/{cause}" in _BOOKINGS else kind
    if rule and name in _BY_RULE:
        return translate.gettext(_BY_RULE[name]).format(rule=rule)
    return translate.gettext(_BOOKINGS.get(name, _UNKNOWN))


def text_in(texts: Mapping[str, str], language: str) -> str:
    """Return the text of a language, or else the English one, or else the first there is; empty without any."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def _times(milli: int, number: WriteNumber) -> str:
    decimals = next(places for places in range(4) if milli * 10**places % 1000 == 0)
    return number(Decimal(milli) / 1000, decimals=decimals)
