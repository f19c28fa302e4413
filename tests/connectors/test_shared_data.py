# SPDX-License-Identifier: Apache-2.0
"""The presets against real data, with the totals that are known of it."""

import gzip
import shutil
from collections import Counter

import pytest

from connectors.builders import a_setting
from regulars.connectors.orders import OrderReader
from regulars.connectors.people import CustomerReader
from regulars.connectors.presets import load_preset, preset_names
from regulars.connectors.products import ProductReader
from regulars.connectors.proposals import ignored_columns, mapping_from, propose_mapping
from regulars.connectors.reading import open_table
from regulars.flow.intake import Order, Return

pytestmark = pytest.mark.shared_data


def read(path, tmp_path, reader_of, mapping, **setting):
    table = open_table(path, scratch=tmp_path)
    reader = reader_of(mapping, table.header, a_setting(**setting))
    rows = (
        table.rows() if table.survey(reader.group_column).is_grouped else table.grouped(reader.group_column, tmp_path)
    )
    return reader.batches(rows)


def minor(item):
    return sum(line.amount_minor for line in item.lines)


def test_online_retail_keeps_its_known_totals(shared_data, tmp_path):
    path = shared_data / "online_retail" / "online_retail.parquet"
    counts, gross, back, orders = Counter(), Counter(), Counter(), Counter()

    for batch in read(path, tmp_path, OrderReader, load_preset("online_retail"), currency="GBP", country="GB"):
        counts.update(batch.left_out)
        counts.update(
            {
                "rows": len(batch.rows),
                "errors": len(batch.problems),
                "rounded": batch.rounded,
            }
        )
        for item in batch.items:
            who = "known" if item.customer else "anonymous"
            (gross if isinstance(item, Order) else back)[who] += minor(item)
            counts[f"{type(item).__name__} {who}"] += 1
            if isinstance(item, Order) and item.customer:
                orders[item.customer.external_id] += 1

    assert counts == {
        "rows": 541_909,
        "errors": 0,
        "Order known": 18_536,
        "Order anonymous": 2_189,
        "Return known": 3_654,
        "Return anonymous": 182,
        "stock_write_off": 1_336,
        "bad_debt": 3,
        "rounded": 4,
    }
    assert (gross["known"], back["known"], gross["known"] - back["known"]) == (891_140_790, 61_134_209, 830_006_581)
    assert (len(orders), sum(number > 1 for number in orders.values())) == (4_339, 2_845)


def test_complete_journey_keeps_its_known_points(shared_data, tmp_path):
    path = shared_data / "complete_journey" / "transactions.parquet"
    rows = baskets = points = empty = total = lines = 0
    first = last = None

    for batch in read(path, tmp_path, OrderReader, load_preset("complete_journey"), currency="USD", country="US"):
        assert batch.problems == {}
        (order,) = batch.items
        amount = minor(order)
        rows, baskets, lines = rows + len(batch.rows), baskets + 1, lines + len(order.lines)
        points, empty, total = points + amount // 100, empty + (amount == 0), total + amount
        first, last = first or order.occurred_at, order.occurred_at

    assert (rows, lines, baskets, points, empty, total) == (1_469_307, 1_469_307, 155_848, 4_519_934, 478, 459_603_958)
    assert (str(first), str(last)) == ("2017-01-01 11:53:26+00:00", "2018-01-01 04:01:20+00:00")


def test_complete_journey_products(shared_data, tmp_path):
    path = shared_data / "complete_journey" / "products.parquet"

    batches = list(read(path, tmp_path, ProductReader, load_preset("complete_journey_products")))

    assert len(batches) == 92_331
    assert not any(batch.problems for batch in batches)
    assert batches[0].items[0].category == "FRZN ICE"


def test_shopify_customers(shared_data, tmp_path):
    path = shared_data / "import_exports" / "shopify_customers_export.csv"
    mapping = load_preset("shopify_customers")

    batches = list(read(path, tmp_path, CustomerReader, mapping))

    first = batches[0].items[0]
    assert not any(batch.problems for batch in batches)
    assert first.identities == (
        ("external", "7210448301000"),
        ("email", "shaji.george220@example.in"),
        ("phone", "+919052099011"),
    )
    assert (first.name, first.tags) == ("ഷാജി ജോർജ്", ("vip", "wholesale"))
    ignored = dict(ignored_columns(open_table(path, scratch=tmp_path).header, mapping))
    assert ignored["Accepts Email Marketing"]
    assert not ignored["Note"]


