# SPDX-License-Identifier: Apache-2.0
"""Plain builders and a small cast for tests that go through the path: a shop, its clock, its customers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from regulars.customers.matching import CustomerRef
from regulars.flow.intake import Intake, Order, OrderLine, Receipt, Return, ReturnLine
from regulars.flow.receive import receive
from regulars.ledger.models import Account
from regulars.programs.actions import publish_program
from regulars.tenancy.actions import create_business
from regulars.tenancy.actors import SYSTEM
from regulars.tenancy.models import Business

NOON = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
EVER = datetime(2000, 1, 1, tzinfo=UTC)
ASHA = CustomerRef(phone="+919876543210", name="Asha")
RAVI = CustomerRef(phone="+919876543211", name="Ravi")
SPEND = {
    "id": "spend",
    "name": {"en": "1 point per rupee"},
    "gives": {"kind": "per_amount", "points": 1, "per_minor": 100},
}


def a_program(*rules: Mapping[str, Any], **over: Any) -> dict[str, Any]:
    """Return a program document: one point per rupee unless rules are given."""
    return {"rules": list(rules or (SPEND,)), **over}


def a_shop(program: Mapping[str, Any] | None = None, *, name: str = "Test Sweets", **over: Any) -> Business:
    """Create a shop in Pune with a program valid for ever."""
    business = create_business(name, **{"country": "IN", "now": NOON, **over})
    publish_program(business, program or a_program(), valid_from=EVER, actor=SYSTEM, now=NOON)
    return business


class Till:
    """A till with a clock of its own: every intake gets the next receipt number unless it has a name."""

    def __init__(self, business: Business, *, source: str = "till", now: datetime = NOON) -> None:
        self.business = business
        self.source = source
        self.now = now
        self._count = 0

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)

    def common(self, **over: Any) -> dict[str, Any]:
        """Return the fields that every intake has."""
        self._count += 1
        return {"source": self.source, "external_id": f"{self._count:04d}", "occurred_at": self.now, **over}

    def take(self, *intakes: Intake) -> list[Receipt]:
        """Receive intakes as one batch."""
        return receive(self.business, intakes, now=self.now)

    def give(self, kind: type, customer: CustomerRef | None = None, **fields: Any) -> Receipt:
        """Receive one intake of a kind."""
        return self.take(kind(**self.common(customer=customer), **fields))[0]

    def sell(self, customer: CustomerRef | None, *amounts: int, **over: Any) -> Receipt:
        """Sell one piece per amount, in minor units."""
        lines = over.pop("lines", None) or [
            OrderLine(f"SKU{place}", amount) for place, amount in enumerate(amounts, start=1)
        ]
        return self.take(Order(**self.common(customer=customer, **over.pop("common", {})), lines=lines, **over))[0]

    def take_back(self, order: str, lines: Sequence[ReturnLine] = (), **over: Any) -> Receipt:
        """Take goods of an order back: some lines, or everything."""
        return self.take(Return(**self.common(**over), order=order, lines=list(lines)))[0]


def points_of(business: Business, customer: Any, kind: str = "member") -> int:
    """Return what stands on a member's account."""
    return sum(Account.objects.of(business).filter(customer=customer, kind=kind).values_list("balance", flat=True))
