# SPDX-License-Identifier: Apache-2.0
"""The kinds of events that webhooks and the feed speak of, and an event with its place. The kinds are stable and
documented.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from regulars.kernel.errors import gettext_noop

EVENT_TYPES: dict[str, str] = {
    "order.recorded": gettext_noop("A purchase was recorded."),
    "return.recorded": gettext_noop("Goods came back."),
    "visit.recorded": gettext_noop("A customer came by."),
    "event.recorded": gettext_noop("Something of the shop's own happened with a customer."),
    "receipt.added": gettext_noop("A member added the receipt of a purchase that named nobody."),
    "member.enrolled": gettext_noop("A customer joined the program."),
    "points.held": gettext_noop("Points were set aside for a purchase under way."),
    "hold.settled": gettext_noop("Points set aside were spent."),
    "hold.voided": gettext_noop("Points set aside were given back."),
    "reward.taken": gettext_noop("A member took a reward."),
    "reward.used": gettext_noop("A reward was used."),
    "fact.cancelled": gettext_noop("Something recorded was cancelled, and what followed from it was reversed."),
    "points.adjusted": gettext_noop("Staff corrected a balance."),
    "points.transferred": gettext_noop("Points moved from one member to another."),
    "points.activated": gettext_noop("Pending points became usable."),
    "points.expired": gettext_noop("Points ran out of time."),
    "tier.changed": gettext_noop("A member reached or left a level."),
    "customer.changed": gettext_noop("A customer's record was made or changed."),
    "customer.merged": gettext_noop("Two customers became one."),
    "customer.unmerged": gettext_noop("A merge of two customers was undone."),
    "program.published": gettext_noop("A new version of the program is in force."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEvent:
    """An event with its place: `position` counts within the business, `customer_sequence` within the customer, both
    from 1.
    """

    id: UUID
    kind: str
    customer_id: UUID | None
    payload: dict[str, Any]
    recorded_at: datetime
    position: int
    customer_sequence: int | None
