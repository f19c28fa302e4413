# SPDX-License-Identifier: Apache-2.0
"""Rows of a till's file become purchases and returns, or errors that name the row."""

import pytest

from connectors.builders import a_mapping, batches_of, rows_of
from regulars.connectors.mapping import BadMapping
from regulars.flow.intake import LINES_MAX, Order, Return, ReturnLine

PHONE = "+919052099011"


def problems_of(batches):
    return {number: problem.code for batch in batches for number, problem in batch.problems.items()}


def test_rows_of_one_bill_are_one_purchase():
    (batch,) = batches_of(
        rows_of("7 | 2026-04-01 10:00 | TEA | 2 | 40.00 |  |", f"7 | 2026-04-01 10:00 | BUN | 0.350 | 12.5 | {PHONE} |")
    )

    (order,) = batch.items
    assert isinstance(order, Order)
    assert (order.source, order.external_id, str(order.occurred_at)) == ("till", "7", "2026-04-01 04:30:00+00:00")
    assert [(line.sku, line.quantity, line.amount_minor) for line in order.lines] == [
        ("TEA", 2, 4000),
        ("BUN", "0.350", 1250),
    ]
    assert order.customer.phone == PHONE


def test_two_equal_lines_are_two_lines():
    (batch,) = batches_of(rows_of("7 | 2026-04-01 | TEA | 1 | 20 | |", "7 | 2026-04-01 | TEA | 1 | 20 | |"))

    assert len(batch.items[0].lines) == 2


def test_the_earliest_time_wins():
    (batch,) = batches_of(rows_of("7 | 2026-04-01 10:01 | TEA | 1 | 20 | |", "7 | 2026-04-01 10:00 | BUN | 1 | 20 | |"))

    assert f"{batch.items[0].occurred_at:%H:%M}" == "04:30"


def test_a_return_is_given_in_positive_numbers():
    (batch,) = batches_of(rows_of("8 | 2026-04-01 | TEA | -2 | -40 | | Return"))

    (back,) = batch.items
    assert isinstance(back, Return)
    assert back.order is None
    assert back.lines == [ReturnLine(quantity=2, sku="TEA", amount_minor=4000)]


def test_an_exchange_is_a_purchase_and_a_return():
    (batch,) = batches_of(rows_of("9 | 2026-04-01 | TEA | 1 | 20 | |", "9 | 2026-04-01 | BUN | 1 | 15 | | return"))

    assert [(type(item).__name__, item.external_id) for item in batch.items] == [("Order", "9"), ("Return", "9/return")]


def test_a_return_may_name_its_sale():
    columns = {
        "order": {"column": "bill"},
        "time": {"column": "date"},
        "amount": {"column": "total"},
        "returned_order": {"column": "who"},
    }
    mapping = a_mapping(
        columns=columns, rules=[{"when": [{"target": "returned_order", "is": "filled"}], "then": "return"}]
    )

    (batch,) = batches_of(rows_of("9 | 2026-04-01 | | | 20 | 7 |"), mapping)

    assert batch.items[0].order == "7"


def test_a_return_names_the_line_of_a_sale_from_another_source_and_two_tills_may_count_alike():
    header = ("from", "bill", "date", "total", "kind", "till", "sale", "line")
    targets = ("source", "order", "time", "amount", "kind", "returned_source", "returned_order", "returned_line")
    columns = {target: {"column": column} for target, column in zip(targets, header, strict=True)}
    rows = rows_of(
        "web | 9 | 2026-04-01 | 20 | | | |",
        " | 9 | 2026-04-02 | 15 | return | web | 7 | 2",
        "web | 8 | 2026-04-01 | 20 | return | | 7 | x",
    )

    sale, back, wrong = batches_of(rows, a_mapping(columns=columns), header)

    assert (sale.items[0].source, sale.items[0].external_id) == ("web", "9")
    (came_back,) = back.items
    assert (came_back.source, came_back.order_source, came_back.order) == ("till", "web", "7")
    assert came_back.lines[0].line == 2
    assert problems_of([wrong]) == {4: "bad_number"}


