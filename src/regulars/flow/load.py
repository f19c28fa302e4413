# SPDX-License-Identifier: Apache-2.0
"""Load everything that a batch touches: set-based, locked in the order of keys, a fixed number of statements however many intakes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from regulars.catalog.queries import find_products, match_products
from regulars.catalog.store import ProductInfo, ProductRef
from regulars.customers.queries import match_customers, recognise_customers
from regulars.customers.store import aliases_of, check_unmerged, lock_customers, merge_of
from regulars.facts import store as facts
from regulars.flow.batch import Apart, Batch, Item, StoreInfo
from regulars.flow.claiming import load_claims, load_receipts
from regulars.flow.errors import KeyReused, Superseded, UnknownStore
from regulars.flow.fitting import check_store, check_time
from regulars.flow.intake import (
    Adjustment,
    Cancel,
    ClaimReceipt,
    Closing,
    HoldPoints,
    Merge,
    Order,
    PendingChange,
    Receipt,
    Redemption,
    Return,
    SettleHold,
    Transfer,
    Unmerge,
    UseEntitlement,
    VoidHold,
    receipt_of,
)
from regulars.flow.parting import find_entangled
from regulars.flow.progress import refresh_progress, sum_progress
from regulars.kernel.errors import RegularsError
from regulars.ledger import loading as ledger
from regulars.ledger.book import Side
from regulars.ledger.merging import Brought
from regulars.programs import store as programs
from regulars.programs.versions import timeline
from regulars.rewards import store as rewards
from regulars.rewards.codes import digest_code, normalise_code
from regulars.rewards.store import OfferState
from regulars.tenancy.models import Business, Store

_Kind = TypeVar("_Kind")


class _Items(list[Item]):
    """Items of a batch, and the kinds of intakes among them: most batches hold one kind and are asked for all."""

    def __init__(self, items: Iterable[Item]) -> None:
        super().__init__(items)
        self.kinds = frozenset(type(item.intake) for item in self)


class Looked(NamedTuple):
    """What a look at purchases finds besides what their batch holds: the offers with their names, the known products by code."""

    catalogue: Sequence[tuple[OfferState, dict[str, str]]]
    products: Mapping[str, ProductInfo]


def load(batch: Batch, business: Business) -> None:
    """Fill a batch: who, what was recorded before, and every standing, account, lot and offer that its intakes speak of.

    The memberships of all whose points may move are locked first, in the order of their keys; what is read after that stays so
    until the end. Who holds an entitlement never changes, so it may be asked before; its state is read again.
    """
    _answer_repeats(batch)
    waiting = _Items(item for item in batch.items if item.receipt is None)
    _refuse_times(batch, waiting)
    _load_stores(business, waiting)
    _load_customers(batch, business, waiting)
    waiting = _Items(item for item in waiting if item.receipt is None)
    batch.timeline = timeline(business.pk)
    _load_products(batch, business, waiting)
    names = [name for item in waiting for name in (item.named, item.corrected) if name is not None]
    batch.named = _find_named(business, names)
    _keep_owners(batch, waiting)
    batch.entitlements = _load_entitlements(batch, business, waiting)
    customers = _load_holders(batch, business, waiting)
    batch.members = programs.load_members(business.pk, customers)
    if _uniting(waiting):
        lock_customers(business.pk, customers)
        batch.members = programs.load_members(business.pk, customers)
    named_by: list[tuple[UUID | None, UUID | None]] = [
        (who.alias, who.customer_id) for who in batch.matching.resolved if who.alias
    ]
    named_by += [(fact.alias, fact.customer) for fact in batch.named.values()]
    batch.aliases = check_unmerged(business.pk, customers - _parting(waiting), named_by)
    _load_named(batch, business, waiting)
    load_claims(batch, waiting)
    _load_rewards(batch, business, waiting)
    ledger.load_accounts(batch.book, business.pk, batch.unit, batch.with_merged(customers))
    ledger.load_shop_accounts(batch.book, business.pk, batch.unit)
    _load_lots(batch, business, waiting)
    _load_limits(batch, business, [*waiting, *load_receipts(batch, waiting)])
    _load_apart(batch, business, waiting)
    refresh_progress(batch, business)


def _uniting(items: _Items) -> bool:
    """Tell whether customers are merged or parted; such an intake is the only one of its batch."""
    return not items.kinds.isdisjoint((Merge, Unmerge))


def _parting(items: _Items) -> set[UUID]:
    return {intake.merged for _, intake in _of(items, Unmerge)}


def _load_apart(batch: Batch, business: Business, items: _Items) -> None:
    """Load all that members have used of limits, and for a parting what has become of the merge."""
    if not _uniting(items):
        return
    batch.all_counters = programs.load_all_counters(business.pk, batch.members)
    for merged in _parting(items):
        found = merge_of(business.pk, merged)
        if found is None:
            continue
        survivor, fact, merged_at = found
        merge = facts.load_facts(business.pk, [fact])[fact]
        brought = Brought(0, [], {})
        if merged in batch.members and survivor in batch.members:
            keeper, owner = batch.account_of(survivor), batch.account_of(merged)
            recovered, used = ledger.load_moved(batch.book, keeper, owner, fact)
            has_ended = bool(used) and ledger.has_ended(keeper, owner, merged_at)
            has_drawn = bool(recovered) and ledger.has_drawn(business.pk, survivor, fact)
            brought = Brought(int(merge.payload.get("owed", 0)), recovered, used, has_ended, has_drawn)
        entangled = find_entangled(batch, merged, survivor, merge, since=merged_at)
        batch.apart = Apart(survivor, merge, brought, _progress_apart(batch, business, merged, survivor), entangled)


def _progress_apart(
    batch: Batch, business: Business, merged: UUID, survivor: UUID
) -> dict[UUID, tuple[int, datetime | None]]:
    """Return what counts towards the tier of two who part, each without the other."""
    stay = {key: survivor for key in batch.with_merged([survivor]) if key != merged}
    return sum_progress(batch, business, {**stay, merged: merged})


def look(batch: Batch, business: Business) -> Looked:
    """Fill a batch of purchases that will not be saved, each for itself; what refuses one is in its receipt or in who it is of.

    Nobody and nothing is made known, and outside a transaction nothing is locked. Lots are loaded for those who pay with points.
    """
    items = _Items(batch.items)
    _load_stores(business, items)
    references = [item.intake.customer for item in items]
    for item, who in zip(items, recognise_customers(business, references, new_key=batch.new_key), strict=True):
        item.who, item.customer = who, who.customer_id
    batch.aliases = aliases_of(business.pk, _customers(items))
    batch.timeline = timeline(business.pk)
    products = find_products(business, product_refs(items))
    if any(order.codes for _, order in _of(items, Order)):
        _load_rewards(batch, business, items)
    catalogue = _load_catalogue(batch, business)
    customers = _load_holders(batch, business, items)
    batch.members = programs.load_members(business.pk, customers)
    ledger.load_accounts(batch.book, business.pk, batch.unit, customers)
    if batch.entitlements:
        _load_lots(batch, business, items)
    if payers := _customers(item for item in items if _moves(item)):
        ledger.load_lots(batch.book, payers)
    _load_limits(batch, business, items)
    refresh_progress(batch, business)
    return Looked(catalogue, products)


def _load_catalogue(batch: Batch, business: Business) -> list[tuple[OfferState, dict[str, str]]]:
    catalogue = rewards.load_catalogue(business.pk)
    batch.offers |= {offer.key: offer for offer, _ in catalogue}
    limited = [offer.key for offer, _ in catalogue if offer.per_member_max]
    wanted = [(customer, offer) for customer in _customers(batch.items) for offer in limited]
    batch.held_counts = rewards.count_held(business.pk, wanted, batch.aliases)
    return catalogue


def _of(items: _Items, kind: type[_Kind]) -> list[tuple[Item, _Kind]]:
    """Return the items whose intake is of a kind, each with its intake."""
    return [(item, item.intake) for item in items if isinstance(item.intake, kind)] if kind in items.kinds else []


def _answer_repeats(batch: Batch) -> None:
    """Answer what is recorded already with its first receipt; refuse another body under the same name."""
    keys = [(item.intake.source, item.intake.external_id, item.intake.revision) for item in batch.items]
    recorded = facts.find_facts(batch.shop.key, list(dict.fromkeys(keys)))
    latest = {(source, external_id): revision for source, external_id, revision in sorted(recorded)}
    first: dict[facts.FactKey, Item] = {}
    for item, key in zip(batch.items, keys, strict=True):
        if item.receipt is not None:
            continue
        if key in recorded:
            answer_again(item, recorded[key].body_digest, recorded[key].receipt)
        elif key[:2] in latest:
            refuse(item, Superseded(source=key[0], external_id=key[1], revision=latest[key[:2]]))
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
        try:
            check_time(item.intake.occurred_at, now=batch.now)
        except RegularsError as error:
            refuse(item, error)


def _load_stores(business: Business, items: Sequence[Item]) -> None:
    codes = {item.intake.store for item in items if item.intake.store}
    if not codes:
        return
    stores = {
        store.code: StoreInfo(store.pk, store.code, ZoneInfo(store.timezone))
        for store in Store.objects.of(business).filter(code__in=codes)
    }
    for item in items:
        item.store = stores.get(item.intake.store)
        if item.receipt is None:
            try:
                check_store(item.intake.store, stores)
            except UnknownStore as error:
                refuse(item, error)


def _load_customers(batch: Batch, business: Business, items: _Items) -> None:
    items = _Items(item for item in items if item.receipt is None)
    others = [(item, intake.to) for item, intake in _of(items, Transfer)]
    others += [(item, intake.merged) for item, intake in _of(items, Merge)]
    references = [item.intake.customer for item in items] + [other for _, other in others]
    batch.matching = match_customers(business, references, new_key=batch.new_key)
    resolved = batch.matching.resolved
    for item, who in zip(items, resolved, strict=False):
        item.who, item.customer = who, who.customer_id
        if who.error is not None:
            refuse(item, who.error)
    for (item, _), who in zip(others, resolved[len(items) :], strict=True):
        if who.error is not None:
            refuse(item, who.error)
        elif who.customer_id is not None:
            batch.takers[item.place] = who.customer_id
            if who.is_new:
                batch.new_takers.add(item.place)


def _load_products(batch: Batch, business: Business, items: Sequence[Item]) -> None:
    wanted = product_refs(items)
    if wanted:
        batch.products, batch.new_products = match_products(business, wanted, new_key=batch.new_key)


def product_refs(items: Sequence[Item]) -> list[ProductRef]:
    """Return the products that lines name, each spelling once, as its first line describes it."""
    wanted: dict[str, ProductRef] = {}
    lines = [line for item in items if isinstance(item.intake, Order | Return) for line in item.intake.lines]
    for line in lines:
        if line.sku and line.sku not in wanted:
            wanted[line.sku] = ProductRef(line.sku, line.name, line.category)
    return list(wanted.values())


def _find_named(business: Business, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], facts.StoredFact]:
    """Return the latest revision of each named fact. Purchases of nobody are locked: no member's lock tells claims and returns apart."""
    named = facts.find_latest(business.pk, names)
    nobodys = [fact.key for fact in named.values() if fact.kind == "order" and fact.customer is None]
    if nobodys:
        facts.lock_facts(business.pk, nobodys)
        named = facts.find_latest(business.pk, names)
    return named


