# SPDX-License-Identifier: Apache-2.0
"""Reads of programs: versions, standings and the decisions behind points."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from regulars.conditions.fact_fields import bought
from regulars.facts.models import Fact, Line
from regulars.facts.queries import usual_purchase
from regulars.ledger.queries import balances_of
from regulars.programs.account import Account, account_again
from regulars.programs.definition import Program
from regulars.programs.inputs import Recorded
from regulars.programs.ladder import missing_to_next
from regulars.programs.lint import Caution, Reward, lint
from regulars.programs.models import Decision, Draft, Membership, Version
from regulars.programs.versions import compiled, program_of, timeline
from regulars.rewards.models import Offer
from regulars.tenancy.models import Business

REWARDS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingNow:
    """Where a member stands: tier, progress, and what is missing to the next level (None at the top or without a ladder)."""

    enrolled_at: datetime
    tier: str
    progress: int
    next_tier: str = ""
    missing: int | None = None


def current_version(business: Business, at: datetime) -> Version | None:
    """Return the version in force at a moment."""
    key = timeline(business.pk).at(at)
    return Version.objects.of(business).get(pk=key) if key else None


def current_program(business: Business, at: datetime) -> Program | None:
    """Return the program in force at a moment."""
    key = timeline(business.pk).at(at)
    return program_of(key) if key else None


def versions(business: Business, limit: int = 100) -> list[Version]:
    """Return the published versions, the newest first."""
    return list(Version.objects.of(business).order_by("-number")[:limit])


def draft_of(business: Business) -> Draft | None:
    """Return the draft, where there is one."""
    return Draft.objects.of(business).select_related("business").first()


def draft_to_publish(business: Business) -> Draft | None:
    """Return the draft, locked after its business: until the transaction ends nobody else changes or publishes it."""
    locked = Business.objects.select_for_update().get(pk=business.pk)
    return Draft.objects.of(locked).select_for_update().first()


def standing_of(business: Business, customer: UUID, program: Program | None) -> StandingNow | None:
    """Return where a customer stands in the program in force; None for one who is not a member."""
    member = Membership.objects.of(business).filter(customer=customer).first()
    if member is None:
        return None
    ladder, progress = program.ladder if program else None, member.progress
    if program and ladder and ladder.metric == "balance":
        progress = balances_of(business, [customer], program.unit.code).get(customer, 0)
    following = missing_to_next(ladder, tier=member.tier, progress=progress) if ladder else None
    return StandingNow(
        enrolled_at=member.enrolled_at,
        tier=member.tier,
        progress=progress,
        next_tier=following[0] if following else "",
        missing=following[1] if following else None,
    )


def cautions_of(business: Business, program: Program) -> list[Caution]:
    """Return what to warn of before a program is published, by the rewards that can be had and what customers usually spend."""
    offers = Offer.objects.of(business).filter(is_active=True).order_by("price", "code")
    rewards = [
        Reward(
            code=offer.code,
            price=offer.price,
            name=offer.name,
            worth_minor=offer.value.get("amount_minor") if offer.kind == Offer.Kind.AMOUNT_OFF else None,
            tiers=tuple(offer.tiers),
            is_limited=offer.stock is not None or offer.per_member_max is not None,
        )
        for offer in offers[:REWARDS_MAX]
    ]
    return lint(program, rewards, usual_purchase(business))


def decisions_of(business: Business, facts: list[UUID]) -> dict[UUID, Decision]:
    """Return the decisions of facts."""
    return {
        decision.fact_id: decision
        for decision in Decision.objects.of(business).filter(fact__in=facts).select_related("version")
    }


def accounts_of(fact: Fact, decision: Decision, lines: Sequence[Line]) -> list[Account]:
    """Return what each rule of the version that decided a fact came to, the fact's lines given in their order."""
    return account_again(compiled(decision.version_id), decision.inputs, decision.outcomes, recorded_in(fact, lines))


def recorded_in(fact: Fact, lines: Sequence[Line]) -> Recorded:
    """Return what a fact says of itself to the program."""
    return Recorded(
        kind=fact.kind,
        day=fact.local_day,
        at=int(fact.occurred_at.timestamp()),
        event=fact.payload.get("name", ""),
        lines=[_bought(line) for line in lines],
    )


def _bought(line: Line) -> dict[str, str | int | None]:
    product = line.product
    return bought(
        sku=product.sku if product else "",
        category=product.category.code if product and product.category else "",
        net_minor=line.net_minor,
        quantity_milli=line.quantity_milli,
        discount_minor=line.discount_minor,
    )
