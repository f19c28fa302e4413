# SPDX-License-Identifier: Apache-2.0
"""Tiers, pure: which level a progress reaches, and what an evaluation changes now or after its grace."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from regulars.kernel.clock import add_months, local_day, start_of_day
from regulars.programs.definition import Ladder


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What an evaluation came to: the tier from now on, whether it changed, and when a fall is due (None when qualified)."""

    tier: str
    is_changed: bool
    falls_at: datetime | None


def base_tier(ladder: Ladder | None) -> str:
    """Return the level at which everybody begins; empty without a ladder."""
    return ladder.levels[0].code if ladder else ""


def window_start(ladder: Ladder, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant that counts: the local day one window ago, from its beginning."""
    return start_of_day(add_months(local_day(now, zone), -ladder.months), zone)


def leaves_window_at(ladder: Ladder, counted_at: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant at which an amount no longer counts: the day after its day has come round."""
    return start_of_day(add_months(local_day(counted_at, zone), ladder.months) + timedelta(days=1), zone)


def first_that_stays(ladder: Ladder, until: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant whose amounts still count just before a moment at which others leave."""
    day = add_months(local_day(until, zone), -ladder.months) - timedelta(days=5)
    while leaves_window_at(ladder, start_of_day(day, zone), zone) < until:
        day += timedelta(days=1)
    return start_of_day(day, zone)


def qualified_tier(ladder: Ladder, progress: int) -> str:
    """Return the highest level that a progress reaches."""
    return [level.code for level in ladder.levels if level.at_least <= progress or level is ladder.levels[0]][-1]


def rank(ladder: Ladder, tier: str) -> int:
    """Return the place of a level, the lowest being 0; a level that is no longer there ranks lowest."""
    return next((place for place, level in enumerate(ladder.levels) if level.code == tier), 0)


def evaluate(ladder: Ladder, *, tier: str, progress: int, falls_at: datetime | None, now: datetime) -> Evaluation:
    """Compare a standing with its progress: a rise is at once, a fall when its grace is over, by the ladder's policy."""
    held, qualified = rank(ladder, tier), rank(ladder, qualified_tier(ladder, progress))
    if qualified >= held:
        reached = ladder.levels[qualified].code
        return Evaluation(tier=reached, is_changed=reached != tier, falls_at=None)
    if ladder.downgrade == "none":
        return Evaluation(tier=tier, is_changed=False, falls_at=None)
    due_at = falls_at or now + timedelta(days=ladder.grace_days)
    if now < due_at:
        return Evaluation(tier=tier, is_changed=False, falls_at=due_at)
    place = held - 1 if ladder.downgrade == "one_level" else qualified
    still_above = place > qualified
    next_due = now + timedelta(days=ladder.grace_days) if still_above else None
    return Evaluation(tier=ladder.levels[place].code, is_changed=True, falls_at=next_due)


def missing_to_next(ladder: Ladder, *, tier: str, progress: int) -> tuple[str, int] | None:
    """Return the next level above a tier and how much progress it still asks for; None at the top."""
    above = rank(ladder, tier) + 1
    if above >= len(ladder.levels):
        return None
    level = ladder.levels[above]
    return level.code, max(level.at_least - progress, 0)
