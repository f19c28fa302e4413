# SPDX-License-Identifier: Apache-2.0
"""What goes out comes back in as it was."""

import csv
import io
from datetime import UTC, datetime

import pytest
from django.db.models import Sum

from connectors.builders import NOW, a_business, a_file, a_mapping
from regulars.cli.importing import Asked, import_file
from regulars.connectors.actions import NewImport, run_import, start_run
from regulars.connectors.exporting import export_customers, export_orders
from regulars.connectors.orders import major_text
from regulars.connectors.presets import load_preset
from regulars.customers.matching import CustomerRef
from regulars.facts.models import Fact, Line
from regulars.facts.queries import current_facts, standing_orders
from regulars.flow.intake import Cancel, Order, OrderLine, Return, ReturnLine
from regulars.flow.receive import receive


def imported(business, path, mapping):
    wanted = NewImport(subject=mapping.subject, file_name="f", mapping=mapping, with_points=False)
    return run_import(start_run(business, path, wanted, now=NOW), receive=receive, now=NOW)


def exported(export, business):
    out = io.StringIO()
    count = export(business, out)
    return count, out.getvalue()


@pytest.mark.django_db
def test_customers_come_back_as_they_were(tmp_path):
    shop, twin = a_business(), a_business()
    header = "customer_id,card,phone,email,name,language,birthday,tags\n"
    rows = '1,C-1,9052099011;9223725746,a@example.com,=Asha,hi,1996-02-29,"vip, ""a, b"""\n2,,,,Ravi,,,\n'
    imported(shop, a_file(tmp_path, header + rows), load_preset("generic_customers"))

    count, text = exported(export_customers, shop)
    run = imported(twin, a_file(tmp_path, text, name="again.csv"), load_preset("generic_customers"))
    table = list(csv.DictReader(io.StringIO(text)))

    assert count == 2
    assert (table[0]["phone"], table[0]["name"]) == ("'+919052099011;+919223725746", "'=Asha")
    assert run.counts["outcomes"] == {"created": 2}
    without = ("id", "created_at")
    twins = list(csv.DictReader(io.StringIO(exported(export_customers, twin)[1])))
    assert [{k: v for k, v in row.items() if k not in without} for row in twins] == [
        {k: v for k, v in row.items() if k not in without} for row in table
    ]


@pytest.mark.django_db
def test_purchases_come_back_as_they_were(tmp_path):
    shop, twin = a_business(), a_business()
    lines = [
        "bill,date,item,qty,total,who,what",
        "1,2026-04-01 10:00,TEA,0.350,40.05,9052099011,",
        "1,2026-04-01 10:00,BUN,2,15,9052099011,",
        "2,2026-04-02,TEA,1,20,,",
        "3,2026-04-03,TEA,0.1,2,9052099011,return",
    ]
    imported(shop, a_file(tmp_path, "\n".join(lines)), a_mapping())

    count, text = exported(export_orders, shop)
    run = imported(twin, a_file(tmp_path, text, name="again.csv"), load_preset("generic_orders"))

    assert count == 3
    assert run.counts["outcomes"] == {"recorded": 3}
    columns = ("external_id", "kind", "total_minor", "occurred_at")
    assert list(Fact.objects.of(twin).order_by("external_id").values_list(*columns)) == list(
        Fact.objects.of(shop).order_by("external_id").values_list(*columns)
    )
    assert exported(export_orders, twin)[1] == text


def figures(business):
    """Return what the books say: purchases that stand, net turnover, buyers, average and what came back."""
    orders = standing_orders(business)
    turnover = current_facts(business).filter(kind__in=["order", "return", "cancel"]).aggregate(net=Sum("total_minor"))
    standing = orders.values_list("source", "external_id", "total_minor", "customer__name").order_by(
        "source", "total_minor"
    )
    names = orders.values("external_id")
    back = Line.objects.of(business).filter(fact__kind="return", original_line__fact__external_id__in=names)
    return {
        "orders": list(standing),
        "net": turnover["net"],
        "buyers": orders.filter(customer__isnull=False).values("customer").distinct().count(),
        "average": (turnover["net"], orders.count()),
        "returned": sorted(
            back.values_list(
                "fact__external_id",
                "original_line__fact__external_id",
                "original_line__position",
                "quantity_milli",
                "net_minor",
            )
        ),
        "unmatched": Line.objects.of(business).filter(fact__kind="return", original_line=None).count(),
    }


