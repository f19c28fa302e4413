# SPDX-License-Identifier: Apache-2.0
"""Reads of facts that span relations."""

from statistics import median_low

from django.db.models import Exists, OuterRef, Q

from regulars.facts.models import Fact, FactKind
from regulars.tenancy.models import Business
from regulars.tenancy.scope import BusinessQuerySet

USUAL_OF = 200


def current_facts(business: Business) -> BusinessQuerySet[Fact]:
    """Return the facts of a business without the purchases that a later revision corrected."""
    later = Fact.objects.filter(amends=OuterRef("pk"), kind=FactKind.ORDER)
    return Fact.objects.of(business).exclude(Q(kind=FactKind.ORDER) & Exists(later))


def standing_orders(business: Business) -> BusinessQuerySet[Fact]:
    """Return the purchases of a business as they were corrected last, without the cancelled ones."""
    cancelled = Fact.objects.filter(amends=OuterRef("pk"), kind=FactKind.CANCEL)
    return current_facts(business).filter(kind=FactKind.ORDER).exclude(Exists(cancelled))


def usual_purchase(business: Business) -> int | None:
    """Return the amount in the middle of the purchases recorded last, each as corrected, at most USUAL_OF; None before the first."""
    rows = current_facts(business).filter(kind=FactKind.ORDER, total_minor__gt=0).order_by("-id")
    totals = list(rows.values_list("total_minor", flat=True)[:USUAL_OF])
    return median_low(totals) if totals else None
