# SPDX-License-Identifier: Apache-2.0
"""Reads of facts that span relations."""

from django.db.models import Exists, OuterRef, Q

from regulars.facts.models import Fact, FactKind
from regulars.tenancy.models import Business
from regulars.tenancy.scope import BusinessQuerySet


def current_facts(business: Business) -> BusinessQuerySet[Fact]:
    """Return the facts of a business without the purchases that a later revision corrected."""
    later = Fact.objects.filter(amends=OuterRef("pk"), kind=FactKind.ORDER)
    return Fact.objects.of(business).exclude(Q(kind=FactKind.ORDER) & Exists(later))
