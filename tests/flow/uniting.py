# SPDX-License-Identifier: Apache-2.0
"""How stories make two customers one, and part them, and what they look at."""

from uuid import UUID

from django.db.models import F

from regulars.customers.matching import CustomerRef
from regulars.flow.intake import Merge, Receipt, Unmerge
from regulars.flow.sealing import seal_commits
from regulars.flow.verifying import verify_books
from regulars.ledger.models import Lot
from regulars.outbox.models import Job
from regulars.tenancy.models import Business
from shop import ASHA, RAVI, Till


def refusal(receipt: Receipt) -> str:
    return receipt.refusal.code if receipt.refusal else ""


def merge(till: Till, merged: CustomerRef = RAVI, into: CustomerRef = ASHA) -> Receipt:
    return till.give(Merge, into, merged=merged)


def part(till: Till, merged: UUID) -> Receipt:
    return till.give(Unmerge, None, merged=merged)


def lots_of(customer: UUID) -> list[tuple[int, str]]:
    """Return what remains in a member's open lots, and the day on which each ends."""
    rows = Lot.objects.filter(account__customer=customer, remaining__gt=0).order_by(
        F("expires_at").asc(nulls_last=True), "pk"
    )
    return [(lot.remaining, lot.expires_at.date().isoformat() if lot.expires_at else "never") for lot in rows]


def is_right(business: Business) -> bool:
    found = verify_books(business.pk)
    assert found.difference == ""
    return found.is_right


def place_all(till: Till) -> None:
    """Give everything recorded so far its place and its link."""
    while job := Job.objects.filter(kind="seal").first():
        seal_commits(till.business.pk, [job.payload])
        job.delete()
