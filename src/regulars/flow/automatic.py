# SPDX-License-Identifier: Apache-2.0
"""Rewards that are taken by themselves once the points are there: each an ordinary redemption, a fact of its own."""

from uuid import UUID

from regulars.customers.matching import CustomerRef
from regulars.flow.batch import Batch, Item
from regulars.flow.entitling import apply_redemption, can_have
from regulars.flow.intake import (
    Adjustment,
    ClaimReceipt,
    Enrolment,
    Event,
    Order,
    PendingChange,
    Redemption,
    Transfer,
    Visit,
)
from regulars.flow.save import make_receipt
from regulars.kernel.digest import digest
from regulars.programs.store import Member
from regulars.rewards.store import OfferState

SOURCE = "automatic"
STEPS_MAX = 100
BRINGING = Order | ClaimReceipt | Visit | Event | Enrolment | Adjustment | Transfer | PendingChange


def take_at_once(batch: Batch, item: Item) -> None:
    """Take for whom an intake brings points the rewards that the program takes at once."""
    if not batch.takes_at_once or not isinstance(item.intake, BRINGING):
        return
    customer = batch.takers.get(item.place, item.customer)
    if customer is not None and customer in batch.members:
        _take_all(batch, item, batch.members[customer], [one.offer for one in batch.automatic if one.at_once])


def take_at_night(batch: Batch, item: Item, member: Member) -> None:
    """Take for a member every automatic reward that the points pay for."""
    _take_all(batch, item, member, [one.offer for one in batch.automatic])


def _take_all(batch: Batch, item: Item, member: Member, codes: list[str]) -> None:
    taken: list[dict[str, object]] = []
    by_code = {offer.code: offer for offer in batch.offers.values()}
    for offer in [by_code[code] for code in codes if code in by_code]:
        while len(taken) < STEPS_MAX and _can_take(batch, offer, member):
            taken.append(_take(batch, item, member.customer, offer, len(taken) + 1))
    if taken:
        item.tally.detail["rewards_taken"] = taken


def _can_take(batch: Batch, offer: OfferState, member: Member) -> bool:
    is_payable = 0 < offer.price <= batch.account_of(member.customer).available(batch.now)
    return is_payable and can_have(offer, tier=member.tier, held=batch.held_of(member.customer, offer.key))


def _take(batch: Batch, cause: Item, customer: UUID, offer: OfferState, number: int) -> dict[str, object]:
    intake = Redemption(
        source=SOURCE,
        external_id=f"{cause.fact}/{number}",
        occurred_at=batch.now,
        customer=CustomerRef(id=customer),
        offer=offer.code,
    )
    item = Item(cause.place, intake, digest(intake), batch.new_key(), customer, caused_by=cause.fact)
    apply_redemption(batch, item)
    item.receipt = make_receipt(batch, item)
    return {
        "fact": str(item.fact),
        "offer": offer.code,
        "points": offer.price,
        "entitlement": item.tally.detail["entitlement"],
    }
