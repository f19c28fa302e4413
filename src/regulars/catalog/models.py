# SPDX-License-Identifier: Apache-2.0
"""Categories and products, found by the code that tills say."""

from django.db import models

from regulars.kernel.text import NAME_MAX
from regulars.tenancy.scope import BusinessModel

SKU_MAX = 80


class Category(BusinessModel):
    """A group of products that rules and reports speak of."""

    code = models.CharField(max_length=SKU_MAX)
    name = models.CharField(max_length=NAME_MAX)

    class Meta:
        constraints = [models.UniqueConstraint("business", "code", name="category_code")]


class Product(BusinessModel):
    """One thing that is sold. `earns_points` is off for gift cards, delivery and what the shop leaves out."""

    sku = models.CharField(max_length=SKU_MAX)
    name = models.CharField(max_length=NAME_MAX)
    category = models.ForeignKey(Category, null=True, blank=True, on_delete=models.PROTECT, related_name="products")
    earns_points = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("business", "sku", name="product_sku")]
