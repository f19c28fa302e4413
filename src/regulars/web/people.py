# SPDX-License-Identifier: Apache-2.0
"""Customers as pages show them: a line of the list, the head of a record. Reads only, a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import phonenumbers
from django.db.models import Count, Max, Q, Sum
from django.utils.translation import gettext

from regulars.customers.models import Customer
from regulars.customers.queries import KnownIdentity, Profile
from regulars.facts.models import Fact, FactKind
from regulars.facts.queries import current_facts, with_claimed
from regulars.kernel.phone import mask_phone
from regulars.ledger.queries import Balance, balance_of, balances_of
from regulars.programs.definition import Ladder, Program
from regulars.programs.models import Membership
from regulars.programs.queries import StandingNow, standing_of
from regulars.programs.words import Words
from regulars.tenancy.access import StaffAccess
from regulars.tenancy.models import Business
from regulars.web.customer_order import CAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One line of the list of customers."""

    id: UUID
    name: str
    detail: str
    tier: str
    is_member: bool
    balance: int | None


def identity_text(identity: KnownIdentity, *, is_masked: bool) -> str:
    """Write an identity for the eye; masked it shows only what a customer can confirm."""
    if identity.kind == "phone":
        return mask_phone(identity.value) if is_masked else _spaced(identity.value)
    if identity.kind == "email" and is_masked:
        name, _, domain = identity.value.partition("@")
        return f"{name[:1]}•••@{domain}"
    if is_masked:
        return f"•••• {identity.value[-4:]}"
    return identity.value


def _spaced(number: str) -> str:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def name_of(profile: Profile) -> str:
    """Return what to call a customer: the name, or else how they are known."""
    if profile.name:
        return profile.name
    first = next(iter(profile.identities), None)
    return identity_text(first, is_masked=True) if first else gettext("Customer without a name")


def list_people(business: Business, profiles: Sequence[Profile], words: Words, *, now: datetime) -> list[Person]:
    """Return lines of the list with tier, balance and last visit: three queries for all of them."""
    keys = [profile.id for profile in profiles]
    tiers = dict(Membership.objects.of(business).filter(pk__in=keys).values_list("pk", "tier"))
    balances = balances_of(business, keys, unit_of(words.program))
    owners = {key: one.id for one in profiles for key in one.family}
    came = Fact.objects.of(business).filter(customer__in=list(owners), kind__in=CAME)
    last: dict[UUID, datetime] = {}
    for key, at in came.values_list("customer").annotate(last=Max("occurred_at")):
        last[owners[key]] = max(at, last.get(owners[key], at))
    return [
        Person(
            id=one.id,
            name=name_of(one),
            detail=_detail(one, last.get(one.id), words, now),
            tier=words.names.tiers.get(tiers.get(one.id, ""), ""),
            is_member=one.id in tiers,
            balance=balances.get(one.id, 0) if one.id in tiers else None,
        )
        for one in profiles
    ]


def _detail(profile: Profile, last_at: datetime | None, words: Words, now: datetime) -> str:
    contact = next((one for one in profile.identities if one.kind in {"phone", "email", "card"}), None)
    came = (
        gettext("last here: %(when)s") % {"when": words.near(last_at, now=now)} if last_at else gettext("not here yet")
    )
    return " · ".join(([identity_text(contact, is_masked=True)] if contact else []) + [came])


def unit_of(program: Program | None) -> str:
    """Return the code of what members collect."""
    return program.unit.code if program else "points"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """How far to the next tier: in words, and as a share of its threshold."""

    tier: str
    text: str
    value: int
    maximum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The head of a record: who it is, where they stand, what they have and have brought; `owned` finds the facts that are theirs."""

    profile: Profile
    owned: Q
    name: str
    identities: list[tuple[KnownIdentity, str]]
    standing: StandingNow | None
    tier: str
    ahead: Ahead | None
    balance: Balance | None
    purchases: int
    spent_minor: int
    last_at: datetime | None


def head_of(access: StaffAccess, profile: Profile, words: Words, *, now: datetime) -> Head:
    """Return the head of a record. Those who may not edit customers see their contacts masked."""
    business = access.business
    is_masked = not access.may("customers.edit")
    standing = standing_of(business, profile.id, words.program)
    owned = with_claimed(business, profile.family)
    bought = (
        current_facts(business)
        .filter(owned)
        .aggregate(
            purchases=Count("id", filter=Q(kind=FactKind.ORDER)),
            spent=Sum("total_minor", filter=Q(kind__in=[FactKind.ORDER, FactKind.RETURN, FactKind.CANCEL])),
            last=Max("occurred_at", filter=Q(kind__in=CAME)),
        )
    )
    return Head(
        profile=profile,
        owned=owned,
        name=name_of(profile),
        identities=[(one, identity_text(one, is_masked=is_masked)) for one in profile.identities],
        standing=standing,
        tier=words.names.tiers.get(standing.tier, "") if standing else "",
        ahead=_ahead(standing, words),
        balance=balance_of(business, profile.id, unit_of(words.program), now=now) if standing else None,
        purchases=bought["purchases"],
        spent_minor=bought["spent"] or 0,
        last_at=bought["last"],
    )


def _ahead(standing: StandingNow | None, words: Words) -> Ahead | None:
    ladder: Ladder | None = words.program.ladder if words.program else None
    if standing is None or ladder is None or standing.missing is None:
        return None
    level = next(one for one in ladder.levels if one.code == standing.next_tier)
    said = {"missing": words.progress(ladder, standing.missing), "tier": words.tier(level.code)}
    return Ahead(
        tier=words.tier(level.code),
        text=gettext("%(missing)s more for %(tier)s") % said,
        value=level.at_least - standing.missing,
        maximum=level.at_least,
    )


def count_customers(business: Business) -> tuple[int, int]:
    """Return how many customers there are, and how many of them are members."""
    customers = Customer.objects.of(business).filter(alias=None)
    counted = customers.aggregate(all=Count("pk"), members=Count("membership"))
    return counted["all"], counted["members"]
