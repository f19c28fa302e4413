# SPDX-License-Identifier: Apache-2.0
"""The system on one page: what every kind of job does, and which jobs come back when."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils import translation

from regulars.connectors.actions import erase_old_files, run_import
from regulars.connectors.models import ImportRun
from regulars.flow.nightly import close_day
from regulars.flow.receive import receive
from regulars.flow.sealing import seal_commits
from regulars.insights.actions import JOB_KIND, refresh_reports, request_reports
from regulars.outbox.commits import SEAL
from regulars.outbox.models import Job
from regulars.outbox.schedule import Daily, Every, Recurrence
from regulars.tenancy import webhooks
from regulars.tenancy.attempts import Outcome
from regulars.tenancy.models import Business, User
from regulars.work import kept_backups
from regulars.work.kinds import Context, Handler, Long, Outward, Quick


def _prepare_webhooks(context: Context, jobs: Sequence[Job]) -> Mapping[UUID, webhooks.Attempt]:
    return webhooks.prepare(jobs, now=context.now)


def _send_webhook(context: Context, attempt: webhooks.Attempt) -> Outcome:
    return context.sender.send(attempt.request)


def _record_webhook(context: Context, job: Job, attempt: webhooks.Attempt | None, outcome: Outcome | None) -> None:
    webhooks.record(job, attempt, outcome, now=context.now, random=context.random)


def _sweep(context: Context, _jobs: Sequence[Job]) -> None:
    webhooks.sweep_deliveries(now=context.now)


def _business(job: Job) -> Business:
    assert job.business_id is not None, "this kind of job belongs to a business"
    return Business.objects.get(pk=job.business_id)


def _seal(context: Context, jobs: Sequence[Job]) -> None:
    business = jobs[0].business_id
    assert business is not None, "what is sealed belongs to a business"
    events = seal_commits(business, [job.payload for job in jobs])
    webhooks.plan_deliveries(business, events, now=context.now)


def _close_day(context: Context, job: Job) -> None:
    close_day(_business(job), now=context.now)


def _refresh_insights(context: Context, job: Job) -> None:
    refresh_reports(_business(job), job.payload.get("subjects", ()), now=context.now)


def _import_file(context: Context, job: Job) -> None:
    run = ImportRun.objects.select_related("business").get(pk=job.payload["run"])
    reader = User.objects.filter(pk=run.created_by_id).first() if run.created_by_id else None
    with translation.override(reader.language if reader else run.business.languages[0]):
        run_import(run, receive=receive, now=context.now)
    request_reports(run.business, (), now=context.now)


def _erase_uploads(context: Context, job: Job) -> None:
    erase_old_files(_business(job), now=context.now)


def _back_up(context: Context, job: Job) -> None:
    kept_backups.keep_backup(now=context.now, is_asked=job.payload.get("is_asked", False))


HANDLERS: dict[str, Handler] = {
    webhooks.JOB_KIND: Outward(
        prepare=_prepare_webhooks,
        send=_send_webhook,
        record=_record_webhook,
        is_slow=lambda outcome: outcome.is_unanswered,
    ),
    SEAL: Quick(run=_seal, is_together=True),
    "closing": Long(run=_close_day),
    JOB_KIND: Long(run=_refresh_insights),
    "import": Long(run=_import_file),
    "uploads": Long(run=_erase_uploads),
    kept_backups.JOB_KIND: Long(run=_back_up),
    "sweep": Quick(run=_sweep),
}

SCHEDULE: dict[str, Recurrence] = {
    "closing": Daily(2),
    kept_backups.JOB_KIND: Daily(kept_backups.HOUR),
    JOB_KIND: Daily(4),
    "uploads": Daily(5),
    "sweep": Every(600),
}
