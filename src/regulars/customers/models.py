# SPDX-License-Identifier: Apache-2.0
"""People and the identities they are known by. Names, identities and search text are plain columns that erasure can empty."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from regulars.kernel.text import NAME_MAX, SEARCH_MAX
from regulars.tenancy.scope import BusinessModel

IDENTITY_MAX = 254
TAGS_MAX = 50


class Customer(BusinessModel):
    """A person the business knows."""

    name = models.CharField(max_length=NAME_MAX, default="")
    language = models.CharField(max_length=8, default="")
    birthday = models.DateField(null=True)
    tags = models.JSONField(default=list)
    search_text = models.CharField(max_length=SEARCH_MAX, default="")
    is_test = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["business", "created_at"], name="customer_created")]


class Identity(BusinessModel):
    """One way to recognise a customer. The one that resolves is unique; others with the same value are contacts."""

    class Kind(models.TextChoices):
        CARD = "card", _("card")
        EXTERNAL = "external", _("external id")
        PHONE = "phone", _("phone")
        EMAIL = "email", _("e-mail")

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="identities")
    kind = models.CharField(max_length=8, choices=Kind)
    value = models.CharField(max_length=IDENTITY_MAX)
    resolves = models.BooleanField(default=True)
    is_primary = models.BooleanField(default=False)
    is_verified = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "kind", "value"], condition=Q(resolves=True), name="identity_resolves"),
        ]
