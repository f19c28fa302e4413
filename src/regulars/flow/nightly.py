# SPDX-License-Identifier: Apache-2.0
"""The end of a business day: for each member with something due, one closing fact through the path."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from uuid import UUID
from zoneinfo import ZoneInfo

from regulars.customers.matching import CustomerRef
from regulars.customers.store import aliases_of
from regulars.flow.intake import Closing, Receipt
from regulars.flow.receive import receive
from regulars.flow.watching import watch_members
from regulars.ledger.loading import due_for_closing
from regulars.programs.queries import current_program
from regulars.programs.store import due_for_evaluation
from regulars.rewards.store import due_holders
from regulars.tenancy.models import Business

SOURCE = "closing"
PAGE = 2_000


def close_day(business: Business, *, now: datetime) -> int:
    """Close the day of every member with something due and return how many there were.

    Per member, in the program's order: pending points, holds, rewards, tier, expiry, tier by the balance. A member is closed once per
    moment given, also one into whom others were merged, so running it again after a crash goes on where it stopped. Whom nothing
    can close is passed over until the next night.
    """
    found = chain(_due_members(business, now), watch_members(business, now=now))
    receipts = chain.from_iterable(_close(business, customers, now) for customers in found)
    return sum(not (receipt.is_repeat or receipt.refusal) for receipt in receipts)


def _close(business: Business, customers: Sequence[UUID], now: datetime) -> list[Receipt]:
    stamp = now.astimezone(ZoneInfo(business.timezone)).strftime("%Y-%m-%dT%H:%M")
    intakes = [
        Closing(source=SOURCE, external_id=f"{stamp}/{customer}", occurred_at=now, customer=CustomerRef(id=customer))
        for customer in customers
    ]
    return receive(business, intakes, now=now)


def _due_members(business: Business, now: datetime) -> Iterator[list[UUID]]:
    """Go once through all with something due by a date, in the order of their keys, some at a time; who was merged is the survivor."""
    program = current_program(business, now)
    has_ladder = program is not None and program.ladder is not None
    after = UUID(int=0)
    while due := sorted(
        {
            *due_for_closing(business.pk, now=now, after=after, limit=PAGE),
            *due_for_evaluation(business.pk, now=now, after=after, limit=PAGE, has_ladder=has_ladder),
            *due_holders(business.pk, now=now, after=after, limit=PAGE),
        }
    )[:PAGE]:
        after = due[-1]
        aliases = aliases_of(business.pk, due)
        yield list(dict.fromkeys(aliases.get(key, key) for key in due))
