# SPDX-License-Identifier: Apache-2.0
"""What a member surely has: a low guess of the balance, so that nobody takes a reward that they could not afford."""

from collections import deque
from datetime import datetime, timedelta

_COUNTED_FOR = timedelta(days=250)


class Purse:
    """Points of one member from plain spending only; bonuses, visits and levels come on top of it in truth.

    Points are forgotten after 250 days, before any of the demo's programs lets them expire.
    """

    def __init__(self, *, usable_after: timedelta) -> None:
        self._usable_after = usable_after
        self._lots: deque[tuple[datetime, int]] = deque()
        self._spent: int = 0
        self._earned: int = 0

    def earn(self, points: int, at: datetime) -> None:
        """Add points, or take back those of a return (negative)."""
        self._lots.append((at, points))
        self._earned += points

    def spend(self, points: int) -> None:
        """Take points away."""
        self._spent += points

    def has(self, at: datetime) -> tuple[int, int]:
        """Return what can surely be spent at a moment, and what was surely earned in the twelve months before it."""
        while self._lots and self._lots[0][0] < at - _COUNTED_FOR:
            _, points = self._lots.popleft()
            self._earned -= points
            self._spent = max(0, self._spent - points)
        waiting = sum(points for earned_at, points in self._lots if points > 0 and earned_at > at - self._usable_after)
        return self._earned - self._spent - waiting, self._earned
