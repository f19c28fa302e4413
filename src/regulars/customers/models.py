# SPDX-License-Identifier: Apache-2.0
"""People and the identities they are known by, in plain columns that erasure can empty."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from regulars.customers.matching import CARD, EMAIL, EXTERNAL, IDENTITY_MAX, PHONE
from regulars.database.keys import KeyField
from regulars.kernel.text import NAME_MAX, SEARCH_MAX
from regulars.tenancy.scope import BusinessModel


class Customer(BusinessModel):
    """A person the business knows. Search looks through `search_text`; on SQLite triggers copy it to the index."""

    name = models.CharField(max_length=NAME_MAX, default="", blank=True)
    language = models.CharField(max_length=8, default="", blank=True)
    birthday = models.DateField(null=True, blank=True)
    tags = models.JSONField(default=list, blank=True)
    search_text = models.CharField(max_length=SEARCH_MAX, default="", blank=True)
    is_test = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["business", "id"], name="customer_newest")]


class Alias(BusinessModel):
    """A customer who was merged into another: whatever names them means the survivor, until the merge is undone.

    `fact` is the merge; `filled` names the fields that the survivor took over from them, `tags` those that were added.
    """

    id = None  # type: ignore[assignment]  # the customer is the key
    customer = models.OneToOneField(Customer, on_delete=models.PROTECT, primary_key=True, related_name="alias")
    survivor = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="aliases")
    fact = KeyField()
    filled = models.JSONField(default=list)
    tags = models.JSONField(default=list)
    merged_at = models.DateTimeField()


class Identity(BusinessModel):
    """One way to recognise a customer. The one that resolves is unique; others with the same value are contacts."""

    class Kind(models.TextChoices):
        CARD = CARD, _("card")
        EXTERNAL = EXTERNAL, _("external id")
        PHONE = PHONE, _("phone")
        EMAIL = EMAIL, _("e-mail")

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="identities")
    kind = models.CharField(max_length=8, choices=Kind)
    value = models.CharField(max_length=IDENTITY_MAX)
    resolves = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "kind", "value"], condition=Q(resolves=True), name="identity_resolves"
            ),
            models.UniqueConstraint(
                fields=["business", "kind", "value", "customer"], condition=Q(resolves=False), name="identity_contact"
            ),
        ]
