# SPDX-License-Identifier: Apache-2.0
"""What the surroundings refuse – the disk, the database – as operating errors that name the place and the remedy."""

from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection

from regulars.kernel.errors import RegularsError, gettext_noop

_SAID_MAX = 300
_SQLITE_TROUBLES = ("CANTOPEN", "CORRUPT", "FULL", "IOERR", "NOTADB", "PERM", "READONLY")
# Connection, log-in, no such database, resources, operator, system.
_POSTGRESQL_TROUBLES = {"08", "28", "3D", "53", "57", "58"}


class DatabaseRefused(RegularsError):
    """The database cannot be reached, does not let us in, or cannot write."""

    code = "database_refused"
    status = 500
    text = gettext_noop(
        "The database “%(address)s” cannot be used: it said “%(said)s”. "
        "Check that it is there and has room, that this user may write it, and what DATABASE_URL says."
    )


class FileRefused(RegularsError):
    """A file cannot be read or written, or the disk is full."""

    code = "file_refused"
    status = 500
    text = gettext_noop(
        "“%(path)s” cannot be read or written: the system said “%(said)s”. Check whose it is, and whether the disk is full."
    )


def trouble_of(error: OSError | DatabaseError) -> RegularsError | None:
    """Return what the surroundings refuse, or None if the fault is in the program."""
    if isinstance(error, OSError):
        return FileRefused(path=error.filename or settings.HOME, said=error.strerror or type(error).__name__)
    if not _is_of_surroundings(error.__cause__):
        return None
    return DatabaseRefused(address=_database_name(), said=" ".join(str(error).split())[:_SAID_MAX])


def _is_of_surroundings(cause: Any) -> bool:
    if hasattr(cause, "sqlite_errorname"):
        return str(cause.sqlite_errorname).removeprefix("SQLITE_").startswith(_SQLITE_TROUBLES)
    state = getattr(cause, "sqlstate", None)
    return type(cause).__name__ == "OperationalError" if state is None else state[:2] in _POSTGRESQL_TROUBLES


def _database_name() -> str:
    """Return where the database is, without the password."""
    named = connection.settings_dict
    if connection.vendor == "sqlite":
        return str(named["NAME"])
    port = f":{named['PORT']}" if named["PORT"] else ""
    return f"postgresql://{named['USER']}@{named['HOST']}{port}/{named['NAME']}"
