# SPDX-License-Identifier: Apache-2.0
"""Keys made by the application: UUIDv7, ordered by time, never backwards inside one maker."""

import secrets
import threading
import time
from collections.abc import Callable
from uuid import UUID

_VERSION = 0x7 << 76
_VARIANT = 0x2 << 62
_COUNTER_MAX = 0xFFF


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000


class KeyMaker:
    """Make UUIDv7 keys from an injected clock (milliseconds) and random source.

    Keys of one maker ascend strictly: a 12-bit counter orders those of one millisecond and borrows from the next one when it is
    full; a clock that steps back is ignored until it has caught up.
    """

    def __init__(self, clock_ms: Callable[[], int] = _clock_ms, random_bits: Callable[[int], int] = secrets.randbits) -> None:
        self._clock_ms = clock_ms
        self._random_bits = random_bits
        self._lock = threading.Lock()
        self._last_ms = 0
        self._counter = 0

    def __call__(self) -> UUID:
        """Return the next key."""
        now_ms = self._clock_ms()
        with self._lock:
            if now_ms > self._last_ms:
                self._last_ms, self._counter = now_ms, 0
            elif self._counter < _COUNTER_MAX:
                self._counter += 1
            else:
                self._last_ms, self._counter = self._last_ms + 1, 0
            stamp, counter = self._last_ms, self._counter
        return UUID(int=stamp << 80 | _VERSION | counter << 64 | _VARIANT | self._random_bits(62))


new_key = KeyMaker()
