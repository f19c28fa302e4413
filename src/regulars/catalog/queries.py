# SPDX-License-Identifier: Apache-2.0
"""Reading products by the codes of lines, and categories."""

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from regulars.catalog.models import Category, Product
from regulars.catalog.store import NewProduct, ProductInfo, ProductRef, clean_code, known_products, seen_products
from regulars.kernel.text import clean
from regulars.tenancy.models import Business


def match_products(
    business: Business, wanted: Sequence[ProductRef], *, new_key: Callable[[], UUID]
) -> tuple[dict[str, ProductInfo], dict[str, NewProduct]]:
    """Return the products of lines by the code as written there, and by code those of them that nobody knows; write nothing.

    Blank codes are left out. `actions.save_products` makes known what is new.
    """
    return add_unknown(find_products(business, wanted), wanted, new_key=new_key)


def find_products(business: Business, wanted: Sequence[ProductRef]) -> dict[str, ProductInfo]:
    """Return the known products among those of lines, by code. One statement, none where all were seen in the last 1.5 seconds."""
    codes = {code for line in wanted if (code := clean_code(line.sku))}
    products = seen_products.among(business.pk, codes)
    if missing := codes.difference(products):
        found = known_products(business.pk, sorted(missing))
        seen_products.keep_on_commit(business.pk, found)
        products |= found
    return products


def add_unknown(
    known: Mapping[str, ProductInfo], wanted: Sequence[ProductRef], *, new_key: Callable[[], UUID]
) -> tuple[dict[str, ProductInfo], dict[str, NewProduct]]:
    """Return the products of lines by the code as written there, and those that are not known, as their first lines describe them."""
    products: dict[str, ProductInfo] = {}
    news: dict[str, NewProduct] = {}
    for line in wanted:
        code = clean_code(line.sku)
        if code and code not in known and code not in news:
            info = ProductInfo(new_key(), clean_code(line.category), earns_points=True)
            news[code] = NewProduct(info, clean(line.name) or code)
        if code:
            products[line.sku] = news[code].info if code in news else known[code]
    return products, news


def categories(business: Business) -> QuerySet[Category]:
    """Return the categories in the order of their codes, each with the `count` of its products."""
    counted = Category.objects.of(business).annotate(count=Count("products"))
    return counted.order_by("code")


def products_like(business: Business, text: str) -> QuerySet[Product]:
    """Return the products whose name or code holds a text, with their categories, in the order of their names."""
    like = Q(name__icontains=text) | Q(sku__icontains=text)
    return Product.objects.of(business).filter(like).select_related("category").order_by("name", "sku")