def _keep_owners(batch: Batch, items: Sequence[Item]) -> None:
    """Let a correction that names nobody stay with the member who added the receipt."""
    for item in items:
        earlier = batch.named.get(item.corrected) if item.corrected else None
        if earlier is not None and earlier.is_claimed and item.intake.customer is None:
            item.customer = earlier.customer


def _load_named(batch: Batch, business: Business, items: _Items) -> None:
    """Load the earlier facts that returns, cancellations and pending changes speak of, and the purchases they may match."""
    batch.remembers = any(isinstance(item.intake, Return) or item.named or item.corrected for item in items)
    if not batch.remembers:
        return
    unnamed = [(item, intake) for item, intake in _of(items, Return) if intake.order is None and item.customer]
    pairs = {
        (customer, batch.products[line.sku].id)
        for item, intake in unnamed
        for line in intake.lines
        for customer in batch.with_merged([item.customer] if item.customer else [])
        if line.sku in batch.products
    }
    latest = max((intake.occurred_at for _, intake in unnamed), default=batch.now)
    found = facts.find_purchases(business.pk, pairs, latest)
    for (customer, product), lines in sorted(found.items(), key=lambda pair: pair[0][0] in batch.aliases):
        batch.purchases.setdefault((batch.aliases.get(customer, customer), product), []).extend(lines)
    keys = {fact.key for fact in batch.named.values()} | {
        line.fact for lines in batch.purchases.values() for line in lines
    }
    batch.lines = facts.load_lines(keys)
    batch.matched = facts.load_facts(business.pk, keys - {fact.key for fact in batch.named.values()})
    batch.cancelled = facts.find_amending(business.pk, keys, "cancel")
    batch.decisions = programs.load_decisions(keys)
    batch.drawn = ledger.load_drawn(keys)


