# SPDX-License-Identifier: Apache-2.0
"""When recurring jobs come back: every so many seconds for the whole installation, or daily for each business. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Every:
    """A job of no business, every so many seconds; missed times are not made up for."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Daily:
    """A job for each business at a full hour of its own time zone; after a standstill it runs once."""

    hour: int


Recurrence = Every | Daily


def next_run(recurrence: Recurrence, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the first time after now, in UTC. An hour that a change of clocks skips is taken as the moment after the
    gap.
    """
    if isinstance(recurrence, Every):
        return now + timedelta(seconds=recurrence.seconds)
    day = now.astimezone(zone).date()
    while True:
        moment = datetime.combine(day, time(recurrence.hour), zone).astimezone(UTC)
        if moment > now:
            return moment
        day += timedelta(days=1)
