# SPDX-License-Identifier: Apache-2.0
"""How long points wait: activated by the event they wait for or by hand, or called off."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from regulars.facts.store import StoredFact
from regulars.flow.batch import Batch, Item
from regulars.flow.errors import UnknownFact
from regulars.flow.intake import Event, PendingChange
from regulars.flow.standing import add_progress, evaluate_member
from regulars.ledger.book import Lot, Posting
from regulars.programs.calendar import expires_at
from regulars.programs.definition import Expiry
from regulars.programs.store import Member


def apply_pending_change(batch: Batch, item: Item) -> None:
    """Activate, or cancel, what an earlier intake gave and is still pending."""
    intake = item.intake
    assert isinstance(intake, PendingChange)
    earlier = named_fact(batch, item)
    item.customer = earlier.customer
    member = batch.member_of(item)
    waiting = _waiting(batch, earlier)
    if intake.is_cancelled:
        call_off(batch, item, member, waiting)
        evaluate_member(batch, item, member)
    else:
        activate(batch, item, waiting)
        item.tally.detail["points_activated"] = sum(lot.remaining for lot in waiting)
    batch.record(item, amends=earlier.key, payload={"is_cancelled": intake.is_cancelled})


def named_fact(batch: Batch, item: Item) -> StoredFact:
    """Return the earlier fact that an intake is about. Raises UnknownFact."""
    name = item.named
    assert name is not None, "asked only where something is named"
    found = batch.named.get(name)
    if found is None:
        raise UnknownFact(source=name[0], external_id=name[1])
    return found


def activate_awaited(batch: Batch, item: Item, earlier: StoredFact) -> None:
    """Activate what an earlier intake gave and waits for this event, unless the event came too late."""
    event = item.intake
    assert isinstance(event, Event)
    awaited = [
        lot
        for lot in _waiting(batch, earlier)
        if lot.waits_for == event.name and lot.waits_until and event.occurred_at < lot.waits_until
    ]
    activate(batch, item, awaited)
    item.tally.detail["points_activated"] = sum(lot.remaining for lot in awaited)


def _waiting(batch: Batch, earlier: StoredFact) -> list[Lot]:
    """Return the lots of an intake's decision that are pending and were not called off."""
    decision = batch.decisions.get(earlier.key)
    keys = {UUID(outcome["lot"]) for outcome in decision.outcomes if "lot" in outcome} if decision else set()
    lots = [lot for key in keys for lot in batch.book.line_of(key)]
    return [lot for lot in lots if not lot.is_called_off and (lot.available_at is None or lot.available_at > batch.now)]


def activate(batch: Batch, item: Item, lots: Sequence[Lot]) -> None:
    """Let pending lots be used from now on; their time begins here."""
    for lot in lots:
        policy = msgspec.convert(lot.expiry, Expiry) if lot.expiry else None
        ends_at = expires_at(policy, batch.now, batch.shop.zone) if policy else lot.expires_at
        batch.book.activate(lot, item.fact, ends_at)


def call_off(batch: Batch, item: Item, member: Member, lots: Sequence[Lot]) -> None:
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
