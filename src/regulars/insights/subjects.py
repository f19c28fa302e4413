# SPDX-License-Identifier: Apache-2.0
"""What a stored report is about, as a short text: the key of its row. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta

from regulars.analytics.periods import Period

RECENT_DAYS = (30, 90, 365)
ALL = "all"


@dataclass(frozen=True, slots=True)
class Subject:
    """A retention report's scope: a period (None: all history) and a store code (None: all stores)."""

    period: Period | None
    store: str | None

    def __str__(self) -> str:
        days = f"{self.period.start}/{self.period.end}" if self.period else ALL
        return f"retention/{days}/{self.store or ''}"


def read_subject(text: str) -> Subject:
    """Read a subject back. Raises ValueError."""
    _, days, *rest = text.split("/")
    if days == ALL:
        return Subject(None, rest[0] or None)
    return Subject(Period(date.fromisoformat(days), date.fromisoformat(rest[0])), rest[1] or None)


def usual_subjects(today: date, stores: list[str]) -> list[Subject]:
    """Return the scopes that pages offer: all history and the last days up to today, for all stores and each."""
    periods = [None, *(Period(today - timedelta(days=days), today) for days in RECENT_DAYS)]
    return [Subject(period, store) for store in [None, *stores] for period in periods]
