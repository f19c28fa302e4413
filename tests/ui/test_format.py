# SPDX-License-Identifier: Apache-2.0
"""How amounts and dates read, in six languages."""

import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.ui.format import (
    clock,
    day,
    moment,
    money,
    month,
    near_day,
    number,
    percent,
    points,
    quantity,
    symbol,
)

HOME = {"INR": "IN", "AMD": "AM", "GBP": "GB", "USD": "US"}
LANGUAGES = ("en", "hi", "mr", "te", "ml", "hy")
KOLKATA = ZoneInfo("Asia/Kolkata")


def golden_money() -> Iterator[tuple[int, str, str, str]]:
    currency, amounts = "", [0]
    for line in Path(__file__).with_name("money.txt").read_text(encoding="utf-8").splitlines()[3:]:
        words = line.split()
        if words and words[0] in HOME:
            currency, amounts = words[0], [int(word) for word in words[1:]]
        elif words:
            for minor, text in zip(amounts, words[1:], strict=True):
                yield minor, currency, words[0], text.replace("_", "\u00a0")


@pytest.mark.parametrize(("minor", "currency", "language", "text"), list(golden_money()))
def test_money_reads_as_in_the_table(minor: int, currency: str, language: str, text: str) -> None:
    assert money(minor, currency, language=language, country=HOME[currency]) == text


def test_the_table_is_complete() -> None:
    assert len(list(golden_money())) == len(LANGUAGES) * len(HOME) * 9


@pytest.mark.parametrize(
    ("decimals", "texts"),
    [("if_any", ["₹1,250", "₹12.50"]), ("always", ["₹1,250.00", "₹12.50"]), ("never", ["₹1,250", "₹13"])],
)
def test_decimals_of_money(decimals: str, texts: list[str]) -> None:
    assert [money(minor, "INR", language="en", country="IN", decimals=decimals) for minor in (125000, 1250)] == texts


def test_groups_follow_the_country_and_not_the_language() -> None:
    assert money(12345600, "INR", language="en", country="AM") == "₹123,456"
    assert money(12345600, "AMD", language="en", country="IN") == "1,23,456\u00a0֏"


def test_yen_have_no_minor_unit_and_unknown_signs_stand_as_codes() -> None:
    assert money(1250, "JPY", language="ml", country="JP") == "¥1,250"
    assert money(-1250, "RUB", language="en") == "−RUB\u00a012.50"
    assert symbol("INR", language="mr") == "₹"


def test_a_small_debt_in_luma_is_no_dram_and_has_no_minus() -> None:
    assert money(-49, "AMD", language="hy", country="AM") == "0\u00a0֏"
    assert money(-50, "AMD", language="hy", country="AM") == "−1\u00a0֏"


@given(st.integers(-(10**15), 10**15), st.sampled_from(LANGUAGES), st.sampled_from(sorted(HOME)))
def test_money_has_latin_digits_and_loses_none(minor: int, language: str, currency: str) -> None:
    text = money(minor, currency, language=language, country=HOME[currency], decimals="always")
    digits = "".join(sign for sign in text if unicodedata.category(sign) == "Nd")
    assert digits.isascii()
    if currency != "AMD":
        assert int(digits) == abs(minor)
        assert text.startswith("−") == (minor < 0)


def test_points_numbers_and_quantities() -> None:
    assert points(1234567, language="te", country="IN") == "12,34,567"
    assert points(-1234567, language="hy", country="AM") == "−1\u00a0234\u00a0567"
    assert points(1250, language="en", scale=2) == "12.50"
    assert points(1200, language="en", scale=2) == "12"
    assert number(2.45, language="en", decimals=1) == "2.5"
    assert number(-0.04, language="en", decimals=1) == "0.0"
    assert number(1234567, language="ml", country="IN") == "12,34,567"
    assert [quantity(milli, language="en") for milli in (1000, 350, 12_345_000, -1500, 0)] == [
        "1", "0.35", "12,345", "−1.5", "0",
    ]  # fmt: skip
    assert quantity(350, language="hy") == "0,35"


def test_a_share_of_nothing_is_not_available() -> None:
    assert percent(0, 0, language="en") == "n/a"
    assert percent(5, 0, language="hy") == "չկա"


def test_shares_round_halves_away_from_zero() -> None:
    assert percent(41, 100, language="en") == "41%"
    assert percent(1, 200, language="en") == "1%"
    assert percent(-1, 200, language="en") == "−1%"
    assert percent(1, 3, language="hy", decimals=1) == "33,3%"
    assert percent(12, 10, language="te") == "120%"


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ["5 Jan 2026", "January 2026", "Jan 2026"]),
        ("hi", ["5 जन॰ 2026", "जनवरी 2026", "जन॰ 2026"]),
        ("mr", ["5 जाने, 2026", "जानेवारी 2026", "जाने 2026"]),
        ("te", ["5 జన, 2026", "జనవరి 2026", "జన 2026"]),
        ("ml", ["2026, ജനു 5", "2026 ജനുവരി", "2026 ജനു"]),
        ("hy", ["05 հնվ, 2026 թ.", "2026 թ․ հունվար", "2026 թ. հնվ"]),
        ("xx", ["5 Jan 2026", "January 2026", "Jan 2026"]),
    ],
)
def test_days_and_months(language: str, texts: list[str]) -> None:
    value = date(2026, 1, 5)
    assert [day(value, language), month(value, language), month(value, language, width="short")] == texts


def test_a_moment_is_told_by_the_clock_of_the_store() -> None:
    value = datetime(2026, 1, 5, 20, 5, tzinfo=UTC)
    assert moment(value, KOLKATA, "en") == "6 Jan 2026, 1:35\u00a0am"
    assert moment(value, ZoneInfo("Asia/Yerevan"), "hy") == "06 հնվ, 2026 թ., 00:05"
    assert clock(value, KOLKATA, "te") == "1:35 AM"


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (-31, "5 Aug 2026"),
        (-30, "30 days ago"),
        (-2, "2 days ago"),
        (-1, "yesterday"),
        (0, "today"),
        (1, "tomorrow"),
        (9, "in 9 days"),
        (31, "6 Oct 2026"),
    ],
)
def test_near_days(days: int, text: str) -> None:
    today = date(2026, 9, 5)
    assert near_day(today + timedelta(days=days), "en", today=today) == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_near_days_are_words_in_every_language(language: str) -> None:
    today = date(2026, 9, 5)
    texts = [near_day(today + timedelta(days=days), language, today=today) for days in range(-30, 31)]
    assert all(texts)
    assert "2026" not in "".join(texts)
