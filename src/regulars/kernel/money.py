# SPDX-License-Identifier: Apache-2.0
"""Money and points: integers of minor units, roundings that say their direction, and exact allocation."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from babel.numbers import get_currency_precision

from regulars.kernel.errors import RegularsError, gettext_noop

AMOUNT_MAX = 10**15


class BadAmount(RegularsError):
    """The text is not an amount of money."""

    code = "bad_amount"
    status = 422
    text = gettext_noop("“%(value)s” is not an amount. Write it like 1234.50.")


class BadQuantity(RegularsError):
    """The text is not a quantity."""

    code = "bad_quantity"
    status = 422
    text = gettext_noop("“%(value)s” is not a quantity. Write a number with at most three decimals, like 2 or 0.350.")


def exponent(currency: str) -> int:
    """Return how many decimals the minor unit of an ISO 4217 currency has. The armenian dram counts 1/100 as others do."""
    return 2 if currency == "AMD" else get_currency_precision(currency)


def _scaled(text: str | int | float | Decimal, places: int) -> int:
    scaled = Decimal(str(text)).scaleb(places)
    whole = scaled.to_integral_value()
    if whole != scaled or abs(whole) > AMOUNT_MAX:
        raise InvalidOperation
    return int(whole)


def parse_minor(text: str | int | float | Decimal, currency: str) -> int:
    """Turn a plain decimal number of major units into minor units. Raises BadAmount on more decimals than the currency has."""
    try:
        return _scaled(text, exponent(currency))
    except (InvalidOperation, ValueError):
        raise BadAmount(value=str(text)[:40]) from None


def parse_quantity(text: str | int | float | Decimal) -> int:
    """Turn a plain decimal number into thousandths. Raises BadQuantity beyond three decimals."""
    try:
        return _scaled(text, 3)
    except (InvalidOperation, ValueError):
        raise BadQuantity(value=str(text)[:40]) from None


def quantity_text(milli: int) -> str:
    """Return thousandths as a plain decimal: 2000 as 2, 350 as 0.35."""
    return format(Decimal(milli).scaleb(-3).normalize(), "f")


def floor_div(amount: int, divisor: int) -> int:
    """Divide towards minus infinity."""
    return amount // divisor


def ceil_div(amount: int, divisor: int) -> int:
    """Divide towards plus infinity."""
    return -(-amount // divisor)


def round_half_up_div(amount: int, divisor: int) -> int:
    """Divide to the nearest integer, halves away from zero."""
    sign = -1 if (amount < 0) != (divisor < 0) else 1
    return sign * ((2 * abs(amount) + abs(divisor)) // (2 * abs(divisor)))


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Split an amount over weights so that the parts sum exactly to it (largest remainder, ties to the earlier part).

    Weights are not negative. Where all are zero the first part takes everything. Raises ValueError without weights.
    """
    if not weights:
        raise ValueError("nothing to allocate to")
    total = sum(weights)
    if total == 0 or len(weights) == 1:
        return [amount, *[0] * (len(weights) - 1)]
    size, sign = abs(amount), -1 if amount < 0 else 1
    parts = [size * weight // total for weight in weights]
    if left := size - sum(parts):
        rests = [size * weight % total for weight in weights]
        for i in sorted(range(len(rests)), key=rests.__getitem__, reverse=True)[:left]:
            parts[i] += 1
    return parts if sign > 0 else [-part for part in parts]


def share_of_part(amount: int, part: int, whole: int) -> int:
    """Return round-half-up(amount × part ÷ whole): the cumulative target of partial returns. A whole of zero takes everything."""
    return amount if whole == 0 or part >= whole else round_half_up_div(amount * part, whole)
