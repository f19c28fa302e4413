# SPDX-License-Identifier: Apache-2.0
"""Accounts, transactions with entries that sum to zero, lots with what drew on them and changed them, holds with their end, seals."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from regulars.customers.models import Customer
from regulars.database.keys import KeyField
from regulars.facts.models import Fact
from regulars.tenancy.scope import BusinessModel, RecordedModel

UNIT_MAX = 40


class Account(BusinessModel):
    """Where points of one unit stand. A member's account keeps a guarded balance; the shop's own are summed from entries."""

    class Kind(models.TextChoices):
        MEMBER = "member", _("member")
        DEFICIT = "deficit", _("deficit")
        ISSUED = "issued", _("issued")
        REDEEMED = "redeemed", _("redeemed")
        BREAKAGE = "breakage", _("breakage")
        ADJUSTED = "adjusted", _("adjusted")

    kind = models.CharField(max_length=8, choices=Kind)
    unit = models.CharField(max_length=UNIT_MAX)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="accounts", db_index=False)
    balance = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "customer", "unit", "kind"],
                condition=Q(customer__isnull=False),
                name="account_owner",
            ),
            models.UniqueConstraint(
                fields=["business", "unit", "kind"], condition=Q(customer__isnull=True), name="account_shop"
            ),
            models.CheckConstraint(condition=~Q(kind="member") | Q(balance__gte=0), name="account_member_not_negative"),
            models.CheckConstraint(
                condition=~Q(kind="deficit") | Q(balance__lte=0), name="account_deficit_not_positive"
            ),
        ]


class TransactionKind(models.TextChoices):
    """Why points moved, in one word."""

    EARN = "earn", _("earned")
    SPEND = "spend", _("spent")
    SETTLE = "settle", _("spent from a hold")
    REVERSE_EARN = "reverse_earn", _("earning reversed")
    REVERSE_SPEND = "reverse_spend", _("spending given back")
    EXPIRE = "expire", _("expired")
    REINSTATE = "reinstate", _("expiry taken back")
    CANCEL_PENDING = "cancel_pending", _("pending points cancelled")
    ADJUST = "adjust", _("adjusted")
    TRANSFER = "transfer", _("transferred")
    RECOVER = "recover", _("deficit recovered")
    MERGE = "merge", _("merged")
    UNMERGE = "unmerge", _("merge undone")


class Transaction(RecordedModel):
    """One booking: entries that sum to zero per unit. Append-only."""

    fact = models.ForeignKey(Fact, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    kind = models.CharField(max_length=14, choices=TransactionKind)
    rule = models.CharField(max_length=40, default="")
    reverses = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    occurred_at = models.DateTimeField()
    booked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["reverses"], condition=Q(reverses__isnull=False), name="transaction_reverses")]


class Entry(RecordedModel):
    """One leg of a transaction. Append-only. `counts_at` dates an amount that counts towards a tier."""

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="entries", db_constraint=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries")
    amount = models.BigIntegerField()
    counts_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="entry_moves_something")]


class Lot(RecordedModel):
    """Points that came in together, spendable in [available_at, expires_at).

    `available_at` empty means waiting for a fact; `expiry` is the policy that gives `expires_at` once the lot is active.
    `moved_from` is the lot of a merged member whose points these are; empty again once the two are parted.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="lots", db_index=False)
    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    granted = models.BigIntegerField()
    remaining = models.BigIntegerField()
    held = models.BigIntegerField(default=0)
    expired = models.BigIntegerField(default=0)
    occurred_at = models.DateTimeField()
    available_at = models.DateTimeField(null=True)
    waits_for = models.CharField(max_length=60, default="")
    waits_until = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    expiry = models.JSONField(null=True)
    moved_from = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(remaining__gte=0, remaining__lte=F("granted")), name="lot_remaining"),
            models.CheckConstraint(condition=Q(held__gte=0, held__lte=F("remaining")), name="lot_held"),
            models.CheckConstraint(
                condition=Q(expired__gte=0, expired__lte=F("granted") - F("remaining")), name="lot_expired"
            ),
        ]
        indexes = [
            models.Index(fields=["account"], condition=Q(remaining__gt=0), name="lot_open"),
            models.Index(
                fields=["business", "expires_at"],
                condition=Q(remaining__gt=0, expires_at__isnull=False),
                name="lot_expiring",
            ),
            models.Index(
                fields=["business", "waits_until"], condition=Q(available_at__isnull=True), name="lot_waiting"
            ),
            models.Index(fields=["moved_from"], condition=Q(moved_from__isnull=False), name="lot_moved"),
        ]


class Allocation(RecordedModel):
    """How an entry drew on a lot (negative) or gave back to it (positive). Append-only."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="allocations", db_constraint=False)
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="allocations", db_index=False)
    amount = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="allocation_moves_something")]


class Hold(BusinessModel):
    """Points set aside for a while: settled, voided or expired at most once. `parts` pins the lots: [[lot, amount], …]."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        SETTLED = "settled", _("settled")
        VOIDED = "voided", _("voided")
        EXPIRED = "expired", _("expired")

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    fact = models.ForeignKey(Fact, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount = models.BigIntegerField()
    parts = models.JSONField()
    state = models.CharField(max_length=7, choices=State, default=State.OPEN)
    expires_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="hold_amount")]
        indexes = [
            models.Index(fields=["account"], condition=Q(state="open"), name="hold_open"),
            models.Index(fields=["business", "expires_at"], condition=Q(state="open"), name="hold_expiring"),
        ]


class LotChange(RecordedModel):
    """New terms of a lot, by a fact, beside those it had. Append-only: with the lot as it is they tell how it was at any time."""

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+", db_index=False)
    fact = models.ForeignKey(Fact, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    available_at = models.DateTimeField(null=True)
    waits_until = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    had_available_at = models.DateTimeField(null=True)
    had_waits_until = models.DateTimeField(null=True)
    had_expires_at = models.DateTimeField(null=True)
    expiry = models.JSONField(null=True)
    had_expiry = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["lot"], name="lotchange_lot")]


class Resolution(RecordedModel):
    """How a hold ended, by which fact. Append-only."""

    id = None  # type: ignore[assignment]  # the hold is the key
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, primary_key=True, related_name="resolution")
    fact = models.ForeignKey(Fact, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    state = models.CharField(max_length=7, choices=Hold.State)
    at = models.DateTimeField()


class Seal(models.Model):
    """A commit's place in order and the hash that chains what it wrote to all before. Append-only.

    `commit` names what it covers by keys; `marks` tell its rows apart when the hash is not theirs any more.
    """

    id = KeyField(primary_key=True)
    business_id = KeyField()
    position = models.BigIntegerField()
    format = models.PositiveSmallIntegerField()
    commit = models.JSONField()
    marks = models.BinaryField()
    chain_hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint("business_id", "position", name="seal_position")]
