# SPDX-License-Identifier: Apache-2.0
"""A corrected purchase counts once, wherever it is counted."""

from io import StringIO

import pytest

from regulars.analytics.lake import Lake, connect_to, rows_of
from regulars.connectors.exporting import export_orders
from regulars.customers.matching import CustomerRef
from regulars.facts.queries import current_facts, usual_purchase
from regulars.flow.intake import Adjustment, Cancel, ClaimReceipt, Order, OrderLine, Receipt, Return, ReturnLine, Visit
from regulars.flow.sealing import seal_commits
from regulars.insights.export import fill_lake, lake_of
from regulars.outbox.models import Job
from shop import ASHA, RAVI, SPEND, Till, a_program, a_shop, points_of

pytestmark = pytest.mark.django_db
WELCOME = {
    "id": "welcome",
    "name": {"en": "Welcome"},
    "gives": {"kind": "fixed", "points": 50},
    "when": {"field": "customer.order_count_before", "is": "is", "value": 0},
}


def correct(till: Till, name: str, amount: int, who: CustomerRef | None = ASHA, *, revision: int = 1) -> Receipt:
    common = till.common(external_id=name, customer=who, revision=revision)
    return till.take(Order(**common, lines=[OrderLine("TRAY", amount)]))[0]


def fill(till: Till) -> None:
    jobs = Job.objects.filter(business_id=till.business.pk, kind="seal").order_by("id")
    seal_commits(till.business.pk, [job.payload for job in jobs])
    jobs.delete()
    fill_lake(till.business)


def sold(lake: Lake, table: str) -> list[int]:
    with lake.reading() as manifest, connect_to(lake.folder, memory="256MB", threads=1) as con:
        rows = con.execute(
            f"SELECT net_minor FROM ({rows_of(table, lake.folder, manifest.of(table))}) ORDER BY net_minor"
        )
        return [net for (net,) in rows.fetchall()]


def buyers(lake: Lake, table: str) -> list[tuple[int, str | None]]:
    with lake.reading() as manifest, connect_to(lake.folder, memory="256MB", threads=1) as con:
        rows = rows_of(table, lake.folder, manifest.of(table))
        return con.execute(f"SELECT net_minor, customer_id FROM ({rows}) ORDER BY 1").fetchall()


def test_a_receipt_added_in_the_lake_whenever_it_was_filled():
    till = Till(a_shop())
    for name, amount in (("A", 6_000), ("B", 1_000), ("C", 500)):
        till.sell(None, amount, common={"external_id": name})
    till.take_back("C")
    till.sell(None, 400, common={"external_id": "D"})
    till.take(Return(**till.common(), order="A", lines=[ReturnLine("0.5", line=1)]))
    fill(till)
    for name in ("A", "B"):
        asha = till.give(ClaimReceipt, ASHA, order=name).customer
    till.sell(None, 300, common={"external_id": "E"})
    till.give(ClaimReceipt, ASHA, order="E")
    assert asha is not None

    fill(till)

    lake = lake_of(till.business)
    assert buyers(lake, "orders") == [(300, asha.hex), (400, None), (500, None), (1_000, asha.hex), (6_000, asha.hex)]
    assert buyers(lake, "returns") == [(-3_000, asha.hex), (-500, None)]


def test_in_the_lake_whenever_it_was_filled():
    till = Till(a_shop())
    till.sell(ASHA, 6_000, common={"external_id": "A"})
    till.sell(ASHA, 1_000, common={"external_id": "B"})
    fill(till)
    correct(till, "A", 5_000)
    correct(till, "B", 900)
    correct(till, "B", 800, revision=2)

    fill(till)

    lake = lake_of(till.business)
    assert (sold(lake, "orders"), sold(lake, "order_lines")) == ([800, 5_000], [800, 5_000])