def test_one_bad_row_holds_back_its_whole_purchase_and_no_other():
    batches = batches_of(
        rows_of(
            "7 | 2026-04-01 | TEA | 1 | 20 | |",
            "7 | 2026-04-01 | BUN | one | 15 | |",
            "8 | 2026-04-01 | TEA | 1 | 20 | |",
        )
    )

    assert problems_of(batches) == {2: "spoilt_order", 3: "bad_number"}
    assert str(batches[0].problems[2]).startswith("Row 3 of this purchase has an error")
    assert [len(batch.items) for batch in batches] == [0, 1]


def test_a_negative_amount_is_taken_off_its_purchase_and_noted():
    (batch,) = batches_of(rows_of("7 | 2026-04-01 | TEA | 2 | 40 | |", "7 | 2026-04-01 | COUPON | 1 | -15 | |"))

    assert [line.amount_minor for line in batch.items[0].lines] == [4_000, -1_500]
    assert batch.negative == [(3, -1_500)]


def test_a_purchase_of_less_than_nothing_is_refused_unless_a_rule_calls_it_a_sale():
    rows = rows_of("7 | 2026-04-01 | TEA | 1 | 10 | |", "7 | 2026-04-01 | TEA | 1 | -15 | | sale")
    ruled = a_mapping(rules=[{"when": [{"target": "sku", "is": "filled"}], "then": "sale"}])

    (refused,) = batches_of(rows)
    (taken,) = batches_of(rows, ruled)

    assert (refused.items, refused.negative) == ([], [])
    said = (
        "The rows of this purchase come to -5.00 INR. A negative amount is taken off its purchase, but not below zero: "
        "say in the mapping which rows are returns."
    )
    assert [problem.message for problem in refused.problems.values()] == [said, said]
    assert sum(line.amount_minor for line in taken.items[0].lines) == -500


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("7 | 2023-02-29 | TEA | 1 | 20 | |", "bad_date"),
        ("7 |  | TEA | 1 | 20 | |", "empty_cell"),
        (" | 2026-04-01 | TEA | 1 | 20 | |", "empty_cell"),
        ("7 | 2026-04-01 | TEA | 1 |  | |", "empty_cell"),
        ("7 | 2026-04-01 | TEA | 1 | 2² | |", "bad_number"),
        ("7 | 2026-04-01 | TEA | 1.2345 | 20 | |", "too_many_decimals"),
        ("7 | 2026-04-01 | TEA | 99999999999999999999 | 20 | |", "quantity_too_large"),
        ("7 | 2026-04-01 | TEA | -1 | 20 | |", "negative_sale"),
        ("7 | 2026-04-01 | TEA | 1 | 20 | 12 |", "bad_phone_cell"),
        (f"7 | 2026-04-01 | {'x' * 81} | 1 | 20 | |", "long_cell"),
        (f"{'7' * 101} | 2026-04-01 | TEA | 1 | 20 | |", "long_cell"),
        (f"7 | 2026-04-01 | TEA | 1 | {'9' * 30} | |", "bad_number"),
    ],
)
def test_errors_are_exact_to_the_row(row, code):
    batches = batches_of(rows_of("1 | 2026-04-01 | TEA | 1 | 20 | |", row, "2 | 2026-04-01 | TEA | 1 | 20 | |"))

    assert problems_of(batches) == {3: code}


def test_everything_that_is_wrong_with_a_row_is_said():
    (batch,) = batches_of(rows_of("7 | 2023-02-29 | TEA | one | 2² | 12 |"))

    assert [problem.code for problem in (batch.problems[2], *batch.others[2])] == [
        "bad_phone_cell",
        "bad_date",
        "bad_number",
        "bad_number",
    ]


def test_two_customers_on_one_bill_are_an_error():
    batches = batches_of(
        rows_of(f"7 | 2026-04-01 | TEA | 1 | 20 | {PHONE} |", "7 | 2026-04-01 | BUN | 1 | 20 | 9876543210 |")
    )

    assert problems_of(batches) == {2: "mixed_customers", 3: "mixed_customers"}


def test_a_column_that_is_no_bill_number_is_noticed_in_flat_memory():
    batches = batches_of(rows_of(*["7 | 2026-04-01 | TEA | 1 | 20 | |"] * (2 * LINES_MAX + 1)))

    assert [len(batch.rows) for batch in batches] == [LINES_MAX, LINES_MAX, 1]
    assert set(problems_of(batches).values()) == {"long_order"}


