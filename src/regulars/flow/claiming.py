# SPDX-License-Identifier: Apache-2.0
"""Joining the program; what somebody bought shortly before is decided then, by the program of its day and the base tier."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from regulars.catalog.store import products_by_key
from regulars.facts import store as facts
from regulars.facts.store import StoredFact
from regulars.flow.batch import Batch, Item, StoreInfo
from regulars.flow.earning import decide_order
from regulars.flow.errors import CustomerNeeded
from regulars.flow.intake import Enrolment, Order, OrderLine
from regulars.flow.returning import Part, count_spend, keep_reversed, reverse_order
from regulars.kernel.clock import local_day, start_of_day
from regulars.kernel.money import share_of_part
from regulars.programs import store as programs
from regulars.programs.store import Member
from regulars.tenancy.models import Store


def apply_enrolment(batch: Batch, item: Item) -> None:
    """Make a customer a member; one who is a member already stays what they are."""
    if item.customer is None:
        raise CustomerNeeded
    if item.customer not in batch.members:
        _claim(batch, item, batch.enrol(item))
    batch.record(item)


def load_claims(batch: Batch, items: Sequence[Item]) -> None:
    """Load what those who join with these intakes bought within the days that count and no program decided."""
    joining = [item for item in items if isinstance(item.intake, Enrolment) and item.customer not in batch.members]
    begins = {item.customer: since for item in joining if item.customer and (since := _since(batch, item))}
    if not begins:
        return
    batch.remembers = True
    keys = programs.find_undecided(batch.shop.key, begins, min(begins.values()))
    batch.lines |= facts.load_lines(keys)
    stored = facts.load_facts(batch.shop.key, keys)
    batch.matched |= stored
    products = {line.product for key in keys for line in batch.lines[key] if line.product}
    batch.products |= products_by_key(batch.shop.key, list(products))
    batch.claims = [stored[key] for key in keys]
    batch.stores = {item.store.key: item.store for item in items if item.store}
    for store in Store.objects.of(batch.shop.key).filter(pk__in={fact.store for fact in batch.claims if fact.store}):
        batch.stores[store.pk] = StoreInfo(store.pk, store.code, ZoneInfo(store.timezone))


def _since(batch: Batch, item: Item) -> datetime | None:
    """Return from when on purchases count for somebody who joins; None where none do."""
    version = batch.version_at(item.intake.occurred_at)
    days = version[1].program.claim_days if version else 0
    first = local_day(item.intake.occurred_at, batch.shop.zone) - timedelta(days=days)
    return start_of_day(first, batch.shop.zone) if days else None


def _claim(batch: Batch, item: Item, member: Member) -> None:
    """Decide what a new member bought within the days that count, and take off what has come back since."""
    since = _since(batch, item)
    claimed = [fact for fact in _undecided(batch, member) if since and fact.occurred_at >= since]
    if not claimed:
        return
    item.tally.detail["purchases_claimed"] = len(claimed)
    before = batch.order_counts.get(member.customer)
    for place, fact in enumerate(claimed):
        if before is not None:
            batch.order_counts[member.customer] = before - len(claimed) + place
        _decide(batch, item, member, fact)
    if before is not None:
        batch.order_counts[member.customer] = before


def _undecided(batch: Batch, member: Member) -> list[StoredFact]:
    """Return the purchases of somebody that nothing decided, stored or of this batch, each in its latest revision."""
    known = {fact.key: fact for fact in (*batch.claims, *batch.named.values())}
    mine = [
        fact
        for fact in known.values()
        if fact.kind == "order"
        and fact.customer == member.customer
        and fact.key not in batch.decisions
        and fact.key not in batch.cancelled
        and batch.named.get((fact.source, fact.external_id), fact).key == fact.key
    ]
    return sorted(mine, key=lambda fact: (fact.occurred_at, fact.key))


def _decide(batch: Batch, item: Item, member: Member, fact: StoredFact) -> None:
    lines = batch.lines[fact.key]
    codes = {product.id: sku for sku, product in batch.products.items()}
    bought = [
        OrderLine(
            codes.get(line.product, "") if line.product else "", line.net_minor, discount_minor=line.discount_minor
        )
        for line in lines
    ]
    order = Order(
        source=fact.source,
        external_id=fact.external_id,
        revision=fact.revision,
        occurred_at=fact.occurred_at,
        lines=bought,
    )
    store = batch.stores.get(fact.store) if fact.store else None
    past = Item(item.place, order, b"", fact.key, member.customer, item.who, store, tally=item.tally)
    decide_order(batch, past, member, bought, [line.quantity_milli for line in lines])
    returned = [(line, batch.returned_of(line)) for line in lines]
    parts = [
        Part(line, 0, back, share_of_part(line.net_minor, back, line.sold_milli)) for line, back in returned if back
    ]
    keep_reversed(batch, past, reverse_order(batch, past, member, fact.key, parts))
    count_spend(batch, past, member, parts)
