# SPDX-License-Identifier: Apache-2.0
"""What is recorded is recognised in a file however it came: what a shop exports brings nothing new into it."""

import csv
import io
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from connectors.builders import NOW, a_business, a_file
from regulars.cli.importing import Asked, import_file
from regulars.connectors.exporting import export_orders
from regulars.connectors.models import ImportRun
from regulars.connectors.runs import errors_of
from regulars.customers.matching import CustomerRef
from regulars.customers.models import Customer
from regulars.demo.load import load_shop
from regulars.demo.tsirani import TSIRANI
from regulars.facts.models import Fact, Line
from regulars.facts.queries import standing_orders
from regulars.flow.intake import Cancel, Merge, Order, OrderLine, Return, ReturnLine
from regulars.flow.receive import receive
from regulars.tenancy.actions import create_store
from regulars.tenancy.actors import SYSTEM

pytestmark = pytest.mark.django_db
SOLD_AT = datetime(2026, 4, 1, 9, 30, 15, 250_000, tzinfo=UTC)
ASHA = CustomerRef(phone="+919052099011", name="Asha")


def exported(shop, folder, *changes):
    """Return a shop's export of purchases as a file, with some texts in it replaced."""
    out = io.StringIO()
    export_orders(shop, out)
    text = out.getvalue()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return a_file(folder, text, name="orders.csv")


def fates(shop, chance):
    """Yield what befalls the purchases of a shop: corrected, cancelled, returned with and without their number, merged people."""
    orders = list(standing_orders(shop).select_related("customer").order_by("pk"))
    for n, fact in enumerate(chance.sample(orders, min(len(orders), 60))):
        whose = CustomerRef(id=fact.customer_id) if fact.customer_id else None
        lines = list(Line.objects.of(shop).filter(fact=fact).select_related("product").order_by("position"))
        first = lines[0].product.sku if lines[0].product else ""
        common = {"source": "desk", "external_id": f"F{n}", "occurred_at": NOW - timedelta(hours=1), "customer": whose}
        sold = [
            OrderLine(one.product.sku if one.product else "", one.net_minor + chance.randrange(90)) for one in lines
        ]
        named = {"order": fact.external_id, "order_source": fact.source}
        yield [
            Cancel(**common, cancels=fact.external_id, cancels_source=fact.source),
            Return(**common, **named, lines=[ReturnLine("0.5", line=1)]),
            Return(**common, lines=[ReturnLine(2, sku=first, amount_minor=700)]),
            Order(
                **{**common, "source": fact.source, "external_id": fact.external_id, "occurred_at": fact.occurred_at},
                revision=fact.revision + 1,
                lines=[*sold, OrderLine("NEW", -50), OrderLine("NEW", 80, -1)],
            ),
        ][n % 4]
    people = list(Customer.objects.of(shop).order_by("pk").values_list("pk", flat=True))
    for n, (stays, goes) in enumerate(zip(people[::3], people[1::3], strict=False)):
        yield Merge(
            source="desk",
            external_id=f"M{n}",
            occurred_at=NOW,
            customer=CustomerRef(id=stays),
            merged=CustomerRef(id=goes),
        )


@pytest.mark.parametrize("seed", range(3))
def test_what_a_shop_exports_is_all_there_already(tmp_path, seed):
    shop = load_shop(replace(TSIRANI, crowd=replace(TSIRANI.crowd, size=15)), now=NOW, progress=lambda *_: None)
    refused = [
        receipt.refusal
        for step in fates(shop, Random(seed))
        for receipt in receive(shop, [step], now=NOW)
        if receipt.refusal
    ]
    before = Fact.objects.of(shop).count(), Line.objects.of(shop).count()
    path = exported(shop, tmp_path)
    kinds = Counter(row["kind"] for row in csv.DictReader(path.read_text().splitlines()))

    tally = import_file(shop, "orders", path, Asked())

    assert {one.code for one in refused} <= {"returned_too_much", "survivor_not_a_member"}
    assert set(Fact.objects.of(shop).values_list("kind", flat=True)) >= {"order", "return", "cancel", "merge"}
    assert Fact.objects.of(shop).filter(kind="order", revision=1).count() == 15
    assert min(kinds["order"], kinds["return"]) > 0
    assert (tally.errors, tally.first_errors) == ({}, [])
    assert tally.outcomes == {"repeated": sum(tally.items.values())}
    assert (Fact.objects.of(shop).count(), Line.objects.of(shop).count()) == before


