# SPDX-License-Identifier: Apache-2.0
"""`regulars serve`: check, migrate, then be the main process of the web server, which starts its workers again when
they fail.

On SQLite one worker process does everything; on PostgreSQL there is one for each core, up to four. Every one of them
also does background work, so nothing else has to run.
"""

import io
import logging
import os
import socket
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connection, connections
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.work.process import lock_database_file

logger = logging.getLogger(__name__)
TARGET = "regulars.site.serve:make_application"
_PROCESSES_MAX = 4
_THREADS_ALONE = 32
_THREADS_EACH = 16  # four processes and their background work stay below PostgreSQL's usual 100 connections
_WAITING_MAX = 256
_RESPAWN_S = 0.5
_STOP_S = 10


class CannotListen(RegularsError):
    """The address is taken or not of this machine."""

    code = "cannot_listen"
    status = 500
    text = gettext_noop(
        "Cannot listen on %(address)s (the system says “%(said)s”). Is it running already? Set REGULARS_BIND to another one."
    )


def serve(bind: tuple[str, int]) -> None:
    """Serve until SIGINT or SIGTERM, then let requests finish and return.

    Raises DatabaseInUse when another process has worked on the SQLite file for 15 seconds, SystemCheckError,
    CannotListen.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.site.settings")
    django.setup()
    call_command("check", stdout=io.StringIO())  # silent when there is nothing to say
    is_sqlite = connection.vendor == "sqlite"
    _migrate(is_sqlite=is_sqlite)
    address, port = bind
    _check_free(address, port)
    server = Granian(
        TARGET,
        factory=True,
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=1 if is_sqlite else min(os.cpu_count() or 1, _PROCESSES_MAX),
        blocking_threads=_THREADS_ALONE if is_sqlite else _THREADS_EACH,
        backpressure=_WAITING_MAX,
        respawn_failed_workers=True,
        respawn_interval=_RESPAWN_S,
        workers_kill_timeout=_STOP_S,
        websockets=False,
        log_level=LogLevels.error,
    )
    server.on_startup(lambda: logger.info("Regulars is at http://%s:%s – stop it with Ctrl-C", address, port))
    server.serve()


def _check_free(address: str, port: int) -> None:
    """Raise CannotListen if somebody else listens there: the web server itself would share the port with it."""
    try:
        family = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0][0]
        socket.create_server((address, port), family=family).close()
    except OSError as error:
        raise CannotListen(address=f"{address}:{port}", said=error.strerror or type(error).__name__) from None


def _migrate(*, is_sqlite: bool) -> None:
    """Bring the tables up to date, as the only writer of a SQLite file; leave no connection for the workers to
    inherit.
    """
    if is_sqlite:
        path = Path(connection.settings_dict["NAME"])
        with lock_database_file(path, waiting=lambda: logger.info("Waiting for another Regulars to leave %s", path)):
            call_command("migrate", interactive=False, verbosity=0)
            connections.close_all()
        return
    call_command("migrate", interactive=False, verbosity=0)
    connections.close_all()
