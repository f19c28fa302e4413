# SPDX-License-Identifier: Apache-2.0
"""Points set aside, spent from what was set aside, or given back."""

from datetime import timedelta
from uuid import UUID

from regulars.flow.batch import Batch, Item
from regulars.flow.errors import UnknownHold
from regulars.flow.intake import HoldPoints, SettleHold, VoidHold
from regulars.flow.standing import count_activity
from regulars.ledger.book import Hold, Posting


def apply_hold(batch: Batch, item: Item) -> None:
    """Set points aside for a while; the answer says until when."""
    intake = item.intake
    assert isinstance(intake, HoldPoints)
    member = batch.member_of(item)
    expires_at = batch.now + timedelta(seconds=intake.ttl_s)
    hold = batch.book.hold(batch.account_of(member.customer), intake.points, item.fact, expires_at=expires_at)
    item.tally.detail.update(
        {"hold": str(hold.key), "points_held": intake.points, "expires_at": expires_at.isoformat()}
    )
    batch.record(item, payload={"hold": str(hold.key), "points": intake.points})


def apply_settle(batch: Batch, item: Item) -> None:
    """Spend what a hold set aside, or less."""
    intake = item.intake
    assert isinstance(intake, SettleHold)
    hold = _hold(batch, item)
    points = hold.amount if intake.points is None else intake.points
    expired_before = _expired(batch)
    posting = Posting(fact=item.fact, kind="settle", occurred_at=intake.occurred_at)
    settled = batch.book.settle(hold, points, posting, grace_until=batch.grace_until(item))
    batch.remember_drawn(item, settled)
    item.tally.spent += points
    item.tally.expired += _expired(batch) - expired_before
    batch.record(item, payload={"hold": str(hold.key), "points": points})
    count_activity(batch, item, batch.member_of(item))


def apply_void(batch: Batch, item: Item) -> None:
    """Give back what a hold set aside; what has run out of time meanwhile expires."""
    hold = _hold(batch, item)
    item.tally.expired += batch.book.release(hold, item.fact, state="voided", grace_until=batch.grace_until(item))
    batch.record(item, payload={"hold": str(hold.key)})


def release_overdue(batch: Batch, item: Item, customer: UUID) -> None:
    """Give back what holds of a member have set aside beyond their time; what has run out of time meanwhile has the grace, or expires."""
    account = batch.account_of(customer)
    for hold in batch.book.holds.values():
        if hold.account is account and hold.state == "open" and hold.expires_at <= batch.now:
            grace = batch.grace_until(item)
            item.tally.expired += batch.book.release(hold, item.fact, state="expired", grace_until=grace)


def _hold(batch: Batch, item: Item) -> Hold:
    """Return the hold that is named. One that reserves a reward is resolved with the reward. Raises UnknownHold."""
    assert isinstance(item.intake, SettleHold | VoidHold)
    hold = batch.book.holds.get(item.intake.hold)
    is_others = hold is not None and item.customer is not None and hold.account.customer != item.customer
    if hold is None or is_others or hold.fact in batch.reservations:
        raise UnknownHold(hold=item.intake.hold)
    item.customer = hold.account.customer
    return hold


def _expired(batch: Batch) -> int:
    return sum(lot.expired for lot in batch.book.lots.values())
