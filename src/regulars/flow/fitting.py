# SPDX-License-Identifier: Apache-2.0
"""What the path asks of an intake by itself, before it looks whom and what it is about. Pure."""

from collections.abc import Container
from datetime import UTC, datetime

from regulars.flow.errors import TimeInFuture, TimeTooEarly, TimeWithoutZone, UnknownStore
from regulars.flow.intake import Intake

AHEAD_MAX_S = 300
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)


def check_intake(intake: Intake, *, stores: Container[str], now: datetime) -> None:
    """Raise what refuses an intake whatever else is recorded; `stores` are the codes that the business has."""
    check_time(intake.occurred_at, now=now)
    check_store(intake.store, stores)


def check_time(occurred_at: datetime, *, now: datetime) -> None:
    """Raise TimeWithoutZone, TimeInFuture or TimeTooEarly."""
    if occurred_at.tzinfo is None:
        raise TimeWithoutZone(occurred_at=occurred_at.isoformat())
    if (occurred_at - now).total_seconds() > AHEAD_MAX_S:
        raise TimeInFuture(occurred_at=occurred_at.isoformat())
    if occurred_at < EARLIEST:
        raise TimeTooEarly(occurred_at=occurred_at.isoformat(), earliest=EARLIEST.date().isoformat())


def check_store(code: str, stores: Container[str]) -> None:
    """Raise UnknownStore; no code is no store."""
    if code and code not in stores:
        raise UnknownStore(store=code)
