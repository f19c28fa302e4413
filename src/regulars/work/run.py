# SPDX-License-Identifier: Apache-2.0
"""Where the background work runs: in threads of the web process, always; on PostgreSQL also in processes of its own.

Embedded work runs on both databases, so one command is always enough. On PostgreSQL that is safe in any number of
processes: claims skip locked rows, and a schedule is moved on by a conditional update.
"""

import threading

from django.db import connection

from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.work.scheduler import Scheduler
from regulars.work.worker import Worker


class OneProcessOnly(RegularsError):
    """SQLite has exactly one writing process."""

    code = "one_process_only"
    status = 409
    text = gettext_noop("On SQLite the web server does the background work itself: “regulars serve” is enough.")


def start_background(stop: threading.Event) -> None:
    """Start one worker and one scheduler in daemon threads: they end with the process, and what they leave is taken
    up again.
    """
    threading.Thread(target=Worker().run, args=(stop,), name="worker", daemon=True).start()
    threading.Thread(target=Scheduler().run, args=(stop,), name="schedule", daemon=True).start()


def run_worker(stop: threading.Event) -> None:
    """Do background work in this process until told to stop: `regulars worker`, in any number, on PostgreSQL.

    Raises OneProcessOnly on SQLite.
    """
    if connection.vendor == "sqlite":
        raise OneProcessOnly
    threading.Thread(target=Scheduler().run, args=(stop,), name="schedule", daemon=True).start()
    Worker().run(stop)
