# SPDX-License-Identifier: Apache-2.0
"""Rewards on the path: taken for points, reserved with a hold, used exactly once, given back."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from regulars.flow.batch import Batch, Item
from regulars.flow.intake import Redemption, UseEntitlement
from regulars.flow.standing import count_activity
from regulars.kernel.clock import end_of_day
from regulars.kernel.errors import RegularsError
from regulars.ledger.book import Posting
from regulars.programs.store import Member
from regulars.rewards.codes import digest_code, make_code, normalise_code
from regulars.rewards.errors import (
    AlreadyUsed,
    MemberLimitReached,
    NotRefundable,
    OfferPaused,
    OutOfStock,
    OutOfTime,
    TierTooLow,
    UnknownCode,
    UnknownOffer,
)
from regulars.rewards.store import EntitlementState, OfferState


def code_of(entitlement: UUID) -> str:
    """Return the voucher code of an entitlement; it is derived, never stored."""
    return make_code(settings.SECRET_KEY.encode(), entitlement)


def check_offer(offer: OfferState, *, tier: str, held: int) -> None:
    """Raise the first reason why a member of a tier who has taken so many of an offer cannot have it now, apart from points."""
    if not offer.is_active:
        raise OfferPaused(offer=offer.code)
    if offer.tiers and tier not in offer.tiers:
        raise TierTooLow(offer=offer.code, tiers=", ".join(offer.tiers))
    if offer.stock is not None and offer.taken + offer.more >= offer.stock:
        raise OutOfStock(offer=offer.code, stock=offer.stock)
    if offer.per_member_max is not None and held >= offer.per_member_max:
        raise MemberLimitReached(offer=offer.code, max=offer.per_member_max)


def can_have(offer: OfferState, *, tier: str, held: int) -> bool:
    """Tell whether a member could have an offer now, apart from points."""
    try:
        check_offer(offer, tier=tier, held=held)
    except RegularsError:
        return False
    return True


def apply_redemption(batch: Batch, item: Item) -> None:
    """Take a reward: points spent at once, or held while it is reserved; the price and worth of now are frozen."""
    intake = item.intake
    assert isinstance(intake, Redemption)
    member = batch.member_of(item)
    offer = next((known for known in batch.offers.values() if known.code == intake.offer), None)
    if offer is None:
        raise UnknownOffer(offer=intake.offer)
    check_offer(offer, tier=member.tier, held=batch.held_of(member.customer, offer.key))
    expires_at = _valid_until(batch, offer, intake)
    hold: UUID | None = None
    if intake.is_reserved and offer.price:
        hold = batch.book.hold(batch.account_of(member.customer), offer.price, item.fact, expires_at=expires_at).key
        item.tally.detail["hold"] = str(hold)
    elif offer.price:
        batch.spend(item, member.customer, offer.price)
    batch.record(item, payload={"offer": str(offer.key), "is_reserved": intake.is_reserved})
    _grant(batch, item, offer, member, hold, expires_at)
    if item.caused_by is None:
        count_activity(batch, item, member)


def _valid_until(batch: Batch, offer: OfferState, intake: Redemption) -> datetime:
    if intake.is_reserved:
        return batch.now + timedelta(seconds=intake.ttl_s)
    last_day = batch.now.astimezone(batch.shop.zone).date() + timedelta(days=offer.valid_days)
    return end_of_day(last_day, batch.shop.zone)


def _grant(
    batch: Batch, item: Item, offer: OfferState, member: Member, hold: UUID | None, expires_at: datetime
) -> None:
    key = batch.new_key()
    code = code_of(key)
    is_reserved = isinstance(item.intake, Redemption) and item.intake.is_reserved
    bare = normalise_code(code)
    assert bare is not None, "a made code is a valid one"
    batch.entitlements[key] = EntitlementState(
        key, offer.key, member.customer, digest_code(bare), bare[-4:], "reserved" if is_reserved else "issued",
        offer.kind, offer.value, offer.price,
        offer.unit, hold, item.fact, None, batch.now, expires_at,
    )  # fmt: skip
    offer.more += 1
    batch.held_counts[member.customer, offer.key] = batch.held_of(member.customer, offer.key) + 1
    item.tally.detail.update({"entitlement": str(key), "offer": offer.code, "expires_at": expires_at.isoformat()})
    batch.events.append(
        (
            "reward.taken",
            member.customer,
            {"fact": str(item.fact), "entitlement": str(key), "offer": offer.code, "points": offer.price},
        )
    )


def apply_use(batch: Batch, item: Item) -> None:
    """Use a reward that somebody holds."""
    intake = item.intake
    assert isinstance(intake, UseEntitlement)
    by_key = batch.entitlements.get(intake.entitlement) if intake.entitlement else None
    entitlement = by_key or _by_code(batch, intake.code)
    if entitlement is None or (item.customer is not None and entitlement.holder != item.customer):
        raise UnknownCode
    item.customer = entitlement.holder
    _use(batch, item, entitlement)
    batch.record(item, payload={"entitlement": str(entitlement.key)})
    count_activity(batch, item, batch.member_of(item))


def use_code(batch: Batch, item: Item, code: str) -> None:
    """Use a voucher code on a purchase."""
    _use(batch, item, find_code(batch, item, code))


def find_code(batch: Batch, item: Item, code: str) -> EntitlementState:
    """Return what a voucher code stands for. It is bound to its holder when the purchase names a customer. Raises UnknownCode."""
    entitlement = _by_code(batch, code)
    if entitlement is None or (item.customer is not None and entitlement.holder != item.customer):
        raise UnknownCode
    return entitlement


def _by_code(batch: Batch, code: str) -> EntitlementState | None:
    bare = normalise_code(code)
    digest = digest_code(bare) if bare else b""
    return next((known for known in batch.entitlements.values() if known.digest == digest), None)


def check_usable(batch: Batch, entitlement: EntitlementState) -> None:
    """Raise AlreadyUsed or OutOfTime where a reward cannot be used now."""
    if entitlement.state not in {"issued", "reserved"}:
        raise AlreadyUsed(state=entitlement.state)
    if entitlement.expires_at <= batch.now:
        raise OutOfTime(expires_at=entitlement.expires_at.isoformat())


def _use(batch: Batch, item: Item, entitlement: EntitlementState) -> None:
    check_usable(batch, entitlement)
    if entitlement.hold is not None and entitlement.state == "reserved":
        posting = Posting(fact=item.fact, kind="settle", occurred_at=item.intake.occurred_at)
        batch.book.settle(batch.book.holds[entitlement.hold], entitlement.price, posting)
        item.tally.spent += entitlement.price
    entitlement.state, entitlement.used_on = "redeemed", item.fact
    used = {"entitlement": str(entitlement.key), "kind": entitlement.kind, "value": entitlement.value}
    rewards = item.tally.detail.setdefault("rewards", [])
    assert isinstance(rewards, list), "rewards used are a list"
    rewards.append(used)
    batch.events.append(("reward.used", entitlement.holder, {"fact": str(item.fact), **used}))


def cancel_taken(batch: Batch, item: Item, fact: UUID) -> None:
    """Give back a reward that was taken and not used: its points return to their lots, its piece to the stock."""
    for entitlement in [known for known in batch.entitlements.values() if known.fact == fact]:
        offer = batch.offers[entitlement.offer]
        if entitlement.state not in {"issued", "reserved"}:
            raise AlreadyUsed(state=entitlement.state)
        if entitlement.state == "issued" and not offer.is_refundable:
            raise NotRefundable(offer=offer.code)
        if entitlement.hold is not None and entitlement.state == "reserved":
            hold, grace_until = batch.book.holds[entitlement.hold], batch.grace_until(item)
            item.tally.expired += batch.book.release(hold, item.fact, state="voided", grace_until=grace_until)
        entitlement.state = "cancelled"
        offer.more -= 1


def unuse_codes(batch: Batch, item: Item, fact: UUID) -> None:
    """Let rewards that a fact used be used again, while their time lasts; one that was reserved went with its points."""
    for entitlement in batch.entitlements.values():
        if entitlement.used_on == fact and entitlement.state == "redeemed" and entitlement.hold is None:
            entitlement.state, entitlement.used_on = "issued", None
            item.tally.detail["rewards_given_back"] = True
