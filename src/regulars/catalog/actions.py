# SPDX-License-Identifier: Apache-2.0
"""The only writers of products and categories."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from django.db import transaction
from msgspec import UNSET, Meta, Struct, UnsetType

from regulars.catalog import store
from regulars.catalog.models import SKU_MAX, Category, Product
from regulars.catalog.store import ProductInfo, seen_products
from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.kernel.ids import new_key as make_key
from regulars.kernel.text import NAME_MAX, clean, search_text
from regulars.tenancy import audit
from regulars.tenancy.actors import Actor
from regulars.tenancy.models import Business

_CHUNK: Final = 500


class UnknownProduct(RegularsError):
    """No product of this business has this key."""

    code = "unknown_product"
    status = 404
    text = gettext_noop("There is no product %(product)s in this business. Look it up by its code.")


class BadSku(RegularsError):
    """A product without a usable code."""

    code = "bad_sku"
    status = 422
    text = gettext_noop(
        "The product code “%(value)s” is blank or longer than %(limit)s characters. Use the till's code."
    )


class ProductRef(Struct, frozen=True):
    """A product as a line names it: name and category only matter where the code is new."""

    sku: Annotated[str, Meta(max_length=SKU_MAX)]
    name: Annotated[str, Meta(max_length=NAME_MAX)] = ""
    category: Annotated[str, Meta(max_length=SKU_MAX)] = ""


class ProductRow(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A product as a file names it; what is blank or None leaves a known product as it is."""

    sku: str
    name: str = ""
    category: str = ""
    earns_points: bool | None = None


