# SPDX-License-Identifier: Apache-2.0
"""Import runs: what was read, how far it got, and what came of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from regulars.database.keys import KeyField
from regulars.tenancy.scope import BusinessModel

FILE_NAME_MAX = 200


class ImportRun(BusinessModel):
    """One file being imported; it can stop anywhere and go on from `done_rows`.

    `file_name` is what the user called the file and is only shown; `mapping` is empty until one is chosen; `counts`
    is a Tally.
    """

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("uploaded")
        CHECKED = "checked", _("checked")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    class Subject(models.TextChoices):
        ORDERS = "orders", _("purchases")
        CUSTOMERS = "customers", _("customers")
        PRODUCTS = "products", _("products")

    subject = models.CharField(max_length=10, choices=Subject)
    file_name = models.CharField(max_length=FILE_NAME_MAX)
    file_digest = models.BinaryField(max_length=32)
    mapping = models.JSONField(default=dict)
    with_points = models.BooleanField(default=True)
    state = models.CharField(max_length=8, choices=State, default=State.UPLOADED)
    problem = models.CharField(max_length=300, default="")
    total_rows = models.BigIntegerField(default=0)
    done_rows = models.BigIntegerField(default=0)
    counts = models.JSONField(default=dict)
    created_by_id = KeyField(null=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["business", "created_at"], name="import_created")]
