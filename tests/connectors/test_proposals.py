# SPDX-License-Identifier: Apache-2.0
"""What the columns of an unknown file may mean, in six languages, and how sure that is."""

import pytest

from regulars.connectors.mapping import Column, check_mapping
from regulars.connectors.proposals import ignored_columns, mapping_from, propose_mapping


def proposed(header, *rows, subject="orders"):
    return {proposal.target: proposal for proposal in propose_mapping(header, rows, subject)}


@pytest.mark.parametrize(
    ("header", "targets"),
    [
        (
            ["Bill No", "Bill Date", "Mobile No.", "Item", "Qty", "Total Amount"],
            "order time customer_phone product_name quantity amount",
        ),
        (
            ["बिल नंबर", "तारीख", "मोबाइल नंबर", "उत्पाद", "मात्रा", "कुल राशि"],
            "order time customer_phone product_name quantity amount",
        ),
        (
            ["बिल क्रमांक", "दिनांक", "मोबाईल", "वस्तू", "नग", "एकूण रक्कम"],
            "order time customer_phone product_name quantity amount",
        ),
        (
            ["బిల్లు నంబర్", "తేదీ", "ఫోన్ నంబర్", "వస్తువు", "పరిమాణం", "మొత్తం"],
            "order time customer_phone product_name quantity amount",
        ),
        (
            ["ബിൽ നമ്പർ", "തീയതി", "മൊബൈൽ", "സാധനം", "എണ്ണം", "ആകെ തുക"],
            "order time customer_phone product_name quantity amount",
        ),
        (
            ["Կտրոն", "Ամսաթիվ", "Հեռախոս", "Ապրանք", "Քանակ", "Գումար"],
            "order time customer_phone product_name quantity amount",
        ),
        (
            ["InvoiceNo", "InvoiceDate", "CustomerID", "StockCode", "Quantity", "UnitPrice"],
            "order time customer_external sku quantity unit_price",
        ),
    ],
)
def test_headers_in_every_language(header, targets):
    found = proposed(header)

    assert {proposal.column: target for target, proposal in found.items()} == dict(
        zip(header, targets.split(), strict=True)
    )
    assert {proposal.confidence for proposal in found.values()} == {"high"}


def test_words_inside_a_header_are_less_sure_and_values_least():
    found = proposed(
        ["Doc", "Posting date (local)", "Contact"],
        ["1", "31/12/2026", "9052099011"],
        ["2", "13/01/2027", "+91 92237 25746"],
    )

    assert (found["time"].confidence, found["time"].word, found["time"].format) == ("medium", "date", "dmy")
    assert (found["customer_phone"].column, found["customer_phone"].confidence) == ("Contact", "low")
    assert "order" not in found


def test_a_header_that_its_values_contradict_is_doubted():
    found = proposed(["Date", "Amount"], ["blue", "12 500,00"], ["red", "13 000,00"])

    assert found["time"].confidence == "low"
    assert (found["amount"].confidence, found["amount"].format) == ("high", "comma")


@pytest.mark.parametrize(
    ("values", "style"),
    [
        (["2026-04-01"], "iso"),
        (["01/04/2026", "13/04/2026"], "dmy"),
        (["04/01/2026", "04/13/2026"], "mdy"),
        (["01.03.2026 20:50"], "dmy"),
    ],
)
def test_the_way_dates_are_written_is_seen_from_the_values(values, style):
    assert proposed(["Date"], *[[value] for value in values])["time"].format == style


def test_customers_and_products():
    people = proposed(["Email", "First Name", "Last Name", "Phone", "SMS consent", "Birth date"], subject="customers")
    goods = proposed(["Item code", "Item name", "Category"], subject="products")

    assert sorted(people) == ["birthday", "email", "first_name", "last_name", "phone"]
    assert {target: goods[target].column for target in goods} == {
        "sku": "Item code",
        "name": "Item name",
        "category": "Category",
    }


def test_a_mapping_made_of_proposals_can_be_used_and_names_what_it_ignores():
    header = ["Bill", "Date", "Amount", "Return", "Accepts marketing", "Shelf"]

    mapping = mapping_from(
        propose_mapping(header, [], "orders"), name="till", subject="orders", time_zone="Asia/Yerevan"
    )

    check_mapping(mapping)
    assert mapping.columns["order"] == Column("Bill")
    assert [rule.then for rule in mapping.rules] == ["return", "return"]
    assert ignored_columns(header, mapping) == [("Accepts marketing", True), ("Shelf", False)]


@pytest.mark.parametrize(("cell", "target"), [("2026-04-01 10:15", "time"), ("10:15", "clock"), ("9.05 pm", "clock")])
def test_a_column_called_time_is_a_time_of_day_only_if_it_holds_no_dates(cell, target):
    assert proposed(["bill", "time"], ["1", cell])[target].column == "time"
