# SPDX-License-Identifier: Apache-2.0
"""Computed reports, stored so that a page never waits for the analytic engine."""

from django.db import models

from regulars.tenancy.scope import BusinessModel


class Report(BusinessModel):
    """One computed report: what it is about (`subject`, like "retention/2026-01-01/2026-02-01/all") and its result."""

    subject = models.CharField(max_length=200)
    result = models.JSONField()
    watermark = models.BigIntegerField()
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint("business", "subject", name="report_subject")]
