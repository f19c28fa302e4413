# SPDX-License-Identifier: Apache-2.0
"""What a sample basket would earn, by the program as it is and by the draft. Nothing is recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django import forms
from django.utils.translation import gettext_lazy as _

from regulars.catalog.models import Product
from regulars.catalog.queries import products_like
from regulars.conditions.fact_fields import bought, when
from regulars.programs.account import account
from regulars.programs.decide import CompiledProgram, Situation, decide
from regulars.programs.definition import Program
from regulars.programs.words import Words
from regulars.web.fields import MoneyField
from regulars.web.program_forms import WordedForm

LINES = 3
SUGGESTED_MAX = 20
SEPARATOR = " · "
NAMED_MAX = 5


class BasketForm(WordedForm):
    """A purchase that did not happen."""

    at = forms.DateTimeField(
        label=_("When"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    tier = forms.ChoiceField(label=_("Level"), required=False)
    store = forms.ChoiceField(label=_("Store"), required=False)
    is_first = forms.BooleanField(label=_("First purchase"), required=False)

    def __init__(self, *args: Any, choices: dict[str, list[tuple[str, str]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tier"].choices = choices["tiers"]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["store"].choices = [("", "–"), *choices["stores"]]  # type: ignore[attr-defined]  # as above
        for place in range(1, LINES + 1):
            self.fields[f"product_{place}"] = forms.CharField(
                label=_("Product"),
                required=False,
                max_length=300,
                widget=forms.TextInput(
                    attrs={"list": "products", "autocomplete": "off", "placeholder": _("Name or code")}
                ),
            )
            self.fields[f"amount_{place}"] = MoneyField(label=_("Amount"), max_length=20, required=False)
            self.fields[f"pieces_{place}"] = forms.IntegerField(
                label=_("Pieces"), min_value=1, max_value=1_000, required=False
            )
            self.fields[f"category_{place}"] = forms.ChoiceField(
                label=_("Category"), required=False, choices=[("", "–"), *choices["categories"]]
            )
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = field.label
            if isinstance(field, MoneyField):
                field.currency = self.words.business.currency

    @property
    def lines(self) -> list[tuple[forms.BoundField, list[forms.BoundField]]]:
        """Return the fields of each line: the product, and the others."""
        names = ("amount", "pieces", "category")
        places = range(1, LINES + 1)
        return [(self[f"product_{place}"], [self[f"{name}_{place}"] for name in names]) for place in places]

    def clean(self) -> None:
        """Find the products; what is not one of them, or has no amount, is said."""
        given = self.cleaned_data
        for place in range(1, LINES + 1):
            text, name = given.get(f"product_{place}", ""), f"product_{place}"
            given[name] = self._product(name, text) if text else None
            if given[name] and not given.get(f"amount_{place}"):
                self.add_error(f"amount_{place}", _("Write what was paid for “%(product)s”.") % {"product": text})

    def _product(self, name: str, text: str) -> Product | None:
        found = self._like(text)
        exact = [one for one in found if text in {one.sku, one.name, suggested(one)}]
        if len(one := exact or found) == 1:
            return one[0]
        said = {"value": text, "products": ", ".join(suggested(one) for one in found[:NAMED_MAX])}
        several = _("“%(value)s” fits several products. Choose one: %(products)s.")
        self.add_error(name, (several if found else _("No product is called “%(value)s”.")) % said)
        return None

    def _like(self, text: str) -> list[Product]:
        return list(products_like(self.words.business, text.rpartition(SEPARATOR)[2])[:SUGGESTED_MAX])

    def suggestions(self) -> list[str]:
        """Return the products that what is written may mean."""
        written = [str(self.data.get(f"product_{place}") or "") for place in range(1, LINES + 1)]
        return list(dict.fromkeys(suggested(one) for text in written if text for one in self._like(text)))


def suggested(product: Product) -> str:
    """Return a product as it is chosen: its name and code."""
    return f"{product.name}{SEPARATOR}{product.sku}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What one rule would give, before and after."""

    name: str
    before: str
    after: str
    why: str
    is_changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The comparison, and its sums."""

    rows: list[Compared]
    before: int
    after: int


def compare(before: Program | None, after: Program, form: BasketForm, *, now: datetime) -> Preview | None:
    """Return what the basket of a valid form would earn by both programs; None for an empty basket."""
    situation = _situation(form, now)
    if situation is None:
        return None
    old = _told(before, situation, form.words) if before else {}
    new = _told(after, situation, form.words)
    rows = [
        Compared(
            name=(new.get(rule) or old[rule]).name,
            before=old[rule].figure if rule in old else "",
            after=new[rule].figure if rule in new else "",
            why=(new.get(rule) or old[rule]).why,
            is_changed=rule not in old or rule not in new or old[rule].figure != new[rule].figure,
        )
        for rule in dict.fromkeys([*old, *new])
    ]
    return Preview(
        rows=rows, before=sum(one.points for one in old.values()), after=sum(one.points for one in new.values())
    )


class _Told(NamedTuple):
    """What one rule comes to, in words."""

    name: str
    points: int
    figure: str
    why: str


def _told(program: Program, situation: Situation, words: Words) -> dict[str, _Told]:
    """Return what each rule for purchases comes to: its points, or by how much it multiplies those of others."""
    told, compiled = words.of(program), CompiledProgram(program)
    return {
        one.rule.id: _Told(
            told.rules[one.rule.id],
            one.points,
            told.times(one.times_milli) if one.times_milli else told.number(one.points),
            told.why(one.reasons, one.unmet),
        )
        for one in account(compiled, situation, decide(compiled, situation))
        if one.is_meant
    }


def _situation(form: BasketForm, now: datetime) -> Situation | None:
    given = form.cleaned_data
    places = [place for place in range(1, LINES + 1) if given[f"amount_{place}"]]
    lines = [_line(given, place) for place in places]
    if not lines:
        return None
    local = (given["at"] or now).astimezone(form.words.zone)
    total = sum(line["line.net_minor"] for line in lines)
    snapshot = {
        "fact.kind": "order",
        "fact.source": "staff",
        "fact.store": given["store"] or None,
        **when(local),
        "customer.is_member": True,
        "customer.tier": given["tier"],
        "customer.language": form.words.language,
        "customer.tags": [],
        "customer.is_birthday_month": False,
        "customer.order_count_before": 0 if given["is_first"] else 5,
        "order.total_minor": total,
        "order.currency": form.words.business.currency,
        "order.line_count": len(lines),
        "order.quantity_milli": sum(line["line.quantity_milli"] for line in lines),
        "lines": lines,
    }
    return Situation(
        kind="order",
        snapshot=snapshot,
        earns=[given[f"product_{place}"] is None or given[f"product_{place}"].earns_points for place in places],
        day=local.date(),
        at=int(local.timestamp()),
        tier=given["tier"] or "",
    )


def _line(given: Mapping[str, Any], place: int) -> dict[str, Any]:
    product: Product | None = given[f"product_{place}"]
    category = product.category.code if product and product.category else given[f"category_{place}"]
    pieces = given[f"pieces_{place}"] or 1
    return bought(
        sku=product.sku if product else "",
        category=category,
        net_minor=given[f"amount_{place}"],
        quantity_milli=pieces * 1000,
    )


def sample_values(now: datetime, words: Words, categories: Sequence[tuple[str, str]], tier: str) -> dict[str, object]:
    """Return a basket to begin with."""
    values: dict[str, object] = {"at": now.astimezone(words.zone).replace(tzinfo=None), "tier": tier}
    for place, amount in enumerate(("500", "250"), start=1):
        values |= {f"amount_{place}": amount, f"pieces_{place}": 1}
        if len(categories) >= place:
            values[f"category_{place}"] = categories[place - 1][0]
    return values
