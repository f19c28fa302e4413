# SPDX-License-Identifier: Apache-2.0
"""The writers of reports: asked for by a page or the schedule, computed in a process of their own, stored as rows."""

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from django.conf import settings
from django.db import transaction

from regulars.insights.models import Report
from regulars.insights.subjects import Subject, usual_subjects
from regulars.outbox.actions import enqueue
from regulars.tenancy.models import Business, Store

JOB_KIND = "insights"
_LIMIT_S = 3_600


def request_reports(business: Business, subjects: Sequence[Subject], *, now: datetime) -> None:
    """Ask for reports; the worker computes them soon. No subjects means the usual ones."""
    enqueue(JOB_KIND, {"subjects": [str(subject) for subject in subjects]}, now=now, business_id=business.pk)


def refresh_reports(business: Business, subjects: Sequence[str], *, now: datetime) -> int:
    """Compute reports in a process of their own and store them; return how many. Raises CalledProcessError when that fails."""
    today = now.astimezone(ZoneInfo(business.timezone)).date()
    stores = list(Store.objects.of(business).values_list("code", flat=True))
    wanted = list(subjects) or [str(subject) for subject in usual_subjects(today, stores)]
    command = [sys.executable, "-m", "regulars.insights.compute", now.isoformat(), str(business.pk), *wanted]
    environment = {**os.environ, "REGULARS_HOME": str(settings.HOME)}
    done = subprocess.run(command, check=True, capture_output=True, timeout=_LIMIT_S, env=environment)  # noqa: S603 - our own program
    reports = msgspec.json.decode(done.stdout, type=dict[str, msgspec.Raw])
    _store(business, {subject: msgspec.json.decode(report) for subject, report in reports.items()}, now)
    return len(reports)


@transaction.atomic
def _store(business: Business, reports: dict[str, dict[str, object]], now: datetime) -> None:
    for subject, result in reports.items():
        values = {"result": result, "watermark": result["watermark"], "computed_at": now}
        Report.objects.of(business).update_or_create(business=business, subject=subject, defaults=values)
