# SPDX-License-Identifier: Apache-2.0
"""Write what a batch has become: one statement per table, parents before children, and the jobs and events in the same transaction."""

from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from regulars.catalog.actions import save_products
from regulars.customers.actions import merge_customers, save_matching, unmerge_customers
from regulars.customers.store import check_unmerged
from regulars.database.sql import sent_together
from regulars.facts.actions import record_facts
from regulars.flow.auditing import entries_of
from regulars.flow.batch import Batch, Item
from regulars.flow.intake import Receipt
from regulars.ledger.actions import save_book
from regulars.ledger.book import Side
from regulars.outbox.actions import freeze
from regulars.outbox.commits import Commit
from regulars.outbox.store import EventRow
from regulars.programs.actions import record_decisions, save_members
from regulars.rewards.actions import save_entitlements, save_offers
from regulars.tenancy.audit import record_all
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
    "claim": "receipt.added",
    "merge": "customer.merged",
    "unmerge": "customer.unmerged",
}


def make_receipt(batch: Batch, item: Item) -> Receipt:
    """Return the answer to an item that was applied. The balance is right when the intake was applied, in the order of the batch."""
    tally = item.tally
    account = batch.book.accounts.get((item.customer, batch.unit, Side.MEMBER)) if item.customer else None
    member = batch.members.get(item.customer) if item.customer else None
    balance = batch.balance_of(item.customer) if item.customer and (account or member) else None
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
        record_all(entries_of(batch))
    _unite(batch, business)
    lost = save_entitlements(business.pk, batch.entitlements.values(), batch.now)
    assert not lost, "an entitlement changes under the lock of its holder"


def _unite(batch: Batch, business: Business) -> None:
    """Say who is one from now on, or no longer; and make sure that nobody becomes a member who was merged meanwhile."""
    if batch.merged is not None:
        merged, survivor, fact = batch.merged
        merge_customers(business, merged, survivor, fact=fact, now=batch.now)
    if batch.unmerged is not None:
        unmerge_customers(business, batch.unmerged, now=batch.now)
    joined = {key for key, member in batch.members.items() if member.is_new}
    if joined:
        check_unmerged(business.pk, joined)


def _write(batch: Batch, business: Business) -> None:
    save_matching(business, batch.matching, now=batch.now, new_key=batch.new_key)
    save_products(business, batch.new_products, now=batch.now, new_key=batch.new_key)
    key = business.pk
    record_facts(
        key,
        [(fact, item.receipt) for fact, item in batch.new_facts],
        lines=batch.new_lines,
        returned=batch.returned,
        attributions=batch.new_attributions,
        recorded_at=batch.now,
    )
    save_members(key, batch.members.values())
    save_book(batch.book, key)
    used = [(batch.new_key(), key, *window, more) for window, more in sorted(batch.used.items(), key=str)]
    record_decisions(batch.new_decisions, batch.new_standings, used)
    save_offers(batch.offers.values())


def _announce(batch: Batch) -> None:
    """Freeze the events, with the one job that seals the commit, numbers the feed and plans the webhooks."""
    key, now = batch.shop.key, batch.now
    rows = [EventRow(batch.new_key(), key, kind, customer, payload, now) for kind, customer, payload in _events(batch)]
    if batch.new_facts:
        freeze(rows, _commit(batch), business_id=key, now=now, new_key=batch.new_key)


def _commit(batch: Batch) -> Commit:
    book = batch.book
    lots = [lot for account in book.accounts.values() for lot in account.lots if lot.is_new]
    holds = list(book.holds.values())
    return Commit(
        key=f"{batch.new_key().int:032X}",
        facts=_hexes(fact.key for fact, _ in batch.new_facts),
        attributions=_hexes(row[0] for row in batch.new_attributions),
        decisions=_hexes(row[0] for row in batch.new_decisions),
        accounts=_hexes(account.key for account in book.opened()),
        transactions=_hexes(key for key, _ in book.transactions),
        lots=_hexes(lot.key for lot in lots),
        allocations=_hexes(allocation.key for allocation in book.allocations),
        changes=_hexes(change.key for change in book.changes),
        holds=_hexes(hold.key for hold in holds if hold.is_new),
        resolutions=_hexes(hold.key for hold in holds if hold.resolved_by),
    )


def _hexes(keys: Iterable[UUID]) -> tuple[str, ...]:
    return tuple([f"{key.int:032X}" for key in keys])


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
