# SPDX-License-Identifier: Apache-2.0
"""The system on one page: what every kind of job does, and which jobs come back when."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from regulars.outbox.models import Job
from regulars.outbox.schedule import Every, Recurrence
from regulars.tenancy import webhooks
from regulars.tenancy.attempts import Outcome
from regulars.work.kinds import Context, Handler, Outward, Quick


def _prepare_webhooks(context: Context, jobs: Sequence[Job]) -> Mapping[UUID, webhooks.Attempt]:
    return webhooks.prepare(jobs, now=context.now)


def _send_webhook(context: Context, attempt: webhooks.Attempt) -> Outcome:
    return context.sender.send(attempt.request)


def _record_webhook(context: Context, job: Job, attempt: webhooks.Attempt | None, outcome: Outcome | None) -> None:
    webhooks.record(job, attempt, outcome, now=context.now, random=context.random)


def _sweep(context: Context, _jobs: Sequence[Job]) -> None:
    webhooks.sweep_deliveries(now=context.now)


HANDLERS: dict[str, Handler] = {
    webhooks.JOB_KIND: Outward(
        prepare=_prepare_webhooks,
        send=_send_webhook,
        record=_record_webhook,
        is_slow=lambda outcome: outcome.is_unanswered,
    ),
    "sweep": Quick(run=_sweep),
}

SCHEDULE: dict[str, Recurrence] = {
    "sweep": Every(600),
}