@pytest.mark.parametrize("kind", ["subscribed", "unsubscribed", "cleaned"])
def test_mailchimp_members(shared_data, tmp_path, kind):
    path = shared_data / "import_exports" / f"mailchimp_{kind}_members_export.csv"

    batches = list(read(path, tmp_path, CustomerReader, load_preset("mailchimp_members")))

    assert not any(batch.problems for batch in batches)
    assert batches[0].items[0].identities == (("email", "shaji.george220@example.in"), ("phone", "+919052099011"))
    assert {tag for batch in batches for tag in batch.items[0].tags} == {"VIP", "Blog"}


def test_an_indian_billing_file_with_lakh_commas(shared_data, tmp_path):
    path = shared_data / "import_exports" / "india_billing_lakh_commas.csv"

    items = [item for batch in read(path, tmp_path, OrderReader, load_preset("india_billing")) for item in batch.items]

    assert isinstance(items[0], Return)
    assert minor(items[0]) == 123_456_750
    assert items[0].customer.phone == "+919052099011"
    assert str(items[1].occurred_at) == "2026-04-02 06:30:00+00:00"
    assert all(minor(item) == 123_456_750 + 100 * place for place, item in enumerate(items))


def test_an_armenian_till_in_cp1251(shared_data, tmp_path):
    path = shared_data / "import_exports" / "pos_armenia_cp1251_semicolon.csv"

    items = [
        item
        for batch in read(path, tmp_path, OrderReader, load_preset("armenia_pos"), currency="AMD", country="AM")
        for item in batch.items
    ]

    assert (minor(items[0]), items[0].customer.phone, items[0].customer.name) == (1_250_000, "+37499267640", "Тигран")
    assert str(items[0].occurred_at) == "2026-03-01 16:50:00+00:00"
    assert {item.external_id for item in items if isinstance(item, Return)} >= {"000008"}


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        (
            "india_billing_lakh_commas.csv",
            {"order": "Invoice No", "time": "Date", "amount": "Total Amount", "customer_phone": "Phone No."},
        ),
        (
            "pos_armenia_cp1251_semicolon.csv",
            {"order": "Чек", "time": "Дата", "amount": "Сумма", "customer_phone": "Телефон", "kind": "Возврат"},
        ),
    ],
)
def test_proposals_are_enough_to_read_a_till(shared_data, tmp_path, name, targets):
    path = shared_data / "import_exports" / name
    table = open_table(path, scratch=tmp_path)
    proposals = propose_mapping(table.header, [cells for _, cells, _ in table.rows()], "orders")
    mapping = mapping_from(proposals, name="till", subject="orders")
    country, currency = ("AM", "AMD") if "armenia" in name else ("IN", "INR")

    batches = list(read(path, tmp_path, OrderReader, mapping, country=country, currency=currency))

    assert targets.items() <= {target: column.column for target, column in mapping.columns.items()}.items()
    assert not any(batch.problems for batch in batches)


def test_proposals_read_the_made_up_members_but_for_what_nobody_can_read(shared_data, tmp_path):
    path = tmp_path / "members.csv"
    with gzip.open(shared_data / "members_synthetic" / "dev_members_raw.csv.gz") as packed, path.open("wb") as out:
        shutil.copyfileobj(packed, out)
    table = open_table(path, scratch=tmp_path)
    sample = [cells for _, cells, _ in table.rows()]
    mapping = mapping_from(propose_mapping(table.header, sample, "customers"), name="members", subject="customers")

    batches = list(read(path, tmp_path, CustomerReader, mapping))

    assert {target: column.column for target, column in mapping.columns.items()} == {
        "external": "record_id",
        "first_name": "first_name",
        "last_name": "last_name",
        "phone": "phone_raw",
        "email": "email_raw",
        "birthday": "birth_raw",
        "country": "country",
        "language": "language",
    }
    assert ("sms_consent", True) in ignored_columns(table.header, mapping)
    problems = Counter(problem.code for batch in batches for problem in batch.problems.values())
    assert len(batches) == 4_243
    assert set(problems) <= {"bad_phone_cell", "bad_birthday_cell", "bad_email_cell"}
    unrecoverable = sum("E+" in cells[table.header.index("phone_raw")] for cells in sample)
    assert problems["bad_phone_cell"] >= unrecoverable > 0


def test_every_preset_of_a_file_here_was_tried():
    assert set(preset_names()) == {
        "online_retail", "complete_journey", "complete_journey_products", "shopify_customers", "mailchimp_members", "india_billing",
        "armenia_pos", "generic_orders", "generic_customers", "generic_products",
    }  # fmt: skip
