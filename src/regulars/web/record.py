# SPDX-License-Identifier: Apache-2.0
"""The record: what is between us and one customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django import forms
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from regulars.customers.models import Alias
from regulars.customers.queries import Profile, profile, profiles
from regulars.flow.entitling import code_of
from regulars.kernel.clock import last_day
from regulars.programs.explain import text_in
from regulars.programs.words import Words
from regulars.rewards.models import Entitlement, Offer
from regulars.ui.shell import Choice
from regulars.web.customers import words_of
from regulars.web.door import StaffRequest, staff_page
from regulars.web.once import new_once
from regulars.web.people import Head, head_of, name_of
from regulars.web.record_forms import record_forms
from regulars.web.story import read_cursor, read_statement, read_story

OPEN = (Entitlement.State.ISSUED, Entitlement.State.RESERVED)
PAST_SHOWN = 5
OFFERS_SHOWN = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldReward:
    """A reward that somebody has."""

    id: UUID
    name: str
    code: str
    through: date
    is_reserved: bool
    once: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferChoice:
    """A reward of the catalogue, as this member sees it."""

    code: str
    name: str
    price: str
    reason: str
    once: str


@staff_page("customers.view")
def show(request: StaffRequest, customer: UUID) -> HttpResponse:
    """Show a record."""
    return show_record(request, customer, {})


def show_record(request: StaffRequest, customer: UUID, bound: Mapping[str, forms.Form]) -> HttpResponse:
    """Show a record, with forms that need correcting in the place of the empty ones."""
    known = profile(request.business, customer)
    if known.merged_into is not None:
        return _show_merged(request, known, known.merged_into)
    words = words_of(request)
    head = head_of(request.access, known, words, now=request.now)
    view = request.GET.get("view", "")
    context = {
        "head": head,
        "lead": _lead(head, words, request),
        "customer": customer,
        "unit": words.unit or None,
        "view": view,
        "tabs": _tabs(customer, view),
        "once": new_once(request.now),
        "has_program": words.program is not None,
        "merged": _merged(request, known),
        **_past(request, head, words, view),
        **_rewards(request, head, words),
        **record_forms(request),
        **bound,
    }
    return render(request, "web/record.html", context, status=422 if bound else 200)


def _show_merged(request: StaffRequest, known: Profile, survivor: UUID) -> HttpResponse:
    """Say of somebody who was merged where to find them."""
    context = {
        "customer": known.id,
        "name": name_of(known),
        "survivor": survivor,
        "survivor_name": name_of(profile(request.business, survivor)),
    }
    return render(request, "web/record_merged.html", context)


def _merged(request: StaffRequest, known: Profile) -> list[tuple[Alias, str]]:
    """Return who was merged into a customer, each with the name they had."""
    if not known.merged:
        return []
    rows = Alias.objects.of(request.business).filter(survivor=known.id).order_by("merged_at", "pk")
    merged = {one.pk: one for one in rows}
    return [(merged[one.id], name_of(one)) for one in profiles(request.business, list(merged))]


def _lead(head: Head, words: Words, request: StaffRequest) -> str:
    parts = []
    if head.standing is None:
        parts.append(gettext("Not a member yet"))
    elif head.tier:
        parts.append(head.tier)
    if head.ahead:
        parts.append(head.ahead.text)
    if head.last_at:
        parts.append(gettext("last here: %(when)s") % {"when": words.near(head.last_at, now=request.now)})
    return " · ".join(parts)


def _tabs(customer: UUID, view: str) -> list[Choice]:
    here = reverse("customer", args=[customer])
    return [
        Choice(label=gettext("What happened"), url=here, is_current=view != "points"),
        Choice(label=gettext("Points, and why"), url=f"{here}?view=points", is_current=view == "points"),
    ]


def _past(request: StaffRequest, head: Head, words: Words, view: str) -> dict[str, object]:
    here, before = reverse("customer", args=[head.profile.id]), request.GET.get("before", "")
    if view == "points":
        bookings, last = read_statement(request.business, head.profile.id, words, before=_key(before))
        return {
            "bookings": bookings,
            "next_url": f"{here}?view=points&before={last}" if last else "",
            "first_url": here if before else "",
        }
    happenings, cursor = read_story(request.business, head.owned, words, before=read_cursor(before))
    following = f"{here}?before={str(cursor).replace('+', '%2B')}" if cursor else ""
    return {"happenings": happenings, "next_url": following, "first_url": here if before else ""}


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _rewards(request: StaffRequest, head: Head, words: Words) -> dict[str, object]:
    rows = Entitlement.objects.of(request.business).filter(holder__in=head.profile.family).select_related("offer")
    is_open = Q(state__in=OPEN, expires_at__gt=request.now)
    held = [_held(row, request, words) for row in rows.filter(is_open).order_by("expires_at")]
    past = rows.exclude(is_open).order_by("-id")[:PAST_SHOWN]
    return {
        "held": held,
        "past_rewards": [
            (text_in(row.offer.name, words.language), _outcome(row, request.now), row.resolved_at) for row in past
        ],
        "offers": _offers(request, head, words) if head.standing else [],
    }


def _outcome(row: Entitlement, now: datetime) -> str:
    if row.state in OPEN and row.expires_at <= now:
        return str(Entitlement.State.EXPIRED.label)
    return str(Entitlement.State(row.state).label)


def _held(row: Entitlement, request: StaffRequest, words: Words) -> HeldReward:
    return HeldReward(
        id=row.pk,
        name=text_in(row.offer.name, words.language),
        code=code_of(row.pk),
        through=last_day(row.expires_at, words.zone),
        is_reserved=row.state == Entitlement.State.RESERVED,
        once=new_once(request.now),
    )


def _offers(request: StaffRequest, head: Head, words: Words) -> Sequence[OfferChoice]:
    rows = Offer.objects.of(request.business).filter(is_active=True).order_by("price", "code")[:OFFERS_SHOWN]
    had = _had(request, head)
    return [
        OfferChoice(
            code=offer.code,
            name=text_in(offer.name, words.language),
            price=words.points(offer.price),
            reason=_why_not(offer, head, words, had=had.get(offer.pk, 0)),
            once=new_once(request.now),
        )
        for offer in rows
    ]


def _had(request: StaffRequest, head: Head) -> dict[UUID, int]:
    """Count how often a member took each reward of which one member can have so many, and kept it."""
    owned = Entitlement.objects.of(request.business).filter(holder__in=head.profile.family)
    taken = owned.filter(offer__per_member_max__isnull=False)
    kept = taken.exclude(state=Entitlement.State.CANCELLED)
    return dict(kept.order_by().values_list("offer").annotate(count=Count("pk")))


def _why_not(offer: Offer, head: Head, words: Words, *, had: int) -> str:
    """Say why a member cannot have an offer now; the path decides again when it is taken."""
    assert head.standing is not None
    assert head.balance is not None
    if offer.tiers and head.standing.tier not in offer.tiers:
        return gettext("for %(tiers)s") % {"tiers": ", ".join(words.tier(code) for code in offer.tiers)}
    if offer.stock is not None and offer.taken >= offer.stock:
        return gettext("all taken")
    if offer.per_member_max is not None and had >= offer.per_member_max:
        text = ngettext("one for each member, and taken", "%(max)s for each member, and taken", offer.per_member_max)
        return text % {"max": words.number(offer.per_member_max)}
    if head.balance.available < offer.price:
        missing = offer.price - head.balance.available + head.balance.owed
        return gettext("%(points)s more") % {"points": words.points(missing)}
    return ""
