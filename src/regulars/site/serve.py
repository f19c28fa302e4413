# SPDX-License-Identifier: Apache-2.0
"""What each web process of `regulars serve` begins with: it keeps other writers out, then serves and works."""

import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from regulars.kernel.memory import calm_collector
from regulars.work.process import DatabaseInUse, die_with_parent, lock_database_file

_locks: list[IO[bytes] | None] = []  # held until the process ends


def _keep_others_out() -> IO[bytes] | None:
    database = settings.DATABASES["default"]
    if not str(database["ENGINE"]).endswith("sqlite"):
        return None
    try:
        return lock_database_file(Path(str(database["NAME"])))
    except DatabaseInUse as error:
        sys.exit(error.message)  # the supervisor starts this process again, until the other one has ended


def make_application() -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """Become a web process: end with the supervisor, keep other writers off the file, load the application, begin to
    work.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.site.settings")
    os.setpgrp()  # Ctrl-C is for the supervisor, which lets this process finish its requests
    die_with_parent()
    _locks.append(_keep_others_out())
    # Only who keeps the others out may load the application, and its tables are known only after that.
    from regulars.site.wsgi import application  # noqa: I001, PLC0415 - see above
    from regulars.outbox.actions import release_all_leases  # noqa: PLC0415 - see above
    from regulars.work.run import start_background  # noqa: PLC0415 - see above

    if _locks[0] is not None:
        release_all_leases()  # nobody else can be working on what a dead process had leased
    start_background(threading.Event())
    calm_collector()
    return application
