# SPDX-License-Identifier: Apache-2.0
"""Versions of the program, the draft beside them, members with their standing, counters of limits, and every decision."""

from django.db import models
from django.db.models import Q

from regulars.customers.models import Customer
from regulars.facts.models import Fact
from regulars.tenancy.scope import BusinessModel, RecordedModel


class Version(BusinessModel):
    """A published program: `config` is a `definition.Program`. Append-only; valid from its date until the next one's."""

    number = models.PositiveIntegerField()
    config = models.JSONField()
    valid_from = models.DateTimeField()
    published_at = models.DateTimeField()
    note = models.CharField(max_length=300, default="")

    class Meta:
        constraints = [models.UniqueConstraint("business", "number", name="version_number")]


class Draft(BusinessModel):
    """The program being edited: one per business, thrown away or published."""

    config = models.JSONField()
    based_on = models.ForeignKey(Version, null=True, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("business", name="draft_of_business")]


class Membership(BusinessModel):
    """A customer enrolled in the program, with the standing that the next fact is decided by.

    `progress` sums what counts towards the ladder; it is right until `progress_until`, when the oldest part leaves the window.
    `falls_at` is set while the tier is no longer qualified for: the end of its grace.
    """

    id = None  # type: ignore[assignment]  # the customer is the key
    customer = models.OneToOneField(Customer, on_delete=models.PROTECT, primary_key=True, related_name="membership")
    enrolled_at = models.DateTimeField()
    tier = models.CharField(max_length=40, default="")
    tier_since = models.DateTimeField()
    progress = models.BigIntegerField(default=0)
    progress_until = models.DateTimeField(null=True)
    falls_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["business", "progress_until"],
                condition=Q(progress_until__isnull=False),
                name="membership_progress",
            ),
            models.Index(fields=["business", "falls_at"], condition=Q(falls_at__isnull=False), name="membership_falls"),
            models.Index(fields=["business", "tier"], name="membership_tier"),
        ]


class Standing(BusinessModel):
    """A change of tier and its reason; in force until the member's next one. Append-only."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    tier = models.CharField(max_length=40)
    since = models.DateTimeField()
    reason = models.JSONField()
    fact = models.ForeignKey(Fact, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        indexes = [models.Index(fields=["business", "customer", "since"], name="standing_since")]


class Counter(RecordedModel):
    """How much of a limit a member has used in a window: `window` names rule and period, like "welcome/2026-11-22"."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    window = models.CharField(max_length=80)
    used = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint("business", "customer", "window", name="counter_window")]


class Decision(RecordedModel):
    """What the program concluded from a fact: inputs that its version read, and outcomes with amounts per line. Append-only."""

    id = None  # type: ignore[assignment]  # the fact is the key
    fact = models.OneToOneField(
        Fact, on_delete=models.PROTECT, primary_key=True, related_name="decision", db_constraint=False
    )
    version = models.ForeignKey(
        Version, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    inputs = models.JSONField()
    outcomes = models.JSONField()
