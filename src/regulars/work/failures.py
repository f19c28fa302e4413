# SPDX-License-Identifier: Apache-2.0
"""How failures of background work are named and logged: never with the values that an error may carry."""

from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.outbox.backoff import describe


class Interrupted(RegularsError):
    """The process ended while it ran the job, each time."""

    code = "job_interrupted"
    status = 500
    text = gettext_noop("The program ended while it ran this job, as often as the job may be tried.")


class JobFailed(Exception):
    """Stands for an error in the log, without the values in its message."""


def without_values(error: BaseException) -> BaseException:
    """Return what may be logged of an error: its class and where it happened."""
    return JobFailed(describe(error)).with_traceback(error.__traceback__)
