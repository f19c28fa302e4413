# SPDX-License-Identifier: Apache-2.0
"""What comes back while two are one, and what the figures count: as if there had never been two, or one."""

import csv
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from flow.uniting import is_right, lots_of, merge, part, place_all
from regulars.analytics.lake import connect_to, rows_of
from regulars.connectors.exporting import export_customers, export_orders
from regulars.flow.intake import OrderLine, ReturnLine
from regulars.flow.nightly import close_day
from regulars.insights.export import fill_lake, lake_of
from shop import ASHA, RAVI, Till, a_program, a_shop, points_of

pytestmark = pytest.mark.django_db

RETURNS = st.lists(
    st.tuples(st.sampled_from(["R", "S", "A"]), st.integers(1, 2), st.booleans()), min_size=1, max_size=6
)


class ReturnsWhileOne(TestCase):
    """Whatever comes back between a merge and its parting: each has afterwards what they would have without the two."""

    @given(RETURNS)
    @settings(max_examples=15, deadline=None)
    def test_end_as_if_they_had_never_been_one(self, returns: list[tuple[str, int, bool]]) -> None:
        assert self.ends_with(returns, is_merged=True) == self.ends_with(returns, is_merged=False)

    def ends_with(self, returns: list[tuple[str, int, bool]], *, is_merged: bool) -> object:
        till = Till(a_shop(a_program(unit={"expiry": {"kind": "after", "days": 30}})))
        pieces = [OrderLine("X", 1_000, quantity=3), OrderLine("Y", 700, quantity=2)]
        ravi = till.sell(RAVI, lines=pieces, common={"external_id": "R"}).customer
        till.wait(days=3)
        asha = till.sell(ASHA, lines=pieces, common={"external_id": "A"}).customer
        till.sell(RAVI, lines=pieces, common={"external_id": "S"})
        if is_merged:
            merge(till)
        for order, line, is_late in returns:
            till.wait(days=9 if is_late else 1)
            close_day(till.business, now=till.now)
            till.take_back(order, [ReturnLine(1, line=line)])
        if is_merged:
            part(till, ravi)
        assert ravi is not None
        assert asha is not None
        close_day(till.business, now=till.now)
        assert is_right(till.business)
        return [
            (lots_of(key), points_of(till.business, key), points_of(till.business, key, "deficit"))
            for key in (ravi, asha)
        ]


def bought(till: Till) -> dict[str, list[int]]:
    """Return what the lake says each has bought, by key."""
    fill_lake(till.business)
    lake, found = lake_of(till.business), {}
    with lake.reading() as manifest, connect_to(lake.folder, memory="256MB", threads=1) as con:
        rows = rows_of("orders", lake.folder, manifest.of("orders"))
        for customer, amount in con.execute(f"SELECT customer_id, net_minor FROM ({rows}) ORDER BY 2").fetchall():
            found.setdefault(str(customer), []).append(amount)
    return found


@pytest.mark.parametrize("is_filled", [True, False])
def test_in_the_lake_they_are_one_and_two_again_whenever_it_was_filled(is_filled):
    till = Till(a_shop())
    ravi, asha = till.sell(RAVI, 5_000).customer, till.sell(ASHA, 1_000).customer
    assert ravi is not None
    assert asha is not None
    place_all(till)
    if is_filled:
        assert bought(till) == {ravi.hex: [5_000], asha.hex: [1_000]}
    merge(till)
    till.sell(RAVI, 2_000)
    place_all(till)
    if is_filled:
        assert bought(till) == {asha.hex: [1_000, 2_000, 5_000]}
    part(till, ravi)
    place_all(till)

    assert bought(till) == {ravi.hex: [5_000], asha.hex: [1_000, 2_000]}


def test_exports_hold_one_customer_with_all_contacts():
    till = Till(a_shop())
    till.sell(RAVI, 5_000)
    asha = till.sell(ASHA, 1_000).customer
    merge(till)
    people, orders = StringIO(), StringIO()

    assert (export_customers(till.business, people), export_orders(till.business, orders)) == (1, 2)
    (line,) = list(csv.DictReader(StringIO(people.getvalue())))
    assert (line["id"], line["phone"].lstrip("'")) == (str(asha), f"{RAVI.phone};{ASHA.phone}")
    names = {row["name"] for row in csv.DictReader(StringIO(orders.getvalue()))}
    assert names == {"Asha"}
