# SPDX-License-Identifier: Apache-2.0
"""Everything else that moves points: enrolment, adjustments, transfers, pending points, and the end of a member's day."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from regulars.flow.batch import Batch, Item
from regulars.flow.errors import CustomerNeeded, NothingToAdjust, SameMember, UnknownFact
from regulars.flow.intake import Adjustment, PendingChange, Transfer
from regulars.flow.standing import add_progress, evaluate_standing
from regulars.ledger.book import Lot, Posting, Side, Terms
from regulars.programs.calendar import expires_at
from regulars.programs.definition import Expiry
from regulars.programs.store import Member


def apply_enrolment(batch: Batch, item: Item) -> None:
    """Make a customer a member; one who is a member already stays what they are."""
    if item.customer is None or item.customer not in batch.members:
        batch.program_now(item)
        if item.customer is None:
            batch.member_of(item)
        batch.enrol(item)
    batch.record(item)


def apply_adjustment(batch: Batch, item: Item) -> None:
    """Give or take points by hand, with a reason."""
    intake = item.intake
    assert isinstance(intake, Adjustment)
    if intake.points == 0:
        raise NothingToAdjust
    member = batch.member_of(item)
    account = batch.account_of(member.customer)
    posting = Posting(fact=item.fact, kind="adjust", occurred_at=intake.occurred_at)
    payload: dict[str, object] = {"points": intake.points, "reason": intake.reason}
    if intake.points > 0:
        ends_at = expires_at(batch.program_now(item).program.unit.expiry, intake.occurred_at, batch.shop.zone)
        terms = Terms(occurred_at=intake.occurred_at, available_at=intake.occurred_at, expires_at=ends_at)
        payload["lot"] = str(batch.book.credit(account, intake.points, posting, terms, source=Side.ADJUSTED).key)
        item.tally.earned += intake.points
    else:
        batch.book.spend(account, -intake.points, posting, sink=Side.ADJUSTED)
        item.tally.spent -= intake.points
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
    taking = batch.taking_member(taker)
    posting = Posting(fact=item.fact, kind="transfer", occurred_at=intake.occurred_at)
    batch.book.transfer(batch.account_of(giver.customer), batch.account_of(taking.customer), intake.points, posting)
    item.tally.spent += intake.points
    item.tally.detail["to"] = str(taking.customer)
    batch.record(item, payload={"points": intake.points, "reason": intake.reason, "to": str(taking.customer)})


def apply_pending_change(batch: Batch, item: Item) -> None:
    """Activate, or cancel, what an earlier intake gave and is still pending."""
    intake = item.intake
    assert isinstance(intake, PendingChange)
    name = item.named
    assert name is not None, "the intake names what it is about"
    earlier = batch.named.get(name)
    if earlier is None:
        raise UnknownFact(source=name[0], external_id=name[1])
    item.customer = earlier.customer
    member = batch.member_of(item)
    decision = batch.decisions.get(earlier.key)
    keys = {UUID(outcome["lot"]) for outcome in decision.outcomes if "lot" in outcome} if decision else set()
    waiting = [
        batch.book.lots[key] for key in keys if key in batch.book.lots and _is_pending(batch.book.lots[key], batch.now)
    ]
    if intake.is_cancelled:
        _call_off(batch, item, member, waiting)
        _evaluate(batch, item, member)
    else:
        _activate(batch, waiting)
        item.tally.detail["points_activated"] = sum(lot.remaining for lot in waiting)
    batch.record(item, amends=earlier.key, payload={"is_cancelled": intake.is_cancelled})


def _is_pending(lot: Lot, now: datetime) -> bool:
    return lot.available_at is None or lot.available_at > now


def _activate(batch: Batch, lots: Sequence[Lot]) -> None:
    for lot in lots:
        policy = msgspec.convert(lot.expiry, Expiry) if lot.expiry else None
        ends_at = expires_at(policy, batch.now, batch.shop.zone) if policy else lot.expires_at
        batch.book.activate(lot, ends_at)


def _call_off(batch: Batch, item: Item, member: Member, lots: Sequence[Lot]) -> None:
    """Take waiting lots back; what they counted towards a tier no longer counts."""
    ladder = batch.program_now(item).program.ladder
    counts = ladder is not None and ladder.metric == "points_earned"
    for lot in lots:
        posting = Posting(
            fact=item.fact,
            kind="cancel_pending",
            occurred_at=item.intake.occurred_at,
            counts_at=lot.occurred_at if counts else None,
        )
        points = batch.book.call_off(batch.account_of(member.customer), lot, posting)
        item.tally.reversed += points
        if ladder is not None and counts:
            add_progress(batch, member, ladder, -points, lot.occurred_at)


def _evaluate(batch: Batch, item: Item, member: Member) -> None:
    ladder = batch.program_now(item).program.ladder
    if ladder is not None:
        evaluate_standing(batch, item, member, ladder)


def apply_closing(batch: Batch, item: Item) -> None:
    """Close a member's day, in the program's order: pending points, overdue holds, tier, expiry."""
    member = batch.member_of(item)
    account = batch.account_of(member.customer)
    unit = batch.program_now(item).program.unit
    overdue = [
        lot
        for lot in account.lots
        if lot.available_at is None and lot.waits_until and lot.waits_until <= batch.now and lot.remaining
    ]
    if unit.pending.on_timeout == "activate":
        _activate(batch, overdue)
    else:
        _call_off(batch, item, member, overdue)
    for hold in batch.book.holds.values():
        if hold.account is account and hold.state == "open" and hold.expires_at <= batch.now:
            item.tally.expired += batch.book.release(hold, item.fact, state="expired")
    _close_rewards(batch, member.customer)
    _evaluate(batch, item, member)
    item.tally.expired += batch.book.expire(account, item.fact)
    if item.tally.expired:
        batch.events.append(("points.expired", member.customer, {"fact": str(item.fact), "points": item.tally.expired}))
    batch.record(item)


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
