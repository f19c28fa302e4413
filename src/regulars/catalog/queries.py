# SPDX-License-Identifier: Apache-2.0
"""Reading products by the codes of lines, and categories."""

from collections.abc import Callable, Sequence
from uuid import UUID

from django.db.models import Count, QuerySet

from regulars.catalog.models import Category
from regulars.catalog.store import NewProduct, ProductInfo, ProductRef, clean_code, known_products, seen_products
from regulars.kernel.text import clean
from regulars.tenancy.models import Business


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
