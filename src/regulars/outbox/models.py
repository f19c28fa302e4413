# SPDX-License-Identifier: Apache-2.0
"""Jobs to do, the schedule that makes them, events as they were when they happened, and the order in which they
became visible.
"""

from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from regulars.database.keys import KeyField

EVERYBODY = UUID(int=0)  # the owner of a schedule that belongs to no business


class Job(models.Model):
    """One piece of work for a handler; deleted when done, kept when dead.

    `attempts` counts claims and thereby tells one claim of a job from a later one. `target_id` is what the job speaks
    to outside: jobs of one target are limited in how many are under way.
    """

    class State(models.TextChoices):
        READY = "ready", _("ready")
        DEAD = "dead", _("dead")

    id = KeyField(primary_key=True)
    business_id = KeyField(null=True)
    kind = models.CharField(max_length=40)
    payload = models.JSONField()
    target_id = KeyField(null=True)
    state = models.CharField(max_length=5, choices=State, default=State.READY)
    run_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, default="")
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["state", "run_at"], name="job_due"),
            models.Index(fields=["target_id"], name="job_target", condition=models.Q(target_id__isnull=False)),
        ]


class Schedule(models.Model):
    """A kind of job that comes back for one owner: its next time, moved on in the transaction that enqueues the job."""

    id = KeyField(primary_key=True)
    business_id = KeyField()
    kind = models.CharField(max_length=40)
    next_run_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("business_id", "kind", name="schedule_kind")]
        indexes = [models.Index(fields=["next_run_at"], name="schedule_due")]


class Event(models.Model):
    """What outsiders are told of a change: kind and ids and amounts, frozen when written. Append-only."""

    id = KeyField(primary_key=True)
    business_id = KeyField()
    kind = models.CharField(max_length=40)
    customer_id = KeyField(null=True)
    payload = models.JSONField()
    recorded_at = models.DateTimeField()


class FeedHead(models.Model):
    """The last position of a business's feed; whoever numbers events holds this row."""

    business_id = KeyField(primary_key=True)
    position = models.BigIntegerField()


class FeedEntry(models.Model):
    """The place of an event in commit order, and its number among the events of its customer. Append-only."""

    event = models.OneToOneField(Event, on_delete=models.PROTECT, primary_key=True, related_name="feed")
    business_id = KeyField()
    position = models.BigIntegerField()
    customer_id = KeyField(null=True)
    customer_sequence = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("business_id", "position", name="feed_position"),
            models.UniqueConstraint("business_id", "customer_id", "customer_sequence", name="feed_customer_sequence"),
        ]
