# SPDX-License-Identifier: Apache-2.0
"""Busy and quiet days: time runs faster before a feast, so that the same habit gives more purchases there."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import accumulate

from regulars.demo.feasts import Feast


def feasts_of(feasts: Sequence[Feast], store: str) -> tuple[Feast, ...]:
    """Return the feasts that are kept where the store is."""
    return tuple(feast for feast in feasts if not feast.stores or store in feast.stores)


class Season:
    """The days of one store from `start` up to and without `end`, each as long as it is busy.

    A position on this stretched time goes from 0 to `length`; positions drawn evenly fall on days by their weight.
    """

    def __init__(self, feasts: Sequence[Feast], weekdays: Sequence[float], *, start: date, end: date) -> None:
        self.start = start
        days = (start + timedelta(days=offset) for offset in range((end - start).days))
        self._ends = list(accumulate(weekdays[day.weekday()] * _busyness(feasts, day) for day in days))
        self.length = self._ends[-1]

    def day_at(self, position: float) -> date:
        """Return the day that a position below `length` falls on."""
        return self.start + timedelta(days=bisect_right(self._ends, position))


def _busyness(feasts: Sequence[Feast], day: date) -> float:
    return max((1 + (feast.peak - 1) * feast.strength(day) for feast in feasts), default=1.0)
