"""The page docs/reference/metrics.md is written from the catalogue: `python tests/analytics/test_catalogue.py`."""

import sys
from pathlib import Path

import pytest

from regulars.analytics.catalogue import METRICS, DefaultPeriod, Grain, Metric, Unit

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
HEAD = """# Metrics

The one definition of each metric: pages, reports and the API show these numbers and no others of the same name.

- Periods are half-open (the start day belongs to them, the end day does not) and made of local days in the zone of the
  store of each sale.
- Money is in minor units of the business's currency. Orders in another currency are left out and counted.
- Every value comes with its numerator and denominator. Where the denominator is 0 the value is not available ("n/a");
  it is never 0.
- A known customer is one that the sale names. Anonymous sales count in revenue and in no rate per customer.
- A return counts on the day and in the store where it happened, matched to an order or not.
- Without a period a metric covers the whole history, unless it says otherwise.
- For one store only the sales and returns of that store count; a customer's earlier purchases elsewhere do not.

Cohorts group known customers by the calendar month of their first order (in the store, when one is asked). The cell of
month k holds those who bought in the k-th calendar month after it, whatever they did in between. Cells exist only for
months that have begun; a month that is not over is marked, and averages leave it out. A period selects the cohorts
whose month it touches. The monthly series shows whole months: active, new (first order in that month) and returning
customers (active, not new), and orders and revenue net of returns with anonymous sales.

"""
DEFAULTS = {
    DefaultPeriod.HISTORY: "the whole history",
    DefaultPeriod.LAST_YEAR: "the 365 days up to and with the last order day of the business",
}


def section(metric: Metric) -> str:
    caveats = "\n".join(f"- {caveat}" for caveat in metric.caveats)
    return (
        f"## `{metric.key}`\n\n**{metric.name}** = {metric.formula}\n\n"
        f"| unit | grain | without a period | source |\n|---|---|---|---|\n"
        f"| {metric.unit} | {metric.grain} | {DEFAULTS[metric.default_period]} | {metric.source} |\n\n{caveats}\n"
    )


def page() -> str:
    return HEAD + "\n".join(map(section, METRICS.values()))


def test_the_reference_page_is_that_of_the_catalogue() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_every_metric_is_fully_told(metric: Metric) -> None:
    assert metric.key.replace("_", "").isalnum()
    assert metric.key == metric.key.lower()
    assert all([metric.name, metric.formula, metric.source, metric.caveats])
    assert (metric.denominator is None) == (metric.unit is Unit.CUSTOMERS)
    assert metric.key.endswith("_minor") == (metric.unit is Unit.MONEY)
    assert metric.grain in Grain


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