def _load_rewards(batch: Batch, business: Business, items: _Items) -> None:
    """Load the offers that are asked for, and the entitlements that are used, given back or over."""
    redemptions = _of(items, Redemption)
    batch.entitlements = _load_entitlements(batch, business, items)
    codes = {intake.offer for _, intake in redemptions}
    is_night = any(isinstance(item.intake, Closing) for item in items)
    automatic = {one.offer for one in batch.automatic if one.at_once or is_night}
    codes |= automatic
    batch.offers = rewards.load_offers(business.pk, codes, keys={held.offer for held in batch.entitlements.values()})
    by_code = {offer.code: offer.key for offer in batch.offers.values()}
    wanted = {(item.customer, by_code.get(intake.offer)) for item, intake in redemptions}
    limited = [offer.key for offer in batch.offers.values() if offer.code in automatic and offer.per_member_max]
    wanted |= {(member, offer) for member in batch.members for offer in limited}
    asked = [(holder, offer) for holder, offer in wanted if holder and offer]
    batch.held_counts = rewards.count_held(business.pk, asked, batch.aliases)


def _load_entitlements(batch: Batch, business: Business, items: _Items) -> dict[UUID, rewards.EntitlementState]:
    uses = [intake for _, intake in _of(items, UseEntitlement)]
    codes = [*chain.from_iterable(intake.codes for _, intake in _of(items, Order)), *(intake.code for intake in uses)]
    bare = [code for code in map(normalise_code, codes) if code]
    undone = [item.named if isinstance(item.intake, Cancel) else item.corrected for item in items]
    cancelled = {batch.named[name].key for name in undone if name in batch.named}
    found = rewards.load_entitlements(
        business.pk,
        keys={intake.entitlement for intake in uses if intake.entitlement},
        digests=[digest_code(code) for code in bare],
        facts=cancelled,
    )
    closing = _customers(item for item, _ in _of(items, Closing))
    found += rewards.load_overdue(business.pk, batch.with_merged(closing), batch.now) if closing else []
    return {entitlement.key: entitlement for entitlement in found}


