# SPDX-License-Identifier: Apache-2.0
"""What a fact does to a member's standing: progress on the ladder, a rise at once, a fall when it is due."""

from datetime import datetime

from regulars.flow.batch import Batch, Item
from regulars.programs.definition import Ladder
from regulars.programs.ladder import base_tier, evaluate, leaves_window_at, window_start
from regulars.programs.store import Member


def tier_at(batch: Batch, member: Member, moment: datetime) -> str:
    """Return the tier that a member had at a moment: the standing now, or for a late fact the history."""
    if moment >= member.tier_since:
        return member.tier
    past = [tier for since, tier in batch.past_tiers.get(member.customer, ()) if since <= moment]
    if past:
        return past[-1]
    version = batch.version_at(moment)
    return base_tier(version[1].program.ladder) if version else ""


def count_progress(batch: Batch, item: Item, member: Member, amount: int, counted_at: datetime) -> None:
    """Count an amount of the ladder's metric, dated, and evaluate the standing."""
    ladder = batch.program_now(item).program.ladder
    if ladder is None or not amount:
        return
    add_progress(batch, member, ladder, amount, counted_at)
    evaluate_standing(batch, item, member, ladder)


def add_progress(batch: Batch, member: Member, ladder: Ladder, amount: int, counted_at: datetime) -> None:
    """Count an amount, dated. What is older than the window does not count."""
    if counted_at < window_start(ladder, batch.now, batch.shop.zone):
        return
    member.progress += amount
    leaves_at = leaves_window_at(ladder, counted_at, batch.shop.zone)
    member.progress_until = min(member.progress_until or leaves_at, leaves_at)
    member.is_changed = True


def evaluate_standing(batch: Batch, item: Item, member: Member, ladder: Ladder) -> None:
    """Compare progress with the ladder and note a change of tier with its reason."""
    result = evaluate(ladder, tier=member.tier, progress=member.progress, falls_at=member.falls_at, now=batch.now)
    if result.falls_at != member.falls_at:
        member.falls_at, member.is_changed = result.falls_at, True
    if not result.is_changed:
        return
    reason = {"from": member.tier, "progress": member.progress, "metric": ladder.metric}
    member.tier, member.tier_since, member.is_changed = result.tier, batch.now, True
    batch.new_standings.append(
        (batch.new_key(), batch.shop.key, member.customer, result.tier, batch.now, reason, item.fact)
    )
    batch.events.append(("tier.changed", member.customer, {"fact": str(item.fact), "tier": result.tier, **reason}))
