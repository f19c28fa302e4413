# SPDX-License-Identifier: Apache-2.0
"""Reading products: lists, search by name and code, categories."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, QuerySet

from regulars.catalog.models import Category, Product
from regulars.catalog.store import NewProduct, ProductInfo, ProductRef, clean_code, known_products, seen_products
from regulars.kernel.text import clean, fold
from regulars.tenancy.models import Business

LIMIT_MAX = 200
WORDS_MAX = 8
_QUERY_MAX = 100


@dataclass(frozen=True, slots=True)
class ProductPage:
    """Products of one page, and the code after which the next begins; None on the last."""

    products: tuple[Product, ...]
    after: str | None


def product_list(
    business: Business, *, text: str = "", category: str = "", after: str | None = None, limit: int = 50
) -> ProductPage:
    """Return a page of products in the order of their codes, with their categories.

    Every word of the text stands somewhere in name or code, in any script. A catalogue is read through, not indexed.
    """
    limit = min(limit, LIMIT_MAX)
    rows: QuerySet[Product] = Product.objects.of(business).select_related("category").order_by("sku")
    for word in fold(clean(text, _QUERY_MAX)).split()[:WORDS_MAX]:
        rows = rows.filter(search_text__contains=word)
    if category:
        rows = rows.filter(category__code=category)
    if after is not None:
        rows = rows.filter(sku__gt=after)
    found = list(rows[: limit + 1])
    return ProductPage(tuple(found[:limit]), found[limit - 1].sku if len(found) > limit else None)


def product_by_sku(business: Business, sku: str) -> Product | None:
    """Return the product with a code, if there is one."""
    return Product.objects.of(business).select_related("category").filter(sku=sku).first()


def match_products(
    business: Business, wanted: Sequence[ProductRef], *, new_key: Callable[[], UUID]
) -> tuple[dict[str, ProductInfo], dict[str, NewProduct]]:
    """Return the products of lines by the code as written there, and by code those of them that nobody knows; write nothing.

    Blank codes are left out. One statement, none where all were seen in the last 1.5 seconds. `actions.save_products` makes known
    what is new.
    """
    code_of = {line.sku: clean_code(line.sku) for line in wanted}
    codes = {code for code in code_of.values() if code}
    products = seen_products.among(business.pk, codes)
    news: dict[str, NewProduct] = {}
    if missing := codes.difference(products):
        found = known_products(business.pk, sorted(missing))
        seen_products.keep_on_commit(business.pk, found)
        products |= found
        for line in wanted:
            code = code_of[line.sku]
            if code and code not in products:
                info = ProductInfo(new_key(), clean_code(line.category), earns_points=True)
                products[code], news[code] = info, NewProduct(info, clean(line.name) or code)
    return {sku: products[code] for sku, code in code_of.items() if code}, news


def categories(business: Business) -> QuerySet[Category]:
    """Return the categories in the order of their codes, each with the `count` of its products."""
    counted = Category.objects.of(business).annotate(count=Count("products"))
    return counted.order_by("code")
