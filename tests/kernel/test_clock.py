# SPDX-License-Identifier: Apache-2.0
"""Days and months of a shop, wherever it is."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.kernel.clock import add_months, end_of_day, end_of_month, local_day, start_of_day, utc_now

PUNE, BERLIN, YEREVAN = ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Yerevan")
DAYS = st.dates(date(1980, 1, 1), date(2150, 12, 31))
ZONES = st.sampled_from([PUNE, BERLIN, YEREVAN, ZoneInfo("America/St_Johns"), ZoneInfo("Pacific/Apia")])


@pytest.mark.parametrize(
    ("day", "months", "after"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2028-02-29", 48, "2032-02-29"),
        ("2028-02-29", -12, "2027-02-28"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-05-15", 0, "2026-05-15"),
        ("2026-01-15", 12, "2027-01-15"),
        ("2026-01-15", -1, "2025-12-15"),
    ],
)
def test_months(day, months, after):
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(after)


@given(DAYS, st.integers(-120, 120))
def test_months_never_overflow(day, months):
    after = add_months(day, months)

    assert (after.year * 12 + after.month) - (day.year * 12 + day.month) == months
    assert after.day == day.day or (after.day < day.day and after == end_of_month(after))


@given(DAYS, ZONES)
def test_a_local_day_is_from_its_start_to_its_end(day, zone):
    start, end = start_of_day(day, zone), end_of_day(day, zone)

    assert start < end
    assert end == start_of_day(day + timedelta(days=1), zone)
    if (day.year, day.month, day.day, zone.key) != (2011, 12, 30, "Pacific/Apia"):  # a day that never was
        assert local_day(start, zone) == local_day(end - timedelta(microseconds=1), zone) == day


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [("2026-03-29", BERLIN, 23), ("2026-10-25", BERLIN, 25), ("2026-03-29", PUNE, 24), ("2026-03-29", YEREVAN, 24)],
)
def test_the_days_on_which_clocks_are_changed(day, zone, hours):
    day = date.fromisoformat(day)

    assert end_of_day(day, zone) - start_of_day(day, zone) == timedelta(hours=hours)


def test_the_day_of_a_moment_is_that_of_the_place():
    moment = datetime(2026, 3, 1, 18, 29, 59, tzinfo=UTC)

    assert local_day(moment, PUNE) == date(2026, 3, 1)
    assert local_day(moment + timedelta(seconds=1), PUNE) == date(2026, 3, 2)


def test_the_clock_is_aware():
    assert utc_now().tzinfo is UTC
