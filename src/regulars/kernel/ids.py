# SPDX-License-Identifier: Apache-2.0
"""Keys made by the application: UUIDv7, ordered by time, never backwards inside one maker."""

import random
import threading
import time
from collections.abc import Callable
from uuid import UUID, SafeUUID

_VERSION = 0x7 << 76
_VARIANT = 0x2 << 62
_COUNTER_MAX = 0xFFF
_UNKNOWN = SafeUUID.unknown
_set = object.__setattr__


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000


def key_of(number: int) -> UUID:
    """Return the UUID of a 128-bit number, without the checks of its constructor: keys are made and read in millions."""
    key = object.__new__(UUID)
    _set(key, "int", number)
    _set(key, "is_safe", _UNKNOWN)
    return key


def key_of_bytes(data: bytes) -> UUID:
    """Return the UUID of sixteen bytes."""
    return key_of(int.from_bytes(data))


_chance = random.Random()  # noqa: S311 - keys must differ, they need not be secret; seeded by the system in every process


def _random_62() -> int:
    return _chance.getrandbits(62)


class KeyMaker:
    """Make UUIDv7 keys from an injected clock (milliseconds) and random source (62 bits).

    Keys of one maker ascend strictly: a 12-bit counter orders those of one millisecond and borrows from the next one when it is
    full; a clock that steps back is ignored until it has caught up.
    """

    def __init__(self, clock_ms: Callable[[], int] = _clock_ms, random_62: Callable[[], int] = _random_62) -> None:
        self._clock_ms = clock_ms
        self._random_62 = random_62
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
        return key_of(stamp << 80 | _VERSION | counter << 64 | _VARIANT | self._random_62())


new_key = KeyMaker()
