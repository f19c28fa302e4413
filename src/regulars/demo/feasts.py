# SPDX-License-Identifier: Apache-2.0
"""Feasts that fill a sweet shop or a bakery; movable ones by a table of 2024 to 2028, and in no other year."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Feast:
    """One feast: in the `days_before` trade grows to `peak` times the usual; `stores` empty means everywhere."""

    code: str
    dates: Mapping[int, date]
    days_before: int
    peak: float
    stores: tuple[str, ...] = ()

    def strength(self, day: date) -> float:
        """Return how near the feast is, from 0 (too far, or over) to 1 (the eve and the day itself)."""
        for year in (day.year, day.year + 1):
            ahead = (self.dates[year] - day).days if year in self.dates else -1
            if 0 <= ahead <= self.days_before:
                return min(1.0, (self.days_before + 1 - ahead) / self.days_before)
        return 0.0


def _yearly(month: int, day: int) -> dict[int, date]:
    return {year: date(year, month, day) for year in range(2020, 2061)}


def _on(*days: str) -> dict[int, date]:
    return {day.year: day for day in map(date.fromisoformat, days)}


_EASTER = _on("2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2028-04-16")
_VARDAVAR = {year: easter + timedelta(days=98) for year, easter in _EASTER.items()}

INDIA = (
    Feast(
        code="diwali",
        days_before=14,
        peak=4.0,
        dates=_on("2024-10-31", "2025-10-20", "2026-11-08", "2027-10-29", "2028-10-17"),
    ),
    Feast(
        code="rakhi",
        days_before=6,
        peak=2.4,
        stores=("pune", "mumbai", "hyderabad"),
        dates=_on("2024-08-19", "2025-08-09", "2026-08-28", "2027-08-17", "2028-08-05"),
    ),
    Feast(
        code="ganesh",
        days_before=5,
        peak=2.8,
        stores=("pune", "mumbai", "hyderabad"),
        dates=_on("2024-09-07", "2025-08-27", "2026-09-14", "2027-09-04", "2028-08-23"),
    ),
    Feast(
        code="onam",
        days_before=8,
        peak=3.2,
        stores=("kochi",),
        dates=_on("2024-09-15", "2025-09-05", "2026-08-26", "2027-09-12", "2028-09-01"),
    ),
    Feast(
        code="holi",
        days_before=4,
        peak=2.0,
        stores=("pune", "mumbai", "hyderabad"),
        dates=_on("2024-03-25", "2025-03-14", "2026-03-04", "2027-03-22", "2028-03-11"),
    ),
    Feast(
        code="new year of spring",
        days_before=3,
        peak=1.9,
        stores=("pune", "mumbai", "hyderabad"),
        dates=_on("2024-04-09", "2025-03-30", "2026-03-19", "2027-04-07", "2028-03-27"),
    ),
    Feast(code="sankranti", days_before=4, peak=1.8, dates=_yearly(1, 14), stores=("pune", "mumbai", "hyderabad")),
    Feast(code="christmas", days_before=5, peak=1.9, dates=_yearly(12, 25), stores=("kochi", "mumbai")),
)
ARMENIA = (
    Feast(code="new year", days_before=8, peak=3.0, dates=_yearly(12, 31)),
    Feast(code="christmas", days_before=3, peak=1.7, dates=_yearly(1, 6)),
    Feast(code="women's month", days_before=4, peak=1.9, dates=_yearly(3, 8)),
    Feast(code="easter", days_before=6, peak=2.4, dates=_EASTER),
    Feast(code="vardavar", days_before=3, peak=1.7, dates=_VARDAVAR),
    Feast(code="first bell", days_before=2, peak=1.5, dates=_yearly(9, 1)),
)
