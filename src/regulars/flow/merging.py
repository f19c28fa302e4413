# SPDX-License-Identifier: Apache-2.0
"""Two customers made one, and parted again: points, standing and counters; who they are follows when the batch is saved.

Facts, decisions and rewards stay where they were recorded and are read through the alias. A customer into whom others were merged is
not merged in turn, so an alias always means somebody who is none, and merges can be undone in any order.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from regulars.customers.actions import Merged, NotMerged
from regulars.customers.matching import CustomerRef
from regulars.flow.batch import Batch, Item
from regulars.flow.errors import CustomerNeeded, HasMerged, SameCustomer, SurvivorNotMember
from regulars.flow.holding import release_overdue
from regulars.flow.intake import Merge, Unmerge
from regulars.flow.standing import evaluate_standing, move_to
from regulars.ledger.book import Negative, Posting
from regulars.ledger.merging import CannotPart
from regulars.programs.definition import Ladder
from regulars.programs.ladder import leaves_window_at, rank
from regulars.programs.store import Member


def apply_merge(batch: Batch, item: Item) -> None:
    """Make one customer another's alias; points and standing go over."""
    intake = item.intake
    assert isinstance(intake, Merge)
    survivor, merged = _pair(batch, item, intake)
    giver, taker = batch.members.get(merged), batch.members.get(survivor)
    payload: dict[str, object] = {"merged": str(merged)}
    if giver is not None:
        if taker is None:
            raise SurvivorNotMember(customer=survivor, merged=merged)
        release_overdue(batch, item, merged)
        posting = Posting(fact=item.fact, kind="merge", occurred_at=batch.now)
        moved = batch.book.merge(batch.account_of(merged), batch.account_of(survivor), posting)
        counted = _add_counters(batch, merged, survivor)
        payload |= {"owed": moved.owed, "counted": counted, "standings": [_snapshot(taker), _snapshot(giver)]}
        item.tally.detail["points_moved"] = moved.points
        _join_standings(batch, item, giver, taker)
    item.tally.detail["merged"] = str(merged)
    batch.record(item, payload=payload)
    batch.merged = (merged, survivor, item.fact)


def _pair(batch: Batch, item: Item, intake: Merge) -> tuple[UUID, UUID]:
    """Return who stays and who is merged. Raises why it cannot be."""
    survivor, merged = item.customer, batch.takers.get(item.place)
    if survivor is None or merged is None or batch.has_made_known(item):
        raise CustomerNeeded
    _check_no_alias(intake.customer, survivor)
    _check_no_alias(intake.merged, merged)
    if survivor == merged:
        raise SameCustomer
    if merged in batch.aliases.values():
        raise HasMerged(customer=merged)
    return survivor, merged


def _check_no_alias(asked: CustomerRef | None, found: UUID) -> None:
    if asked is not None and asked.id is not None and asked.id != found:
        raise Merged(customer=asked.id, survivor=found)


def _is_last(window: str) -> bool:
    """Tell whether a window holds the latest time of something, not a sum."""
    return window.endswith("/last")


def _add_counters(batch: Batch, merged: UUID, survivor: UUID) -> dict[str, int]:
    """Let what a member has used of limits count for another too; return by window what was added."""
    added = {}
    for (customer, window), used in batch.all_counters.items():
        if customer == merged:
            own = batch.all_counters.get((survivor, window), 0)
            more = max(used - own, 0) if _is_last(window) else used
            if more:
                added[window] = more
                batch.used[survivor, window] = more
    return added


def _snapshot(member: Member) -> dict[str, str]:
    return {"tier": member.tier, "falls_at": member.falls_at.isoformat() if member.falls_at else ""}


