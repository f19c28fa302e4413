# SPDX-License-Identifier: Apache-2.0
"""Monthly cohorts and the monthly series, over `customer_month`.

A customer belongs to the month of the first order (in the store, when one is asked). Month k is a difference of
calendar months, and a cell is classic: customers who bought in month k, whatever they did before. Cells exist only for
months that the cohort has reached; a month that is not over is marked and left out of the averages.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from regulars.analytics import engine
from regulars.analytics.engine import Table, b2i, month_number, month_start, total
from regulars.analytics.periods import Period, Scope, month_of, months_between, next_month
from regulars.analytics.rollups import CUSTOMER, CUSTOMER_MONTH

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Customers of a cohort (or of all that reached the month) who bought `months_since` months after their first."""

    months_since: int
    customers: int
    of: int
    share: float
    is_finished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Customers whose first order was in a month; `cells` from month 0 to the last month with data."""

    month: date
    size: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortTable:
    """The heatmap; `averages` weigh cohorts by size and take only finished months of cohorts that reached them."""

    cohorts: tuple[Cohort, ...]
    averages: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One calendar month: new customers have their first order in it; orders and revenue include anonymous sales."""

    month: date
    active_customers: int
    new_customers: int
    returning_customers: int
    orders: int
    net_minor: int
    is_finished: bool


def read_cohorts(con: "DuckDBPyConnection", scope: Scope, *, until: date) -> CohortTable:
    """Return the cohorts whose month overlaps the period, followed to the month before or of `until`.

    `until` is the first day without complete data.
    """
    counts: dict[date, dict[int, int]] = {}
    for first_month, months_since, customers in engine.fetch(con, cohorts_sql(scope)):
        counts.setdefault(first_month, {})[months_since] = customers
    cohorts = tuple(_cohort(month, counts[month], until=until) for month in sorted(counts))
    return CohortTable(cohorts=cohorts, averages=_averages(cohorts))


def read_months(con: "DuckDBPyConnection", scope: Scope, *, until: date) -> tuple[Month, ...]:
    """Return the months that the period touches, each whole, up to the last month with data; quiet months are zero."""
    found = {row[0]: row[1:] for row in engine.fetch(con, months_sql(scope))}
    months = months_between(scope.period.start, _last_day(scope.period, until)) if found else []
    return tuple(_month(month, found.get(month, (0, 0, 0, 0)), until=until) for month in months)


@lru_cache(maxsize=128)
def cohorts_sql(scope: Scope, dialect: str = engine.DIALECT) -> str:
    """Return the SQL of rows (first month, months since, customers who bought)."""
    return engine.compile_sql(cohort_counts(scope), dialect=dialect)


@lru_cache(maxsize=128)
def months_sql(scope: Scope, dialect: str = engine.DIALECT) -> str:
    """Return the SQL of rows (month, active customers, new customers, orders, net of returns)."""
    return engine.compile_sql(month_sums(scope), dialect=dialect)


def cohort_counts(scope: Scope) -> Table:
    """Return the expression behind `cohorts_sql`."""
    bought = _bought_months(scope)
    first = _within_months(first_months(scope), "first_month", scope.period)
    followed = bought.join(first, "customer_id")
    followed = followed.mutate(months_since=month_number(followed.month) - month_number(followed.first_month))
    counts = followed.group_by("first_month", "months_since").aggregate(customers=followed.count())
    return counts.order_by("first_month", "months_since")


def month_sums(scope: Scope) -> Table:
    """Return the expression behind `months_sql`."""
    rows = _within_months(_store_months(scope), "month", scope.period)
    sums = rows.group_by("month").aggregate(
        orders=total(rows.orders), net_minor=total(rows.net_minor + rows.returned_minor)
    )
    bought = _within_months(_bought_months(scope), "month", scope.period)
    bought = bought.join(first_months(scope), "customer_id")
    people = bought.group_by("month").aggregate(
        active=bought.count(), fresh=total(b2i(bought.month == bought.first_month))
    )
    both = sums.left_join(people, "month")
    columns = {"active": both.active.coalesce(0), "fresh": both.fresh.coalesce(0)}
    return both.select(both.month, **columns, orders=both.orders, net_minor=both.net_minor).order_by("month")


def first_months(scope: Scope) -> Table:
    """Return one row per customer with an order: the month of the first one, in the store when one is asked."""
    if scope.store is None:
        customers = engine.table("customer", CUSTOMER)
        customers = customers.filter(customers.first_day.notnull())
        return customers.select("customer_id", first_month=month_start(customers.first_day))
    bought = _bought_months(scope)
    return bought.group_by("customer_id").aggregate(first_month=bought.month.min())


def _store_months(scope: Scope) -> Table:
    months = engine.table("customer_month", CUSTOMER_MONTH)
    return months if scope.store is None else months.filter(months.store == engine.constant(scope.store))


def _bought_months(scope: Scope) -> Table:
    months = _store_months(scope)
    months = months.filter(months.customer_id.notnull(), months.orders > 0)
    return months.select("customer_id", "month").distinct()


def _within_months(rows: Table, column: str, period: Period) -> Table:
    month = rows[column]
    return rows.filter(month >= engine.constant(month_of(period.start)), month < engine.constant(period.end))


def _last_day(period: Period, until: date) -> date:
    return min(period.end, until) - date.resolution


def _cohort(month: date, counts: dict[int, int], *, until: date) -> Cohort:
    size = counts[0]
    reached = months_between(month, until - date.resolution)
    cells = tuple(
        _cell(k, counts.get(k, 0), size, is_finished=next_month(reached_month) <= until)
        for k, reached_month in enumerate(reached)
    )
    return Cohort(month=month, size=size, cells=cells)


def _averages(cohorts: tuple[Cohort, ...]) -> tuple[Cell, ...]:
    sums: dict[int, tuple[int, int]] = {}
    for cell in (cell for cohort in cohorts for cell in cohort.cells if cell.is_finished):
        customers, of = sums.get(cell.months_since, (0, 0))
        sums[cell.months_since] = (customers + cell.customers, of + cell.of)
    return tuple(_cell(k, customers, of, is_finished=True) for k, (customers, of) in sorted(sums.items()))


def _cell(months_since: int, customers: int, of: int, *, is_finished: bool) -> Cell:
    return Cell(months_since=months_since, customers=customers, of=of, share=customers / of, is_finished=is_finished)


def _month(month: date, sums: tuple[int, ...], *, until: date) -> Month:
    active, fresh, orders, net_minor = sums
    return Month(
        month=month,
        active_customers=active,
        new_customers=fresh,
        returning_customers=active - fresh,
        orders=orders,
        net_minor=net_minor,
        is_finished=next_month(month) <= until,
    )
