# SPDX-License-Identifier: Apache-2.0
"""The only writers of products and categories."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction
from msgspec import Struct

from regulars.catalog import store
from regulars.catalog.models import SKU_MAX, Product
from regulars.catalog.store import NewProduct, clean_code, seen_products
from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.kernel.rows import RowFate, RowOutcome
from regulars.kernel.text import clean
from regulars.tenancy.models import Business

_CHUNK: Final = 500


class BadSku(RegularsError):
    """A product without a usable code."""

    code = "bad_sku"
    status = 422
    text = gettext_noop(
        "The product code “%(value)s” is blank or longer than %(limit)s characters. Use the till's code."
    )


class ProductRow(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A product as a file names it; what is blank or None leaves a known product as it is."""

    sku: str
    name: str = ""
    category: str = ""
    earns_points: bool | None = None


def save_products(
    business: Business, products: Mapping[str, NewProduct], *, now: datetime, new_key: Callable[[], UUID]
) -> None:
    """Make products known that `queries.match_products` has met for the first time, given by their codes.

    At most three statements, in the caller's transaction. A race for a code raises IntegrityError, and that starts over.
    """
    if not products:
        return
    categories = make_categories(business.pk, (new.info.category_code for new in products.values()), new_key=new_key)
    rows = []
    for code, (info, name) in products.items():
        category = categories.get(info.category_code)
        rows.append((info.id, business.pk, code, name, category, info.earns_points, now))
    store.insert_products(rows)
    seen_products.keep_on_commit(business.pk, {code: new.info for code, new in products.items()})


def make_categories(business_id: UUID, codes: Iterable[str], *, new_key: Callable[[], UUID]) -> dict[str, UUID]:
    """Return the keys of categories by code, making unknown ones, named by their code; blank codes are left out."""
    wanted = sorted({code for code in codes if code})
    found = store.known_categories(business_id, wanted)
    made = {code: new_key() for code in wanted if code not in found}
    store.insert_categories([(key, business_id, code, code) for code, key in made.items()])
    return found | made


def import_products(
    business: Business, rows: Sequence[ProductRow], *, now: datetime, new_key: Callable[[], UUID]
) -> list[RowOutcome]:
    """Create or update the products that rows name; the outcomes stand in the order of the rows, refusals among them.

    Joins the caller's transaction; at most five statements for every 500 rows.
    """
    outcomes: list[RowOutcome] = []
    for start in range(0, len(rows), _CHUNK):
        outcomes += _import_chunk(business, rows[start : start + _CHUNK], now=now, new_key=new_key)
    _forget_seen(business.pk)
    return outcomes


def _import_chunk(
    business: Business, rows: Sequence[ProductRow], *, now: datetime, new_key: Callable[[], UUID]
) -> list[RowOutcome]:
    codes = [clean(row.sku, SKU_MAX + 1) for row in rows]
    categories = make_categories(business.pk, (clean_code(row.category) for row in rows), new_key=new_key)
    stored = Product.objects.of(business).filter(sku__in=codes).order_by("id").select_for_update()
    products = {product.sku: product for product in stored}
    known = frozenset(products)
    changed: dict[str, Product] = {}
    outcomes = []
    for code, row in zip(codes, rows, strict=True):
        if not code or len(code) > SKU_MAX:
            outcomes.append(RowOutcome(RowFate.REFUSED, error=BadSku(value=code, limit=SKU_MAX)))
            continue
        kind = RowFate.UNCHANGED
        if code not in products:
            products[code] = Product(id=new_key(), business=business, sku=code, name=code, created_at=now)
            kind = RowFate.CREATED
        if _take_over(products[code], row, categories.get(clean_code(row.category))) or code not in known:
            changed[code] = products[code]
            kind = RowFate.CREATED if kind is RowFate.CREATED else RowFate.UPDATED
        outcomes.append(RowOutcome(kind, products[code].pk))
    _save_products(changed, known)
    return outcomes


def _take_over(product: Product, row: ProductRow, category_id: UUID | None) -> bool:
    """Lay a row over a product and tell whether anything is different now."""
    before = (product.name, product.category_id, product.earns_points)
    product.name = clean(row.name) or product.name
    product.category_id = category_id or product.category_id
    product.earns_points = product.earns_points if row.earns_points is None else row.earns_points
    return before != (product.name, product.category_id, product.earns_points)


def _save_products(changed: Mapping[str, Product], known: frozenset[str]) -> None:
    Product.objects.bulk_create([product for code, product in changed.items() if code not in known])
    Product.objects.bulk_update(
        [product for code, product in changed.items() if code in known],
        ["name", "category", "earns_points"],
    )


def _forget_seen(business_id: UUID) -> None:
    """Forget now, for the rest of this transaction, and once more when others can read the change."""
    seen_products.forget(business_id)
    transaction.on_commit(partial(seen_products.forget, business_id))
