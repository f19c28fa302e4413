# SPDX-License-Identifier: Apache-2.0
"""The catalogue: one definition per metric, read by pages, API, documentation and tests.

Texts are English message ids for the translation catalogues. Numerator and denominator are kept beside every value, so
that a total over stores or periods can be formed anew where the caveats allow it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from regulars.analytics.engine import Table, Value, b2i, middle_sum, total
from regulars.kernel.errors import gettext_noop


class Unit(StrEnum):
    """What a value counts; money is in minor units of the business's currency."""

    CUSTOMERS = "customers"
    SHARE = "share"
    ORDERS = "orders"
    MONEY = "money"
    DAYS = "days"


class Grain(StrEnum):
    """What is counted once."""

    CUSTOMER = "customer"
    ORDER = "order"
    DAY = "day"


class Reads(StrEnum):
    """The feature table of `metrics` over which numerator and denominator are sums."""

    CUSTOMERS = "customers"
    LIFETIMES = "lifetimes"
    SALES = "sales"
    GAPS = "gaps"


class DefaultPeriod(StrEnum):
    """What is measured when no period is asked."""

    HISTORY = "history"
    LAST_YEAR = "last_year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric; `denominator` is None for a plain count, whose denominator is 1."""

    key: str
    name: str
    formula: str
    unit: Unit
    grain: Grain
    source: str
    caveats: tuple[str, ...]
    reads: Reads
    numerator: Callable[[Table], Value]
    denominator: Callable[[Table], Value] | None
    default_period: DefaultPeriod = DefaultPeriod.HISTORY


ANONYMOUS_OUT = gettext_noop("Sales without a known customer are left out.")
RETURNED_COUNT = gettext_noop("A sale counts as an order also when it was returned later.")
IN_ONE_STORE = gettext_noop("For one store, only purchases in that store count, before and after.")
MARKETING_METRICS = "Farris, Bendle, Pfeifer, Reibstein: Marketing Metrics"


def _bought(customers: Table) -> Value:
    return total(b2i(customers.orders > 0))


def _bought_before(customers: Table) -> Value:
    return total(customers.bought_before)


