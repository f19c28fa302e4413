# SPDX-License-Identifier: Apache-2.0
"""The clock, read once at the door of a flow and passed down, and calendar arithmetic that never overflows."""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def utc_now() -> datetime:
    """Read the clock. Only doors, the worker loop and the scheduler call this."""
    return datetime.now(UTC)


def add_months(day: date, months: int) -> date:
    """Move a day by whole months, staying on the last day of the month where the month is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def end_of_month(day: date) -> date:
    """Return the last day of the day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a local day, in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which a local day is over, in UTC: "valid through" means up to here, exclusive."""
    return start_of_day(day + timedelta(days=1), zone)


def last_day(ends_at: datetime, zone: ZoneInfo) -> date:
    """Return the last local day of what is valid before an instant."""
    return local_day(ends_at - timedelta.resolution, zone)


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day of a moment in a zone."""
    return moment.astimezone(zone).date()
