# SPDX-License-Identifier: Apache-2.0
"""Settings: background jobs that failed for good, and the log of who changed what."""

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from regulars.customers.queries import profiles
from regulars.database.transactions import run_durably
from regulars.outbox import actions as outbox
from regulars.outbox.models import Job
from regulars.outbox.queries import dead_letters
from regulars.programs.words import Words
from regulars.tenancy import audit
from regulars.tenancy.models import AuditEntry, Store
from regulars.web.audit_words import JOBS, change_texts, customers_in, verb_text
from regulars.web.authors import authors_of
from regulars.web.door import POST, StaffRequest, staff_page
from regulars.web.people import name_of
from regulars.web.places import settings_tabs

SHOWN = 50


@staff_page("jobs.manage")
def jobs(request: StaffRequest) -> HttpResponse:
    """Show what failed for good and what is waiting."""
    dead = list(dead_letters(request.business.pk)[:SHOWN])
    waiting = Job.objects.filter(business_id=request.business.pk, state=Job.State.READY).count()
    if dead:
        finding = ngettext("%(count)s job failed for good", "%(count)s jobs failed for good", len(dead))
    else:
        finding = gettext("All work is done or under way")
    lead = ngettext("%(counter)s job is waiting for its turn.", "%(counter)s jobs are waiting for their turn.", waiting)
    context = {
        "jobs": [(job, JOBS.get(job.kind, job.kind)) for job in dead],
        "lead": lead % {"counter": Words(request.business).number(waiting)},
        "finding": finding % {"count": len(dead)},
        "tabs": settings_tabs(request.access, "jobs"),
    }
    return render(request, "web/jobs.html", context)


def _dead(request: StaffRequest, job: UUID) -> Job:
    found = dead_letters(request.business.pk).filter(pk=job).first()
    if found is None:
        raise Http404(gettext("There is no such job: perhaps somebody ran it again."))
    return found


@staff_page("jobs.manage", methods=POST)
def run_again(request: StaffRequest, job: UUID) -> HttpResponse:
    """Run a failed job again."""
    found = _dead(request, job)

    def work() -> None:
        outbox.run_again(found, now=request.now)
        audit.record(request.access.actor, "job.run_again", found, now=request.now, after={"kind": found.kind})

    run_durably(work)
    messages.success(request, gettext("It runs again."))
    return HttpResponseRedirect(reverse("jobs"))


@staff_page("jobs.manage", methods=POST)
def discard(request: StaffRequest, job: UUID) -> HttpResponse:
    """Give a failed job up, with a reason."""
    found, reason = _dead(request, job), request.POST.get("reason", "").strip()[:300]
    if len(reason) < 3:
        messages.error(request, gettext("Say why it is given up, in a few words."))
        return HttpResponseRedirect(reverse("jobs"))

    def work() -> None:
        before = {"kind": found.kind, "last_error": found.last_error[:200]}
        audit.record(request.access.actor, "job.discarded", found, now=request.now, before=before, reason=reason)
        outbox.discard(found)

    run_durably(work)
    messages.success(request, gettext("It is given up."))
    return HttpResponseRedirect(reverse("jobs"))


@staff_page("audit.view")
def audit_log(request: StaffRequest) -> HttpResponse:
    """Show who changed what, the latest first."""
    rows = AuditEntry.objects.of(request.business).order_by("-at", "-id")
    before = _moment(request.GET.get("before", ""))
    if before is not None:
        rows = rows.filter(at__lt=before)
    entries = list(rows[: SHOWN + 1])
    shown = entries[:SHOWN]
    authors, words = authors_of(request.business, shown), Words(request.business)
    names = {str(key): name for key, name in Store.objects.of(request.business).values_list("pk", "name")}
    about = customers_in(shown)
    if about:
        names |= {str(one.id): name_of(one) for one in profiles(request.business, list(about))}
    following = shown[-1].at.isoformat().replace("+", "%2B") if len(entries) > SHOWN else ""
    context = {
        "entries": [(one, authors[one.pk], verb_text(one), change_texts(one, words, names)) for one in shown],
        "tabs": settings_tabs(request.access, "audit"),
        "next_url": f"{reverse('audit')}?before={following}" if following else "",
        "first_url": reverse("audit") if before else "",
    }
    return render(request, "web/audit.html", context)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
