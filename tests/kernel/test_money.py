# SPDX-License-Identifier: Apache-2.0
"""Money and points: reading, rounding and splitting, to the last minor unit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.kernel.money import (
    AMOUNT_MAX,
    BadAmount,
    BadQuantity,
    allocate,
    ceil_div,
    exponent,
    floor_div,
    parse_minor,
    parse_quantity,
    round_half_up_div,
    share_of_part,
)

AMOUNTS = st.integers(-(10**12), 10**12)
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=12)


@pytest.mark.parametrize(("currency", "places"), [("INR", 2), ("AMD", 2), ("JPY", 0), ("KWD", 3), ("EUR", 2)])
def test_decimals_of_a_currency(currency, places):
    assert exponent(currency) == places


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1234.50", "INR", 123_450),
        ("0.1", "INR", 10),
        (".5", "INR", 50),
        ("-3", "INR", -300),
        (1234.5, "INR", 123_450),
        (0.29, "INR", 29),
        (Decimal("99.99"), "INR", 9_999),
        ("1E2", "INR", 10_000),
        ("100", "JPY", 100),
        ("1.234", "KWD", 1_234),
        ("1.500", "INR", 150),
        (7, "AMD", 700),
    ],
)
def test_amounts(text, currency, minor):
    assert parse_minor(text, currency) == minor


@pytest.mark.parametrize(
    "text", ["", " ", "1,234.50", "12.345", "₹12", "NaN", "Infinity", "-Infinity", "1e99", "²", "1 2", "0x10", "1.0.0"]
)
def test_what_is_no_amount(text):
    with pytest.raises(BadAmount):
        parse_minor(text, "INR")


def test_the_message_is_short_whatever_was_sent():
    with pytest.raises(BadAmount) as refusal:
        parse_minor("9" * 10_000, "INR")

    assert len(refusal.value.message) < 200


@pytest.mark.parametrize(("text", "milli"), [("2", 2_000), ("0.35", 350), (0.35, 350), ("0.001", 1), ("-1", -1_000)])
def test_quantities(text, milli):
    assert parse_quantity(text) == milli


@pytest.mark.parametrize("text", ["0.0001", "two", "", str(AMOUNT_MAX)])
def test_what_is_no_quantity(text):
    with pytest.raises(BadQuantity):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("amount", "divisor", "floor", "half_up", "ceil"),
    [
        (5, 2, 2, 3, 3),
        (-5, 2, -3, -3, -2),
        (4, 2, 2, 2, 2),
        (1, 3, 0, 0, 1),
        (2, 3, 0, 1, 1),
        (-1, 3, -1, 0, 0),
        (0, 7, 0, 0, 0),
        (5, -2, -3, -3, -2),
    ],
)
def test_roundings_say_their_direction(amount, divisor, floor, half_up, ceil):
    divided = (floor_div(amount, divisor), round_half_up_div(amount, divisor), ceil_div(amount, divisor))
    assert divided == (floor, half_up, ceil)


@given(AMOUNTS, st.integers(1, 10**6))
def test_half_up_is_the_nearest(amount, divisor):
    nearest = round_half_up_div(amount, divisor)

    assert abs(2 * (nearest * divisor - amount)) <= divisor
    assert round_half_up_div(-amount, divisor) == -nearest


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (1, [1, 1], [1, 0]),
        (10, [0, 1], [0, 10]),
        (10, [0, 0], [10, 0]),
        (0, [3, 4], [0, 0]),
        (7, [2, 2, 3], [2, 2, 3]),
        (100, [99_999, 1], [100, 0]),
    ],
)
def test_splitting(amount, weights, parts):
    assert allocate(amount, weights) == parts


def test_nothing_to_split_among():
    with pytest.raises(ValueError, match="nothing"):
        allocate(5, [])


@given(AMOUNTS, WEIGHTS)
def test_parts_sum_exactly_and_are_fair(amount, weights):
    parts = allocate(amount, weights)
    total = sum(weights)

    assert sum(parts) == amount
    assert all(part * amount >= 0 for part in parts)
    if total:
        assert all(abs(part * total - amount * weight) < total for part, weight in zip(parts, weights, strict=True))
        assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)


@given(st.integers(0, 10**12), st.lists(st.integers(1, 500), min_size=1, max_size=20))
def test_partial_returns_sum_to_the_whole(amount, steps):
    """The cumulative target, whatever the steps, ends at the whole and never goes back."""
    whole, returned, reversed_ = sum(steps), 0, 0
    for step in steps:
        target = share_of_part(amount, returned + step, whole)
        assert target >= reversed_
        returned, reversed_ = returned + step, target

    assert reversed_ == amount


@pytest.mark.parametrize(
    ("amount", "part", "whole", "share"), [(100, 1, 3, 33), (100, 2, 3, 67), (5, 1, 2, 3), (9, 0, 4, 0), (9, 1, 0, 9)]
)
def test_share_of_part(amount, part, whole, share):
    assert share_of_part(amount, part, whole) == share
