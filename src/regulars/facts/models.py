# SPDX-License-Identifier: Apache-2.0
"""Facts and their lines, whose they turned out to be, and how much of each line has come back."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from regulars.catalog.models import Product
from regulars.customers.models import Customer
from regulars.database.keys import KeyField
from regulars.tenancy.models import Store
from regulars.tenancy.scope import BusinessModel, RecordedModel

SOURCE_MAX = 40
EXTERNAL_ID_MAX = 100


class FactKind(models.TextChoices):
    """What can happen; each kind has one intake shape and one way through the path."""

    ORDER = "order", _("purchase")
    RETURN = "return", _("return")
    VISIT = "visit", _("visit")
    EVENT = "event", _("event")
    ENROLMENT = "enrolment", _("enrolment")
    HOLD = "hold", _("hold")
    SETTLE = "settle", _("hold settled")
    VOID = "void", _("hold voided")
    REDEMPTION = "redemption", _("reward taken")
    USE = "use", _("reward used")
    CANCEL = "cancel", _("cancelled")
    ADJUSTMENT = "adjustment", _("adjustment")
    TRANSFER = "transfer", _("transfer")
    ACTIVATION = "activation", _("pending points")
    CLAIM = "claim", _("receipt added")
    CLOSING = "closing", _("end of day")
    MERGE = "merge", _("merged")
    UNMERGE = "unmerge", _("merge undone")


class Fact(RecordedModel):
    """One thing that happened. Append-only.

    `payload` holds the intake without names and identities; `receipt` the answer that was given, so that a repeat gets the same.
    """

    kind = models.CharField(max_length=12, choices=FactKind)
    source = models.CharField(max_length=SOURCE_MAX)
    external_id = models.CharField(max_length=EXTERNAL_ID_MAX)
    revision = models.PositiveIntegerField(default=0)
    body_digest = models.BinaryField(max_length=32)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    occurred_at = models.DateTimeField()
    local_day = models.DateField()
    recorded_at = models.DateTimeField()
    currency = models.CharField(max_length=3, default="")
    total_minor = models.BigIntegerField(default=0)
    amends = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    caused_by = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    depth = models.PositiveSmallIntegerField(default=0)
    payload = models.JSONField()
    receipt = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint("business", "source", "external_id", "revision", name="fact_identity"),
            models.CheckConstraint(condition=Q(depth__lte=5), name="fact_depth"),
        ]
        indexes = [
            models.Index(fields=["business", "customer", "occurred_at"], name="fact_customer"),
            models.Index(fields=["business", "local_day"], name="fact_day"),
            models.Index(fields=["amends"], condition=Q(amends__isnull=False), name="fact_amends"),
        ]


class Line(RecordedModel):
    """One line of a purchase or return. Append-only. `net_minor` is what was paid for it, after every discount."""

    fact = models.ForeignKey(Fact, on_delete=models.PROTECT, related_name="lines", db_constraint=False)
    position = models.PositiveIntegerField()
    product = models.ForeignKey(Product, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    quantity_milli = models.BigIntegerField()
    net_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    original_line = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)


class Returned(RecordedModel):
    """How much of a sold line has come back: a guarded counter outside the facts, keyed by the line."""

    id = None  # type: ignore[assignment]  # the line is the key
    line = models.OneToOneField(Line, on_delete=models.PROTECT, primary_key=True, related_name="returned")
    sold_milli = models.BigIntegerField()
    quantity_milli = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity_milli__gte=0, quantity_milli__lte=F("sold_milli")), name="returned_within_sold"
            )
        ]


class Attribution(BusinessModel):
    """Whose a fact is, when that became known later; the latest wins. Append-only."""

    fact = models.ForeignKey(Fact, on_delete=models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["business", "fact", "at"], name="attribution_fact"),
            models.Index(fields=["business", "customer"], name="attribution_customer"),
        ]


class FactPosition(models.Model):
    """The place of a fact in commit order, by which the lake reads. Append-only."""

    fact = models.OneToOneField(Fact, on_delete=models.PROTECT, primary_key=True, related_name="+")
    business_id = KeyField()
    position = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint("business_id", "position", name="fact_position")]