def _join_standings(batch: Batch, item: Item, giver: Member, taker: Member) -> None:
    """Give who stays the higher tier of both, and let the progress of both count; the other's standing rests."""
    ladder = batch.program_now(item).program.ladder
    tier = taker.tier
    if ladder is not None:
        if rank(ladder, giver.tier) > rank(ladder, taker.tier):
            tier, taker.falls_at = giver.tier, giver.falls_at
        taker.progress += giver.progress
        ends = [until for until in (taker.progress_until, giver.progress_until) if until]
        taker.progress_until = min(ends, default=None)
        _stand(batch, item, taker, ladder, tier)
    giver.progress_until = giver.falls_at = None
    giver.is_changed = taker.is_changed = True


def apply_unmerge(batch: Batch, item: Item) -> None:
    """Undo a merge: what is left of the moved points goes back, standings and counters are each one's own again."""
    intake = item.intake
    assert isinstance(intake, Unmerge)
    merged, apart = intake.merged, batch.apart
    if apart is None or item.customer not in {None, apart.survivor}:
        raise NotMerged(customer=merged)
    if apart.entangled:
        raise CannotPart(why=apart.entangled)
    survivor = item.customer = apart.survivor
    owner, keeper = batch.members.get(merged), batch.members.get(survivor)
    if owner is not None and keeper is not None:
        release_overdue(batch, item, survivor)
        posting = Posting(fact=item.fact, kind="unmerge", occurred_at=batch.now)
        policy = Negative(batch.program_now(item).program.unit.negative)
        parted = batch.book.part(
            batch.account_of(survivor), batch.account_of(merged), posting, apart.brought, negative=policy
        )
        item.tally.detail["points_moved"] = parted.points
        if parted.shortfall:
            item.tally.detail["shortfall"] = parted.shortfall
        _take_off_counters(batch, survivor, apart.merge.payload.get("counted", {}))
        _part_standings(batch, item, owner, keeper)
    item.tally.detail["merged"] = str(merged)
    batch.record(item, amends=apart.merge.key, payload={"merged": str(merged)})
    batch.unmerged = merged


def _take_off_counters(batch: Batch, survivor: UUID, counted: Mapping[str, int]) -> None:
    """Take off what a merge added to counters; of a latest time only where none came later."""
    for window, more in counted.items():
        is_later = _is_last(window) and batch.all_counters.get((survivor, window), 0) != _latest(batch, window)
        if not is_later:
            batch.used[survivor, window] = -more


def _latest(batch: Batch, window: str) -> int:
    """Return the latest time that a merged member has of a window: what the merge made the other's."""
    assert batch.apart is not None, "asked only where a merge is undone"
    merged = UUID(batch.apart.merge.payload["merged"])
    return batch.all_counters.get((merged, window), 0)


def _part_standings(batch: Batch, item: Item, owner: Member, keeper: Member) -> None:
    """Let progress be each one's own; a tier that only the merge gave is gone, one that was held before holds with its grace."""
    ladder = batch.program_now(item).program.ladder
    assert batch.apart is not None, "asked only where a merge is undone"
    for member, was in zip((keeper, owner), batch.apart.merge.payload.get("standings", ()), strict=False):
        if ladder is not None:
            progress, first = batch.apart.progress.get(member.customer, (0, None))
            balance = batch.account_of(member.customer).balance
            member.progress = balance if ladder.metric == "balance" else progress
            member.progress_until = leaves_window_at(ladder, first, batch.shop.zone) if first else None
            _stand_alone(batch, item, member, ladder, was)
        member.is_changed = True


def _stand_alone(batch: Batch, item: Item, member: Member, ladder: Ladder, was: Mapping[str, Any]) -> None:
    tier = min(was["tier"], member.tier, key=lambda code: rank(ladder, code))
    if was["falls_at"] and tier == was["tier"]:
        member.falls_at = datetime.fromisoformat(was["falls_at"])
    _stand(batch, item, member, ladder, tier)


def _stand(batch: Batch, item: Item, member: Member, ladder: Ladder, tier: str) -> None:
    """Begin at a tier and compare progress with the ladder; the balance is compared at night only."""
    if ladder.metric == "balance":
        move_to(batch, item, member, ladder, tier)
    else:
        evaluate_standing(batch, item, member, ladder, tier=tier)
