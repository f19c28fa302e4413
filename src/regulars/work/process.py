# SPDX-License-Identifier: Apache-2.0
"""One process, one lock, one file: how processes that write to a SQLite database keep out of each other's way."""

import ctypes
import fcntl
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from regulars.kernel.errors import RegularsError, gettext_noop

LOCK_WAIT_S = 15.0
_LOOK_EVERY_S = 0.05
_PR_SET_PDEATHSIG = 1


class DatabaseInUse(RegularsError):
    """Another process writes to the database file."""

    code = "database_in_use"
    status = 409
    text = gettext_noop("Another Regulars is working on “%(path)s”. Stop it first, or wait until it has ended.")


def die_with_parent() -> None:
    """End this process when the one that started it is gone, so that no second writer outlives its supervisor
    (Linux).
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent is not None and os.getppid() != parent.pid:
        os._exit(1)  # it was gone before the line above


def lock_database_file(
    path: Path, *, wait_s: float = LOCK_WAIT_S, waiting: Callable[[], None] | None = None
) -> IO[bytes]:
    """Become the only writing process of a SQLite file; the lock lasts until the result is closed or the process ends.

    `waiting` is called once where another process has it. Raises DatabaseInUse when another process still has it after the wait.
    """
    file = path.with_name(path.name + ".lock").open("ab")
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                file.close()
                raise DatabaseInUse(path=path) from None
            if waiting is not None:
                waiting()
                waiting = None
            time.sleep(_LOOK_EVERY_S)
        else:
            return file
