# SPDX-License-Identifier: Apache-2.0
"""Whether a purchase or return that is recorded already, with other contents as it seems, says the same all the same.

What came over the API, or was read by another mapping, was written otherwise; what it says is compared: kind, time, store,
lines and whose it is, with the latest revision.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from regulars.catalog.queries import find_products
from regulars.catalog.store import ProductInfo, ProductRef
from regulars.connectors.exporting import sales_of, sold_as
from regulars.customers.matching import clean_code
from regulars.customers.queries import recognise_customers
from regulars.facts.models import Fact, FactKind, Line
from regulars.facts.store import find_latest
from regulars.flow.earning import milli
from regulars.flow.intake import Order, Return
from regulars.kernel.errors import gettext_noop
from regulars.tenancy.models import Business

_Lines = Counter[tuple[UUID | str | None, int, int]]


def find_differences(
    business: Business, intakes: Sequence[Order | Return], *, new_key: Callable[[], UUID]
) -> list[list[str] | None]:
    """Say for each of some intakes, as message ids, in what it differs from what is recorded under its name; None for nothing there.

    Who is not named is no difference, nor is what came back of a purchase that was cancelled and is not named any more.
    """
    if not intakes:
        return []
    latest = find_latest(business.pk, [(one.source, one.external_id) for one in intakes])
    facts = Fact.objects.of(business).select_related("store").in_bulk([fact.key for fact in latest.values()])
    lines = _recorded_lines(business, list(facts.values()))
    codes = [ProductRef(line.sku, "", "") for one in intakes for line in one.lines]
    products = find_products(business, codes)
    whose = recognise_customers(business, [one.customer for one in intakes], new_key=new_key)
    found: list[list[str] | None] = []
    for one, who in zip(intakes, whose, strict=True):
        known = latest.get((one.source, one.external_id))
        if known is None:  # the one of its name that came before it was refused too
            found.append(None)
            continue
        fact = facts[known.key]
        is_theirs = one.customer is None or who.customer_id == known.customer
        is_same = _lines_of(one, products) in lines.get(fact.pk, ())
        found.append(list(_differences(one, fact, is_theirs=is_theirs, has_same_lines=is_same)))
    return found


def _differences(one: Order | Return, fact: Fact, *, is_theirs: bool, has_same_lines: bool) -> Iterator[str]:
    if fact.kind != _kind(one):
        yield gettext_noop("What is recorded is of another kind.")
        return
    if int(fact.occurred_at.timestamp()) != int(one.occurred_at.timestamp()):
        yield gettext_noop("The time is another.")
    if (fact.store.code if fact.store else "") != one.store:
        yield gettext_noop("The store is another.")
    if not has_same_lines:
        yield gettext_noop("The lines are others: products, quantities or amounts.")
    if not is_theirs:
        yield gettext_noop("The customer is another.")


def _kind(one: Order | Return) -> FactKind:
    return FactKind.ORDER if isinstance(one, Order) else FactKind.RETURN


def _lines_of(one: Order | Return, products: dict[str, ProductInfo]) -> _Lines:
    """Return the lines of an intake, each by its product, or by its code if that is not known."""
    counts: _Lines = Counter()
    for line in one.lines:
        code = clean_code(line.sku)
        product = products[code].id if code in products else code or None
        counts[product, milli(line.quantity), line.amount_minor or 0] += 1
    return counts


def _recorded_lines(business: Business, facts: Sequence[Fact]) -> dict[UUID, tuple[_Lines, _Lines]]:
    """Return the lines of facts as a file gives them: all, and those without what came back of a cancelled purchase."""
    returned = {fact.pk for fact in facts if fact.kind == FactKind.RETURN}
    sales = sales_of(business, facts)
    found: dict[UUID, tuple[_Lines, _Lines]] = {}
    rows = Line.objects.of(business).filter(fact__in=[fact.pk for fact in facts])
    for line in rows.select_related("original_line__fact"):
        numbers = line.quantity_milli, line.net_minor
        quantity, amount = map(abs, numbers) if line.fact_id in returned else numbers
        everything, standing = found.setdefault(line.fact_id, (Counter(), Counter()))
        everything[line.product_id, quantity, amount] += 1
        standing[line.product_id, quantity, amount] += (
            line.original_line is None or sold_as(line.original_line) in sales
        )
    return found
