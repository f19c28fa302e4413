# SPDX-License-Identifier: Apache-2.0
"""What a purchase would bring, before it happens: the same path up to the point where it would be written, and then nothing.

What a quote says a purchase earns is what it earns when it is recorded next, as long as nothing else happens between.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import structs

from regulars.catalog.queries import add_unknown
from regulars.flow.batch import Batch, Item, Shop
from regulars.flow.earning import apply_order, bought_lines, milli
from regulars.flow.entitling import check_offer, check_usable, find_code
from regulars.flow.errors import CustomerNeeded, NotAMember, UnknownStore
from regulars.flow.intake import Order
from regulars.flow.load import look, product_refs
from regulars.kernel.errors import RegularsError
from regulars.kernel.ids import new_key as key_maker
from regulars.ledger.book import InsufficientPoints
from regulars.ledger.loading import available_on
from regulars.ledger.merging import MergingBook
from regulars.programs.account import Account, account_again
from regulars.programs.definition import Program
from regulars.programs.inputs import Recorded
from regulars.programs.ladder import base_tier, missing_to_next
from regulars.programs.store import Member
from regulars.programs.versions import compiled
from regulars.rewards.errors import AlreadyUsed
from regulars.rewards.pricing import BasketLine, discount
from regulars.rewards.store import EntitlementState, OfferState
from regulars.tenancy.models import Business


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardQuote:
    """One offer: why it cannot be had now, if so, and what it would take off each line."""

    offer: OfferState
    name: dict[str, str]
    refusal: RegularsError | None
    discounts: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeQuote:
    """One voucher code of the basket: why it cannot be used, if so, and what it takes off each line."""

    code: str
    offer: str
    refusal: RegularsError | None
    discounts: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the customer would stand after the purchase; empty for who is no member then."""

    tier: str = ""
    progress: int = 0
    next_tier: str = ""
    missing: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a purchase would bring. `points_as_member` is what it would earn if the customer were a member.

    `outcomes` are those of the decision that would be recorded, `others` the rules for purchases that it would not name. `available`
    is what can be spent before the purchase.
    """

    customer: UUID | None
    is_member: bool
    points_earned: int
    points_as_member: int
    outcomes: Sequence[dict[str, Any]]
    others: Sequence[Account]
    program: Program | None
    available: int
    payment_refusal: RegularsError | None
    rewards: Sequence[RewardQuote]
    codes: Sequence[CodeQuote]
    tier: str
    after: Standing


def quote(business: Business, order: Order, *, now: datetime, new_key: Callable[[], UUID] | None = None) -> Quote:
    """Return what a purchase would bring now; nothing is written.

    Raises BadPhone, BadEmail, BadQuantity, UnknownCustomer or UnknownStore. A code or a payment that is not possible is said so in the
    quote and left out of it.
    """
    (answer,) = quote_all(business, [order], now=now, new_key=new_key)
    if isinstance(answer, RegularsError):
        raise answer
    return answer


def quote_all(
    business: Business, orders: Sequence[Order], *, now: datetime, new_key: Callable[[], UUID] | None = None
) -> list[Quote | RegularsError]:
    """Return what each of some purchases would bring now if it alone happened, or what refuses it, in their order.

    Those that only earn are looked at together, with as many statements as one; those with codes or points one by one.
    """
    make_key = new_key or key_maker.pool(16 * len(orders))
    answers: dict[int, Quote | RegularsError] = {}
    apart = [place for place, order in enumerate(orders) if order.codes or order.points]
    together = [place for place in range(len(orders)) if place not in apart]
    for places in [together, *([place] for place in apart)]:
        items = [Item(place, orders[place], b"", make_key()) for place in places]
        answers.update(_quote_together(business, items, now, make_key) if items else {})
    return [answers[place] for place in range(len(orders))]


def _quote_together(
    business: Business, items: list[Item], now: datetime, new_key: Callable[[], UUID]
) -> dict[int, Quote | RegularsError]:
    shop = Shop(business.pk, business.currency, ZoneInfo(business.timezone))
    batch = Batch(shop, now, new_key, items, MergingBook(now=now, new_key=new_key))
    looked = look(batch, business)
    members = [batch.account_of(customer).key for customer in batch.members]
    available = available_on(members, now=now)
    answers: dict[int, Quote | RegularsError] = {}
    for item in items:
        mine = batch if len(items) == 1 else _alone(batch, item)
        mine.products, _ = add_unknown(looked.products, product_refs([item]), new_key=new_key)
        try:
            answers[item.place] = _quote(mine, item, looked.catalogue, available)
        except RegularsError as error:
            answers[item.place] = error
    return answers


def _alone(batch: Batch, item: Item) -> Batch:
    """Return a batch of one purchase that earns, on what was loaded for all, so that it moves nothing of its neighbours'."""
    mine = Batch(
        batch.shop, batch.now, batch.new_key, [item], MergingBook(now=batch.now, new_key=batch.new_key), timeline=batch.timeline,
        counters=batch.counters, offers=batch.offers, held_counts=batch.held_counts,
    )  # fmt: skip
    customer = item.customer
    if customer in batch.members:
        mine.members[customer] = replace(batch.members[customer])
        mine.book.add_account(structs.replace(batch.account_of(customer), lots=[]))
        mine.past_tiers[customer] = list(batch.past_tiers.get(customer, ()))
    if customer in batch.order_counts:
        mine.order_counts[customer] = batch.order_counts[customer]
    return mine


