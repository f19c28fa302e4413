# SPDX-License-Identifier: Apache-2.0
"""Load everything that a batch touches: set-based, locked in the order of keys, a fixed number of statements however many intakes."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from regulars.catalog.actions import ProductRef, resolve_products
from regulars.catalog.queries import look_up_products
from regulars.customers.actions import resolve_customers
from regulars.customers.queries import look_up_customer
from regulars.facts import store as facts
from regulars.flow.batch import Batch, Item, StoreInfo
from regulars.flow.errors import KeyReused, TimeInFuture, TimeTooEarly, TimeWithoutZone, UnknownStore
from regulars.flow.intake import (
    Cancel,
    Closing,
    HoldPoints,
    Intake,
    Order,
    PendingChange,
    Receipt,
    Redemption,
    Return,
    SettleHold,
    Transfer,
    UseEntitlement,
    VoidHold,
    receipt_of,
)
from regulars.kernel.errors import RegularsError
from regulars.ledger import loading as ledger
from regulars.ledger.book import Side
from regulars.programs import store as programs
from regulars.programs.ladder import leaves_window_at, window_start
from regulars.programs.versions import timeline
from regulars.rewards import store as rewards
from regulars.rewards.codes import digest_code, normalise_code
from regulars.rewards.store import OfferState
from regulars.tenancy.models import Business, Store

AHEAD_MAX_S = 300
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)


def load(batch: Batch, business: Business) -> None:
    """Fill a batch: who, what was recorded before, and every standing, account, lot and offer that its intakes speak of."""
    _answer_repeats(batch)
    waiting = [item for item in batch.items if item.receipt is None]
    _refuse_times(batch, waiting)
    _load_stores(business, waiting)
    _load_customers(batch, business, waiting)
    waiting = [item for item in waiting if item.receipt is None]
    batch.timeline = timeline(business.pk)
    _load_products(batch, business, waiting)
    _load_named(batch, business, waiting)
    _load_rewards(batch, business, waiting)
    customers = _load_holders(batch, business, waiting)
    batch.members = programs.load_members(business.pk, customers)
    ledger.load_accounts(batch.book, business.pk, batch.unit, customers)
    ledger.load_shop_accounts(batch.book, business.pk, batch.unit)
    _load_lots(batch, business, waiting)
    _load_limits(batch, business, waiting)
    _refresh_progress(batch, business)


def look(batch: Batch, business: Business) -> dict[UUID, dict[str, str]]:
    """Fill a batch of one purchase that will not be saved, and return the names of all offers by key.

    Nobody and nothing is made known, and outside a transaction nothing is locked. Raises what refuses the purchase.
    """
    (item,) = batch.items
    assert isinstance(item.intake, Order), "only a purchase is looked at before it happens"
    _load_stores(business, [item])
    if item.receipt is not None:
        raise UnknownStore(store=item.intake.store)
    item.who = look_up_customer(business, item.intake.customer, new_key=batch.new_key)
    if item.who.error is not None:
        raise item.who.error
    item.customer = item.who.customer_id
    batch.timeline = timeline(business.pk)
    batch.products = look_up_products(business, _product_refs([item]))
    _load_rewards(batch, business, [item])
    names = {offer.key: name for offer, name in _add_catalogue(batch, business)}
    customers = _load_holders(batch, business, [item])
    batch.members = programs.load_members(business.pk, customers)
    ledger.load_accounts(batch.book, business.pk, batch.unit, customers)
    _load_lots(batch, business, [item])
    ledger.load_lots(batch.book, {item.customer} if item.customer else ())
    _load_limits(batch, business, [item])
    _refresh_progress(batch, business)
    return names


def _add_catalogue(batch: Batch, business: Business) -> list[tuple[OfferState, dict[str, str]]]:
    catalogue = rewards.load_catalogue(business.pk)
    batch.offers |= {offer.key: offer for offer, _ in catalogue}
    (item,) = batch.items
    if item.customer and any(offer.per_member_max for offer, _ in catalogue):
        batch.held_counts = rewards.count_held(
            business.pk, [(item.customer, offer.key) for offer, _ in catalogue if offer.per_member_max]
        )
    return catalogue


def _of(items: Iterable[Item], *kinds: type) -> list[Item]:
    return [item for item in items if isinstance(item.intake, kinds)]


def _answer_repeats(batch: Batch) -> None:
    """Answer what is recorded already with its first receipt; refuse another body under the same name."""
    keys = [(item.intake.source, item.intake.external_id, item.intake.revision) for item in batch.items]
    recorded = facts.find_facts(batch.shop.key, list(dict.fromkeys(keys)))
    first: dict[facts.FactKey, Item] = {}
    for item, key in zip(batch.items, keys, strict=True):
        if item.receipt is not None:
            continue
        if key in recorded:
            answer_again(item, recorded[key].body_digest, recorded[key].receipt)
        elif key in first:
            batch.repeats.append((item, first[key]))
            item.receipt = Receipt(None, "repeat")
        else:
            first[key] = item


def answer_again(item: Item, digest: bytes, receipt: dict[str, object] | Receipt) -> None:
    """Answer a repeated intake: the first receipt for the same body, a refusal for another."""
    if digest == item.digest:
        item.receipt = receipt_of(receipt, is_repeat=True)
    else:
        refuse(item, KeyReused(source=item.intake.source, external_id=item.intake.external_id))


def refuse(item: Item, error: RegularsError) -> None:
    """Answer an item with an error."""
    item.refuse(error.code, error.message, status=error.status, data=error.data)


def _refuse_times(batch: Batch, items: Sequence[Item]) -> None:
    for item in items:
        occurred_at = item.intake.occurred_at
        if occurred_at.tzinfo is None:
            refuse(item, TimeWithoutZone(occurred_at=occurred_at.isoformat()))
        elif (occurred_at - batch.now).total_seconds() > AHEAD_MAX_S:
            refuse(item, TimeInFuture(occurred_at=occurred_at.isoformat()))
        elif occurred_at < EARLIEST:
            refuse(item, TimeTooEarly(occurred_at=occurred_at.isoformat(), earliest=EARLIEST.date().isoformat()))


def _load_stores(business: Business, items: Sequence[Item]) -> None:
    codes = {item.intake.store for item in items if item.intake.store}
    if not codes:
        return
    stores = {
        store.code: StoreInfo(store.pk, store.code, ZoneInfo(store.timezone))
        for store in Store.objects.of(business).filter(code__in=codes)
    }
    for item in items:
        if item.intake.store in stores:
            item.store = stores[item.intake.store]
        elif item.intake.store and item.receipt is None:
            refuse(item, UnknownStore(store=item.intake.store))


def _load_customers(batch: Batch, business: Business, items: Sequence[Item]) -> None:
    items = [item for item in items if item.receipt is None]
    takers = _of(items, Transfer)
    references = [item.intake.customer for item in items] + [
        item.intake.to for item in takers if isinstance(item.intake, Transfer)
    ]
    resolved = resolve_customers(business, references, now=batch.now, new_key=batch.new_key)
    for item, who in zip(items, resolved, strict=False):
        item.who, item.customer = who, who.customer_id
        if who.error is not None:
            refuse(item, who.error)
    for item, who in zip(takers, resolved[len(items) :], strict=True):
        if who.error is not None:
            refuse(item, who.error)
        elif who.customer_id is not None:
            batch.takers[item.place] = who.customer_id


def _load_products(batch: Batch, business: Business, items: Sequence[Item]) -> None:
    wanted = _product_refs(items)
    if wanted:
        batch.products = resolve_products(business, wanted, now=batch.now, new_key=batch.new_key)


def _product_refs(items: Sequence[Item]) -> list[ProductRef]:
    wanted: dict[str, ProductRef] = {}
    for item in items:
        if isinstance(item.intake, Order | Return):
            for line in item.intake.lines:
                if line.sku and line.sku not in wanted:
                    wanted[line.sku] = ProductRef(line.sku, line.name, line.category)
    return list(wanted.values())


def _load_named(batch: Batch, business: Business, items: Sequence[Item]) -> None:
    """Load the earlier facts that returns, cancellations and pending changes speak of, and the purchases they may match."""
    batch.remembers = bool(_of(items, Return, Cancel, PendingChange))
    if not batch.remembers:
        return
    batch.named = facts.find_latest(business.pk, [item.named for item in items if item.named is not None])
    unnamed = [item for item in _of(items, Return) if item.named is None and item.customer is not None]
    pairs = {
        (item.customer, batch.products[line.sku].id)
        for item in unnamed
        if isinstance(item.intake, Return) and item.customer is not None
        for line in item.intake.lines
        if line.sku in batch.products
    }
    latest = max((item.intake.occurred_at for item in unnamed), default=batch.now)
    batch.purchases = facts.find_purchases(business.pk, pairs, latest)
    keys = {fact.key for fact in batch.named.values()} | {
        line.fact for lines in batch.purchases.values() for line in lines
    }
    batch.lines = facts.load_lines(keys)
    batch.matched = facts.load_facts(business.pk, keys - {fact.key for fact in batch.named.values()})
    batch.cancelled = facts.find_amending(business.pk, keys, "cancel")
    batch.decisions = programs.load_decisions(keys)
    batch.drawn = ledger.load_drawn(keys)


def _load_rewards(batch: Batch, business: Business, items: Sequence[Item]) -> None:
    offers = {item.intake.offer for item in items if isinstance(item.intake, Redemption)}
    codes = [code for item in items if isinstance(item.intake, Order) for code in item.intake.codes]
    codes += [item.intake.code for item in items if isinstance(item.intake, UseEntitlement) and item.intake.code]
    bare = [normalise_code(code) for code in codes]
    keys = {
        item.intake.entitlement for item in items if isinstance(item.intake, UseEntitlement) and item.intake.entitlement
    }
    cancelled = {batch.named[item.named].key for item in _of(items, Cancel) if item.named in batch.named}
    found = rewards.load_entitlements(
        business.pk, keys=keys, digests=[digest_code(code) for code in bare if code], facts=cancelled
    )
    closing = {item.customer for item in _of(items, Closing) if item.customer}
    if closing:
        found += rewards.load_overdue(business.pk, closing, batch.now)
    batch.entitlements = {entitlement.key: entitlement for entitlement in found}
    batch.offers = rewards.load_offers(business.pk, offers, keys={entitlement.offer for entitlement in found})
    by_code = {offer.code: offer for offer in batch.offers.values()}
    wanted = {
        (item.customer, by_code[item.intake.offer].key)
        for item in items
        if isinstance(item.intake, Redemption) and item.customer and item.intake.offer in by_code
    }
    batch.held_counts = rewards.count_held(business.pk, list(wanted))


def _load_holders(batch: Batch, business: Business, items: Sequence[Item]) -> set[UUID]:
    """Return every customer whose points may move."""
    holds = {item.intake.hold for item in items if isinstance(item.intake, SettleHold | VoidHold)}
    customers = {item.customer for item in items if item.customer is not None}
    customers |= {fact.customer for fact in batch.named.values() if fact.customer is not None}
    customers |= {entitlement.holder for entitlement in batch.entitlements.values()}
    customers |= set(batch.takers.values()) | set(ledger.holders_of(business.pk, holds).values())
    return customers


def _load_lots(batch: Batch, business: Business, items: Sequence[Item]) -> None:
    """Load lots and holds for those whose points may be drawn on; an intake that only earns needs none."""
    latest = batch.timeline.latest
    if latest is None or not batch.with_points:
        return
    kinds = (
        Return,
        Cancel,
        PendingChange,
        HoldPoints,
        SettleHold,
        VoidHold,
        Redemption,
        UseEntitlement,
        Transfer,
        Closing,
    )
    drawn_on = {item.customer for item in items if item.customer is not None and _draws(item.intake, kinds)}
    drawn_on |= {fact.customer for fact in batch.named.values() if fact.customer is not None}
    drawn_on |= {entitlement.holder for entitlement in batch.entitlements.values()}
    holds = {item.intake.hold for item in items if isinstance(item.intake, SettleHold | VoidHold)}
    holds |= {entitlement.hold for entitlement in batch.entitlements.values() if entitlement.hold is not None}
    drawn_on |= set(ledger.holders_of(business.pk, holds).values())
    if batch.slides_expiry:
        drawn_on |= set(batch.members)
    named = {
        UUID(outcome["lot"])
        for decision in batch.decisions.values()
        for outcome in decision.outcomes
        if outcome.get("lot")
    }
    named |= {part.lot for spent in batch.drawn.values() for _, parts in spent for part in parts}
    named |= {UUID(fact.payload["lot"]) for fact in batch.named.values() if "lot" in fact.payload}
    ledger.load_lots(batch.book, drawn_on, keys=named)
    closing = {item.customer for item in _of(items, Closing) if item.customer is not None}
    overdue = [
        account.key
        for (customer, _, side), account in batch.book.accounts.items()
        if side is Side.MEMBER and customer in closing
    ]
    ledger.load_holds(batch.book, business.pk, holds, overdue_of=overdue)
    asked = {item.intake.hold for item in items if isinstance(item.intake, SettleHold | VoidHold)}
    causes = {hold.fact for key, hold in batch.book.holds.items() if key in asked}
    batch.reservations = {
        key for key, fact in facts.load_facts(business.pk, causes).items() if fact.kind == "redemption"
    }


def _draws(intake: Intake, kinds: tuple[type, ...]) -> bool:
    points = getattr(intake, "points", 0) or 0
    return isinstance(intake, kinds) or points != 0


def _load_limits(batch: Batch, business: Business, items: Sequence[Item]) -> None:
    """Load counters, counts of purchases and past tiers, each only where a rule or a late fact asks for it."""
    wanted: set[tuple[UUID, str]] = set()
    counted: set[UUID] = set()
    late: set[UUID] = set()
    for item in items:
        version = batch.version_at(item.intake.occurred_at) if item.customer and item.receipt is None else None
        if version is None or item.customer is None:
            continue
        if version[1].has_limits:
            wanted |= {
                (item.customer, window)
                for name in version[1].windows(batch.day_of(item))
                for window in (name, f"{name}#")
            }
        if "customer.order_count_before" in version[1].fields_read:
            counted.add(item.customer)
        member = batch.members.get(item.customer)
        if member and item.intake.occurred_at < member.tier_since:
            late.add(item.customer)
    batch.counters = programs.load_counters(business.pk, sorted(wanted, key=str))
    batch.order_counts = {**dict.fromkeys(counted, 0), **facts.count_orders(business.pk, counted)}
    batch.past_tiers = programs.load_past_tiers(business.pk, late)


def _refresh_progress(batch: Batch, business: Business) -> None:
    """Sum progress anew for members some of whose amounts have left the ladder's window."""
    version = batch.version_at(batch.now)
    ladder = version[1].program.ladder if version else None
    due = [member for member in batch.members.values() if member.progress_until and member.progress_until <= batch.now]
    if ladder is None or not due:
        return
    since = window_start(ladder, batch.now, batch.shop.zone)
    customers = [member.customer for member in due]
    if ladder.metric == "points_earned":
        sums = ledger.progress_of(business.pk, customers, batch.unit, since)
    else:
        sums = facts.spend_since(business.pk, customers, since)
    for member in due:
        member.progress, first = sums.get(member.customer, (0, None))
        member.progress_until = leaves_window_at(ladder, first, batch.shop.zone) if first else None
        member.is_changed = True
