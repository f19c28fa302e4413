# SPDX-License-Identifier: Apache-2.0
"""What staff and other programs do through the path that is kept in the audit log too."""

from datetime import datetime
from functools import partial

from regulars.customers.models import Customer
from regulars.database.transactions import run_durably
from regulars.flow.intake import Merge, Receipt, Unmerge
from regulars.flow.receive import receive
from regulars.tenancy import audit
from regulars.tenancy.actors import Actor
from regulars.tenancy.models import Business


def unite_or_part(
    business: Business, intake: Merge | Unmerge, *, actor: Actor, now: datetime, digest: bytes | None = None
) -> Receipt:
    """Merge two customers or undo a merge, with its line in the audit log, in one transaction; a repeat gets the first receipt."""
    return run_durably(partial(_receive_one, business, intake, actor=actor, now=now, digest=digest))


def _receive_one(
    business: Business, intake: Merge | Unmerge, *, actor: Actor, now: datetime, digest: bytes | None
) -> Receipt:
    (receipt,) = receive(business, [intake], now=now, digests=[digest])
    if receipt.refusal is None and not receipt.is_repeat:
        merged = Customer.objects.of(business).get(pk=str(receipt.detail["merged"]))
        apart, one = {"merged_into": None}, {"merged_into": receipt.customer}
        points = {"points": receipt.detail.get("points_moved", 0)}
        if isinstance(intake, Merge):
            audit.record(actor, "customers.merged", merged, now=now, before=apart, after={**one, **points})
        else:
            audit.record(actor, "customers.unmerged", merged, now=now, before=one, after={**apart, **points})
    return receipt
