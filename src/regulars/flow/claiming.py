# SPDX-License-Identifier: Apache-2.0
"""Purchases that become a member's later: by joining the program shortly after, or by adding a receipt that named nobody."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from regulars.catalog.store import products_by_key
from regulars.facts import store as facts
from regulars.facts.store import StoredFact
from regulars.flow.batch import Batch, Item, StoreInfo
from regulars.flow.earning import decide_order
from regulars.flow.errors import AlreadyCancelled, CustomerNeeded, NothingLeft, ReceiptTaken, ReceiptTooOld, WrongKind
from regulars.flow.intake import ClaimReceipt, Enrolment, Order, OrderLine
from regulars.flow.lasting import named_fact
from regulars.flow.returning import Part, count_spend, keep_reversed, parts_left, reverse_order
from regulars.flow.standing import count_activity
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


def apply_claim(batch: Batch, item: Item) -> None:
    """Give a purchase that named nobody to the member who shows its receipt: once, within the days that the program states.

    It is decided by the program and the tier of its day; what has come back since is taken off.
    """
    intake = item.intake
    assert isinstance(intake, ClaimReceipt)
    order = named_fact(batch, item)
    if order.kind != "order":
        raise WrongKind(external_id=order.external_id, kind=order.kind)
    if item.customer is None:
        raise CustomerNeeded
    if order.customer is not None:
        raise ReceiptTaken(external_id=order.external_id)
    if order.key in batch.cancelled:
        raise AlreadyCancelled(external_id=order.external_id)
    _check_days(batch, item, order)
    if not parts_left(batch, order.key):
        raise NothingLeft
    member = batch.member_of(item)
    batch.record(item, amends=order.key)
    order = replace(order, customer=member.customer, is_claimed=True)
    batch.named[order.source, order.external_id] = order
    came_back = [fact.key for fact, _ in batch.new_facts if fact.kind == "return" and fact.amends == order.key]
    for fact in (order.key, *batch.returns.get(order.key, ()), *came_back):
        batch.new_attributions.append((batch.new_key(), batch.shop.key, fact, member.customer, batch.now))
    item.tally.detail["purchase"] = str(order.key)
    _decide(batch, item, member, order)
    if member.customer in batch.order_counts:
        batch.order_counts[member.customer] += 1
    count_activity(batch, item, member)


def _check_days(batch: Batch, item: Item, order: StoredFact) -> None:
    """Raise ReceiptTooOld where the program in force no longer lets a purchase be added.

    The clock counts, not the moment that the claim says of itself: who sends it could say any.
    """
    version = batch.version_at(batch.now)
    days = (version[1] if version else batch.program_now(item)).program.receipt_days
    bought_on = local_day(order.occurred_at, batch.shop.zone)
    if local_day(batch.now, batch.shop.zone) > bought_on + timedelta(days=days):
        raise ReceiptTooOld(external_id=order.external_id, days=days, day=bought_on.isoformat())


def load_receipts(batch: Batch, items: Sequence[Item]) -> list[Item]:
    """Load what the purchases hold whose receipts are added; return these purchases as if the members had just made them."""
    claims = [item for item in items if isinstance(item.intake, ClaimReceipt)]
    orders = {item.named: batch.named[item.named] for item in claims if item.named in batch.named}
    if not claims:
        return []
    keys = [order.key for order in orders.values()]
    batch.returns = facts.find_returns(batch.shop.key, keys)
    _load_goods(batch, items, list(orders.values()))
    sent = {(item.intake.source, item.intake.external_id): item for item in items if isinstance(item.intake, Order)}
    found = []
    for item in claims:
        if item.named in orders:
            found.append(_past(batch, item, orders[item.named], []))
        elif item.named in sent:
            found.append(replace(sent[item.named], customer=item.customer))
    return found


def load_claims(batch: Batch, items: Sequence[Item]) -> None:
    """Load what those who join with these intakes bought within the days that count and no program decided."""
    joining = [item for item in items if isinstance(item.intake, Enrolment) and item.customer not in batch.members]
    begins = {item.customer: since for item in joining if item.customer and (since := _since(batch, item))}
    if not begins:
        return
    batch.remembers = True
    keys = programs.find_undecided(batch.shop.key, batch.with_merged(begins), min(begins.values()))
    batch.lines |= facts.load_lines(keys)
    stored = facts.load_facts(batch.shop.key, keys)
    batch.matched |= stored
    batch.claims = [stored[key] for key in keys]
    _load_goods(batch, items, batch.claims)


def _load_goods(batch: Batch, items: Sequence[Item], orders: Sequence[StoredFact]) -> None:
    """Load the products of the lines of purchases, and the stores where they were made."""
    products = {line.product for order in orders for line in batch.lines[order.key] if line.product}
    batch.products |= products_by_key(batch.shop.key, list(products))
    batch.stores |= {item.store.key: item.store for item in items if item.store}
    for store in Store.objects.of(batch.shop.key).filter(pk__in={fact.store for fact in orders if fact.store}):
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
    past = _past(batch, item, fact, bought)
    decide_order(batch, past, member, bought, [line.quantity_milli for line in lines])
    returned = [(line, batch.returned_of(line)) for line in lines]
    parts = [
        Part(line, 0, back, share_of_part(line.net_minor, back, line.sold_milli)) for line, back in returned if back
    ]
    keep_reversed(batch, past, reverse_order(batch, past, member, fact.key, parts))
    count_spend(batch, past, member, parts)


def _past(batch: Batch, item: Item, fact: StoredFact, bought: list[OrderLine]) -> Item:
    """Return a recorded purchase as if the customer of an intake had just made it; what it moves counts for that intake."""
    order = Order(
        source=fact.source,
        external_id=fact.external_id,
        revision=fact.revision,
        occurred_at=fact.occurred_at,
        lines=bought,
    )
    store = batch.stores.get(fact.store) if fact.store else None
    return Item(item.place, order, b"", fact.key, item.customer, item.who, store, tally=item.tally)
