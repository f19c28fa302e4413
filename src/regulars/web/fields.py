# SPDX-License-Identifier: Apache-2.0
"""Fields that read what shopkeepers write, money and multipliers, into the integers that the rooms count in."""

import re
from decimal import Decimal, InvalidOperation

from django import forms
from django.utils.translation import gettext_lazy as _

from regulars.kernel.errors import RegularsError
from regulars.kernel.money import exponent, parse_minor
from regulars.web.door import text_of

_GROUPED = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}(?:\.[0-9]*)?")


def ungrouped(text: str) -> str:
    """Return what was typed without blanks and without the commas of thousands and lakhs; any other comma stays, to be refused."""
    plain = "".join(text.split())
    return plain.replace(",", "") if _GROUPED.fullmatch(plain) else plain


def typed_minor(text: str, currency: str) -> int:
    """Return minor units of a typed amount. Raises ValidationError naming what was written."""
    try:
        return parse_minor(ungrouped(text), currency)
    except RegularsError as error:
        raise forms.ValidationError(text_of(error)) from None


class MoneyField(forms.CharField):
    """An amount in whole units of the business's currency; it cleans to minor units."""

    widget = forms.TextInput(attrs={"inputmode": "decimal"})
    currency = "INR"

    def clean(self, value: object) -> int | None:
        """Return minor units, or None for an empty field. Raises ValidationError naming what was written."""
        text = str(super().clean(value) or "").strip()
        if not text:
            return None
        amount = typed_minor(text, self.currency)
        if amount < 0:
            raise forms.ValidationError(_("“%(value)s” is less than zero."), params={"value": text})
        return amount


class TimesField(forms.CharField):
    """A multiplier like 1.5; it cleans to thousandths."""

    widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def clean(self, value: object) -> int | None:
        """Return thousandths, or None for an empty field. Raises ValidationError naming what was written."""
        text = str(super().clean(value) or "").replace("×", "").strip()
        if not text:
            return None
        try:
            milli = Decimal(text).scaleb(3)
        except InvalidOperation:
            milli = Decimal("NaN")
        if not milli.is_finite() or milli != milli.to_integral_value() or not 0 < milli <= 100_000:
            raise forms.ValidationError(
                _("“%(value)s” is not a multiplier. Write it like 2 or 1.25."), params={"value": text[:20]}
            )
        return int(milli)


def needed_text(value: object) -> str:
    """Return what is wrong with a field that has to say something, or something above zero."""
    return str(_("Write more than zero.") if value == 0 else _("This is needed here."))


def plain_money(minor: int | None, currency: str) -> str:
    """Write minor units as a plain number for a field."""
    return "" if minor is None else f"{Decimal(minor).scaleb(-exponent(currency)).normalize():f}"


def plain_times(milli: int) -> str:
    """Write thousandths as a plain number for a field."""
    return f"{Decimal(milli).scaleb(-3).normalize():f}"
