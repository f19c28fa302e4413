# SPDX-License-Identifier: Apache-2.0
"""Are they staying? The stored retention report of a period and a store, in words, figures and charts."""

from dataclasses import dataclass
from datetime import date, timedelta

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.analytics.periods import Period
from regulars.analytics.report import RetentionReport
from regulars.insights.actions import JOB_KIND, request_reports
from regulars.insights.queries import StoredReport, stored_report
from regulars.insights.subjects import Subject
from regulars.kernel.clock import local_day
from regulars.outbox.models import Job
from regulars.programs.words import Words
from regulars.ui.shell import Choice
from regulars.web.door import POST, StaffRequest, staff_page
from regulars.web.retention_figures import cohort_figure, finding_of, is_whole, month_figure, stats_of

PERIODS = {"30": _("30 days"), "90": _("90 days"), "365": _("12 months"), "all": _("All")}
DEFAULT = "365"
CUSTOM_DAYS_MAX = 3_660


class CustomForm(forms.Form):
    """Any period: from a day through a day."""

    start = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    end = forms.DateField(label=_("Through"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def clean(self) -> None:
        """Refuse a period that ends before it begins, or is endless."""
        start, end = self.cleaned_data.get("start"), self.cleaned_data.get("end")
        if start and end and not 0 <= (end - start).days <= CUSTOM_DAYS_MAX:
            self.add_error("end", _("The period ends before it begins, or is longer than ten years."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody wants to see."""

    period: str
    store: str
    start: str
    end: str
    subject: Subject

    @property
    def is_answerable(self) -> bool:
        """Tell whether the period is one."""
        return self.period != "custom" or self.subject.period is not None

    @property
    def query(self) -> str:
        """Return the address's query."""
        given = {"period": self.period, "store": self.store, "start": self.start, "end": self.end}
        return urlencode({name: value for name, value in given.items() if value})


def _asked(request: StaffRequest, today: date) -> tuple[Asked, CustomForm]:
    source = request.POST if request.method == "POST" else request.GET
    wanted, store = source.get("period", DEFAULT), source.get("store", "")
    store = store if store in {one.code for one in request.access.stores} else ""
    custom = CustomForm(source if wanted == "custom" else None)
    start = end = ""
    period = None
    if wanted == "custom" and custom.is_valid():
        first, last = custom.cleaned_data["start"], custom.cleaned_data["end"]
        start, end, period = first.isoformat(), last.isoformat(), Period(first, last + timedelta(days=1))
    elif wanted != "custom" and wanted not in PERIODS:
        wanted = DEFAULT
    if wanted.isdigit():
        period = Period(today - timedelta(days=int(wanted)), today)
    subject = Subject(period, store or None)
    return Asked(period=wanted, store=store, start=start, end=end, subject=subject), custom


@staff_page("insight.view")
def show(request: StaffRequest) -> HttpResponse:
    """Show who stays, for a period and a store."""
    words = Words(request.business)
    asked, custom = _asked(request, local_day(request.now, words.zone))
    stored, before = _stored(request, asked)
    is_coming, is_failing = _ask_for_missing(
        request, asked, is_complete=bool(stored and (before or not _before(asked)))
    )
    context = {
        "asked": asked,
        "custom_form": custom if asked.period == "custom" else CustomForm(),
        "periods": _period_choices(asked),
        "store_choices": _store_choices(request, asked),
        "stores_shown": len(request.access.stores) > 1,
        "stored": stored,
        "is_coming": is_coming,
        "is_failing": is_failing,
        "finding": finding_of(stored.report, words) if stored else gettext("Are they staying?"),
    }
    if stored and stored.report.has_data:
        context |= _figures(stored.report, before.report if before else None, words)
    if request.headers.get("HX-Target") != "waiting":
        return render(request, "web/retention.html", context)
    response = render(request, "web/retention.html#waiting", context)
    if not is_coming:
        response.headers["HX-Refresh"] = "true"
    return response


def _stored(request: StaffRequest, asked: Asked) -> tuple[StoredReport | None, StoredReport | None]:
    """Return the report that was asked for and the one of the period before, as far as they are there."""
    if not asked.is_answerable:
        return None, None
    earlier = _before(asked)
    stored = stored_report(request.business, asked.subject)
    return stored, stored_report(request.business, earlier) if earlier else None


def _ask_for_missing(request: StaffRequest, asked: Asked, *, is_complete: bool) -> tuple[bool, bool]:
    """Have a report that is missing computed; tell whether some are being computed, and whether that failed."""
    is_coming, is_failing = _under_way(request)
    if is_complete or is_coming or is_failing or not asked.is_answerable:
        return is_coming, is_failing
    _request(request, asked)
    return True, False


def _request(request: StaffRequest, asked: Asked) -> None:
    earlier = _before(asked)
    request_reports(request.business, [asked.subject, earlier] if earlier else [asked.subject], now=request.now)


def _figures(report: RetentionReport, before: RetentionReport | None, words: Words) -> dict[str, object]:
    is_comparable = before is not None and is_whole(before)
    return {
        "stats": stats_of(report, before if is_comparable else None, words),
        "is_partly_known": before is not None and not is_comparable,
        "months": month_figure(report, words),
        "cohorts": cohort_figure(report, words),
    }


def _before(asked: Asked) -> Subject | None:
    """Return the equally long period before, with the same store."""
    return Subject(asked.subject.period.before(), asked.subject.store) if asked.subject.period else None


def _under_way(request: StaffRequest) -> tuple[bool, bool]:
    """Tell whether reports are being computed, and whether that failed for good within the last hour."""
    jobs = Job.objects.filter(business_id=request.business.pk, kind=JOB_KIND)
    is_failing = jobs.filter(state=Job.State.DEAD, run_at__gt=request.now - timedelta(hours=1)).exists()
    return jobs.filter(state=Job.State.READY).exists(), is_failing


def _address(asked: Asked, **change: str) -> str:
    given = {"period": asked.period, "store": asked.store, "start": asked.start, "end": asked.end} | change
    return f"{reverse('retention')}?{urlencode({name: value for name, value in given.items() if value})}"


def _period_choices(asked: Asked) -> list[Choice]:
    return [
        Choice(label=str(label), url=_address(asked, period=code, start="", end=""), is_current=asked.period == code)
        for code, label in PERIODS.items()
    ]


def _store_choices(request: StaffRequest, asked: Asked) -> list[Choice]:
    everything = Choice(label=gettext("All stores"), url=_address(asked, store=""), is_current=not asked.store)
    stores = [
        Choice(label=store.name, url=_address(asked, store=store.code), is_current=asked.store == store.code)
        for store in request.access.stores
    ]
    return [everything, *stores]


@staff_page("insight.view", methods=POST)
def refresh(request: StaffRequest) -> HttpResponse:
    """Have the report computed anew, with the period before it."""
    asked, custom = _asked(request, local_day(request.now, Words(request.business).zone))
    if asked.period == "custom" and not custom.is_valid():
        return HttpResponseRedirect(reverse("retention"))
    if not _under_way(request)[0]:
        _request(request, asked)
    return HttpResponseRedirect(f"{reverse('retention')}?{asked.query}")
