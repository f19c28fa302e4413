# SPDX-License-Identifier: Apache-2.0
"""The catalogue of offers and what members hold of it."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from regulars.customers.models import Customer
from regulars.database.keys import KeyField
from regulars.facts.models import Fact
from regulars.tenancy.scope import BusinessModel


class Offer(BusinessModel):
    """A reward that can be had for points. `name` and `text` hold one text per language; `value` what it is worth at the till."""

    class Kind(models.TextChoices):
        AMOUNT_OFF = "amount_off", _("amount off")
        PERCENT_OFF = "percent_off", _("percent off")
        FREE_ITEM = "free_item", _("free item")
        PERK = "perk", _("perk")

    code = models.CharField(max_length=40)
    name = models.JSONField()
    text = models.JSONField(default=dict)
    kind = models.CharField(max_length=11, choices=Kind)
    value = models.JSONField()
    unit = models.CharField(max_length=40)
    price = models.BigIntegerField()
    stock = models.BigIntegerField(null=True)
    taken = models.BigIntegerField(default=0)
    per_member_max = models.PositiveIntegerField(null=True)
    tiers = models.JSONField(default=list)
    valid_days = models.PositiveIntegerField()
    is_refundable = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint("business", "code", name="offer_code"),
            models.CheckConstraint(condition=Q(price__gte=0), name="offer_price"),
            models.CheckConstraint(condition=Q(stock__isnull=True) | Q(taken__lte=F("stock")), name="offer_stock"),
            models.CheckConstraint(condition=Q(taken__gte=0), name="offer_taken"),
        ]


class Entitlement(BusinessModel):
    """A reward that somebody has: its price and worth are frozen, its voucher code is kept only as a digest."""

    class State(models.TextChoices):
        RESERVED = "reserved", _("reserved")
        ISSUED = "issued", _("issued")
        REDEEMED = "redeemed", _("redeemed")
        CANCELLED = "cancelled", _("cancelled")
        EXPIRED = "expired", _("expired")

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="+", db_index=False)
    holder = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    code_digest = models.BinaryField(max_length=32)
    code_last4 = models.CharField(max_length=4)
    state = models.CharField(max_length=9, choices=State)
    kind = models.CharField(max_length=11, choices=Offer.Kind)
    value = models.JSONField()
    price = models.BigIntegerField()
    unit = models.CharField(max_length=40)
    hold_id = KeyField(null=True)
    fact = models.ForeignKey(Fact, on_delete=models.PROTECT, related_name="+", db_index=False)
    used_on = models.ForeignKey(Fact, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint("business", "code_digest", name="entitlement_code")]
        indexes = [
            models.Index(fields=["business", "holder", "offer"], name="entitlement_holder"),
            models.Index(fields=["fact"], name="entitlement_fact"),
            models.Index(fields=["used_on"], condition=Q(used_on__isnull=False), name="entitlement_used_on"),
            models.Index(
                fields=["business", "expires_at"],
                condition=Q(state__in=["reserved", "issued"]),
                name="entitlement_expiring",
            ),
        ]
