# SPDX-License-Identifier: Apache-2.0
"""Reads of facts that span relations."""

from collections.abc import Sequence
from statistics import median_low
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from regulars.facts.models import Attribution, Fact, FactKind
from regulars.tenancy.models import Business
from regulars.tenancy.scope import BusinessQuerySet

USUAL_OF = 200
CLAIMED_MAX = 1_000
SOURCES_MAX = 100


def current_facts(business: Business) -> BusinessQuerySet[Fact]:
    """Return the facts of a business without the purchases that a later revision corrected."""
    later = Fact.objects.filter(amends=OuterRef("pk"), kind=FactKind.ORDER)
    return Fact.objects.of(business).exclude(Q(kind=FactKind.ORDER) & Exists(later))


def with_claimed(business: Business, family: Sequence[UUID]) -> Q:
    """Return what holds for the facts of a customer and of those merged into them, those included that they claimed later."""
    claimed = Attribution.objects.of(business).filter(customer__in=family).order_by("-id")
    return Q(customer__in=family) | Q(pk__in=list(claimed.values_list("fact", flat=True)[:CLAIMED_MAX]))


def find_receipts(business: Business, number: str, source: str = "") -> list[Fact]:
    """Return the purchases with a number, of one source or of all, each in its latest revision."""
    sources = [source] if source else _sources(business)
    rows = Fact.objects.of(business).filter(source__in=sources, external_id=number, kind=FactKind.ORDER)
    return list({fact.source: fact for fact in rows.order_by("source", "revision")}.values())


def find_numbered(business: Business, numbers: Sequence[str]) -> list[Fact]:
    """Return every revision of the purchases that have one of a few numbers, whatever their source."""
    sources = _sources(business)
    return list(Fact.objects.of(business).filter(source__in=sources, external_id__in=numbers, kind=FactKind.ORDER))


def _sources(business: Business) -> list[str]:
    """Return the sources of facts, at most SOURCES_MAX: each is found by the index, from the one before."""
    found: list[str] = []
    rows = Fact.objects.of(business).order_by("source").values_list("source", flat=True)
    while len(found) < SOURCES_MAX and (following := rows.filter(source__gt=found[-1] if found else "").first()):
        found.append(following)
    return found


def standing_orders(business: Business) -> BusinessQuerySet[Fact]:
    """Return the purchases of a business as they were corrected last, without the cancelled ones."""
    cancelled = Fact.objects.filter(amends=OuterRef("pk"), kind=FactKind.CANCEL)
    return current_facts(business).filter(kind=FactKind.ORDER).exclude(Exists(cancelled))


def usual_purchase(business: Business) -> int | None:
    """Return the amount in the middle of the purchases recorded last, each as corrected, at most USUAL_OF; None before the first."""
    rows = current_facts(business).filter(kind=FactKind.ORDER, total_minor__gt=0).order_by("-id")
    totals = list(rows.values_list("total_minor", flat=True)[:USUAL_OF])
    return median_low(totals) if totals else None
