# SPDX-License-Identifier: Apache-2.0
"""The retention report: everything its page shows, computed once by a job and stored as a result row.

`msgspec.json.encode(report)` writes it and `msgspec.json.decode(text, type=RetentionReport)` reads it back. Importing
this module loads neither Ibis nor DuckDB, so the web process can read stored reports for nothing.
"""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from regulars.analytics import engine
from regulars.analytics.catalogue import METRICS
from regulars.analytics.cohorts import CohortTable, Month, read_cohorts, read_months
from regulars.analytics.metrics import MetricValue, measure, read_span
from regulars.analytics.periods import NOTHING_YET, Period, Scope

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionReport:
    """Metrics, months and cohorts of one scope, and the state of the marts they come from.

    `period` is as asked (None: each metric its default), `covers` is what months and cohorts show. `until` is the first
    day without complete data. `other_currency_orders` are left out of everything.
    """

    period: Period | None
    store: str | None
    covers: Period
    until: date
    currency: str
    watermark: int
    other_currency_orders: int
    has_data: bool
    metrics: tuple[MetricValue, ...]
    months: tuple[Month, ...]
    cohorts: CohortTable


def retention_report(
    con: "DuckDBPyConnection", *, period: Period | None, store: str | None, until: date | None = None
) -> RetentionReport:
    """Compute the report from marts; `until` (today, in the business's zone) defaults to the day after the data."""
    span = read_span(con)
    covers = period or span.history()
    scope = Scope(period=covers, store=store)
    complete_until = until or span.end
    watermark, currency, other = engine.fetch(con, "SELECT watermark, currency, other_currency_orders FROM mart_state")[
        0
    ]
    return RetentionReport(
        period=period,
        store=store,
        covers=covers,
        until=complete_until,
        currency=currency,
        watermark=watermark,
        other_currency_orders=other,
        has_data=span is not NOTHING_YET,
        metrics=tuple(measure(con, METRICS, period=period, store=store).values()),
        months=read_months(con, scope, until=complete_until),
        cohorts=read_cohorts(con, scope, until=complete_until),
    )