def _customers(items: Iterable[Item]) -> set[UUID]:
    return {item.customer for item in items if item.customer is not None}


def _holds_asked(items: _Items) -> set[UUID]:
    settled = {intake.hold for _, intake in _of(items, SettleHold)}
    return settled | {intake.hold for _, intake in _of(items, VoidHold)}


def _load_holders(batch: Batch, business: Business, items: _Items) -> set[UUID]:
    """Return every customer whose points may move."""
    holds = _holds_asked(items)
    customers = _customers(items)
    customers |= {fact.customer for fact in batch.named.values() if fact.customer is not None}
    customers |= {entitlement.holder for entitlement in batch.entitlements.values()}
    customers |= set(batch.takers.values()) | set(ledger.holders_of(business.pk, holds).values())
    for merged in _parting(items):
        found = merge_of(business.pk, merged)
        customers |= {merged, found[0]} if found else set()
    return customers


def _load_lots(batch: Batch, business: Business, items: _Items) -> None:
    """Load lots and holds for those whose points may be drawn on; an intake that only earns needs none."""
    if batch.timeline.latest is None or not batch.with_points:
        return
    asked = _holds_asked(items)
    holds = asked | {known.hold for known in batch.entitlements.values() if known.hold is not None}
    drawn_on = _drawn_on(batch, items) | set(ledger.holders_of(business.pk, holds).values())
    ledger.load_lots(batch.book, drawn_on, keys=_lots_named(batch))
    closing = _customers(item for item, _ in _of(items, Closing))
    if _uniting(items):
        drawn_on = closing = set(batch.members)
        ledger.load_lots(batch.book, drawn_on)
    accounts = batch.book.accounts.items()
    overdue = [account.key for (owner, _, side), account in accounts if side is Side.MEMBER and owner in closing]
    ledger.load_holds(batch.book, business.pk, holds, overdue_of=overdue)
    causes = {hold.fact for key, hold in batch.book.holds.items() if key in asked}
    stored = facts.load_facts(business.pk, causes)
    batch.reservations = {key for key, fact in stored.items() if fact.kind == "redemption"}


