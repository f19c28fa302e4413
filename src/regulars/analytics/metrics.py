# SPDX-License-Identifier: Apache-2.0
"""Measure metrics of the catalogue over the marts: four feature tables, one query for all metrics that read the same.

A value is None, shown as "n/a", when its denominator is 0. Days are local days; one currency, minor units.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from regulars.analytics import engine
from regulars.analytics.catalogue import METRICS, DefaultPeriod, Metric, Reads
from regulars.analytics.engine import Table, Value, b2i, choose, largest, ratio, total
from regulars.analytics.periods import NOTHING_YET, Period, Scope, Span
from regulars.analytics.rollups import CUSTOMER_DAY, across_stores

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricValue:
    """A measured metric with the period it was measured in."""

    key: str
    value: float | None
    numerator: int
    denominator: int
    period: Period


def measure(
    con: "DuckDBPyConnection", keys: Iterable[str], *, period: Period | None = None, store: str | None = None
) -> dict[str, MetricValue]:
    """Measure metrics by key; without a period each takes its default one."""
    span, wanted = read_span(con), tuple(keys)
    groups: dict[tuple[Reads, Period], list[str]] = {}
    for key in wanted:
        metric = METRICS[key]
        groups.setdefault((metric.reads, period or default_period(metric, span)), []).append(key)
    values: dict[str, MetricValue] = {}
    for (reads, asked), group in groups.items():
        sql = values_sql(reads, tuple(group), Scope(period=asked, store=store))
        row = engine.fetch(con, sql)[0]
        for at, key in enumerate(group):
            value, numerator, denominator = row[3 * at : 3 * at + 3]
            values[key] = MetricValue(key=key, value=value, numerator=numerator, denominator=denominator, period=asked)
    return {key: values[key] for key in wanted}


def default_period(metric: Metric, span: Span) -> Period:
    """Return what a metric measures when no period is asked."""
    return span.last_year() if metric.default_period is DefaultPeriod.LAST_YEAR else span.history()


def read_span(con: "DuckDBPyConnection") -> Span:
    """Return the days that the marts cover; of empty marts, `NOTHING_YET`."""
    first, last, last_order = engine.fetch(con, _span_sql())[0]
    return Span(first, last, last_order or last) if first else NOTHING_YET


@lru_cache(maxsize=256)
def values_sql(reads: Reads, keys: tuple[str, ...], scope: Scope, dialect: str = engine.DIALECT) -> str:
    """Return the SQL of one row with value, numerator and denominator of each key in turn."""
    return engine.compile_sql(values_of(reads, keys, scope), dialect=dialect)


def values_of(reads: Reads, keys: tuple[str, ...], scope: Scope) -> Table:
    """Return the expression behind `values_sql`."""
    features = FEATURES[reads](scope)
    sums: dict[str, Value] = {}
    for key in keys:
        metric = METRICS[key]
        sums[f"{key}_numerator"] = metric.numerator(features)
        if metric.denominator:
            sums[f"{key}_denominator"] = metric.denominator(features)
    row = features.aggregate(**sums)
    columns: dict[str, Value] = {}
    for key in keys:
        numerator = row[f"{key}_numerator"]
        denominator = row[f"{key}_denominator"] if METRICS[key].denominator else engine.constant(1).cast("int64")
        columns[f"{key}_value"] = ratio(numerator, denominator)
        columns[f"{key}_numerator"] = numerator
        columns[f"{key}_denominator"] = denominator
    return row.select(**columns)


def customers(scope: Scope) -> Table:
    """Return one row per known customer with rows in the period or in the equally long one before.

    `orders` and `order_days` are those in the period; `bought_before` is 1 for an order in the one before.
    """
    days = _known_days(scope, Period(scope.period.before().start, scope.period.end))
    is_in, is_order = days.local_day >= engine.constant(scope.period.start), days.orders > 0
    return days.group_by("customer_id").aggregate(
        orders=total(choose(is_in, days.orders, 0)),
        order_days=total(b2i(is_in & is_order)),
        bought_before=largest(b2i(~is_in & is_order)),
    )


def lifetimes(scope: Scope) -> Table:
    """Return one row per known customer: net of returns up to the end of the period, and 1 in `bought` for an order."""
    days = _days(scope)
    days = days.filter(days.customer_id.notnull(), days.local_day < engine.constant(scope.period.end))
    return days.group_by("customer_id").aggregate(
        net_minor=total(days.net_minor + days.returned_minor), bought=largest(b2i(days.orders > 0))
    )


def sales(scope: Scope) -> Table:
    """Return the rows of `customer_day` in the period, anonymous sales included."""
    return _in_period(_days(scope), scope.period)


def gaps(scope: Scope) -> Table:
    """Return the days between neighbouring order days of a known customer, both in the period, counted by length."""
    days = _known_days(scope, scope.period)
    return engine.ranked(
        engine.previous_gaps(days.filter(days.orders > 0), by="customer_id", day="local_day"), column="gap"
    )


FEATURES = {Reads.CUSTOMERS: customers, Reads.LIFETIMES: lifetimes, Reads.SALES: sales, Reads.GAPS: gaps}


def _days(scope: Scope) -> Table:
    days = engine.table("customer_day", CUSTOMER_DAY)
    return days if scope.store is None else days.filter(days.store == engine.constant(scope.store))


def _known_days(scope: Scope, period: Period) -> Table:
    """Return one row per known customer and day; within one store the mart has that grain already."""
    days = _in_period(_days(scope), period)
    return across_stores(days) if scope.store is None else days.filter(days.customer_id.notnull())


def _in_period(days: Table, period: Period) -> Table:
    return days.filter(days.local_day >= engine.constant(period.start), days.local_day < engine.constant(period.end))


@lru_cache(maxsize=1)
def _span_sql() -> str:
    days = engine.table("customer_day", CUSTOMER_DAY)
    ordered_on = choose(days.orders > 0, days.local_day, engine.nothing("date"))
    return engine.compile_sql(
        days.aggregate(first=days.local_day.min(), last=days.local_day.max(), last_order=ordered_on.max())
    )
