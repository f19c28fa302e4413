# SPDX-License-Identifier: Apache-2.0
"""Businesses, their stores and staff, keys for machines, endpoints for webhooks, and the trace of every change."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from regulars.database.keys import KeyField
from regulars.kernel.text import NAME_MAX
from regulars.tenancy.scope import BusinessModel


class Business(models.Model):
    """One shop or chain: the owner of everything else."""

    id = KeyField(primary_key=True)
    name = models.CharField(max_length=NAME_MAX)
    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    timezone = models.CharField(max_length=64)
    languages = models.JSONField()
    created_at = models.DateTimeField()


class Store(BusinessModel):
    """A place or channel where customers buy; its code is what tills and files say."""

    code = models.CharField(max_length=40)
    name = models.CharField(max_length=NAME_MAX)
    timezone = models.CharField(max_length=64)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint("business", "code", name="store_code")]


class User(AbstractBaseUser):
    """A person who can log in; what they may do is said by their staff rows."""

    id = KeyField(primary_key=True)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=NAME_MAX)
    language = models.CharField(max_length=8, default="en")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    USERNAME_FIELD = "email"
    objects = BaseUserManager()


class Role(models.TextChoices):
    """What a member of staff is; `tenancy.access` says what each may do."""

    OWNER = "owner", _("owner")
    MANAGER = "manager", _("manager")
    MARKETER = "marketer", _("marketer")
    SUPPORT = "support", _("support")
    CASHIER = "cashier", _("cashier")
    ANALYST = "analyst", _("analyst")


class Staff(BusinessModel):
    """A person's role in a business, in all its stores or in one."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="staff")
    role = models.CharField(max_length=8, choices=Role)
    store = models.ForeignKey(Store, null=True, on_delete=models.PROTECT, related_name="+")
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint("business", "user", name="staff_user")]


class ApiKey(BusinessModel):
    """A machine's key: the token is its own id and a secret, of which only the SHA-256 is kept."""

    name = models.CharField(max_length=NAME_MAX)
    digest = models.BinaryField(max_length=32)
    scopes = models.JSONField()
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["business", "created_at"], name="api_key_created")]


class AuditEntry(BusinessModel):
    """Who changed what, from what to what, and why. Append-only."""

    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10)
    actor_id = KeyField(null=True)
    verb = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=40)
    object_id = KeyField(null=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.CharField(max_length=300, default="")

    class Meta:
        indexes = [
            models.Index(fields=["business", "at"], name="audit_at"),
            models.Index(fields=["business", "object_id", "at"], name="audit_object"),
        ]


class WebhookEndpoint(BusinessModel):
    """An address that is told of events; its secret is kept sealed."""

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")
        DISABLED = "disabled", _("disabled")
        REMOVED = "removed", _("removed")

    url = models.CharField(max_length=500)
    event_kinds = models.JSONField()
    secret_sealed = models.BinaryField(max_length=500)
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    disabled_reason = models.CharField(max_length=200, default="")
    throttled_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["business", "created_at"], name="endpoint_created")]


class WebhookDelivery(BusinessModel):
    """One event on its way to one endpoint, with the outcome of its last attempt."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed")

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, related_name="+", db_index=False)
    event_id = KeyField()
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=200, default="")
    last_attempt_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("business", "endpoint", "event_id", name="delivery_event")]
        indexes = [
            models.Index(fields=["business", "created_at"], name="delivery_created"),
            models.Index(fields=["state", "created_at"], name="delivery_state"),
        ]
