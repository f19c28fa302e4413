# SPDX-License-Identifier: Apache-2.0
"""Write what a batch has become: one statement per table, parents before children, and the jobs and events in the same transaction."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from regulars.catalog.actions import save_products
from regulars.customers.actions import save_matching
from regulars.database.sql import sent_together
from regulars.facts import store as facts
from regulars.flow.batch import Batch, Item
from regulars.flow.intake import Receipt
from regulars.ledger.actions import save_book
from regulars.ledger.book import Side
from regulars.outbox import store as outbox
from regulars.programs import store as programs
from regulars.rewards import store as rewards
from regulars.tenancy.models import Business

_EVENT_OF: Mapping[str, str] = {
    "order": "order.recorded",
    "return": "return.recorded",
    "visit": "visit.recorded",
    "event": "event.recorded",
    "hold": "points.held",
    "settle": "hold.settled",
    "void": "hold.voided",
    "adjustment": "points.adjusted",
    "transfer": "points.transferred",
    "activation": "points.activated",
}


def make_receipt(batch: Batch, item: Item) -> Receipt:
    """Return the answer to an item that was applied. The balance is right when the intake was applied, in the order of the batch."""
    tally = item.tally
    account = batch.book.accounts.get((item.customer, batch.unit, Side.MEMBER)) if item.customer else None
    owed = batch.book.accounts.get((item.customer, batch.unit, Side.DEFICIT)) if item.customer else None
    member = batch.members.get(item.customer) if item.customer else None
    balance = account.balance if account else (0 if member else None)
    if balance is not None and owed is not None and batch.allows_negative:
        balance += owed.balance
    return Receipt(
        fact=item.fact,
        kind=str(item.intake.__struct_config__.tag),
        customer=item.customer,
        points_earned=tally.earned,
        points_spent=tally.spent,
        points_reversed=tally.reversed,
        points_returned=tally.returned,
        points_pending=tally.pending,
        points_expired=tally.expired,
        balance=balance,
        tier=member.tier if member else "",
        earnings=tally.earnings,
        detail=tally.detail,
    )


def save(batch: Batch, business: Business) -> None:
    """Write the batch. Every table is written once; the job that seals and announces it is the last row."""
    with sent_together():
        _write(batch, business)
        _announce(batch)
    lost = rewards.save_entitlements(business.pk, batch.entitlements.values(), batch.now)
    assert not lost, "an entitlement changes under the lock of its holder"


def _write(batch: Batch, business: Business) -> None:
    save_matching(business, batch.matching, now=batch.now, new_key=batch.new_key)
    save_products(business, batch.new_products, now=batch.now, new_key=batch.new_key)
    key = business.pk
    done = [(fact, item.receipt) for fact, item in batch.new_facts]
    facts.insert_facts(key, done, recorded_at=batch.now)
    facts.insert_lines(batch.new_lines)
    facts.count_returned(key, batch.returned)
    programs.save_members(key, batch.members.values())
    save_book(batch.book, key)
    programs.insert_decisions(batch.new_decisions)
    programs.insert_standings(batch.new_standings)
    programs.count_used(
        [
            (batch.new_key(), key, customer, window, more)
            for (customer, window), more in sorted(batch.used.items(), key=str)
        ]
    )
    rewards.save_offers(batch.offers.values())


def _announce(batch: Batch) -> None:
    """Freeze the events and enqueue the one job that seals the chain, numbers the feed and plans the webhooks."""
    rows = [
        outbox.EventRow(batch.new_key(), batch.shop.key, kind, customer, payload, batch.now)
        for kind, customer, payload in _events(batch)
    ]
    outbox.insert_events(rows)
    sealed: dict[str, list[str]] = {
        "facts": [fact.key.hex for fact, _ in batch.new_facts],
        "transactions": [key.hex for key, _ in batch.book.transactions],
        "events": [row.id.hex for row in rows],
    }
    if batch.new_facts:
        outbox.insert_jobs([outbox.JobRow(batch.new_key(), batch.shop.key, "seal", sealed, batch.now, batch.now)])


def _events(batch: Batch) -> list[tuple[str, UUID | None, dict[str, object]]]:
    recorded = []
    for fact, item in batch.new_facts:
        kind = _EVENT_OF.get(fact.kind)
        if kind and item.receipt:
            payload = msgspec.to_builtins(item.receipt)
            payload.pop("earnings", None)
            payload.update(
                {"source": fact.source, "external_id": fact.external_id, "occurred_at": fact.occurred_at.isoformat()}
            )
            recorded.append((kind, item.customer, payload))
    return recorded + batch.events
