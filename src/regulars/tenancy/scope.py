# SPDX-License-Identifier: Apache-2.0
"""The base of every table that belongs to a business."""

from typing import Self, TypeVar
from uuid import UUID

from django.db import models

from regulars.database.keys import KeyField

_Row_co = TypeVar("_Row_co", bound=models.Model, covariant=True)


class BusinessQuerySet(models.QuerySet[_Row_co]):
    """Rows of one business at a time."""

    def of(self, business: UUID | models.Model) -> Self:
        """Keep the rows of a business, given as row or key."""
        return self.filter(business_id=business.pk if isinstance(business, models.Model) else business)


class BusinessModel(models.Model):
    """A row of one business, with a key made by the application."""

    id = KeyField(primary_key=True)
    business = models.ForeignKey("tenancy.Business", on_delete=models.PROTECT, related_name="+", db_index=False)

    objects = BusinessQuerySet.as_manager()

    class Meta:
        abstract = True


class RecordedModel(BusinessModel):
    """A row that the path writes in great numbers, for the business it has loaded.

    The database does not check that business again for each row: PostgreSQL would lock the business's row every time, and all who
    write for one business would queue there.
    """

    business = models.ForeignKey(
        "tenancy.Business", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )

    class Meta:
        abstract = True
