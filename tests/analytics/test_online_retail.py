"""A year of a real wholesaler, against its published and recounted totals (Chen, Sain, Guo 2012, CC BY 4.0)."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from regulars.analytics.lake import Lake
from regulars.analytics.marts import Marts
from regulars.analytics.metrics import measure
from regulars.analytics.periods import Period
from regulars.analytics.report import retention_report

pytestmark = pytest.mark.shared_data

# Pence per line: quantity times price, the price read as a decimal of three places, rounded half away from zero. An
# invoice is an order, one beginning with C a return; it has one customer; its time is that of its earliest line.
INVOICES = """
    SELECT md5(InvoiceNo) AS fact_id, starts_with(InvoiceNo, 'C') AS is_return,
           CASE WHEN any_value(CustomerID) IS NOT NULL THEN printf('%032d', any_value(CustomerID)) END AS customer_id,
           min(InvoiceDate) AS sold_at,
           sum(round(Quantity * UnitPrice::DECIMAL(12, 3) * 100))::BIGINT AS net_minor
    FROM read_parquet($file) GROUP BY InvoiceNo
"""
ORDERS = """SELECT fact_id, customer_id, NULL, 'online_retail', sold_at, sold_at::DATE, 'GBP', net_minor, 'order'
            FROM invoices WHERE NOT is_return"""
RETURNS = """SELECT fact_id, NULL, customer_id, NULL, sold_at, sold_at::DATE, NULL, net_minor, 'GBP'
             FROM invoices WHERE is_return"""


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("online_retail")
    lake = Lake(folder=folder / "lake")
    with duckdb.connect() as source:
        file = str(shared_data / "online_retail" / "online_retail.parquet")
        source.execute(f"CREATE TABLE invoices AS {INVOICES}", {"file": file}).fetchall()
        rows = {"orders": source.execute(ORDERS).fetchall(), "returns": source.execute(RETURNS).fetchall()}
        lake.append(rows, after=0, watermark=25_900)
    published = Marts(folder=folder / "marts", currency="GBP")
    published.refresh(lake)
    published.publish()
    with published.open_snapshot() as con:
        yield con


def test_known_customers_come_to_the_penny(marts: duckdb.DuckDBPyConnection) -> None:
    sums = marts.execute("SELECT sum(net_minor), sum(returned_minor) FROM customer").fetchall()

    assert sums == [(891_140_790, -61_134_209)]


def test_all_sales_come_to_the_penny(marts: duckdb.DuckDBPyConnection) -> None:
    values = measure(marts, ["average_order_value_minor"])

    assert values["average_order_value_minor"].numerator == 974_774_793


def test_the_rates_of_the_year(marts: duckdb.DuckDBPyConnection) -> None:
    report = retention_report(marts, period=None, store=None)

    parts = {metric.key: (metric.numerator, metric.denominator) for metric in report.metrics}
    repeat = next(metric for metric in report.metrics if metric.key == "repeat_purchase_rate_orders")
    assert round(repeat.value or 0, 6) == 0.655681
    assert parts["active_customers"] == (4_339, 1)
    assert parts["repeat_purchase_rate_orders"] == (2_845, 4_339)
    assert parts["repeat_purchase_rate_days"] == (2_790, 4_339)
    assert parts["purchase_frequency"] == (18_536, 4_339)
    assert parts["historic_lifetime_value_minor"] == (830_006_581, 4_339)
    assert report.covers == Period(date(2010, 12, 1), date(2011, 12, 10))
    assert not report.months[-1].is_finished
    assert report.cohorts.cohorts[0].size == 885


def test_half_a_year_against_the_half_before(marts: duckdb.DuckDBPyConnection) -> None:
    half = Period(date(2011, 6, 7), date(2011, 12, 10))

    values = measure(marts, ["retention_rate", "churn_rate"], period=half)

    bought = "SELECT DISTINCT customer_id FROM customer_day WHERE orders > 0 AND customer_id IS NOT NULL AND local_day"
    early = f"{bought} >= '2010-12-03' AND local_day < '2011-06-07'"
    late = f"{bought} >= '2011-06-07' AND local_day < '2011-12-10'"
    kept = marts.execute(f"SELECT count(*) FROM ({early} INTERSECT {late})").fetchall()[0][0]
    before = marts.execute(f"SELECT count(*) FROM ({early})").fetchall()[0][0]
    assert (values["retention_rate"].numerator, values["retention_rate"].denominator) == (kept, before)
    assert (values["churn_rate"].numerator, values["churn_rate"].denominator) == (before - kept, before)
