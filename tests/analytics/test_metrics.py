from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.conformance import ENGINES, Engine, marts_in_memory
from analytics.histories import CUSTOMERS, STORES, History, Reckoning, Sold, as_value, histories, periods
from regulars.analytics.catalogue import METRICS, Reads
from regulars.analytics.metrics import default_period, measure, values_sql
from regulars.analytics.periods import NOTHING_YET, Period, Scope, Span

ANI, BABKEN, CHITRA = CUSTOMERS[:3]


def on(engine: Engine, history: History, *, period: Period | None, store: str | None) -> dict[str, tuple[object, ...]]:
    """Value, numerator and denominator of every metric, as an engine computes them."""
    reckoning = Reckoning(history)
    span = Span(reckoning.first_day, reckoning.last_day, reckoning.last_order_day)
    groups: dict[tuple[Reads, Period], list[str]] = {}
    for key, metric in METRICS.items():
        groups.setdefault((metric.reads, period or default_period(metric, span)), []).append(key)
    found = {}
    with TemporaryDirectory() as folder, engine.holding(history, Path(folder)) as run:
        for (reads, asked), keys in groups.items():
            row = run(values_sql(reads, tuple(keys), Scope(period=asked, store=store), engine.dialect))[0]
            found |= {key: row[3 * at : 3 * at + 3] for at, key in enumerate(keys)}
    return found


@pytest.mark.parametrize("engine", ENGINES, ids=str)
@settings(max_examples=settings.default.max_examples // 3)
@given(history=histories(), period=st.none() | periods(), store=st.sampled_from((None, *STORES[:2])))
def test_every_metric_equals_the_slow_reckoning(
    engine: Engine, history: History, period: Period | None, store: str | None
) -> None:
    expected = {}
    for key in METRICS:
        numerator, denominator = Reckoning(history, store).parts(key, period)
        expected[key] = (as_value(numerator, denominator), numerator, denominator)

    assert on(engine, history, period=period, store=store) == expected


def sold(customer: str | None, day: str, net_minor: int, store: str | None = "north") -> Sold:
    return Sold(customer, store, date.fromisoformat(day), net_minor)


STORY = History(
    orders=[
        sold(ANI, "2024-01-03", 1_000),
        sold(ANI, "2024-01-03", 500),
        sold(ANI, "2024-02-02", 2_000),
        sold(BABKEN, "2024-01-31", 700),
        sold(CHITRA, "2024-02-29", 900, "it's south"),
        sold(None, "2024-02-10", 100),
    ],
    returns=[sold(ANI, "2024-02-05", -1_000), sold(BABKEN, "2024-02-01", -700)],
)


@pytest.mark.parametrize(
    ("key", "period", "store", "numerator", "denominator"),
    [
        ("active_customers", ("2024-02-01", "2024-03-01"), None, 2, 1),
        ("retention_rate", ("2024-02-01", "2024-03-01"), None, 1, 2),  # Ani of Ani and Babken
        ("churn_rate", ("2024-02-01", "2024-03-01"), None, 1, 2),
        ("retention_rate", ("2024-02-01", "2024-03-01"), "it's south", 0, 0),
        ("repeat_purchase_rate_orders", ("2024-01-01", "2024-02-01"), None, 1, 2),
        ("repeat_purchase_rate_days", ("2024-01-01", "2024-02-01"), None, 0, 2),
        ("purchase_frequency", None, None, 5, 3),
        ("average_order_value_minor", ("2024-02-01", "2024-03-01"), None, 1_300, 3),  # 2000+900+100 −1000−700
        ("historic_lifetime_value_minor", ("2024-02-01", "2024-02-02"), None, 1_500, 2),
        ("historic_lifetime_value_minor", None, None, 3_400, 3),
        ("days_between_purchases_median", None, None, 60, 2),
        ("days_between_purchases_median", ("2024-01-01", "2024-02-01"), None, 0, 0),
    ],
)
def test_a_story_that_a_shopkeeper_can_check(
    key: str, period: tuple[str, str] | None, store: str | None, numerator: int, denominator: int
) -> None:
    asked = Period(*map(date.fromisoformat, period)) if period else None

    with marts_in_memory(STORY) as con:
        value = measure(con, [key], period=asked, store=store)[key]

    assert (value.numerator, value.denominator) == (numerator, denominator)
    assert value.value == as_value(numerator, denominator)


def test_measuring_together_equals_measuring_alone() -> None:
    with marts_in_memory(STORY) as con:
        together = measure(con, METRICS)
        alone = {key: measure(con, [key])[key] for key in METRICS}

    assert together == alone
    assert list(together) == list(METRICS)


def test_without_data_every_ratio_is_not_available() -> None:
    with marts_in_memory(History()) as con:
        values = measure(con, METRICS)

    assert values.pop("active_customers").value == 0
    assert {value.value for value in values.values()} == {None}


def test_retention_without_a_period_compares_the_last_two_years() -> None:
    span = Span(date(2020, 1, 1), date(2024, 3, 31), date(2024, 3, 10))

    asked = default_period(METRICS["retention_rate"], span)

    assert asked == Period(date(2023, 3, 12), date(2024, 3, 11))
    assert asked.before() == Period(date(2022, 3, 12), date(2023, 3, 12))
    assert default_period(METRICS["active_customers"], span) == Period(date(2020, 1, 1), date(2024, 4, 1))
    assert default_period(METRICS["churn_rate"], NOTHING_YET).days == 365


def test_a_period_is_half_open_and_not_empty() -> None:
    day = date(2024, 2, 29)

    assert Period(day, day + timedelta(days=1)).days == 1
    with pytest.raises(ValueError, match="ends after it starts"):
        Period(day, day)


def test_the_text_of_a_store_cannot_become_sql() -> None:
    scope = Scope(period=Period(date(2024, 1, 1), date(2024, 3, 1)), store="'; DROP VIEW customer_day; --")

    with marts_in_memory(STORY) as con:
        rows = con.execute(values_sql(Reads.CUSTOMERS, ("active_customers",), scope)).fetchall()

    assert rows == [(0.0, 0, 1)]
