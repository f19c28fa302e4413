# SPDX-License-Identifier: Apache-2.0
"""What counts towards the tiers of members, summed from what is recorded. Reads only; what a batch adds is counted in `standing`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from regulars.flow.batch import Batch
from regulars.ledger import loading as ledger
from regulars.programs import store as programs
from regulars.programs.definition import Ladder
from regulars.programs.ladder import leaves_window_at, window_start
from regulars.programs.store import Member
from regulars.tenancy.models import Business


def refresh_progress(batch: Batch, business: Business) -> None:
    """Sum progress anew for members some of whose amounts have left the ladder's window.

    Without a ladder nobody falls, and what has aged waits until there is one again.
    """
    version = batch.version_at(batch.now)
    ladder = version[1].program.ladder if version else None
    aged = [member for member in batch.members.values() if member.progress_until and member.progress_until <= batch.now]
    if ladder is None:
        for member in batch.members.values():
            member.falls_at, member.is_changed = None, member.is_changed or member.falls_at is not None
    elif ladder.metric == "balance":
        for member in aged:
            member.progress_until, member.is_changed = None, True
    elif aged:
        _sum_anew(batch, business, ladder, aged)


def _sum_anew(batch: Batch, business: Business, ladder: Ladder, members: Sequence[Member]) -> None:
    customers = batch.with_merged(member.customer for member in members)
    sums = sum_progress(batch, business, {key: batch.aliases.get(key, key) for key in customers})
    for member in members:
        member.progress, first = sums.get(member.customer, (0, None))
        member.progress_until = leaves_window_at(ladder, first, batch.shop.zone) if first else None
        member.is_changed = True


def sum_progress(
    batch: Batch, business: Business, owners: Mapping[UUID, UUID]
) -> dict[UUID, tuple[int, datetime | None]]:
    """Sum what counts towards the ladder in force since its window began, by whose it is, with the earliest moment that counts."""
    version = batch.version_at(batch.now)
    ladder = version[1].program.ladder if version else None
    if ladder is None or ladder.metric == "balance":
        return {}
    since = window_start(ladder, batch.now, batch.shop.zone)
    if ladder.metric == "points_earned":
        sums = ledger.progress_of(business.pk, list(owners), batch.unit, since)
    else:
        sums = programs.spend_progress(business.pk, list(owners), since)
    found: dict[UUID, tuple[int, datetime | None]] = {}
    for customer, (amount, first) in sums.items():
        total, earliest = found.get(owners[customer], (0, None))
        found[owners[customer]] = total + amount, min((one for one in (earliest, first) if one), default=None)
    return found
