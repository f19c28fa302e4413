# SPDX-License-Identifier: Apache-2.0
"""Rows of customers and products."""

from datetime import date

import pytest

from connectors.builders import a_setting, rows_of
from regulars.catalog.actions import ProductRow
from regulars.connectors.mapping import mapping_of
from regulars.connectors.people import CustomerReader, split_tags
from regulars.connectors.presets import load_preset
from regulars.connectors.products import ProductReader
from regulars.customers.importing import CustomerRow

HEADER = ("id", "first", "last", "phone", "mail", "born", "tags", "land", "lang")
COLUMNS = {
    "external": {"column": "id"},
    "first_name": {"column": "first"},
    "last_name": {"column": "last"},
    "phone": {"column": "phone"},
    "email": {"column": "mail"},
    "birthday": {"column": "born", "format": "dmy"},
    "tags": {"column": "tags"},
    "country": {"column": "land"},
    "language": {"column": "lang"},
}


def read(*lines):
    mapping = mapping_of({"name": "crm", "subject": "customers", "columns": COLUMNS})
    return list(CustomerReader(mapping, HEADER, a_setting()).batches(rows_of(*lines)))


def test_a_customer_with_everything():
    (batch,) = read(
        "'721 | Asha | Pawar | '+916281390536 | Asha.Pawar@Example.com | 29/02/1996 | vip, wholesale | IN | hi"
    )

    assert batch.items == [
        CustomerRow(
            identities=(("external", "721"), ("email", "asha.pawar@example.com"), ("phone", "+916281390536")),
            name="Asha Pawar",
            language="hi",
            birthday=date(1996, 2, 29),
            tags=("vip", "wholesale"),
        )
    ]
    assert batch.problems == {}


def test_a_phone_is_read_as_of_the_country_in_its_row():
    batches = read("1 | | | 099267640 | | | | AM | ", "2 | | | 09052099011 | | | | | ")

    assert [batch.items[0].identities[-1] for batch in batches] == [
        ("phone", "+37499267640"),
        ("phone", "+919052099011"),
    ]


def test_several_phones_in_one_cell():
    (batch,) = read(" | | | 9052099011; 9223725746 | | | | | ")

    assert batch.items[0].identities == (("phone", "+919052099011"), ("phone", "+919223725746"))


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("| Asha | | | | | | |", "no_identity"),
        ("1 | Asha | | 9.88E+09 | | | | |", "bad_phone_cell"),
        ("1 | Asha | | | asha@ | | | |", "bad_email_cell"),
        ("1 | Asha | | | | 30/02/1996 | | |", "bad_birthday_cell"),
    ],
)
def test_errors_are_exact_to_the_row(row, code):
    batches = read("1 | Ravi | | | | | | |", row)

    assert [{number: problem.code for number, problem in batch.problems.items()} for batch in batches] == [
        {},
        {3: code},
    ]


def test_everything_that_is_wrong_with_a_row_is_said():
    (batch,) = read("1 | Asha | | 12; 9.88E+09 | asha@ | 30/02/1996 | | |")

    assert [problem.code for problem in (batch.problems[2], *batch.others[2])] == [
        "bad_email_cell",
        "bad_phone_cell",
        "bad_birthday_cell",
    ]


@pytest.mark.parametrize(
    ("text", "tags"),
    [('"VIP","Blog"', ["VIP", "Blog"]), ("vip, a b ,", ["vip", "a b"]), ("", []), ('"a, b"', ["a, b"])],
)
def test_tags_as_exports_write_them(text, tags):
    assert split_tags(text) == tags


def test_products():
    reader = ProductReader(load_preset("generic_products"), ("sku", "name", "category"), a_setting())

    good, bad = reader.batches(rows_of("TEA | Masala tea | Drinks", " | Bun | "))

    assert good.items == [ProductRow("TEA", "Masala tea", "Drinks")]
    assert bad.problems[3].message == "Column “sku” is empty here, and every row needs it. Fill it in."
