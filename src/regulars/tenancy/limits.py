# SPDX-License-Identifier: Apache-2.0
"""How many requests a key may make: a token bucket each, in the memory of this process. Pure but for that memory."""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from regulars.kernel.errors import RegularsError, gettext_noop

_BUCKETS_MAX = 10_000


class TooManyRequests(RegularsError):
    """The key has used up its allowance for now."""

    code = "too_many_requests"
    status = 429
    text = gettext_noop(
        "Too many requests: this key may make %(limit)s a minute. Try again in %(retry_after)s seconds."
    )


@dataclass(frozen=True, slots=True)
class Allowance:
    """Whether a request may pass, and what the headers of the answer say: RateLimit-Limit, -Remaining, -Reset
    (seconds).
    """

    is_allowed: bool
    limit: int
    remaining: int
    reset_s: int

    HEADERS: ClassVar[tuple[str, str, str]] = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of the answer."""
        values = (str(self.limit), str(self.remaining), str(self.reset_s))
        return dict(zip(self.HEADERS, values, strict=True))


class RateLimiter:
    """A bucket for each key that holds a minute's requests and fills evenly. One limiter counts for one process."""

    def __init__(self, rate_per_minute: int, *, monotonic: Callable[[], float]) -> None:
        self._rate = rate_per_minute
        self._per_second = rate_per_minute / 60
        self._monotonic = monotonic
        self._buckets: dict[UUID, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, key_id: UUID, requests: int = 1) -> Allowance:
        """Count requests of a key; a refused request costs nothing."""
        now = self._monotonic()
        with self._lock:
            level, at = self._buckets.get(key_id, (float(self._rate), now))
            level = min(self._rate, level + (now - at) * self._per_second)
            is_allowed = level >= requests
            level -= requests if is_allowed else 0
            if len(self._buckets) >= _BUCKETS_MAX:
                self._forget_full(now)
            self._buckets[key_id] = level, now
        missing = self._rate - level if is_allowed else requests - level
        return Allowance(is_allowed, self._rate, int(level), math.ceil(missing / self._per_second))

    def check(self, key_id: UUID, requests: int = 1) -> Allowance:
        """Count requests of a key. Raises TooManyRequests."""
        allowance = self.take(key_id, requests)
        if not allowance.is_allowed:
            raise TooManyRequests(limit=allowance.limit, retry_after=allowance.reset_s)
        return allowance

    def _forget_full(self, now: float) -> None:
        self._buckets = {
            key: (level, at)
            for key, (level, at) in self._buckets.items()
            if level + (now - at) * self._per_second < self._rate
        }
