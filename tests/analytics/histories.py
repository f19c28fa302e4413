"""Random small histories of a business, and the slow obvious reckoning that every metric must equal."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import strategies as st

from regulars.analytics.periods import Period

CURRENCY = "AMD"
CUSTOMERS = tuple(f"{n:032x}" for n in range(0xA0, 0xA6))
STORES = ("north", "it's south", None)
FIRST_DAY = date(2023, 12, 29)
DAYS = 64  # across three ends of a month and a year's end


@dataclass(frozen=True, slots=True)
class Sold:
    customer: str | None
    store: str | None
    day: date
    net_minor: int
    currency: str = CURRENCY


@dataclass(frozen=True, slots=True)
class History:
    orders: list[Sold] = field(default_factory=list)
    returns: list[Sold] = field(default_factory=list)


def _sold(amounts: st.SearchStrategy[int]) -> st.SearchStrategy[Sold]:
    return st.builds(
        Sold,
        customer=st.sampled_from((None, *CUSTOMERS)),
        store=st.sampled_from(STORES),
        day=st.integers(0, DAYS - 1).map(lambda days: FIRST_DAY + timedelta(days=days)),
        net_minor=amounts,
        currency=st.sampled_from((CURRENCY, CURRENCY, CURRENCY, CURRENCY, "USD")),
    )


def histories(most: int = 30) -> st.SearchStrategy[History]:
    return st.builds(
        History,
        orders=st.lists(_sold(st.integers(0, 10**12)), max_size=most),
        returns=st.lists(_sold(st.integers(-(10**12), 0)), max_size=most // 3),
    )


def periods() -> st.SearchStrategy[Period]:
    starts = st.integers(-10, DAYS).map(lambda days: FIRST_DAY + timedelta(days=days))
    return st.builds(lambda start, days: Period(start, start + timedelta(days=days)), starts, st.integers(1, 50))


def order_rows(sold: list[Sold], *, first: int = 0) -> list[tuple[object, ...]]:
    """Rows for the lake's table `orders`; fact ids count from `first`."""
    return [
        (f"{n:032x}", s.customer, s.store, "till", f"{s.day}T12:00:00Z", s.day, s.currency, s.net_minor, "order")
        for n, s in enumerate(sold, first)
    ]


def return_rows(sold: list[Sold], *, first: int = 0) -> list[tuple[object, ...]]:
    """Rows for the lake's table `returns`, none of them matched to an order."""
    return [
        (f"{n:032x}", None, s.customer, s.store, f"{s.day}T12:00:00Z", s.day, None, s.net_minor, s.currency)
        for n, s in enumerate(sold, first)
    ]