_DRAWING = frozenset(
    (
        Return,
        Cancel,
        PendingChange,
        HoldPoints,
        SettleHold,
        VoidHold,
        Redemption,
        UseEntitlement,
        Transfer,
        ClaimReceipt,
        Closing,
    )
)


def _drawn_on(batch: Batch, items: _Items) -> set[UUID]:
    """Return those whose points may be drawn on by these intakes, apart from the holders of holds."""
    if batch.slides_expiry or batch.takes_at_once:
        return set(batch.members)
    drawing = _customers(item for item in items if type(item.intake) in _DRAWING or _moves(item))
    named = {fact.customer for fact in batch.named.values() if fact.customer is not None}
    return drawing | named | {entitlement.holder for entitlement in batch.entitlements.values()}


def _moves(item: Item) -> bool:
    return isinstance(item.intake, Order | Adjustment) and item.intake.points != 0


def _lots_named(batch: Batch) -> set[UUID]:
    """Return the lots that recorded decisions opened and recorded spendings drew on, whether open or not."""
    outcomes = chain.from_iterable(decision.outcomes for decision in batch.decisions.values())
    opened = {UUID(outcome["lot"]) for outcome in outcomes if outcome.get("lot")}
    spendings = chain.from_iterable(batch.drawn.values())
    drawn = {part.lot for _, parts in spendings for part in parts}
    return opened | drawn | {UUID(fact.payload["lot"]) for fact in batch.named.values() if "lot" in fact.payload}


def _load_limits(batch: Batch, business: Business, items: Sequence[Item]) -> None:
    """Load counters, counts of purchases and past tiers, each only where a rule or a late fact asks for it."""
    windows: set[tuple[UUID, str]] = set()
    counted: set[UUID] = set()
    late: set[UUID] = set()
    for item in items:
        version = batch.version_at(item.intake.occurred_at)
        if version is None or item.customer is None or item.receipt is not None:
            continue
        windows.update((item.customer, window) for window in batch.windows_of(item))
        if "customer.order_count_before" in version[1].fields_read:
            counted.add(item.customer)
        if _is_late(batch, item):
            late.add(item.customer)
    for decision in batch.decisions.values():
        windows |= _waits_counted(batch, decision)
    batch.counters = programs.load_counters(business.pk, sorted(windows, key=str))
    batch.order_counts = dict.fromkeys(counted, 0)
    for customer, count in facts.count_orders(business.pk, batch.with_merged(counted)).items():
        batch.order_counts[batch.aliases.get(customer, customer)] += count
    batch.past_tiers = programs.load_past_tiers(business.pk, late)


def _waits_counted(batch: Batch, decision: programs.StoredDecision) -> set[tuple[UUID, str]]:
    """Return the counters of cool-downs that a decision has moved, in case it is taken back."""
    fact = batch.fact(decision.fact)
    customer = fact.customer if fact else None
    counted = chain.from_iterable(outcome.get("counted", ()) for outcome in decision.outcomes)
    return {(customer, window) for window, _ in counted if customer and window.endswith("/last")}


def _is_late(batch: Batch, item: Item) -> bool:
    member = batch.members.get(item.customer) if item.customer else None
    return member is not None and item.intake.occurred_at < member.tier_since
