# SPDX-License-Identifier: Apache-2.0
"""The retention page: empty, being computed, filled, by period and store."""

from dataclasses import replace
from datetime import date, timedelta

import msgspec
import pytest

from regulars.analytics.catalogue import METRICS
from regulars.analytics.cohorts import Cell, Cohort, CohortTable, Month
from regulars.analytics.metrics import MetricValue
from regulars.analytics.periods import Period, next_month
from regulars.analytics.report import RetentionReport
from regulars.insights.models import Report
from regulars.insights.subjects import Subject
from regulars.kernel.clock import local_day, utc_now
from regulars.outbox.models import Job
from regulars.programs.words import Words
from web.cast import text_of

pytestmark = pytest.mark.django_db


def values(period: Period, scale: int) -> tuple[MetricValue, ...]:
    """Every metric as 40 × scale ÷ 100."""
    return tuple(
        MetricValue(
            key=key,
            value=float(40 * scale) if metric.denominator is None else 0.4 * scale,
            numerator=40 * scale,
            denominator=1 if metric.denominator is None else 100,
            period=period,
        )
        for key, metric in METRICS.items()
    )


def a_report(period: Period, *, scale: int = 1, has_data: bool = True) -> RetentionReport:
    months, month = [], date(2026, 5, 1)
    for place in range(4):
        months.append(
            Month(
                month=month,
                active_customers=50 + place,
                new_customers=10,
                returning_customers=40 + place,
                orders=60,
                net_minor=1,
                is_finished=True,
            )
        )
        month = next_month(month)
    cells = tuple(
        Cell(months_since=k, customers=100 - 20 * k, of=100, share=1 - 0.2 * k, is_finished=k < 3) for k in range(4)
    )
    cohorts = CohortTable(cohorts=(Cohort(month=date(2026, 5, 1), size=100, cells=cells),), averages=cells[:3])
    return RetentionReport(
        period=period, store=None, covers=period, until=period.end, currency="INR", watermark=7, other_currency_orders=0,
        has_data=has_data, metrics=values(period, scale), months=tuple(months), cohorts=cohorts,
    )  # fmt: skip


def keep(shop, subject: Subject, report: RetentionReport) -> None:
    Report.objects.create(
        business=shop.business,
        subject=str(subject),
        result=msgspec.to_builtins(report),
        watermark=7,
        computed_at=utc_now(),
    )


@pytest.fixture
def year(shop) -> Period:
    today = local_day(utc_now(), Words(shop.business).zone)
    return Period(today - timedelta(days=365), today)


def test_a_report_that_is_missing_is_asked_for_once(shop, owner, year):
    for _ in range(3):
        page = owner.get("/retention/")

    assert "Are they staying?" in text_of(page)
    assert "being computed now" in text_of(page)
    assert 'hx-trigger="every 3s"' in page.content.decode()
    subjects = [str(Subject(year, None)), str(Subject(year.before(), None))]
    assert [job.payload["subjects"] for job in Job.objects.filter(kind="insights")] == [subjects]


def test_a_filled_page_says_it_in_a_sentence_and_compares(shop, owner, year):
    keep(shop, Subject(year, None), a_report(year, scale=2))
    keep(shop, Subject(year.before(), None), a_report(year.before()))

    page = text_of(owner.get("/retention/"))

    assert "80% came back: 80 of the 100 customers of the period before" in page
    assert "Retention rate 80.0% 40.0 points above 40.0%" in page
    assert "Active customers 80 was 40 in the period before" in page
    assert "80% of new customers buy again in the month after" in page
    assert "43 customers came back in August 2026, 42 the month before" in page
    assert "customers with at least one order in the period" in page
    assert Job.objects.filter(kind="insights").count() == 0


def test_nothing_sold_is_said_so(shop, owner, year):
    keep(shop, Subject(year, None), a_report(year, has_data=False))
    keep(shop, Subject(year.before(), None), a_report(year.before(), has_data=False))

    assert "Nobody has bought anything yet" in text_of(owner.get("/retention/"))


def test_a_period_that_began_before_the_first_purchase_is_not_compared(shop, owner, year):
    before = a_report(year.before())
    unknown = replace(before.months[0], orders=0)
    keep(shop, Subject(year, None), a_report(year, scale=2))
    keep(shop, Subject(year.before(), None), replace(before, months=(unknown, *before.months[1:])))

    page = text_of(owner.get("/retention/"))

    assert "Not compared with the period before" in page
    assert "above" not in page


def test_a_refresh_asks_for_the_period_and_the_one_before(shop, owner, year):
    keep(shop, Subject(year, None), a_report(year))
    keep(shop, Subject(year.before(), None), a_report(year.before()))

    answer = owner.post("/retention/refresh/", {"period": "365"}, follow=True)

    assert "It is being computed" in text_of(answer)
    assert len(Job.objects.get(kind="insights").payload["subjects"]) == 2


def test_any_period_and_store_can_be_asked(shop, owner):
    owner.get("/retention/", {"period": "custom", "start": "2026-01-01", "end": "2026-03-31", "store": "pune"})

    subjects = Job.objects.get(kind="insights").payload["subjects"]
    assert subjects == ["retention/2026-01-01/2026-04-01/pune", "retention/2025-10-03/2026-01-01/pune"]


@pytest.mark.parametrize(("start", "end"), [("2026-03-01", "2026-01-01"), ("x", "2026-01-01"), ("", "")])
def test_a_period_that_is_none_asks_for_nothing(shop, owner, start, end):
    answer = owner.get("/retention/", {"period": "custom", "start": start, "end": end})

    assert answer.status_code == 200
    assert Job.objects.filter(kind="insights").count() == 0


def test_a_computation_that_failed_is_not_asked_for_again_and_again(shop, owner):
    owner.get("/retention/")
    Job.objects.filter(kind="insights").update(state=Job.State.DEAD, run_at=utc_now())

    page = owner.get("/retention/")

    assert "The last computation failed" in text_of(page)
    assert Job.objects.filter(kind="insights", state=Job.State.READY).count() == 0