@pytest.fixture
def shop():
    shop = a_business()
    for code in ("MAIN", "WEST"):
        create_store(shop, code=code, name=code, actor=SYSTEM, now=NOW)
    lines = [OrderLine("TEA", 4_000, 2), OrderLine("BUN", 1_500)]
    bill = Order(source="till", external_id="1", occurred_at=SOLD_AT, store="MAIN", customer=ASHA, lines=lines)
    assert [one.refusal for one in receive(shop, [bill], now=NOW, with_points=False)] == [None]
    return shop


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("09:30:15.25", "09:30:16.25", "The time is another."),
        ("MAIN", "WEST", "The store is another."),
        ("TEA,TEA", "COFFEE,COFFEE", "The lines are others: products, quantities or amounts."),
        ("2,40.00", "1,40.00", "The lines are others: products, quantities or amounts."),
        ("2,40.00", "2,40.01", "The lines are others: products, quantities or amounts."),
        ("9052099011", "9223725746", "The customer is another."),
        ("+00:00,order,", "+00:00,return,", "What is recorded is of another kind."),
    ],
)
def test_what_differs_is_said_and_changes_nothing(shop, tmp_path, before, after, said):
    tally = import_file(shop, "orders", exported(shop, tmp_path, (before, after)), Asked(with_points=False))

    assert (tally.outcomes, tally.errors) == ({"refused": 1}, {"key_reused": 2})
    assert tally.first_errors[0].reason.endswith(f"or a new id or revision. {said}")
    assert said in errors_of(ImportRun.objects.get()).read_text(encoding="utf-8-sig")
    assert (Fact.objects.of(shop).count(), Line.objects.of(shop).count()) == (1, 2)
    assert Customer.objects.of(shop).count() == 1


@pytest.mark.parametrize(
    ("before", "after"), [("15.250000", "15"), (",'+919052099011,", ",,"), ("TEA,TEA", "TEA,Chai")]
)
def test_what_a_file_leaves_open_is_no_difference(shop, tmp_path, before, after):
    tally = import_file(shop, "orders", exported(shop, tmp_path, (before, after)), Asked(with_points=False))

    assert (tally.outcomes, tally.errors) == ({"repeated": 1}, {})


def test_a_purchase_is_compared_with_its_latest_correction(shop, tmp_path):
    first = exported(shop, tmp_path).rename(tmp_path / "first.csv")
    lines = [OrderLine("TEA", 2_000, 1)]
    bill = Order(
        source="till", external_id="1", revision=1, occurred_at=SOLD_AT, store="MAIN", customer=ASHA, lines=lines
    )
    receive(shop, [bill], now=NOW, with_points=False)

    latest = import_file(shop, "orders", exported(shop, tmp_path), Asked(with_points=False))
    stale = import_file(shop, "orders", first, Asked(with_points=False))

    assert latest.outcomes == {"repeated": 1}
    assert (stale.outcomes, stale.errors) == ({"refused": 1}, {"key_reused": 2})


def test_a_return_is_recognised_without_what_came_back_of_a_cancelled_purchase(shop, tmp_path):
    desk = {"source": "desk", "occurred_at": NOW, "customer": ASHA}
    steps = [
        Order(**desk, external_id="2", lines=[OrderLine("TEA", 1_900)]),
        Return(**desk, external_id="3", lines=[ReturnLine(2, sku="TEA")]),
        Cancel(**desk, external_id="4", cancels="2"),
    ]
    assert [one.refusal for one in receive(shop, steps, now=NOW, with_points=False)] == [None, None, None]

    tally = import_file(shop, "orders", exported(shop, tmp_path), Asked(with_points=False))

    assert Line.objects.of(shop).filter(fact__external_id="3").count() == 2
    assert (tally.rows, tally.outcomes, tally.errors) == (3, {"repeated": 2}, {})


def test_a_number_whose_first_purchase_was_refused_is_no_known_one(tmp_path):
    shop = a_business()
    create_store(shop, code="MAIN", name="Main", actor=SYSTEM, now=NOW)
    text = "source,order,time,kind,store,sku,quantity,amount\ntill,7,2026-04-01T09:00:00Z,order,GONE,TEA,1,10.00\n"
    text += 'till,"7 ",2026-04-01T09:00:00Z,order,MAIN,TEA,1,12.00\n'

    tally = import_file(shop, "orders", a_file(tmp_path, text, name="orders.csv"), Asked(with_points=False))

    assert (tally.outcomes, tally.errors) == ({"refused": 2}, {"unknown_store": 1, "key_reused": 1})
    assert Fact.objects.of(shop).count() == 0