def a_year(shop):
    """Record purchases of every fate: by card, anonymous, from two tills that count alike, returned, cancelled, corrected."""
    asha, ravi = CustomerRef(card="C-1", name="Asha"), CustomerRef(external_id="7", email="r@example.com", name="Ravi")
    tea, bun = OrderLine("TEA", 4_000, 2), OrderLine("BUN", 1_500)
    bare = OrderLine("", 2_500)

    def done(kind, name, hour, *, source="till", **rest):
        at = datetime(2026, 4, 1, hour, tzinfo=UTC)
        return kind(source=source, external_id=name, occurred_at=at, **rest)

    receipts = receive(
        shop,
        [
            done(Order, "1", 1, customer=asha, lines=[tea, bun]),
            done(Order, "1", 2, source="web", customer=ravi, lines=[bare, bun]),
            done(Order, "2", 3, lines=[bare, bare]),
            done(Order, "3", 4, customer=asha, lines=[OrderLine("TEA", 9_000, 3)]),
            done(Order, "4", 5, customer=ravi, lines=[tea]),
            done(Order, "5", 6, customer=ravi, lines=[tea, bun]),
            done(Return, "6", 7, order="1", customer=asha, lines=[ReturnLine(1, sku="TEA")]),
            done(Return, "7", 8, order="2", lines=[ReturnLine(1, line=2)]),
            done(Return, "8", 9, order="1", order_source="web", lines=[ReturnLine(1, line=1)]),
            done(Return, "9", 10, order="4", lines=[ReturnLine(1, sku="TEA")]),
            done(Return, "10", 11, order="5", lines=[ReturnLine(1, sku="BUN")]),
            done(Return, "11", 12, customer=ravi, lines=[ReturnLine(1, sku="TEA", amount_minor=1_900)]),
        ],
        now=NOW,
        with_points=False,
    )
    receipts += receive(
        shop,
        [
            done(Order, "3", 4, revision=1, customer=asha, lines=[OrderLine("TEA", 6_000, 3)]),
            done(Order, "5", 6, revision=1, customer=ravi, lines=[OrderLine("TEA", 4_100, 2), bun]),
            done(Cancel, "12", 13, cancels="4"),
        ],
        now=NOW,
        with_points=False,
    )
    assert [receipt.refusal for receipt in receipts if receipt.refusal] == []


@pytest.mark.django_db
def test_a_shop_moves_with_the_fates_of_its_purchases(tmp_path):
    shop, twin = a_business(), a_business()
    a_year(shop)
    people = a_file(tmp_path, exported(export_customers, shop)[1], name="customers.csv")
    count, text = exported(export_orders, shop)
    purchases = a_file(tmp_path, text, name="orders.csv")

    customers = import_file(twin, "customers", people, Asked(with_points=False))
    orders = import_file(twin, "orders", purchases, Asked(with_points=False))

    assert (customers.outcomes, orders.outcomes) == ({"created": 2}, {"recorded": count})
    assert (count, orders.unmatched_lines, orders.errors) == (10, 0, {})
    assert figures(twin) == figures(shop)
    assert figures(shop)["average"] == (15_700, 5)
    assert exported(export_orders, twin)[1] == text


@pytest.mark.django_db
def test_a_shop_reads_its_own_export_as_what_it_knows(tmp_path):
    shop = a_business()
    a_year(shop)
    count, text = exported(export_orders, shop)
    before = figures(shop)

    again = import_file(shop, "orders", a_file(tmp_path, text, name="orders.csv"), Asked(with_points=False))

    assert (again.outcomes, again.errors) == ({"repeated": count}, {})
    assert figures(shop) == before
    assert exported(export_orders, shop)[1] == text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new"), [("80.00", "81.00"), ("T01:00", "T01:01"), ("C-1", "C-2"), (",BUN,", ",BUNS,")]
)
def test_what_differs_from_what_is_known_is_refused(tmp_path, old, new):
    shop = a_business()
    bought = OrderLine("TEA", 8_000, 2), OrderLine("BUN", 1_500)
    at = datetime(2026, 4, 1, 1, tzinfo=UTC)
    customer = CustomerRef(card="C-1", name="Asha")
    receive(shop, [Order(source="till", external_id="1", occurred_at=at, customer=customer, lines=[*bought])], now=NOW)
    text = exported(export_orders, shop)[1]
    assert old in text

    again = import_file(shop, "orders", a_file(tmp_path, text.replace(old, new)), Asked(with_points=False))

    assert (again.outcomes, again.errors) == ({"refused": 1}, {"key_reused": 2})


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(0, "INR", "0.00"), (5, "INR", "0.05"), (-123450, "INR", "-1234.50"), (7, "JPY", "7"), (1, "KWD", "0.001")],
)
def test_amounts_in_major_units(minor, currency, text):
    assert major_text(minor, currency) == text
