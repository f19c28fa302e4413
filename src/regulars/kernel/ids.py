# SPDX-License-Identifier: Apache-2.0
"""Keys made by the application: UUIDv7, ordered by time, never backwards inside one maker."""

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from uuid import UUID, SafeUUID

_FIXED = 0x7 << 76 | 0x2 << 62  # version and variant
_COUNTER_BITS = 12
_COUNTER_MAX = 0xFFF
_UNKNOWN = SafeUUID.unknown
_set_int, _set_is_safe = (
    UUID.__dict__["int"].__set__,
    UUID.__dict__["is_safe"].__set__,
)  # a UUID lets nobody else set them


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000


def key_of(number: int) -> UUID:
    """Return the UUID of a 128-bit number, without the checks of its constructor: keys are made and read in millions."""
    key = object.__new__(UUID)
    _set_int(key, number)
    _set_is_safe(key, _UNKNOWN)
    return key


def key_of_bytes(data: bytes) -> UUID:
    """Return the UUID of sixteen bytes."""
    return key_of(int.from_bytes(data))


def key_of_hex(text: str) -> UUID:
    """Return the UUID of 32 hexadecimal digits."""
    return key_of(int(text, 16))


_chance = random.Random()  # noqa: S311 - keys must differ, they need not be secret
os.register_at_fork(after_in_child=_chance.seed)  # or two web processes would draw the same numbers

_random_62 = partial(_chance.getrandbits, 62)


def _key_at(place: int, drawn: int) -> UUID:
    return key_of(place >> _COUNTER_BITS << 80 | (place & _COUNTER_MAX) << 64 | _FIXED | drawn)


class KeyMaker:
    """Make UUIDv7 keys from an injected clock (milliseconds) and random source (62 bits).

    Keys of one maker ascend strictly: places within a millisecond are counted in 12 bits and run on into the next one when these are
    full; a clock that steps back is ignored until it has caught up.
    """

    def __init__(self, clock_ms: Callable[[], int] = _clock_ms, random_62: Callable[[], int] = _random_62) -> None:
        self._clock_ms = clock_ms
        self._random_62 = random_62
        self._lock = threading.Lock()
        self._last = 0

    def _reserve(self, count: int) -> int:
        """Take so many places, each a millisecond and a count in it, and return the first."""
        now = self._clock_ms() << _COUNTER_BITS
        with self._lock:
            first = max(now, self._last + 1)
            self._last = first + count - 1
        return first

    def __call__(self) -> UUID:
        """Return the next key."""
        return _key_at(self._reserve(1), self._random_62())

    def pool(self, size: int = 512) -> Callable[[], UUID]:
        """Return a maker for one thread that takes many places at a time and draws once for them: a batch needs thousands."""

        def keys() -> Iterator[UUID]:
            while True:
                first, drawn = self._reserve(size), self._random_62()
                for place in range(first, first + size):
                    yield _key_at(place, drawn)

        return partial(next, keys())


new_key = KeyMaker()
