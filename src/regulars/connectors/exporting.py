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
from regulars.connectors.orders import major_text, quantity_text
from regulars.connectors.people import SEPARATOR
from regulars.customers.models import Customer, Identity
from regulars.customers.queries import families_of
from regulars.customers.store import aliases_of
from regulars.facts.models import Attribution, Fact, FactKind, Line
from regulars.facts.queries import standing_orders
from regulars.tenancy.models import Business
from regulars.tenancy.scope import BusinessModel

CHUNK = 1_000
CUSTOMER_COLUMNS = (
    "id", "customer_id", "card", "phone", "email", "name", "language", "birthday", "tags", "created_at", "contacts",
)  # fmt: skip
ORDER_COLUMNS = (
    "source", "order", "time", "kind", "store", "returned_source", "returned_order", "customer_id", "card", "phone",
    "email", "name", "returned_line", "sku", "product", "category", "quantity", "amount", "discount", "currency",
)  # fmt: skip
_KINDS = {
    "customer_id": Identity.Kind.EXTERNAL,
    "card": Identity.Kind.CARD,
    "phone": Identity.Kind.PHONE,
    "email": Identity.Kind.EMAIL,
}

_Sales = dict[tuple[str, str], dict[int, tuple[UUID | None, int, int]]]
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
    """Return the identities of customers, those of whom was merged into them too."""
    owners = families_of(business, customers)
    found: dict[UUID, list[Identity]] = {}
    for identity in Identity.objects.of(business).filter(customer__in=list(owners)).order_by("pk"):
        found.setdefault(owners[identity.customer_id], []).append(identity)
    return found


def _joined(identities: Sequence[Identity], kind: str) -> str:
    return SEPARATOR.join(identity.value for identity in identities if identity.resolves and identity.kind == kind)


def export_customers(business: Business, out: TextIO) -> int:
    """Write every customer and return how many; who was merged stands in the line of who stayed.

    `customer_id`, `card`, `phone` and `email` hold what recognises the customer, `contacts` what recognises somebody else.
    """
    writer = csv.writer(out)
    writer.writerow(CUSTOMER_COLUMNS)
    count = 0
    for chunk in _in_chunks(Customer.objects.of(business).filter(alias=None)):
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

    Purchases stand as they were corrected last, before the returns that may name them; what was cancelled is left out,
    with what had come back of it. The customer is whose the fact is known to be now.
    """
    writer = csv.writer(out)
    writer.writerow(ORDER_COLUMNS)
    count = 0
    for facts in (standing_orders(business), Fact.objects.of(business).filter(kind=FactKind.RETURN)):
        for chunk in _in_chunks(facts.select_related("store")):
            customers, sales = _customer_cells(business, chunk), sales_of(business, chunk)
            for fact, lines in _with_lines(business, chunk, sales):
                writer.writerows(_rows(fact, customers[fact.pk], lines, sales))
                count += 1
    return count


def sales_of(business: Business, returns: Sequence[Fact]) -> _Sales:
    """Return the goods of the purchases that returns took from, as they stand now; a cancelled purchase has none."""
    sources = Line.objects.of(business).filter(fact__in=[fact.pk for fact in returns], original_line__isnull=False)
    names = set(sources.values_list("original_line__fact__external_id", flat=True))
    facts = standing_orders(business).filter(external_id__in=names).values("pk")
    sales: _Sales = {}
    for line in Line.objects.of(business).filter(fact__in=facts).select_related("fact"):
        sales.setdefault((line.fact.source, line.fact.external_id), {})[line.position] = _goods(line)
    return sales


def _goods(line: Line) -> tuple[UUID | None, int, int]:
    return line.product_id, line.quantity_milli, line.net_minor


def sold_as(original: Line) -> tuple[str, str]:
    """Return the source and number of the purchase that a line was sold on."""
    return original.fact.source, original.fact.external_id


def _with_lines(business: Business, facts: Sequence[Fact], sales: _Sales) -> Iterator[tuple[Fact, list[Line]]]:
    """Yield facts with their lines, without what came back of a cancelled purchase."""
    lines: dict[UUID, list[Line]] = {}
    rows = Line.objects.of(business).filter(fact__in=[fact.pk for fact in facts])
    for line in rows.select_related("product__category", "original_line__fact").order_by("fact_id", "position"):
        if line.original_line is None or sold_as(line.original_line) in sales:
            lines.setdefault(line.fact_id, []).append(line)
    return ((fact, lines[fact.pk]) for fact in facts if fact.pk in lines)


def _customer_cells(business: Business, facts: Sequence[Fact]) -> dict[UUID, list[str]]:
    owners = {fact.pk: fact.customer_id for fact in facts}
    later = Attribution.objects.of(business).filter(fact__in=list(owners)).order_by("at", "pk")
    owners.update(later.values_list("fact_id", "customer_id"))
    merged = aliases_of(business.pk, {owner for owner in owners.values() if owner})
    owners = {fact: merged.get(owner, owner) if owner else None for fact, owner in owners.items()}
    wanted = {owner for owner in owners.values() if owner}
    names = dict(Customer.objects.of(business).filter(pk__in=wanted).values_list("pk", "name"))
    identities = _identities_of(business, list(wanted))
    cells = {
        owner: [*(_joined(identities.get(owner, []), kind).split(SEPARATOR)[0] for kind in _KINDS.values()), name]
        for owner, name in names.items()
    }
    return {fact: cells[owner] if owner else [""] * (len(_KINDS) + 1) for fact, owner in owners.items()}


def _rows(fact: Fact, customer: Sequence[str], lines: Sequence[Line], sales: _Sales) -> Iterator[list[str]]:
    originals = [line.original_line for line in lines]
    is_named = fact.amends_id is not None and all(_is_as_sold(original, sales) for original in originals)
    sale = sold_as(originals[0]) if is_named and originals[0] else ("", "")
    store = fact.store.code if fact.store else ""
    head = [fact.source, fact.external_id, fact.occurred_at.isoformat(), fact.kind, store, *sale, *customer]
    for line, original in zip(lines, originals, strict=True):
        position = str(original.position) if is_named and original else ""
        yield [guarded(cell) for cell in (*head, position, *_line_cells(line, fact))]


def _is_as_sold(original: Line | None, sales: _Sales) -> bool:
    """Tell whether a later correction left the sold line as it was: only then its share is what was given back."""
    return original is not None and sales[sold_as(original)].get(original.position) == _goods(original)


def _line_cells(line: Line, fact: Fact) -> list[str]:
    sign = -1 if fact.kind == FactKind.RETURN else 1
    product = line.product
    category = product.category.code if product and product.category else ""
    return [
        product.sku if product else "", product.name if product else "", category,
        str(quantity_text(sign * line.quantity_milli)),
        major_text(sign * line.net_minor, fact.currency), major_text(line.discount_minor, fact.currency), fact.currency,
    ]  # fmt: skip
