# SPDX-License-Identifier: Apache-2.0
"""Everything else that moves points: adjustments, transfers, and the end of a member's day."""

from uuid import UUID

import msgspec

from regulars.flow.automatic import take_at_night
from regulars.flow.batch import Batch, Item
from regulars.flow.errors import CustomerNeeded, NothingToAdjust, SameMember
from regulars.flow.holding import release_overdue
from regulars.flow.intake import Adjustment, Transfer
from regulars.flow.lasting import activate, call_off
from regulars.flow.standing import evaluate_balance, evaluate_member, tier_at
from regulars.ledger.book import Posting, Side, Terms
from regulars.programs.calendar import expires_at


def apply_adjustment(batch: Batch, item: Item) -> None:
    """Give or take points by hand, with a reason."""
    intake = item.intake
    assert isinstance(intake, Adjustment)
    if intake.points == 0:
        raise NothingToAdjust
    member = batch.member_of(item)
    item.balance_before = batch.balance_of(member.customer)
    payload: dict[str, object] = {"points": intake.points, "reason": intake.reason}
    if intake.points > 0:
        account = batch.account_of(member.customer)
        posting = Posting(fact=item.fact, kind="adjust", occurred_at=intake.occurred_at)
        expiry = batch.program_now(item).expiry_in(tier_at(batch, member, intake.occurred_at))
        terms = Terms(
            occurred_at=intake.occurred_at, available_at=intake.occurred_at,
            expires_at=expires_at(expiry, intake.occurred_at, batch.shop.zone),
            expiry=msgspec.to_builtins(expiry) if expiry.kind == "inactivity" else None,
        )  # fmt: skip
        payload["lot"] = str(batch.book.credit(account, intake.points, posting, terms, source=Side.ADJUSTED).key)
        item.tally.earned += intake.points
    else:
        batch.spend(item, member.customer, -intake.points, kind="adjust", sink=Side.ADJUSTED)
    batch.record(item, payload=payload)


def apply_transfer(batch: Batch, item: Item) -> None:
    """Move spendable points to another member; they keep their expiry."""
    intake = item.intake
    assert isinstance(intake, Transfer)
    giver = batch.member_of(item)
    taker = batch.takers.get(item.place)
    if taker is None:
        raise CustomerNeeded
    if taker == giver.customer:
        raise SameMember
    item.balance_before = batch.balance_of(giver.customer)
    taking = batch.taking_member(taker)
    posting = Posting(fact=item.fact, kind="transfer", occurred_at=intake.occurred_at)
    batch.book.transfer(batch.account_of(giver.customer), batch.account_of(taking.customer), intake.points, posting)
    item.tally.spent += intake.points
    item.tally.detail["to"] = str(taking.customer)
    batch.record(item, payload={"points": intake.points, "reason": intake.reason, "to": str(taking.customer)})


def apply_closing(batch: Batch, item: Item) -> None:
    """Close a member's day, in the program's order: pending points, overdue holds, rewards that are taken by themselves, tier, expiry,
    tier by the balance.
    """
    member = batch.member_of(item)
    account = batch.account_of(member.customer)
    unit = batch.program_now(item).program.unit
    overdue = [
        lot
        for lot in account.lots
        if lot.available_at is None and lot.waits_until and lot.waits_until <= batch.now and lot.remaining
    ]
    if unit.pending.on_timeout == "activate":
        activate(batch, item, overdue)
    else:
        call_off(batch, item, member, overdue)
    release_overdue(batch, item, member.customer)
    _close_rewards(batch, member.customer)
    batch.record(item)
    take_at_night(batch, item, member)
    evaluate_member(batch, item, member)
    item.tally.expired += batch.book.expire(account, item.fact)
    if item.tally.expired:
        batch.events.append(("points.expired", member.customer, {"fact": str(item.fact), "points": item.tally.expired}))
    evaluate_balance(batch, item, member)


def _close_rewards(batch: Batch, customer: UUID) -> None:
    for entitlement in batch.entitlements.values():
        if (
            entitlement.holder == customer
            and entitlement.state in {"issued", "reserved"}
            and entitlement.expires_at <= batch.now
        ):
            if entitlement.state == "reserved":
                batch.offers[entitlement.offer].more -= 1
            entitlement.state = "expired"