class ProductChange(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to change of a product; what is left out stays. A category goes by its code, an empty one takes it away."""

    name: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    earns_points: bool | UnsetType = UNSET


class OutcomeKind(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class Outcome(Struct, frozen=True):
    """What became of a row, which product it was, and why it was refused."""

    kind: OutcomeKind
    product_id: UUID | None = None
    error: RegularsError | None = None


def clean_code(text: str) -> str:
    """Return a product or category code without outer blanks and invisible characters, its case kept."""
    if text.isascii() and text.isprintable() and " " not in text:
        return text[:SKU_MAX]
    return clean(text, SKU_MAX)


def resolve_products(
    business: Business, wanted: Sequence[ProductRef], *, now: datetime, new_key: Callable[[], UUID]
) -> dict[str, ProductInfo]:
    """Return the products of lines by the code as written there, making those that nobody knows.

    Blank codes are left out. At most four statements, none where all were seen in the last 1.5 seconds, inside the
    caller's transaction. A race for a code raises IntegrityError, and the caller's transaction starts over.
    """
    code_of = {sku: clean_code(sku) for sku in {reference.sku for reference in wanted}}
    codes = {code for code in code_of.values() if code}
    products = seen_products.among(business.pk, codes)
    if missing := codes.difference(products):
        found = store.known_products(business.pk, sorted(missing))
        unknown = missing.difference(found)
        news = {code_of[line.sku]: line for line in reversed(wanted) if code_of[line.sku] in unknown}
        found |= _make_products(business.pk, news, now=now, new_key=new_key)
        seen_products.keep_on_commit(business.pk, found)
        products |= found
    return {sku: products[code] for sku, code in code_of.items() if code}


def make_categories(business_id: UUID, codes: Iterable[str], *, new_key: Callable[[], UUID]) -> dict[str, UUID]:
    """Return the keys of categories by code, making unknown ones, named by their code; blank codes are left out."""
    wanted = sorted({code for code in codes if code})
    found = store.known_categories(business_id, wanted)
    made = {code: new_key() for code in wanted if code not in found}
    store.insert_categories([(key, business_id, code, code) for code, key in made.items()])
    return found | made


def _make_products(
    business_id: UUID, news: Mapping[str, ProductRef], *, now: datetime, new_key: Callable[[], UUID]
) -> dict[str, ProductInfo]:
    if not news:
        return {}
    category_of = {sku: clean_code(reference.category) for sku, reference in news.items()}
    categories = make_categories(business_id, category_of.values(), new_key=new_key)
    rows, made = [], {}
    for sku, reference in news.items():
        key, category, name = new_key(), category_of[sku], clean(reference.name) or sku
        rows.append((key, business_id, sku, name, categories.get(category), True, search_text([name, sku]), now))
        made[sku] = ProductInfo(key, category, earns_points=True)
    store.insert_products(rows)
    return made


def import_products(
    business: Business, rows: Sequence[ProductRow], *, now: datetime, new_key: Callable[[], UUID]
) -> list[Outcome]:
    """Create or update the products that rows name; the outcomes stand in the order of the rows, refusals among them.

    Joins the caller's transaction; at most five statements for every 500 rows.
    """
    outcomes: list[Outcome] = []
    for start in range(0, len(rows), _CHUNK):
        outcomes += _import_chunk(business, rows[start : start + _CHUNK], now=now, new_key=new_key)
    _forget_seen(business.pk)
    return outcomes


def _import_chunk(
    business: Business, rows: Sequence[ProductRow], *, now: datetime, new_key: Callable[[], UUID]
) -> list[Outcome]:
    codes = [clean(row.sku, SKU_MAX + 1) for row in rows]
    categories = make_categories(business.pk, (clean_code(row.category) for row in rows), new_key=new_key)
    stored = Product.objects.of(business).filter(sku__in=codes).order_by("id").select_for_update()
    products = {product.sku: product for product in stored}
    known = frozenset(products)
    changed: dict[str, Product] = {}
    outcomes = []
    for code, row in zip(codes, rows, strict=True):
        if not code or len(code) > SKU_MAX:
            outcomes.append(Outcome(OutcomeKind.REFUSED, error=BadSku(value=code, limit=SKU_MAX)))
            continue
        kind = OutcomeKind.UNCHANGED
        if code not in products:
            products[code] = Product(id=new_key(), business=business, sku=code, name=code, created_at=now)
            kind = OutcomeKind.CREATED
        if _take_over(products[code], row, categories.get(clean_code(row.category))) or code not in known:
            changed[code] = products[code]
            kind = OutcomeKind.CREATED if kind is OutcomeKind.CREATED else OutcomeKind.UPDATED
        outcomes.append(Outcome(kind, products[code].pk))
    _save_products(changed, known)
    return outcomes


def _take_over(product: Product, row: ProductRow, category_id: UUID | None) -> bool:
    """Lay a row over a product and tell whether anything is different now."""
    before = (product.name, product.category_id, product.earns_points)
    product.name = clean(row.name) or product.name
    product.category_id = category_id or product.category_id
    product.earns_points = product.earns_points if row.earns_points is None else row.earns_points
    product.search_text = search_text([product.name, product.sku])
    return before != (product.name, product.category_id, product.earns_points)


def _save_products(changed: Mapping[str, Product], known: frozenset[str]) -> None:
    Product.objects.bulk_create([product for code, product in changed.items() if code not in known])
    Product.objects.bulk_update(
        [product for code, product in changed.items() if code in known],
        ["name", "category", "earns_points", "search_text"],
    )


@transaction.atomic
def change_product(
    product: Product, change: ProductChange, *, actor: Actor, now: datetime, reason: str = ""
) -> Product:
    """Change a product and return its row as it is now; what is already so is not written.

    Every process decides by it at the latest two seconds after the commit. Raises UnknownProduct.
    """
    stored = Product.objects.of(product.business_id).select_for_update().filter(pk=product.pk).first()
    if stored is None:
        raise UnknownProduct(product=product.pk)
    before = _shown(stored)
    if change.name is not UNSET:
        stored.name = clean(change.name) or stored.sku
        stored.search_text = search_text([stored.name, stored.sku])
    if change.category is not UNSET:
        code = clean_code(change.category)
        key = make_categories(stored.business_id, [code], new_key=make_key).get(code)
        stored.category = None if key is None else Category.objects.of(stored.business_id).get(pk=key)
    if change.earns_points is not UNSET:
        stored.earns_points = change.earns_points
    after = _shown(stored)
    if before != after:
        stored.save(update_fields=["name", "category", "earns_points", "search_text"])
        audit.record(actor, "catalog.product_changed", stored, now=now, before=before, after=after, reason=reason)
        _forget_seen(stored.business_id)
    return stored


def _shown(product: Product) -> dict[str, object]:
    category = product.category.code if product.category else ""
    return {"name": product.name, "category": category, "earns_points": product.earns_points}


def _forget_seen(business_id: UUID) -> None:
    """Forget now, for the rest of this transaction, and once more when others can read the change."""
    seen_products.forget(business_id)
    transaction.on_commit(partial(seen_products.forget, business_id))
