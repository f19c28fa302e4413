# SPDX-License-Identifier: Apache-2.0
"""Settings: the backups of the night, and when the last good one was."""

from datetime import timedelta

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext

from regulars.database.transactions import run_durably
from regulars.outbox.actions import enqueue
from regulars.tenancy import audit
from regulars.tenancy.models import Business
from regulars.web.door import POST, StaffRequest, staff_page
from regulars.web.places import settings_tabs
from regulars.work.kept_backups import JOB_KIND, kept_backups, kept_folder

LATE_AFTER = timedelta(hours=36)


def _is_alone() -> bool:
    """Tell whether a backup holds one business only: what belongs to others is not for this owner to take away."""
    return Business.objects.count() == 1


@staff_page("backups.manage")
def list_backups(request: StaffRequest) -> HttpResponse:
    """Show the backups of the night, the newest first."""
    kept = kept_backups()
    context = {
        "backups": [(one, -(-one.size // 1_000_000)) for one in kept],
        "is_late": bool(kept) and request.now - kept[0].made_at > LATE_AFTER,
        "may_download": _is_alone(),
        "folder": kept_folder(),
        "tabs": settings_tabs(request.access, "backups"),
    }
    return render(request, "web/backups.html", context)


@staff_page("backups.manage", methods=POST)
def back_up(request: StaffRequest) -> HttpResponse:
    """Ask for a backup now."""
    run_durably(lambda: enqueue(JOB_KIND, {"is_asked": True}, now=request.now, business_id=request.business.pk))
    messages.success(request, gettext("The backup is being made. Reload this page in a moment."))
    return HttpResponseRedirect(reverse("backups"))


@staff_page("backups.manage")
def download_backup(request: StaffRequest, name: str) -> FileResponse:
    """Give a backup to keep elsewhere; who took it stands in the audit log."""
    found = next((one for one in kept_backups() if one.path.name == name), None)
    if found is None or not _is_alone():
        raise Http404(gettext("There is no such backup: perhaps newer ones took its place."))

    def note() -> None:
        audit.record(request.access.actor, "backup.downloaded", request.business, now=request.now, after={"file": name})

    run_durably(note)
    return FileResponse(found.path.open("rb"), as_attachment=True, filename=name, content_type="application/gzip")
