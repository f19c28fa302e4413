# SPDX-License-Identifier: Apache-2.0
"""A lock that serves in order of arrival, so that no writer starves."""

import threading
from collections import deque


class FairLock:
    """First come, first served: release hands over to the longest waiting thread."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._is_held = False

    def acquire(self, timeout_s: float) -> bool:
        """Take the lock within the time, or return False."""
        with self._mutex:
            if not self._is_held:
                self._is_held = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        if turn.acquire(timeout=timeout_s):
            return True
        with self._mutex:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return False
        return True

    def release(self) -> None:
        """Give the lock to the next in line."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_held = False
