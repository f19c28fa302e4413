# SPDX-License-Identifier: Apache-2.0
"""Periods of local days and the scope in which a metric is asked."""

from dataclasses import dataclass
from datetime import date, timedelta

YEAR_DAYS = 365


@dataclass(frozen=True, slots=True)
class Period:
    """Half-open: `start` belongs to it, `end` does not. Days are those of the store's zone."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError(f"a period ends after it starts; got {self.start} to {self.end}")
        if self.start.toordinal() <= self.days:
            raise ValueError(f"no calendar holds an equally long period before {self.start} to {self.end}")

    @property
    def days(self) -> int:
        """Return the length in days."""
        return (self.end - self.start).days

    def before(self) -> "Period":
        """Return the equally long period that ends where this one starts."""
        return Period(self.start - timedelta(days=self.days), self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is asked: a period, and one store or (None) the whole business."""

    period: Period
    store: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The first and last day with an order or a return, and the last with an order, in the whole business."""

    first_day: date
    last_day: date
    last_order_day: date

    @property
    def end(self) -> date:
        """Return the first day without data."""
        return self.last_day + timedelta(days=1)

    def history(self) -> Period:
        """Return everything: the period of a question without one."""
        return Period(self.first_day, self.end)

    def fill(self, start: date | None, end: date | None) -> Period:
        """Return a period with its open sides: without a start a year, without an end up to the last day, at least one day."""
        if end is None:
            end = self.end if start is None else max(self.end, start + timedelta(days=1))
        return Period(end - timedelta(days=YEAR_DAYS) if start is None else start, end)

    def last_year(self) -> Period:
        """Return the 365 days up to and with the last order day: the default of a question that compares two halves."""
        end = self.last_order_day + timedelta(days=1)
        return Period(end - timedelta(days=YEAR_DAYS), end)


# Before the first order nothing happened on any day; any day says so.
NOTHING_YET = Span(date(2000, 1, 1), date(2000, 1, 1), date(2000, 1, 1))


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def next_month(month: date) -> date:
    """Return the first day of the month after."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def months_between(first: date, last: date) -> list[date]:
    """Return the months from the one of `first` to the one of `last`, both included."""
    months = []
    month = month_of(first)
    while month <= last:
        months.append(month)
        month = next_month(month)
    return months
