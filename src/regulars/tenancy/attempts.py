# SPDX-License-Identifier: Apache-2.0
"""What the outcome of a webhook attempt means and when the next one is due, as Standard Webhooks asks. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum

from regulars.outbox.backoff import jittered

DELAYS_S = (
    0,
    5,
    300,
    1_800,
    7_200,
    18_000,
    36_000,
    50_400,
    72_000,
    86_400,
)  # before each attempt; about 75 hours in all
_GONE = 410
_THROTTLING = frozenset({429, 502, 504})
_RETRY_AFTER_MAX_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended: the status, or without one what went wrong; `retry_after` is the header as it came."""

    status: int | None = None
    error: str = ""
    retry_after: str = ""

    @property
    def is_unanswered(self) -> bool:
        """Tell whether the endpoint gave no answer at all in the time it had."""
        return self.status is None


class Verdict(Enum):
    """What an outcome means for the delivery."""

    DELIVERED = "delivered"
    TRY_AGAIN = "try again"
    GIVE_UP = "give up"
    GONE = "gone"


def judge(outcome: Outcome, attempts: int) -> Verdict:
    """Judge the outcome of the attempt that makes `attempts` of them: only 2xx is success, 410 means never again."""
    if outcome.status is not None and 200 <= outcome.status < 300:
        return Verdict.DELIVERED
    if outcome.status == _GONE:
        return Verdict.GONE
    return Verdict.TRY_AGAIN if attempts < len(DELAYS_S) else Verdict.GIVE_UP


def next_attempt_at(outcome: Outcome, attempts: int, *, now: datetime, random: Callable[[], float]) -> datetime:
    """Return when to try again after so many attempts: the schedule ± 20 %, or later if the endpoint asked for it."""
    scheduled = now + timedelta(seconds=jittered(DELAYS_S[attempts], random=random))
    return max(scheduled, now + timedelta(seconds=retry_after_s(outcome.retry_after, now=now)))


def is_throttling(outcome: Outcome) -> bool:
    """Tell whether the endpoint is overloaded, so that all else for it must wait too."""
    return outcome.status in _THROTTLING


def retry_after_s(header: str, *, now: datetime) -> float:
    """Read a Retry-After header, seconds or a date; 0 where it says nothing. A day at most."""
    header = header.strip()
    if header.isascii() and header.isdigit():
        return float(min(int(header[:9]), _RETRY_AFTER_MAX_S))
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return 0.0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((aware - now).total_seconds(), 0.0), float(_RETRY_AFTER_MAX_S))
