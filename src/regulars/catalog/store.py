# SPDX-License-Identifier: Apache-2.0
"""Set-based SQL on products and categories, both dialects, and the products that this process has seen committed."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Annotated, NamedTuple
from uuid import UUID

from django.db import transaction
from msgspec import Meta, Struct

from regulars.catalog.models import SKU_MAX
from regulars.database import sql
from regulars.kernel.text import NAME_MAX, clean

CODES_MAX = 10_000
CATEGORIES = sql.Table("catalog_category", {"id": "uuid", "business_id": "uuid", "code": "text", "name": "text"})
PRODUCTS = sql.Table(
    "catalog_product",
    {
        "id": "uuid",
        "business_id": "uuid",
        "sku": "text",
        "name": "text",
        "category_id": "uuid",
        "earns_points": "boolean",
        "created_at": "timestamptz",
    },
)


class ProductInfo(Struct, frozen=True):
    """What decisions need of a product; the category is empty where there is none."""

    id: UUID
    category_code: str
    earns_points: bool


class ProductRef(Struct, frozen=True):
    """A product as a line names it: name and category only matter where the code is new."""

    sku: Annotated[str, Meta(max_length=SKU_MAX)]
    name: Annotated[str, Meta(max_length=NAME_MAX)] = ""
    category: Annotated[str, Meta(max_length=SKU_MAX)] = ""


class NewProduct(NamedTuple):
    """A product that nobody knows yet, with its name."""

    info: ProductInfo
    name: str


def clean_code(text: str) -> str:
    """Return a product or category code without outer blanks and invisible characters, its case kept."""
    if text.isascii() and text.isprintable() and " " not in text:
        return text[:SKU_MAX]
    return clean(text, SKU_MAX)


def known_products(business_id: UUID, skus: Sequence[str]) -> dict[str, ProductInfo]:
    """Return the stored products among the codes. One statement per CODES_MAX codes."""
    found: dict[str, ProductInfo] = {}
    for codes in _portions(skus):
        among, params = sql.one_of("p.sku", codes, "text")
        found |= _products(among, [business_id, *params])
    return found


def products_by_key(business_id: UUID, keys: Sequence[UUID]) -> dict[str, ProductInfo]:
    """Return products by key, under their codes."""
    if not keys:
        return {}
    among, params = sql.one_of("p.id", keys, "uuid")
    return _products(among, [sql.key_param(business_id), *params])


def _products(among: str, params: Sequence[object]) -> dict[str, ProductInfo]:
    statement = f"""SELECT p.sku, p.id, c.code, p.earns_points FROM catalog_product p
        LEFT JOIN catalog_category c ON c.id = p.category_id WHERE p.business_id = %s AND {among}"""
    return {
        sku: ProductInfo(sql.to_key(key), category or "", bool(earns))
        for sku, key, category, earns in sql.fetch(statement, params)
    }


def known_categories(business_id: UUID, codes: Sequence[str]) -> dict[str, UUID]:
    """Return the keys of the stored categories among the codes. One statement per CODES_MAX codes."""
    found: dict[str, UUID] = {}
    for portion in _portions(codes):
        among, params = sql.one_of("code", portion, "text")
        statement = f"SELECT code, id FROM catalog_category WHERE business_id = %s AND {among}"
        found |= {code: sql.to_key(key) for code, key in sql.fetch(statement, [business_id, *params])}
    return found


def _portions(codes: Sequence[str]) -> list[Sequence[str]]:
    return [codes[start : start + CODES_MAX] for start in range(0, len(codes), CODES_MAX)]


def insert_categories(rows: Sequence[tuple[object, ...]]) -> None:
    """Insert categories, columns as in CATEGORIES."""
    sql.insert_rows(CATEGORIES, rows)


def insert_products(rows: Sequence[tuple[object, ...]]) -> None:
    """Insert products, columns as in PRODUCTS. A lost race raises IntegrityError: the batch starts over."""
    sql.insert_rows(PRODUCTS, rows)


class SeenProducts:
    """The products that this process has read, for at most `age_max_s` seconds after reading.

    What is read or made inside a transaction is kept only once that has committed, so a rollback leaves no ghost; what
    another process changes is seen when the entry has aged. Holds at most `entries_max` products.
    """

    def __init__(self, *, age_max_s: float, entries_max: int, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._age_max_s = age_max_s
        self._entries_max = entries_max
        self._clock_s = clock_s
        self._seen: dict[UUID, dict[str, tuple[float, ProductInfo]]] = {}
        self._count = 0

    def among(self, business_id: UUID, skus: Iterable[str]) -> dict[str, ProductInfo]:
        """Return the products of these codes that were seen recently."""
        seen = self._seen.get(business_id)
        if not seen:
            return {}
        since = self._clock_s() - self._age_max_s
        found = {}
        for sku in skus:
            entry = seen.get(sku)
            if entry is not None and entry[0] > since:
                found[sku] = entry[1]
        return found

    def keep_on_commit(self, business_id: UUID, products: Mapping[str, ProductInfo]) -> None:
        """Keep products as read now, once the open transaction has committed."""
        transaction.on_commit(partial(self._keep, business_id, products, self._clock_s()))

    def _keep(self, business_id: UUID, products: Mapping[str, ProductInfo], read_at_s: float) -> None:
        if self._count + len(products) > self._entries_max:
            self._seen, self._count = {}, 0
        seen = self._seen.setdefault(business_id, {})
        before = len(seen)
        seen.update({sku: (read_at_s, product) for sku, product in products.items()})
        self._count += len(seen) - before

    def forget(self, business_id: UUID) -> None:
        """Forget a business's products: one of them has changed."""
        self._count -= len(self._seen.pop(business_id, {}))


seen_products = SeenProducts(age_max_s=1.5, entries_max=100_000)