def test_in_the_export_and_among_the_facts_that_hold():
    till = Till(a_shop())
    till.sell(ASHA, 6_000, common={"external_id": "A"})
    correct(till, "A", 5_000)
    out = StringIO()

    assert export_orders(till.business, out) == 1
    assert "50.00" in out.getvalue()
    assert "60.00" not in out.getvalue()
    assert list(current_facts(till.business).values_list("total_minor", flat=True)) == [5_000]


def test_a_corrected_purchase_says_once_what_is_usual():
    till = Till(a_shop())
    till.sell(ASHA, 1_000, common={"external_id": "A"})
    correct(till, "A", 9_000)

    assert usual_purchase(till.business) == 9_000


def test_the_first_purchase_stays_the_first():
    till = Till(a_shop(a_program(SPEND, WELCOME)))
    first = till.sell(ASHA, 6_000, common={"external_id": "A"})
    corrected = correct(till, "A", 5_000)
    second = till.sell(ASHA, 1_000)

    assert [one.balance for one in (first, corrected, second)] == [110, 100, 110]


def test_the_first_purchase_that_was_undone_was_none():
    till = Till(a_shop(a_program(SPEND, WELCOME)))
    till.sell(ASHA, 6_000, common={"external_id": "A"})
    till.give(Cancel, cancels="A")

    assert till.sell(ASHA, 1_000).balance == 60
    undone = Cancel(**till.common(), cancels="0003")
    again = Order(**till.common(customer=ASHA), lines=[OrderLine("TRAY", 2_000)])
    assert till.take(undone, again)[1].balance == 70


def test_whose_it_was_may_be_corrected():
    till = Till(a_shop())
    mistaken = till.sell(ASHA, 6_000, common={"external_id": "A"})

    right = correct(till, "A", 6_000, RAVI)

    assert (right.points_earned, right.balance) == (60, 60)
    assert points_of(till.business, mistaken.customer) == 0


def test_an_anonymous_purchase_may_find_its_member():
    till = Till(a_shop())
    till.sell(None, 6_000, common={"external_id": "A"})

    assert correct(till, "A", 6_000).balance == 60


def test_a_visit_is_corrected_and_earns_once():
    visit = {"id": "visit", "name": {"en": "Visit"}, "on": "visit", "gives": {"kind": "fixed", "points": 5}}
    till = Till(a_shop(a_program(visit)))
    till.give(Visit, ASHA)

    (again,) = till.take(Visit(**till.common(external_id="0001", customer=ASHA, revision=1)))

    assert (again.points_reversed, again.points_earned, again.balance) == (5, 5, 5)


def test_the_latest_revision_wins_also_within_a_batch_and_also_when_it_came_first():
    till = Till(a_shop())
    orders = [
        Order(**till.common(external_id="A", customer=ASHA, revision=number), lines=[OrderLine("TRAY", 1_000 * number)])
        for number in (2, 1, 0, 3)
    ]

    receipts = till.take(*orders)

    assert [one.refusal.code if one.refusal else one.balance for one in receipts] == [
        20,
        "superseded",
        "superseded",
        30,
    ]
    (late,) = till.take(Order(**till.common(external_id="A", customer=ASHA), lines=[OrderLine("TRAY", 9_900)]))
    assert late.refusal is not None
    assert (late.refusal.code, late.refusal.data["revision"]) == ("superseded", 3)


def test_what_cannot_be_corrected_is_cancelled_and_sent_anew():
    till = Till(a_shop())
    till.sell(ASHA, 6_000, common={"external_id": "A"})
    till.give(Adjustment, ASHA, points=10, reason="hello")
    till.take_back("A", [ReturnLine(1, line=1)])

    receipts = till.take(
        Adjustment(**till.common(external_id="0002", customer=ASHA, revision=1), points=20, reason="hello"),
        Return(**till.common(external_id="0003", revision=1), order="A"),
    )
    other = correct(till, "0002", 100)

    assert [one.refusal.code for one in (*receipts, other) if one.refusal] == ["wrong_kind"] * 3
    assert till.sell(ASHA, 0).balance == 10
