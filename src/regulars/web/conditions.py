# SPDX-License-Identifier: Apache-2.0
"""The condition of a rule as rows of a form: category, product, store, weekday, time of day, minimum order.

What a condition says beyond these rows is kept as it is, and shown as a sentence.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import time
from typing import Any

from babel import Locale
from django import forms
from django.utils import translation
from django.utils.translation import gettext as _

from regulars.conditions.values import WEEKDAYS
from regulars.ui.format import LOCALES
from regulars.web.fields import MoneyField, plain_money

Tree = dict[str, Any]
Choices = Sequence[tuple[str, str]]

LISTED = {"categories": "line.category", "stores": "fact.store", "weekdays": "fact.weekday", "products": "line.sku"}
_NAMES = {field: name for name, field in LISTED.items()}
_ONE_OF = ("is", "is_one_of")


def _several(label: str, choices: Choices) -> forms.Field:
    return forms.MultipleChoiceField(
        label=label, choices=list(choices), required=False, widget=forms.CheckboxSelectMultiple
    )


def _weekdays() -> Choices:
    names = Locale.parse(LOCALES[translation.get_language() or "en"]).days["stand-alone"]["wide"]
    return [(code, str(names[place])) for place, code in enumerate(WEEKDAYS)]


def _time(label: str) -> forms.Field:
    return forms.TimeField(label=label, required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))


CONDITION_FIELDS: Mapping[str, Callable[[Choices], forms.Field]] = {
    "categories": lambda choices: _several(_("Only items of the categories"), choices),
    "products": lambda _choices: forms.CharField(
        label=_("Only the products"),
        max_length=1_000,
        required=False,
        help_text=_("Product codes, separated by commas."),
    ),
    "stores": lambda choices: _several(_("Only in the stores"), choices),
    "weekdays": lambda _choices: _several(_("Only on"), _weekdays()),
    "time_from": lambda _choices: _time(_("From")),
    "time_to": lambda _choices: _time(_("To")),
    "order_minimum": lambda _choices: MoneyField(label=_("Orders of at least"), max_length=20, required=False),
}


def rows_of(when: Tree | None, currency: str) -> tuple[dict[str, Any], list[Tree]]:
    """Return the values of the rows that a condition fills, and what of it no row can show."""
    values: dict[str, Any] = {}
    others: list[Tree] = []
    members = when["all"] if when and set(when) == {"all"} else [when] if when else []
    for member in members:
        row = _row_of(member, currency)
        if row is None or not values.keys().isdisjoint(row):
            others.append(member)
        else:
            values |= row
    return values, others


def _row_of(member: Tree, currency: str) -> dict[str, Any] | None:
    field, operator, value = member.get("field"), member.get("is"), member.get("value")
    if field in _NAMES and operator in _ONE_OF:
        listed = value if isinstance(value, list) else [value]
        return {_NAMES[field]: ", ".join(map(str, listed)) if field == "line.sku" else listed}
    if field == "fact.time" and operator == "between" and isinstance(value, list):
        return {"time_from": time.fromisoformat(value[0]), "time_to": time.fromisoformat(value[1])}
    if field == "order.total_minor" and operator == "at_least" and isinstance(value, int):
        return {"order_minimum": plain_money(value, currency)}
    return None


def condition_of(given: Mapping[str, Any], others: Sequence[Tree]) -> Tree | None:
    """Return the condition that filled rows and kept parts say together; None for always."""
    listed = [_one_of(field, given.get(name) or []) for name, field in LISTED.items()]
    members = [member for member in (*listed, *_amounts(given), *others) if member]
    if len(members) > 1:
        return {"all": members}
    return members[0] if members else None


def _one_of(field: str, value: str | Sequence[str]) -> Tree | None:
    parts = value.split(",") if isinstance(value, str) else value
    listed = [text for part in parts if (text := part.strip())]
    if not listed:
        return None
    only = {"field": field, "is": "is", "value": listed[0]}
    return only if len(listed) == 1 else {"field": field, "is": "is_one_of", "value": listed}


def _amounts(given: Mapping[str, Any]) -> list[Tree]:
    members: list[Tree] = []
    if given.get("time_from") and given.get("time_to"):
        span = [given[name].strftime("%H:%M") for name in ("time_from", "time_to")]
        members.append({"field": "fact.time", "is": "between", "value": span})
    if given.get("order_minimum"):
        members.append({"field": "order.total_minor", "is": "at_least", "value": given["order_minimum"]})
    return members
