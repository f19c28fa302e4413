# SPDX-License-Identifier: Apache-2.0
"""What a fact does to a member's standing: progress on the ladder, a rise at once, a fall when it is due; and to the end of
points that end by inactivity.
"""

from datetime import datetime

import msgspec

from regulars.flow.batch import Batch, Item
from regulars.ledger.book import Lot
from regulars.programs.calendar import expires_at
from regulars.programs.definition import Expiry, Ladder
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


def evaluate_standing(batch: Batch, item: Item, member: Member, ladder: Ladder, *, tier: str | None = None) -> None:
    """Compare progress with the ladder, beginning at the tier held or at another, and note a change of tier with its reason."""
    begins = member.tier if tier is None else tier
    result = evaluate(ladder, tier=begins, progress=member.progress, falls_at=member.falls_at, now=batch.now)
    if result.falls_at != member.falls_at:
        member.falls_at, member.is_changed = result.falls_at, True
    move_to(batch, item, member, ladder, result.tier)


def move_to(batch: Batch, item: Item, member: Member, ladder: Ladder, tier: str) -> None:
    """Note that a member has a tier from now on, with its reason, where they have another."""
    if tier == member.tier:
        return
    batch.past_tiers.setdefault(member.customer, []).append((member.tier_since, member.tier))
    reason = {"from": member.tier, "progress": member.progress, "metric": ladder.metric}
    member.tier, member.tier_since, member.is_changed = tier, batch.now, True
    batch.new_standings.append((batch.new_key(), batch.shop.key, member.customer, tier, batch.now, reason, item.fact))
    batch.events.append(("tier.changed", member.customer, {"fact": str(item.fact), "tier": tier, **reason}))


def count_activity(batch: Batch, item: Item, member: Member) -> None:
    """Count the time of points that end by inactivity anew: those of one policy end together, after the last activity.

    A late activity shortens nothing, and what it earned ends with the rest. Ends are days, so of a day's activities only
    the first changes anything.
    """
    if not batch.slides_expiry:
        return
    alike: dict[frozenset[tuple[str, object]], list[Lot]] = {}
    for lot in batch.account_of(member.customer).lots:
        if lot.expiry and lot.expiry["kind"] == "inactivity" and lot.remaining and lot.is_spendable(batch.now):
            alike.setdefault(frozenset(lot.expiry.items()), []).append(lot)
    for lots in alike.values():
        policy = msgspec.convert(lots[0].expiry, Expiry)
        ends = [lot.expires_at for lot in lots] + [expires_at(policy, item.intake.occurred_at, batch.shop.zone)]
        last = max(end for end in ends if end is not None)
        for lot in lots:
            if lot.expires_at is not None and lot.expires_at < last:
                batch.book.set_terms(
                    lot,
                    item.fact,
                    available_at=lot.available_at,
                    waits_until=lot.waits_until,
                    expires_at=last,
                    expiry=lot.expiry,
                )


def evaluate_member(batch: Batch, item: Item, member: Member) -> None:
    """Compare a member's progress with the ladder in force, if there is one that does not go by the balance."""
    ladder = batch.program_now(item).program.ladder
    if ladder is not None and ladder.metric != "balance":
        evaluate_standing(batch, item, member, ladder)


def evaluate_balance(batch: Batch, item: Item, member: Member) -> None:
    """Compare what a member has at the end of the day with the ladder in force, where it goes by that."""
    ladder = batch.program_now(item).program.ladder
    if ladder is not None and ladder.metric == "balance":
        balance = batch.account_of(member.customer).balance
        member.progress, member.is_changed = balance, member.is_changed or member.progress != balance
        evaluate_standing(batch, item, member, ladder)
