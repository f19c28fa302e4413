# SPDX-License-Identifier: Apache-2.0
"""Everything out again as CSV, streamed: the owner's own data, in columns that the presets `generic_*` read back.

Cells that a spreadsheet would calculate get an apostrophe before them; reading takes it off again.
"""

import csv
from collections.abc import Iterator, Sequence
from typing import TextIO, TypeVar
from uuid import UUID

from django.db.models import QuerySet

from regulars.connectors.errorfile import guarded
from regulars.connectors.orders import quantity_text
from regulars.connectors.people import SEPARATOR
from regulars.customers.models import Customer, Identity
from regulars.facts.models import Attribution, Fact, FactKind, Line
from regulars.facts.queries import current_facts
from regulars.kernel.money import exponent
from regulars.tenancy.models import Business
from regulars.tenancy.scope import BusinessModel

CHUNK = 1_000
CUSTOMER_COLUMNS = (
    "id", "customer_id", "card", "phone", "email", "name", "language", "birthday", "tags", "created_at", "contacts",
)  # fmt: skip
ORDER_COLUMNS = (
    "source", "order", "time", "kind", "store", "customer_id", "phone", "email", "name", "sku", "product", "category",
    "quantity", "amount", "discount", "currency",
)  # fmt: skip
_KINDS = {
    "customer_id": Identity.Kind.EXTERNAL,
    "card": Identity.Kind.CARD,
    "phone": Identity.Kind.PHONE,
    "email": Identity.Kind.EMAIL,
}

_Row = TypeVar("_Row", bound=BusinessModel)


def _in_chunks(rows: QuerySet[_Row]) -> Iterator[list[_Row]]:
    """Yield rows in the order of their keys, a thousand at a time, without a long transaction."""
    last: UUID | None = None
    while True:
        page = rows if last is None else rows.filter(pk__gt=last)
        chunk = list(page.order_by("pk")[:CHUNK])
        if not chunk:
            return
        yield chunk
        last = chunk[-1].pk


def _identities_of(business: Business, customers: Sequence[UUID]) -> dict[UUID, list[Identity]]:
    found: dict[UUID, list[Identity]] = {}
    for identity in Identity.objects.of(business).filter(customer__in=customers).order_by("pk"):
        found.setdefault(identity.customer_id, []).append(identity)
    return found


def _joined(identities: Sequence[Identity], kind: str) -> str:
    return SEPARATOR.join(identity.value for identity in identities if identity.resolves and identity.kind == kind)


def export_customers(business: Business, out: TextIO) -> int:
    """Write every customer and return how many.

    `customer_id`, `card`, `phone` and `email` hold what recognises the customer, `contacts` what recognises somebody else.
    """
    writer = csv.writer(out)
    writer.writerow(CUSTOMER_COLUMNS)
    count = 0
    for chunk in _in_chunks(Customer.objects.of(business)):
        identities = _identities_of(business, [customer.pk for customer in chunk])
        for customer in chunk:
            known = identities.get(customer.pk, [])
            contacts = SEPARATOR.join(identity.value for identity in known if not identity.resolves)
            cells = [
                str(customer.pk), *[_joined(known, kind) for kind in _KINDS.values()], customer.name, customer.language,
                customer.birthday.isoformat() if customer.birthday else "", _tag_list(customer.tags),
                customer.created_at.isoformat(), contacts,
            ]  # fmt: skip
            writer.writerow([guarded(cell) for cell in cells])
        count += len(chunk)
    return count


def _tag_list(tags: Sequence[str]) -> str:
    quoted = [tag.replace('"', '""') for tag in tags]
    return ", ".join(f'"{tag}"' if "," in tag or '"' in tag else tag for tag in quoted)


def export_orders(business: Business, out: TextIO) -> int:
    """Write every line of every purchase and return, the amounts in major units, and return how many facts they were.

    The customer is whose the fact is known to be now.
    """
    writer = csv.writer(out)
    writer.writerow(ORDER_COLUMNS)
    count = 0
    sold = [FactKind.ORDER, FactKind.RETURN]
    facts = current_facts(business).filter(kind__in=sold).select_related("store")
    for chunk in _in_chunks(facts):
        for fact, customer, lines in _with_lines(business, chunk):
            head = [
                fact.source,
                fact.external_id,
                fact.occurred_at.isoformat(),
                fact.kind,
                fact.store.code if fact.store else "",
            ]
            for line in lines:
                writer.writerow([guarded(cell) for cell in [*head, *customer, *_line_cells(line, fact)]])
        count += len(chunk)
    return count


def _with_lines(business: Business, facts: Sequence[Fact]) -> Iterator[tuple[Fact, list[str], list[Line]]]:
    keys = [fact.pk for fact in facts]
    lines: dict[UUID, list[Line]] = {}
    rows = Line.objects.of(business).filter(fact__in=keys).select_related("product__category")
    for line in rows.order_by("fact_id", "position"):
        lines.setdefault(line.fact_id, []).append(line)
    owners = {fact.pk: fact.customer_id for fact in facts}
    later = Attribution.objects.of(business).filter(fact__in=keys).order_by("at", "pk")
    owners.update(later.values_list("fact_id", "customer_id"))
    wanted = {owner for owner in owners.values() if owner}
    names = dict(Customer.objects.of(business).filter(pk__in=wanted).values_list("pk", "name"))
    identities = _identities_of(business, list(wanted))
    for fact in facts:
        owner = owners[fact.pk]
        known = identities.get(owner, []) if owner else []
        cells = [_joined(known, _KINDS[column]).split(SEPARATOR)[0] for column in ("customer_id", "phone", "email")]
        yield fact, [*cells, names.get(owner, "") if owner else ""], lines.get(fact.pk, [])


def _line_cells(line: Line, fact: Fact) -> list[str]:
    sign = -1 if fact.kind == FactKind.RETURN else 1
    product = line.product
    category = product.category.code if product and product.category else ""
    return [
        product.sku if product else "", product.name if product else "", category,
        str(quantity_text(sign * line.quantity_milli)),
        major_text(sign * line.net_minor, fact.currency), major_text(line.discount_minor, fact.currency), fact.currency,
    ]  # fmt: skip


def major_text(minor: int, currency: str) -> str:
    """Return minor units as a plain decimal of major units: 123450 of INR as 1234.50."""
    places = exponent(currency)
    sign, digits = "-" if minor < 0 else "", str(abs(minor)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"
