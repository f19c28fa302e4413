# SPDX-License-Identifier: Apache-2.0
"""Reads of stored reports."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from regulars.analytics.report import RetentionReport
from regulars.insights.models import Report
from regulars.insights.subjects import Subject
from regulars.tenancy.models import Business


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report with the moment at which it was computed."""

    report: RetentionReport
    computed_at: datetime


def stored_report(business: Business, subject: Subject) -> StoredReport | None:
    """Return the latest report on a subject, or None when it was never computed."""
    row = Report.objects.of(business).filter(subject=str(subject)).first()
    return StoredReport(msgspec.convert(row.result, RetentionReport), row.computed_at) if row else None
