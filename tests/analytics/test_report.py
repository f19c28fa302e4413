import subprocess
import sys
from datetime import date
from pathlib import Path

import msgspec

from analytics.histories import CURRENCY, CUSTOMERS, Sold, order_rows, return_rows
from regulars.analytics.catalogue import METRICS
from regulars.analytics.lake import Lake
from regulars.analytics.marts import Marts
from regulars.analytics.periods import Period
from regulars.analytics.report import RetentionReport, retention_report

ANI, BABKEN = CUSTOMERS[:2]
ORDERS = [
    Sold(ANI, "north", date(2024, 1, 3), 1_000),
    Sold(ANI, "south", date(2024, 3, 3), 500),
    Sold(BABKEN, "south", date(2024, 2, 1), 700),
    Sold(None, "south", date(2024, 3, 15), 100),
    Sold(BABKEN, "south", date(2024, 3, 16), 9, "USD"),
]
RETURNS = [Sold(ANI, "south", date(2024, 3, 5), -500)]


def a_report(
    folder: Path, *, period: Period | None = None, store: str | None = None, orders: list[Sold] | None = None
) -> RetentionReport:
    lake = Lake(folder=folder / "lake")
    rows = {"orders": order_rows(ORDERS if orders is None else orders), "returns": return_rows(RETURNS, first=99)}
    lake.append(rows if orders is None else {}, after=0, watermark=7)
    marts = Marts(folder=folder / "marts", currency=CURRENCY)
    marts.refresh(lake)
    marts.publish()
    with marts.open_snapshot() as con:
        return retention_report(con, period=period, store=store)


def test_a_report_says_what_it_covers_and_from_where(tmp_path: Path) -> None:
    report = a_report(tmp_path)

    assert (report.period, report.covers) == (None, Period(date(2024, 1, 3), date(2024, 3, 16)))
    assert (report.until, report.currency, report.watermark) == (date(2024, 3, 16), CURRENCY, 7)
    assert (report.has_data, report.other_currency_orders) == (True, 1)
    assert [metric.key for metric in report.metrics] == list(METRICS)
    assert [(month.orders, month.net_minor) for month in report.months] == [(1, 1_000), (1, 700), (2, 100)]
    assert [(cohort.month.month, cohort.size) for cohort in report.cohorts.cohorts] == [(1, 1), (2, 1)]


def test_a_report_of_one_store_and_period(tmp_path: Path) -> None:
    march = Period(date(2024, 3, 1), date(2024, 4, 1))

    report = a_report(tmp_path, period=march, store="south")

    values = {metric.key: (metric.numerator, metric.denominator) for metric in report.metrics}
    assert report.covers == march
    assert values["retention_rate"] == (0, 1)  # Babken bought there in February
    assert values["average_order_value_minor"] == (100, 2)
    assert values["historic_lifetime_value_minor"] == (700, 2)
    assert [(cohort.month.month, cohort.size) for cohort in report.cohorts.cohorts] == [(3, 1)]


def test_a_stored_report_reads_back_the_same(tmp_path: Path) -> None:
    report = a_report(tmp_path)

    stored = msgspec.json.encode(report)

    assert msgspec.json.decode(stored, type=RetentionReport) == report
    assert b'"churn_rate"' in stored


def test_a_shop_without_orders_gets_a_report(tmp_path: Path) -> None:
    report = a_report(tmp_path, orders=[])

    assert (report.has_data, report.months, report.cohorts.cohorts) == (False, (), ())
    assert [metric.value for metric in report.metrics] == [0.0] + [None] * (len(METRICS) - 1)


def test_reading_reports_loads_no_engine() -> None:
    script = "import sys, regulars.analytics.report as r; print(sorted({'ibis', 'duckdb'} & sys.modules.keys()))"

    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, check=True
    )

    assert done.stdout.split() == [b"[]"]


def test_only_the_engine_imports_ibis() -> None:
    room = Path(sys.modules["regulars.analytics.report"].__file__ or "").parent

    assert [path.name for path in sorted(room.glob("*.py")) if "import ibis" in path.read_text()] == ["engine.py"]
