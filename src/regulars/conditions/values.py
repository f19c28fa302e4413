# SPDX-License-Identifier: Apache-2.0
"""Single values of a tree: how each type reads from JSON, and how it is written back."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import TypeAlias, TypeVar

Scalar: TypeAlias = str | int | date | time | datetime
Iso = TypeVar("Iso", date, time, datetime)

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TEXT_CHARS_MAX = 200
NUMBER_MAX = 10**15 - 1


def read_text(data: object) -> str | None:
    """Return a text of 1 to 200 characters."""
    return data if isinstance(data, str) and 0 < len(data) <= TEXT_CHARS_MAX else None


def read_number(data: object) -> int | None:
    """Return a whole number of at most fifteen digits; True is no number."""
    return data if type(data) is int and abs(data) <= NUMBER_MAX else None


def read_boolean(data: object) -> bool | None:
    """Return True or False."""
    return data if isinstance(data, bool) else None


def read_weekday(data: object) -> str | None:
    """Return a day as mon, tue, … sun."""
    return data if isinstance(data, str) and data in WEEKDAYS else None


def read_date(data: object) -> date | None:
    """Return a calendar day written 2026-01-31, and in no other of the ISO forms."""
    day = _from_iso(date.fromisoformat, data)
    return day if day is not None and day.isoformat() == data else None


def read_time(data: object) -> time | None:
    """Return a time of day written 18:30."""
    clock = _from_iso(time.fromisoformat, data)
    return clock if clock is not None and clock.strftime("%H:%M") == data else None


def read_moment(data: object) -> datetime | None:
    """Return an instant written with its offset: 2026-01-31T18:30:00+05:30."""
    moment = _from_iso(datetime.fromisoformat, data)
    return moment if moment is not None and moment.tzinfo is not None else None


def _from_iso(parse: Callable[[str], Iso], data: object) -> Iso | None:
    try:
        return parse(data) if isinstance(data, str) else None
    except ValueError:
        return None


def write(value: Scalar) -> str | int:
    """Return a value as it is written in JSON."""
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return value.isoformat() if isinstance(value, date) else value
