# SPDX-License-Identifier: Apache-2.0
"""The people and shops of these tests, and plain builders for them."""

from datetime import UTC, datetime
from uuid import UUID

from regulars.customers.actions import create_customer, save_matching
from regulars.customers.importing import CustomerRow
from regulars.customers.matching import CustomerRef, Resolved
from regulars.customers.models import Customer
from regulars.customers.queries import match_customers
from regulars.kernel.ids import new_key
from regulars.tenancy.actors import Actor, ActorKind
from regulars.tenancy.models import Business

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
MEERA = Actor(ActorKind.USER, UUID(int=7), "Meera at the counter")


def a_shop(name: str = "Chai and Co", country: str = "IN") -> Business:
    """Open a shop."""
    languages = ["en", "hi"]
    return Business.objects.create(
        name=name, country=country, currency="INR", timezone="Asia/Kolkata", languages=languages, created_at=NOW
    )


def resolve(shop: Business, *references: CustomerRef | None) -> list[Resolved]:
    """Resolve references as one batch."""
    matching = match_customers(shop, references, new_key=new_key)
    save_matching(shop, matching, now=NOW, new_key=new_key)
    return matching.resolved


def a_customer(shop: Business, *identities: tuple[str, str], **profile) -> Customer:
    """Make a customer by hand."""
    return create_customer(shop, CustomerRow(identities, **profile), actor=MEERA, now=NOW)


def held_by(customer: Customer | UUID) -> list[tuple[str, str, bool]]:
    """List what a customer is known by: kind, value, whether it resolves."""
    key = customer.pk if isinstance(customer, Customer) else customer
    return list(
        Customer.objects.get(pk=key).identities.order_by("kind", "value").values_list("kind", "value", "resolves")
    )
