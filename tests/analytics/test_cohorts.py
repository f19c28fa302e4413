from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.conformance import ENGINES, Engine, marts_in_memory
from analytics.histories import CUSTOMERS, STORES, History, Reckoning, Sold, histories, periods
from regulars.analytics.cohorts import cohorts_sql, months_sql, read_cohorts, read_months
from regulars.analytics.periods import Period, Scope

ANI, BABKEN, CHITRA = CUSTOMERS[:3]
WINTER = Period(date(2024, 1, 1), date(2024, 4, 1))


@pytest.mark.parametrize("engine", ENGINES, ids=str)
@settings(max_examples=settings.default.max_examples // 3)
@given(history=histories(), period=periods(), store=st.sampled_from((None, *STORES[:2])))
def test_cohorts_and_months_equal_the_slow_reckoning(
    engine: Engine, history: History, period: Period, store: str | None
) -> None:
    reckoning = Reckoning(history, store)
    scope = Scope(period=period, store=store)

    with TemporaryDirectory() as folder, engine.holding(history, Path(folder)) as run:
        cohorts = run(cohorts_sql(scope, engine.dialect))
        months = run(months_sql(scope, engine.dialect))

    assert {(first, k): customers for first, k, customers in cohorts} == reckoning.cohort_counts(period)
    assert {row[0]: row[1:] for row in months} == reckoning.month_sums(period)


def sold(customer: str | None, day: str, net_minor: int = 100) -> Sold:
    return Sold(customer, "north", date.fromisoformat(day), net_minor)


STORY = History(
    orders=[
        sold(ANI, "2024-01-05"),
        sold(ANI, "2024-03-02"),
        sold(BABKEN, "2024-01-31"),
        sold(BABKEN, "2024-02-01"),
        sold(CHITRA, "2024-02-14"),
        sold(None, "2024-02-14"),
    ],
    returns=[sold(ANI, "2024-03-09", -30)],
)


def test_a_cell_exists_only_for_a_month_that_the_cohort_reached() -> None:
    with marts_in_memory(STORY) as con:
        table = read_cohorts(con, Scope(period=WINTER), until=date(2024, 3, 10))

    shown = [
        (cohort.month.month, cohort.size, [(cell.customers, cell.is_finished) for cell in cohort.cells])
        for cohort in table.cohorts
    ]
    assert shown == [
        (1, 2, [(2, True), (1, True), (1, False)]),  # Babken came back in February, Ani in March
        (2, 1, [(1, True), (0, False)]),
    ]


def test_averages_weigh_cohorts_that_finished_the_month() -> None:
    with marts_in_memory(STORY) as con:
        early = read_cohorts(con, Scope(period=WINTER), until=date(2024, 3, 10)).averages
        late = read_cohorts(con, Scope(period=WINTER), until=date(2024, 4, 1)).averages

    assert [(cell.customers, cell.of) for cell in early] == [(3, 3), (1, 2)]
    assert [(cell.customers, cell.of) for cell in late] == [(3, 3), (1, 3), (1, 2)]
    assert late[1].share == 1 / 3


def test_months_count_new_and_returning_customers_and_all_revenue() -> None:
    with marts_in_memory(STORY) as con:
        months = read_months(con, Scope(period=WINTER), until=date(2024, 3, 10))

    shown = [
        (m.active_customers, m.new_customers, m.returning_customers, m.orders, m.net_minor, m.is_finished)
        for m in months
    ]
    assert shown == [(2, 2, 0, 2, 200, True), (2, 1, 1, 3, 300, True), (1, 0, 1, 1, 70, False)]


def test_a_quiet_month_is_shown_as_zero() -> None:
    quiet = History(orders=[sold(ANI, "2023-12-31"), sold(ANI, "2024-02-01")])

    with marts_in_memory(quiet) as con:
        months = read_months(con, Scope(period=Period(date(2023, 12, 1), date(2024, 3, 1))), until=date(2024, 3, 1))

    assert [m.orders for m in months] == [1, 0, 1]
    assert all(m.is_finished for m in months)


def test_without_data_there_is_nothing_to_show() -> None:
    with marts_in_memory(History()) as con:
        table = read_cohorts(con, Scope(period=WINTER), until=WINTER.end)
        months = read_months(con, Scope(period=WINTER), until=WINTER.start + timedelta(days=1))

    assert (table.cohorts, table.averages, months) == ((), (), ())
