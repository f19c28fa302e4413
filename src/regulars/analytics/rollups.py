# SPDX-License-Identifier: Apache-2.0
"""The three marts as expressions: `customer_day` from the lake, `customer_month` and `customer` from days.

A null customer is all anonymous sales together; they count in revenue and in nothing that is counted per customer.
A return counts on its own day and in its own store, matched to an order or not.
"""

from functools import lru_cache

from regulars.analytics import engine
from regulars.analytics.engine import Table, b2i, choose, month_start, total

ORDERS = {"customer_id": "string", "local_day": "date", "store": "string", "currency": "string", "net_minor": "int64"}
RETURNS = ORDERS
MEASURES = {"orders": "int64", "net_minor": "int64", "returned_minor": "int64"}
CUSTOMER_DAY = {"customer_id": "string", "local_day": "date", "store": "string", **MEASURES}
CUSTOMER_MONTH = {"customer_id": "string", "month": "date", "store": "string", "order_days": "int64", **MEASURES}
CUSTOMER = {"customer_id": "string", "first_day": "date", "last_day": "date", "order_days": "int64", **MEASURES}
MARTS = {"customer_day": CUSTOMER_DAY, "customer_month": CUSTOMER_MONTH, "customer": CUSTOMER}


def customer_day(*, currency: str) -> Table:
    """Return one row per customer, local day and store, in one currency, from the tables `orders` and `returns`."""
    orders = engine.table("orders", ORDERS)
    returns = engine.table("returns", RETURNS)
    zero = engine.constant(0).cast("int64")
    one = engine.constant(1).cast("int64")
    sold = orders.filter(orders.currency == currency).select(
        "customer_id", "local_day", "store", orders=one, net_minor=orders.net_minor, returned_minor=zero
    )
    brought_back = returns.filter(returns.currency == currency).select(
        "customer_id", "local_day", "store", orders=zero, net_minor=zero, returned_minor=returns.net_minor
    )
    rows = sold.union(brought_back, distinct=False)
    return rows.group_by("customer_id", "local_day", "store").aggregate(
        orders=total(rows.orders), net_minor=total(rows.net_minor), returned_minor=total(rows.returned_minor)
    )


def customer_month(source: str = "customer_day") -> Table:
    """Return one row per customer, calendar month (its first day) and store."""
    days = engine.table(source, CUSTOMER_DAY)
    days = days.mutate(month=month_start(days.local_day))
    return days.group_by("customer_id", "month", "store").aggregate(
        order_days=total(b2i(days.orders > 0)),
        orders=total(days.orders),
        net_minor=total(days.net_minor),
        returned_minor=total(days.returned_minor),
    )


def customer(source: str = "customer_day") -> Table:
    """Return one row per identified customer; the first and last day are those of orders, null for returns only."""
    days = across_stores(engine.table(source, CUSTOMER_DAY))
    ordered_on = choose(days.orders > 0, days.local_day, engine.nothing("date"))
    return days.group_by("customer_id").aggregate(
        first_day=ordered_on.min(),
        last_day=ordered_on.max(),
        order_days=total(b2i(days.orders > 0)),
        orders=total(days.orders),
        net_minor=total(days.net_minor),
        returned_minor=total(days.returned_minor),
    )


def across_stores(days: Table) -> Table:
    """Return one row per identified customer and local day, so that a day in two stores is one day."""
    known = days.filter(days.customer_id.notnull())
    return known.group_by("customer_id", "local_day").aggregate(
        orders=total(known.orders), net_minor=total(known.net_minor), returned_minor=total(known.returned_minor)
    )


@lru_cache(maxsize=64)
def customer_day_sql(currency: str) -> str:
    """Return the SQL of `customer_day`."""
    return engine.compile_sql(customer_day(currency=currency))


@lru_cache(maxsize=64)
def mart_sql(mart: str, source: str) -> str:
    """Return the SQL of `customer_month` or `customer` over a table shaped like `customer_day`."""
    expressions = {"customer_month": customer_month, "customer": customer}
    return engine.compile_sql(expressions[mart](source))
