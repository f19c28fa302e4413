# SPDX-License-Identifier: Apache-2.0
"""The only writers of products and categories."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from regulars.catalog import store
from regulars.catalog.models import SKU_MAX
from regulars.catalog.store import ProductInfo, seen_products
from regulars.kernel.text import NAME_MAX, clean, search_text
from regulars.tenancy.models import Business


class ProductRef(Struct, frozen=True):
    """A product as a line names it: name and category only matter where the code is new."""

    sku: Annotated[str, Meta(max_length=SKU_MAX)]
    name: Annotated[str, Meta(max_length=NAME_MAX)] = ""
    category: Annotated[str, Meta(max_length=SKU_MAX)] = ""


def clean_code(text: str) -> str:
    """Return a product or category code without outer blanks and invisible characters, its case kept."""
    if text.isascii() and text.isprintable() and " " not in text:
        return text[:SKU_MAX]
    return clean(text, SKU_MAX)


def resolve_products(
    business: Business, wanted: Sequence[ProductRef], *, now: datetime, new_key: Callable[[], UUID]
) -> dict[str, ProductInfo]:
    """Return the products of lines by the code as written there, making those that nobody knows; blank codes are left out.

    At most four statements, none where all were seen in the last 1.5 seconds, inside the caller's transaction. A race for a code
    raises IntegrityError, and the caller's transaction starts over.
    """
    code_of = {sku: clean_code(sku) for sku in {reference.sku for reference in wanted}}
    codes = {code for code in code_of.values() if code}
    products = seen_products.among(business.pk, codes)
    if missing := codes.difference(products):
        stored = store.known_products(business.pk, sorted(missing))
        unknown = missing.difference(stored)
        news = {code_of[reference.sku]: reference for reference in reversed(wanted) if code_of[reference.sku] in unknown}
        stored |= _make_products(business.pk, news, now=now, new_key=new_key)
        seen_products.keep_on_commit(business.pk, stored)
        products |= stored
    return {sku: products[code] for sku, code in code_of.items() if code}


def make_categories(business_id: UUID, codes: Iterable[str], *, new_key: Callable[[], UUID]) -> dict[str, UUID]:
    """Return the keys of categories by code, making those that nobody knows, named by their code; blank codes are left out."""
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
