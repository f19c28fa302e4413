# SPDX-License-Identifier: Apache-2.0
"""The list of customers in an order that was asked for, one page after another. A page goes on behind its last customer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import connection
from django.db.models import (
    CharField,
    DateTimeField,
    Expression,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce, Collate, Lower, NullIf
from django.utils.translation import gettext_lazy as _

from regulars.customers.models import Customer
from regulars.customers.queries import Page, bearing, profiles
from regulars.customers.searching import BadCursor
from regulars.facts.models import Fact, FactKind
from regulars.ledger.queries import own_account
from regulars.programs.models import Membership
from regulars.tenancy.models import Business

CAME = (FactKind.ORDER, FactKind.VISIT)
ORDERS = {
    "": _("Latest here"),
    "purchase": _("Last purchase"),
    "name": _("Name"),
    "points": _("Points"),
    "joined": _("Joined"),
}
_LAST = Value("\uffff")
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which customers: in which order, bearing a tag, behind the place where the page before ended; `unit` is what is collected."""

    order: str
    tag: str
    after: str
    unit: str


def ordered_customers(business: Business, wanted: Wanted, *, limit: int) -> Page:
    """Return a page of customers; names from A on, everything else from the latest or the most on. Raises BadCursor."""
    everybody: QuerySet[Customer] = Customer.objects.of(business).filter(alias=None)
    asked = bearing(everybody, wanted.tag) if wanted.tag else everybody
    rows = asked.annotate(account=own_account(business, wanted.unit)).annotate(place=_place(business, wanted))
    rises = wanted.order == "name"
    if wanted.after:
        value, key = _read(wanted)
        beyond = Q(place__gt=value) if rises else Q(place__lt=value)
        rows = rows.filter(beyond | Q(place=value, pk__lt=key))
    found = list(rows.order_by("place" if rises else "-place", "-pk").values_list("pk", "place")[: limit + 1])
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        customers=profiles(business, [key for key, _ in found[:limit]]),
        after=f"{last[0]}.{last[1].isoformat() if isinstance(last[1], datetime) else last[1]}" if last else None,
    )


def _place(business: Business, wanted: Wanted) -> Expression:
    came = Fact.objects.of(business).filter(customer=OuterRef("pk")).order_by("-occurred_at").values("occurred_at")
    joined = Membership.objects.of(business).filter(pk=OuterRef("pk")).values("enrolled_at")
    long_ago = Value(_LONG_AGO, output_field=DateTimeField())
    binary = "C" if connection.vendor == "postgresql" else "BINARY"
    places: Mapping[str, Expression] = {
        "": Coalesce(Subquery(came.filter(kind__in=CAME)[:1]), F("created_at")),
        "purchase": Coalesce(Subquery(came.filter(kind=FactKind.ORDER)[:1]), long_ago),
        "name": Collate(Coalesce(NullIf(Lower(F("name")), Value("")), _LAST, output_field=CharField()), binary),
        "points": Coalesce(F("account__balance"), Value(-1)),
        "joined": Coalesce(Subquery(joined[:1]), long_ago),
    }
    return places[wanted.order]


def _read(wanted: Wanted) -> tuple[object, UUID]:
    key, _, value = wanted.after.partition(".")
    try:
        place: object = value
        if wanted.order == "points":
            place = int(value)
        elif wanted.order != "name":
            place = datetime.fromisoformat(value)
        return place, UUID(key)
    except ValueError:
        raise BadCursor(value=wanted.after[:60]) from None