def _quote(
    batch: Batch,
    item: Item,
    catalogue: Sequence[tuple[OfferState, dict[str, str]]],
    available_on_account: Mapping[UUID, int],
) -> Quote:
    order, who = item.intake, item.who
    assert isinstance(order, Order), "only purchases are looked at"
    assert who is not None, "each purchase is looked at first"
    if who.error is not None:
        raise who.error
    if item.receipt is not None:
        raise UnknownStore(store=order.store)
    member = batch.members.get(item.customer) if item.customer else None
    tier = member.tier if member else ""
    available = available_on_account[batch.account_of(member.customer).key] if member else 0
    known = None if who.is_new else item.customer
    codes = _codes(batch, item, order)
    payment = InsufficientPoints(needed=order.points, available=available) if order.points > available else None
    points = 0 if payment else order.points
    item.intake = structs.replace(order, points=points, codes=[one.code for one in codes if one.refusal is None])
    basket = _basket(order)
    rewards = [_reward(batch, basket, offer, name, available - points, known) for offer, name in catalogue]
    earns = _earns(batch, item)
    if not earns:
        _imagine_member(batch, item)
    apply_order(batch, item)
    return Quote(
        customer=known,
        is_member=member is not None,
        points_earned=item.tally.earned if earns else 0,
        points_as_member=item.tally.earned,
        outcomes=batch.new_decisions[0][4] if batch.new_decisions else (),
        others=_others(batch, item, order),
        program=_program(batch, batch.now),
        available=available,
        payment_refusal=payment,
        rewards=rewards,
        codes=codes,
        tier=tier,
        after=_standing(batch, item) if earns else Standing(),
    )


def _others(batch: Batch, item: Item, order: Order) -> list[Account]:
    """Return the rules for purchases that give nothing, and why."""
    if not batch.new_decisions:
        return []
    _, _, version, inputs, outcomes = batch.new_decisions[0]
    program, decided = compiled(version), {outcome["rule"] for outcome in outcomes}
    if len(decided) == len(program.program.rules):
        return []
    recorded = Recorded(
        kind="order",
        day=batch.day_of(item),
        at=int(item.intake.occurred_at.timestamp()),
        lines=bought_lines(
            order.lines,
            [batch.products.get(line.sku) for line in order.lines],
            [milli(line.quantity) for line in order.lines],
        ),
    )
    accounts = account_again(program, inputs, outcomes, recorded)
    return [one for one in accounts if one.is_meant and one.rule.id not in decided]


def _program(batch: Batch, now: datetime) -> Program | None:
    version = batch.version_at(now)
    return version[1].program if version else None


def _earns(batch: Batch, item: Item) -> bool:
    """Tell whether the customer is a member, or becomes one by this purchase."""
    program = _program(batch, batch.now)
    joins = program is not None and program.membership == "automatic"
    return item.customer is not None and (joins or item.customer in batch.members)


def _standing(batch: Batch, item: Item) -> Standing:
    member = batch.members[item.customer] if item.customer else None
    program = _program(batch, batch.now)
    if member is None or program is None or program.ladder is None:
        return Standing(tier=member.tier if member else "", progress=member.progress if member else 0)
    following = missing_to_next(program.ladder, tier=member.tier, progress=member.progress)
    next_tier, missing = following or ("", None)
    return Standing(tier=member.tier, progress=member.progress, next_tier=next_tier, missing=missing)


def _imagine_member(batch: Batch, item: Item) -> None:
    """Let somebody who is no member count as one who has just joined, for what they would earn."""
    program = _program(batch, batch.now)
    if program is None:
        return
    item.customer = item.customer or batch.new_key()
    batch.order_counts.setdefault(item.customer, 0)
    batch.members[item.customer] = Member(item.customer, batch.now, base_tier(program.ladder), batch.now)


def _basket(order: Order) -> list[BasketLine]:
    return [
        BasketLine(sku=line.sku, quantity_milli=milli(line.quantity), net_minor=line.amount_minor)
        for line in order.lines
    ]


def _codes(batch: Batch, item: Item, order: Order) -> list[CodeQuote]:
    quoted: list[CodeQuote] = []
    used: set[UUID] = set()
    lines = _basket(order) if order.codes else []
    for code in order.codes:
        refusal: RegularsError | None = None
        entitlement: EntitlementState | None = None
        try:
            entitlement = find_code(batch, item, code)
            check_usable(batch, entitlement)
            if entitlement.key in used:
                raise AlreadyUsed(state="redeemed")
        except RegularsError as error:
            refusal = error
        if entitlement is None or refusal is not None:
            quoted.append(CodeQuote(code=code, offer="", refusal=refusal, discounts=()))
            continue
        used.add(entitlement.key)
        discounts = discount(entitlement.kind, entitlement.value, lines)
        quoted.append(
            CodeQuote(code=code, offer=batch.offers[entitlement.offer].code, refusal=None, discounts=discounts)
        )
    return quoted


def _reward(
    batch: Batch,
    basket: Sequence[BasketLine],
    offer: OfferState,
    name: dict[str, str],
    available: int,
    known: UUID | None,
) -> RewardQuote:
    refusal: RegularsError | None = None
    member = batch.members.get(known) if known else None
    try:
        if known is None:
            raise CustomerNeeded
        if member is None:
            raise NotAMember
        check_offer(offer, tier=member.tier, held=batch.held_of(member.customer, offer.key))
        if offer.price > available:
            raise InsufficientPoints(needed=offer.price, available=available)
    except RegularsError as error:
        refusal = error
    return RewardQuote(offer=offer, name=name, refusal=refusal, discounts=discount(offer.kind, offer.value, basket))
