# SPDX-License-Identifier: Apache-2.0
"""When points can be used and when they end, in the program's time zone. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from regulars.kernel.clock import add_months, end_of_day, end_of_month, local_day, start_of_day
from regulars.programs.definition import Expiry, Limit, Pending, PerAmount, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Usable:
    """From when and until when points can be used; `available_at` empty means waiting for an event until `waits_until`."""

    available_at: datetime | None
    expires_at: datetime | None
    waits_for: str = ""
    waits_until: datetime | None = None


def expires_at(expiry: Expiry, active_at: datetime, zone: ZoneInfo) -> datetime | None:
    """Return when points active from a moment end: "through" a day means to its local end."""
    if expiry.kind == "never" or (expiry.kind == "date" and expiry.day is None):
        return None
    if expiry.kind == "date" and expiry.day is not None:
        return end_of_day(expiry.day, zone)
    last = add_months(local_day(active_at, zone), expiry.months) + timedelta(days=expiry.days)
    if expiry.kind == "period_end":
        last = _end_of_period(last, expiry.period)
    return end_of_day(last, zone)


def _end_of_period(day: date, period: str) -> date:
    if period == "year":
        return date(day.year, 12, 31)
    if period == "quarter":
        return end_of_month(date(day.year, (day.month + 2) // 3 * 3, 1))
    return end_of_month(day)


def usable(pending: Pending, expiry: Expiry, occurred_at: datetime, zone: ZoneInfo) -> Usable:
    """Return when points given at a moment can be used. The expiry clock starts at activation."""
    if pending.kind == "event":
        waits_until = end_of_day(local_day(occurred_at, zone) + timedelta(days=pending.timeout_days), zone)
        return Usable(available_at=None, expires_at=None, waits_for=pending.event, waits_until=waits_until)
    active_at = occurred_at
    if pending.kind == "delay":
        active_at = start_of_day(local_day(occurred_at, zone) + timedelta(days=pending.days), zone)
    elif pending.kind == "date" and pending.day is not None:
        active_at = max(start_of_day(pending.day, zone), occurred_at)
    return Usable(available_at=active_at, expires_at=expires_at(expiry, active_at, zone))


def window_of(rule_id: str, limit: Limit, day: date) -> str:
    """Return the name of the window that a limit counts in on a local day, like `welcome/day/2026-11-22`."""
    return f"{rule_id}/{limit.per}/{_periods(day)[limit.per]}"


@lru_cache(maxsize=1_000)
def _periods(day: date) -> dict[str, str]:
    """Return the names of the periods that a day is in; a week is named by its Monday."""
    monday, today = day - timedelta(days=day.weekday()), day.isoformat()
    return {"day": today, "week": monday.isoformat(), "month": today[:7], "year": today[:4], "ever": ""}


def carry_of(rule: Rule) -> str:
    """Return the name of the counter of what a rule carries over: in millionths of a minor unit times its points, by its rate."""
    assert isinstance(rule.gives, PerAmount), "only amounts leave something over"
    return f"{rule.id}/carry/{rule.gives.points}-{rule.gives.per_minor}"


def last_of(rule: Rule) -> str:
    """Return the name of the counter that says when a rule gave last, in seconds since 1970."""
    return f"{rule.id}/last"
