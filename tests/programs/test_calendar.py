# SPDX-License-Identifier: Apache-2.0
"""When points end, in the program's zone: the last instant of the day they are valid through."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from regulars.programs.calendar import expires_at, usable
from regulars.programs.definition import Expiry, Pending

PUNE = ZoneInfo("Asia/Kolkata")


def at(day: str, hour: int = 12) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time().replace(hour=hour), PUNE)


@pytest.mark.parametrize(
    ("expiry", "earned", "through"),
    [
        (Expiry("after", months=1), "2026-01-25", "2026-02-25"),
        (Expiry("after", months=0), "2026-01-01", "2026-01-01"),
        (Expiry("after", months=1), "2026-01-31", "2026-02-28"),
        (Expiry("after", months=1), "2028-01-31", "2028-02-29"),
        (Expiry("after", days=90), "2026-01-01", "2026-04-01"),
        (Expiry("period_end", months=12), "2020-07-06", "2021-07-31"),
        (Expiry("period_end", period="quarter"), "2026-05-05", "2026-06-30"),
        (Expiry("period_end", period="year", months=1), "2026-12-05", "2027-12-31"),
        (Expiry("date", day=date(2026, 12, 31)), "2026-01-01", "2026-12-31"),
    ],
)
def test_valid_through_the_end_of_the_local_day(expiry, earned, through):
    ends = expires_at(expiry, at(earned).astimezone(UTC), PUNE)

    assert ends == at(through, 0) + timedelta(days=1)


def test_never():
    assert expires_at(Expiry(), at("2026-01-01"), PUNE) is None


def test_the_expiry_clock_starts_at_activation():
    terms = usable(Pending("delay", days=10), Expiry("after", days=5), at("2026-01-01"), PUNE)

    assert terms.available_at == at("2026-01-11", 0)
    assert terms.expires_at == at("2026-01-17", 0)


def test_points_that_wait_for_an_event_have_a_time_out_and_no_end_yet():
    terms = usable(
        Pending("event", event="delivered", timeout_days=14), Expiry("after", days=5), at("2026-01-01"), PUNE
    )

    assert (terms.available_at, terms.expires_at, terms.waits_for) == (None, None, "delivered")
    assert terms.waits_until == at("2026-01-16", 0)
