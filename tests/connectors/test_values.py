# SPDX-License-Identifier: Apache-2.0
"""Numbers, dates and identities as people and programs write them."""

from datetime import UTC, date
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.connectors import values
from regulars.connectors.values import BadCell

EXAMPLES = Path(__file__).parent / "examples"


def table(name):
    lines = (EXAMPLES / name).read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.split("|")] for line in lines if not line.startswith("#")]


@pytest.mark.parametrize(("style", "text", "expected"), table("numbers.txt"))
def test_numbers(style, text, expected):
    try:
        is_negative, whole, decimals = values.read_number(text, "amount", style)
    except BadCell:
        assert expected == "no"
    else:
        assert Decimal(f"{'-' if is_negative else ''}{whole or 0}.{decimals or 0}") == Decimal(expected)


@pytest.mark.parametrize(("style", "zone", "text", "expected"), table("dates.txt"))
def test_dates(style, zone, text, expected):
    try:
        moment = values.moment_reader("date", style=style, zone=ZoneInfo(zone))[text]
    except BadCell:
        assert expected == "no"
    else:
        assert moment.tzinfo is UTC
        assert f"{moment:%Y-%m-%d %H:%M:%S}" == expected


@pytest.mark.parametrize(
    ("number", "places", "expected"),
    [
        ("0.005", 2, (1, False)),
        ("0.0049", 2, (0, False)),
        ("-0.005", 2, (-1, False)),
        ("1.50", 2, (150, True)),
        ("1.500", 1, (15, True)),
    ],
)
def test_halves_are_rounded_away_from_zero(number, places, expected):
    assert values.scaled(values.read_number(number, "", "point"), places) == expected


def test_an_error_names_column_value_and_remedy():
    with pytest.raises(
        values.BadNumber, match=r"“12,50” in column “Total” is not a number like 12,34,567.50. Correct it"
    ):
        values.amount_reader("Total", style="point", currency="INR")["12,50"]


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (values.phone_reader("Phone", country="IN"), "9.88E+09"),
        (values.phone_reader("Phone", country="IN"), "12345"),
        (values.email_reader("Mail"), "asha at example"),
        (values.birthday_reader("Born", style="dmy"), "31/02/1990"),
    ],
)
def test_an_error_keeps_what_is_personal_to_itself(reader, text):
    with pytest.raises(BadCell) as caught:
        reader[text]

    assert text not in str(caught.value)
    assert reader.column in str(caught.value)


@pytest.mark.parametrize(
    "text", ["9052099011.0", "'+919052099011", "09052099011", "+91-90520-99011", "९०५२०९९०११", "0091 9052099011"]
)
def test_one_phone_in_many_spellings(text):
    assert values.phone_reader("Phone", country="IN")[text] == "+919052099011"


def test_a_birthday_needs_its_century():
    reader = values.birthday_reader("Born", style="dmy")

    assert reader["29/02/1996"] == date(1996, 2, 29)
    assert reader[""] is None
    with pytest.raises(values.BadBirthday):
        reader["01/02/96"]


def test_codes_are_not_cut_but_names_are():
    assert values.text_reader("Name", limit=5)["abcdefgh"] == "abcde"
    assert values.code_reader("Bill", limit=5, is_whole=True)["17850.0"] == "17850"
    with pytest.raises(values.LongCell):
        values.code_reader("Bill", limit=5)["abcdefgh"]


def test_a_reader_forgets_before_it_fills_the_memory():
    reader = values.code_reader("Bill", limit=20)
    for number in range(values.MEMO_MAX + 5):
        reader[str(number)]

    assert len(reader) <= values.MEMO_MAX


def column_blamed(reader, text):
    """Read a text; return the column that the error names, or None if there is none."""
    try:
        reader[text]
    except BadCell as error:
        return error.data["column"]
    return None


@given(text=st.text(max_size=60), style=st.sampled_from(list(values.NUMBER_STYLES)))
def test_any_text_is_a_number_or_a_named_error(text, style):
    amounts = values.amount_reader("c", style=style, currency="INR")
    quantities = values.quantity_reader("c", style=style)

    assert {column_blamed(amounts, text), column_blamed(quantities, text)} <= {"c", None}


@given(
    text=st.text(max_size=60) | st.from_regex(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}", fullmatch=True),
    style=st.sampled_from(list(values.DATE_STYLES)),
)
def test_any_text_is_a_date_or_a_named_error(text, style):
    moments = values.moment_reader("c", style=style, zone=ZoneInfo("Asia/Kolkata"))
    birthdays = values.birthday_reader("c", style=style)

    assert {column_blamed(moments, text), column_blamed(birthdays, text)} <= {"c", None}
