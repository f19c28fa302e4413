# SPDX-License-Identifier: Apache-2.0
"""The end of a business day: for each member with something due, one closing fact through the path."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from regulars.customers.matching import CustomerRef
from regulars.flow.intake import Closing, Receipt
from regulars.flow.receive import receive
from regulars.flow.watching import watch_members
from regulars.ledger.loading import due_for_closing
from regulars.programs.store import due_for_evaluation
from regulars.rewards.store import due_holders
from regulars.tenancy.models import Business

SOURCE = "closing"
_GROUP = 500


def close_day(business: Business, *, now: datetime) -> int:
    """Close the day of every member with something due and return how many there were.

    Per member, in the program's order: pending points, holds, rewards, tier, expiry, tier by the balance. A member is closed once per
    moment given, so running it again after a crash goes on where it stopped.
    """
    closed = 0
    while customers := _some_due(business, now):
        receipts = _close(business, customers, now)
        closed += len(receipts)
        if all(receipt.is_repeat or receipt.refusal for receipt in receipts):
            break
    for customers in watch_members(business, now=now):
        closed += sum(not (receipt.is_repeat or receipt.refusal) for receipt in _close(business, customers, now))
    return closed


def _close(business: Business, customers: Sequence[UUID], now: datetime) -> list[Receipt]:
    stamp = now.astimezone(ZoneInfo(business.timezone)).strftime("%Y-%m-%dT%H:%M")
    intakes = [
        Closing(source=SOURCE, external_id=f"{stamp}/{customer}", occurred_at=now, customer=CustomerRef(id=customer))
        for customer in customers
    ]
    return receive(business, intakes, now=now)


def _some_due(business: Business, now: datetime) -> list[UUID]:
    found = [
        *due_for_closing(business.pk, now=now, limit=_GROUP),
        *due_for_evaluation(business.pk, now=now, limit=_GROUP),
        *due_holders(business.pk, now=now, limit=_GROUP),
    ]
    return list(dict.fromkeys(found))[:_GROUP]
