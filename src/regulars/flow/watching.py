# SPDX-License-Identifier: Apache-2.0
"""Who has something to do at night that no date announces: rewards that the points pay for, levels that go by the balance."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from regulars.customers.store import aliases_of
from regulars.flow.entitling import can_have
from regulars.ledger.loading import available_to
from regulars.ledger.queries import balances_of
from regulars.programs.definition import Ladder, Program
from regulars.programs.ladder import evaluate
from regulars.programs.queries import current_program
from regulars.programs.store import Member, members_after
from regulars.rewards.store import count_held, load_offers
from regulars.tenancy.models import Business

PAGE = 2_000


def watch_members(business: Business, *, now: datetime) -> Iterator[list[UUID]]:
    """Go through all members, some at a time, and return those whom a closing would give a reward or another level.

    Only where the program in force has automatic rewards or levels by the balance.
    """
    program = current_program(business, now)
    if program is None or not (program.automatic or _goes_by_balance(program.ladder)):
        return
    after: UUID | None = None
    while members := members_after(business.pk, after, PAGE):
        after = members[-1].customer
        due = _movers(business, program, members, now) | _takers(business, program, members, now)
        if due:
            yield sorted(due)


def _goes_by_balance(ladder: Ladder | None) -> bool:
    return ladder is not None and ladder.metric == "balance"


def _movers(business: Business, program: Program, members: Sequence[Member], now: datetime) -> set[UUID]:
    """Return those whose level, or whose grace, their balance changes."""
    ladder = program.ladder
    if ladder is None or ladder.metric != "balance":
        return set()
    balances = balances_of(business, [member.customer for member in members], program.unit.code)
    due = set()
    for member in members:
        progress = balances.get(member.customer, 0)
        result = evaluate(ladder, tier=member.tier, progress=progress, falls_at=member.falls_at, now=now)
        if result.is_changed or result.falls_at != member.falls_at:
            due.add(member.customer)
    return due


def _takers(business: Business, program: Program, members: Sequence[Member], now: datetime) -> set[UUID]:
    """Return those who can have one of the automatic rewards and can pay it."""
    offers = [
        offer for offer in load_offers(business.pk, [one.offer for one in program.automatic]).values() if offer.price
    ]
    if not offers:
        return set()
    available = available_to(business.pk, program.unit.code, [member.customer for member in members], now=now)
    pairs = [
        (member, offer) for member in members for offer in offers if available.get(member.customer, 0) >= offer.price
    ]
    limited = [(member.customer, offer.key) for member, offer in pairs if offer.per_member_max]
    held = count_held(business.pk, limited, aliases_of(business.pk, {customer for customer, _ in limited}))
    return {
        member.customer
        for member, offer in pairs
        if can_have(offer, tier=member.tier, held=held.get((member.customer, offer.key), 0))
    }
