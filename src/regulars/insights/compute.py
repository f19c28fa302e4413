# SPDX-License-Identifier: Apache-2.0
"""The analytic work of one business in a process of its own: `python -m regulars.insights.compute BUSINESS SUBJECT…`.

Reads the database, writes only the lake and the marts, prints {subject: report} as JSON. A process of its own keeps the engine's
memory and time away from the web server.
"""

import os
import sys
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import django
import msgspec

from regulars.analytics.report import RetentionReport, retention_report
from regulars.insights.subjects import Subject, read_subject


def compute_reports(business_key: str, subjects: Sequence[Subject], *, now: datetime) -> dict[str, RetentionReport]:
    """Fill the lake, refresh the marts, and return a report for each subject."""
    from regulars.insights.export import fill_lake, lake_of, marts_of  # noqa: PLC0415 - models can be imported only after the settings are read
    from regulars.tenancy.models import Business  # noqa: PLC0415 - as above

    business = Business.objects.get(pk=business_key)
    fill_lake(business)
    marts = marts_of(business)
    marts.refresh(lake_of(business))
    marts.publish()
    today = now.astimezone(ZoneInfo(business.timezone)).date()
    with marts.open_snapshot() as con:
        return {
            str(subject): retention_report(con, period=subject.period, store=subject.store, until=today)
            for subject in subjects
        }


def main(arguments: Sequence[str]) -> None:
    """Compute and print: the moment (ISO), the business, then subjects."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.site.settings")
    django.setup()
    moment, business, *subjects = arguments
    reports = compute_reports(
        business, [read_subject(subject) for subject in subjects], now=datetime.fromisoformat(moment)
    )
    sys.stdout.buffer.write(msgspec.json.encode(reports))


if __name__ == "__main__":
    main(sys.argv[1:])