class Reckoning:
    """Every metric by loops over the history, for one store or all."""

    def __init__(self, history: History, store: str | None = None) -> None:
        def counted(sold: Sold) -> bool:
            return sold.currency == CURRENCY and (store is None or sold.store == store)

        own = [s for s in (*history.orders, *history.returns) if s.currency == CURRENCY]
        ordered = [s.day for s in history.orders if s.currency == CURRENCY]
        self.has_data = bool(own)
        self.first_day = min((s.day for s in own), default=date(2000, 1, 1))
        self.last_day = max((s.day for s in own), default=date(2000, 1, 1))
        self.last_order_day = max(ordered, default=self.last_day)
        self.orders = [s for s in history.orders if counted(s)]
        self.returns = [s for s in history.returns if counted(s)]

    def history_period(self) -> Period:
        return Period(self.first_day, self.last_day + timedelta(days=1))

    def year_period(self) -> Period:
        end = self.last_order_day + timedelta(days=1)
        return Period(end - timedelta(days=365), end)

    def parts(self, key: str, period: Period | None) -> tuple[int, int]:
        """Numerator and denominator of a metric."""
        default = self.year_period() if key in {"retention_rate", "churn_rate"} else self.history_period()
        return getattr(self, key)(period or default)

    def buyers(self, period: Period) -> Counter[str]:
        return Counter(s.customer for s in self.orders if s.customer and period.start <= s.day < period.end)

    def order_days(self, period: Period) -> dict[str, set[date]]:
        days = defaultdict(set)
        for s in self.orders:
            if s.customer and period.start <= s.day < period.end:
                days[s.customer].add(s.day)
        return days

    def active_customers(self, period: Period) -> tuple[int, int]:
        return len(self.buyers(period)), 1

    def retention_rate(self, period: Period) -> tuple[int, int]:
        earlier = set(self.buyers(Period(period.start - (period.end - period.start), period.start)))
        return len(earlier & set(self.buyers(period))), len(earlier)

    def churn_rate(self, period: Period) -> tuple[int, int]:
        kept, earlier = self.retention_rate(period)
        return earlier - kept, earlier

    def repeat_purchase_rate_orders(self, period: Period) -> tuple[int, int]:
        buyers = self.buyers(period)
        return sum(1 for orders in buyers.values() if orders >= 2), len(buyers)

    def repeat_purchase_rate_days(self, period: Period) -> tuple[int, int]:
        days = self.order_days(period)
        return sum(1 for own in days.values() if len(own) >= 2), len(days)

    def purchase_frequency(self, period: Period) -> tuple[int, int]:
        buyers = self.buyers(period)
        return sum(buyers.values()), len(buyers)

    def average_order_value_minor(self, period: Period) -> tuple[int, int]:
        inside = [s for s in (*self.orders, *self.returns) if period.start <= s.day < period.end]
        orders = [s for s in self.orders if period.start <= s.day < period.end]
        return sum(s.net_minor for s in inside), len(orders)

    def historic_lifetime_value_minor(self, period: Period) -> tuple[int, int]:
        known = [s for s in (*self.orders, *self.returns) if s.customer and s.day < period.end]
        ever = {s.customer for s in self.orders if s.customer and s.day < period.end}
        return sum(s.net_minor for s in known), len(ever)

    def days_between_purchases_median(self, period: Period) -> tuple[int, int]:
        gaps = []
        for own in self.order_days(period).values():
            ordered = sorted(own)
            gaps += [(later - earlier).days for earlier, later in pairwise(ordered)]
        gaps.sort()
        if not gaps:
            return 0, 0
        return gaps[(len(gaps) - 1) // 2] + gaps[len(gaps) // 2], 2

    def cohort_counts(self, period: Period) -> dict[tuple[date, int], int]:
        """Customers by first month, when the period touches it, and months since."""
        months: dict[str, set[date]] = defaultdict(set)
        for s in self.orders:
            if s.customer:
                months[s.customer].add(s.day.replace(day=1))
        counts: Counter[tuple[date, int]] = Counter()
        for own in months.values():
            first = min(own)
            if touches(first, period):
                counts.update((first, 12 * (m.year - first.year) + m.month - first.month) for m in own)
        return dict(counts)

    def month_sums(self, period: Period) -> dict[date, tuple[int, int, int, int]]:
        """Active customers, new customers, orders, net by month that the period touches and that has any row."""
        first: dict[str, date] = {}
        for s in sorted(self.orders, key=lambda s: s.day):
            if s.customer:
                first.setdefault(s.customer, s.day.replace(day=1))
        sums = {}
        for month in sorted({s.day.replace(day=1) for s in (*self.orders, *self.returns)}):
            orders = [s for s in self.orders if s.day.replace(day=1) == month]
            returns = [s for s in self.returns if s.day.replace(day=1) == month]
            active = {s.customer for s in orders if s.customer}
            fresh = {customer for customer in active if first[customer] == month}
            if touches(month, period):
                net = sum(s.net_minor for s in (*orders, *returns))
                sums[month] = (len(active), len(fresh), len(orders), net)
        return sums


def touches(month: date, period: Period) -> bool:
    days = [month + timedelta(days=n) for n in range(31)]
    return any(day.month == month.month and period.start <= day < period.end for day in days)


def as_value(numerator: int, denominator: int) -> float | None:
    """The quotient, rounded once."""
    return float(Fraction(numerator, denominator)) if denominator else None