def test_rows_without_a_number_are_named_after_the_file():
    mapping = a_mapping(columns={"time": {"column": "date"}, "amount": {"column": "total"}}, rules=[])

    batches = batches_of(rows_of(" | 2026-04-01 | | | 20 | |", " | 2026-04-01 | | | 20 | |"), mapping)

    assert [batch.items[0].external_id for batch in batches] == ["file-2", "file-3"]


def test_price_times_quantity_is_rounded_per_line_and_counted():
    columns = {**a_mapping_columns(), "unit_price": {"column": "total"}}
    del columns["amount"]

    (batch,) = batches_of(
        rows_of(
            "7 | 2026-04-01 | PADS | 1 | 0.001 | |",
            "7 | 2026-04-01 | TEA | 3 | 0.335 | |",
            "7 | 2026-04-01 | BUN | 2 | 1.25 | |",
        ),
        a_mapping(columns=columns),
    )

    assert [line.amount_minor for line in batch.items[0].lines] == [0, 101, 250]
    assert batch.rounded == 2


def a_mapping_columns():
    return {target: {"column": column.column} for target, column in a_mapping().columns.items()}


@pytest.mark.parametrize(("currency", "amount"), [("INR", 1250), ("AMD", 1250), ("JPY", 13), ("KWD", 12500)])
def test_amounts_are_in_the_minor_units_of_the_currency(currency, amount):
    (batch,) = batches_of(rows_of("7 | 2026-04-01 | TEA | 1 | 12.5 | |"), currency=currency)

    assert batch.items[0].lines[0].amount_minor == amount


def test_rows_left_out_by_a_rule_are_counted_by_reason():
    rules = [
        {"when": [{"target": "order", "starts_with": ["A"]}], "then": "leave_out", "because": "bad_debt"},
        {
            "when": [{"target": "quantity", "is": "negative"}, {"target": "customer_phone", "is": "empty"}],
            "then": "leave_out",
        },
    ]

    batches = batches_of(
        rows_of(
            "A1 | 2026-04-01 | | 1 | 5 | |",
            "2 | 2026-04-01 | TEA | -1 | 0 | |",
            f"3 | 2026-04-01 | TEA | -1 | 0 | {PHONE} |",
        ),
        a_mapping(rules=rules),
    )

    assert [batch.left_out for batch in batches] == [{"bad_debt": 1}, {"left_out": 1}, {}]
    assert problems_of(batches) == {4: "negative_sale"}


@pytest.mark.parametrize(
    ("over", "words"),
    [
        (
            {"columns": {"order": {"column": "bill"}, "amount": {"column": "total"}}},
            r"any of Date, or date and time \(time\)\.",
        ),
        (
            {"columns": {"time": {"column": "date"}}},
            r"any of Amount of the line \(amount\), Price of one \(unit_price\)\.",
        ),
        (
            {"columns": {"time": {"column": "date"}, "amount": {"column": "total"}, "colour": {"column": "x"}}},
            "“colour” is not read",
        ),
        (
            {"columns": {"time": {"column": "date", "format": "xyz"}, "amount": {"column": "total"}}},
            "“xyz” is not a format of Date, or date and time",
        ),
        ({"columns": {"time": {"column": ["a", "b"]}, "amount": {"column": "total"}}}, "read from one column"),
        ({"rules": [{"when": [{"target": "store", "is": "empty"}], "then": "return"}]}, "“store”, for which no column"),
        (
            {"rules": [{"when": [{"target": "quantity", "is": "empty"}], "then": "return"}]},
            r"Quantity \(quantity\) is a number",
        ),
        ({"rules": [{"when": [{"target": "order"}], "then": "return"}]}, "exactly one of"),
        ({"time_zone": "Mars/Olympus"}, "not a time zone"),
        ({"time_zone": "../../etc/passwd"}, "not a time zone"),
        ({"name": "Not a name"}, "name"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_bad_mapping_says_what_is_wrong(over, words):
    with pytest.raises(BadMapping, match=words):
        a_mapping(**over)


def test_a_mapping_that_misses_a_column_of_the_file_says_what_there_is():
    with pytest.raises(
        BadMapping, match=r"no column “bill” \(for Number of the purchase \(order\)\). It has: Bill, date"
    ):
        batches_of([], header=("Bill", "date", "item", "qty", "total", "who", "what"))