_DEFINITIONS = (
    Metric(
        key="active_customers",
        name=gettext_noop("Active customers"),
        formula=gettext_noop("customers with at least one order in the period"),
        unit=Unit.CUSTOMERS,
        grain=Grain.CUSTOMER,
        source=MARKETING_METRICS,
        caveats=(
            ANONYMOUS_OUT,
            RETURNED_COUNT,
            gettext_noop("Stores do not add up: a customer of two counts in both."),
        ),
        reads=Reads.CUSTOMERS,
        numerator=_bought,
        denominator=None,
    ),
    Metric(
        key="retention_rate",
        name=gettext_noop("Retention rate"),
        formula=gettext_noop(
            "customers with an order in the period and in the equally long period before "
            "÷ customers with an order in the equally long period before"
        ),
        unit=Unit.SHARE,
        grain=Grain.CUSTOMER,
        source=MARKETING_METRICS,
        caveats=(
            ANONYMOUS_OUT,
            IN_ONE_STORE,
            gettext_noop(
                "Without a period: the 365 days up to and with the last order day, against the 365 before them."
            ),
            gettext_noop("Compare periods of the same length and season only."),
        ),
        reads=Reads.CUSTOMERS,
        numerator=lambda customers: total(b2i((customers.bought_before == 1) & (customers.orders > 0))),
        denominator=_bought_before,
        default_period=DefaultPeriod.LAST_YEAR,
    ),
    Metric(
        key="churn_rate",
        name=gettext_noop("Churn rate"),
        formula=gettext_noop(
            "customers with an order in the equally long period before and none in the period "
            "÷ customers with an order in the equally long period before"
        ),
        unit=Unit.SHARE,
        grain=Grain.CUSTOMER,
        source=MARKETING_METRICS,
        caveats=(
            ANONYMOUS_OUT,
            IN_ONE_STORE,
            gettext_noop(
                "Without a period: the 365 days up to and with the last order day, against the 365 before them."
            ),
            gettext_noop("Nobody cancels in a shop: who was silent in the period may still come back."),
        ),
        reads=Reads.CUSTOMERS,
        numerator=lambda customers: total(b2i((customers.bought_before == 1) & (customers.orders == 0))),
        denominator=_bought_before,
        default_period=DefaultPeriod.LAST_YEAR,
    ),
    Metric(
        key="repeat_purchase_rate_orders",
        name=gettext_noop("Repeat purchase rate (orders)"),
        formula=gettext_noop("customers with two or more orders in the period ÷ customers with at least one"),
        unit=Unit.SHARE,
        grain=Grain.ORDER,
        source=MARKETING_METRICS,
        caveats=(
            ANONYMOUS_OUT,
            RETURNED_COUNT,
            gettext_noop("Two orders on one day count as a repeat; the rate by days does not count them."),
            gettext_noop("Grows with the length of the period; compare equal lengths."),
        ),
        reads=Reads.CUSTOMERS,
        numerator=lambda customers: total(b2i(customers.orders >= 2)),
        denominator=_bought,
    ),
    Metric(
        key="repeat_purchase_rate_days",
        name=gettext_noop("Repeat purchase rate (days)"),
        formula=gettext_noop(
            "customers with orders on two or more days in the period ÷ customers with at least one order"
        ),
        unit=Unit.SHARE,
        grain=Grain.DAY,
        source=MARKETING_METRICS,
        caveats=(
            ANONYMOUS_OUT,
            RETURNED_COUNT,
            gettext_noop("Grows with the length of the period; compare equal lengths."),
        ),
        reads=Reads.CUSTOMERS,
        numerator=lambda customers: total(b2i(customers.order_days >= 2)),
        denominator=_bought,
    ),
    Metric(
        key="purchase_frequency",
        name=gettext_noop("Purchase frequency"),
        formula=gettext_noop("orders of known customers in the period ÷ customers with at least one order"),
        unit=Unit.ORDERS,
        grain=Grain.ORDER,
        source=MARKETING_METRICS,
        caveats=(
            ANONYMOUS_OUT,
            RETURNED_COUNT,
            gettext_noop("Grows with the length of the period; compare equal lengths."),
        ),
        reads=Reads.CUSTOMERS,
        numerator=lambda customers: total(customers.orders),
        denominator=_bought,
    ),
    Metric(
        key="average_order_value_minor",
        name=gettext_noop("Average order value"),
        formula=gettext_noop(
            "(sales − returns of the period) ÷ orders of the period, with and without a known customer"
        ),
        unit=Unit.MONEY,
        grain=Grain.ORDER,
        source=MARKETING_METRICS,
        caveats=(
            gettext_noop("All orders count, anonymous ones too, so that the revenue is that of the books."),
            gettext_noop(
                "A return counts on the day it happened, also when its order is of an earlier period or unknown."
            ),
            gettext_noop("Orders in another currency than the business's are left out and counted."),
        ),
        reads=Reads.SALES,
        numerator=lambda sales: total(sales.net_minor + sales.returned_minor),
        denominator=lambda sales: total(sales.orders),
    ),
    Metric(
        key="historic_lifetime_value_minor",
        name=gettext_noop("Historic lifetime value"),
        formula=gettext_noop(
            "(sales − returns of known customers up to the end of the period) ÷ customers who ever bought up to then"
        ),
        unit=Unit.MONEY,
        grain=Grain.CUSTOMER,
        source=gettext_noop("Gupta, Lehmann: Managing Customers as Investments (the realised part, undiscounted)"),
        caveats=(
            ANONYMOUS_OUT,
            gettext_noop("Revenue, not margin; nothing is discounted and nothing is predicted."),
            gettext_noop("The start of the period does not matter: everything before its end counts."),
            gettext_noop(
                "Returns of a customer whose purchase is not known lower the sum and do not count as a customer."
            ),
        ),
        reads=Reads.LIFETIMES,
        numerator=lambda lifetimes: total(lifetimes.net_minor),
        denominator=lambda lifetimes: total(lifetimes.bought),
    ),
    Metric(
        key="days_between_purchases_median",
        name=gettext_noop("Days between purchases (median)"),
        formula=gettext_noop(
            "median of the days between one order day of a customer and the next, both in the period; the numerator is "
            "the sum of the two middle gaps, the denominator 2"
        ),
        unit=Unit.DAYS,
        grain=Grain.DAY,
        source=gettext_noop("own definition: days as in buy-till-you-die models, exact median by rank"),
        caveats=(
            ANONYMOUS_OUT,
            gettext_noop("Customers with one order day have no gap and are not in it: the true cadence is slower."),
            gettext_noop("Medians cannot be added up over stores or periods."),
        ),
        reads=Reads.GAPS,
        numerator=lambda gaps: middle_sum(gaps, column="gap"),
        denominator=lambda gaps: total(b2i(gaps.reached == gaps.everything)) * 2,
    ),
)
METRICS: Mapping[str, Metric] = {metric.key: metric for metric in _DEFINITIONS}
