# SPDX-License-Identifier: Apache-2.0
"""Backups: one tar file with a manifest of checksums, made while the shop works, and restored only when everything in
it is right.

The analytic files are left out, they are computed again. The key that signs and seals goes in only when asked for.
"""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from django.conf import settings
from django.db import connection, connections

from regulars.kernel.errors import RegularsError, Saying, gettext_noop
from regulars.work.process import lock_database_file

FORMAT = 1
_CHUNK = 1 << 20
_TOOL_LIMIT_S = 3_600


class BackupDamaged(RegularsError):
    """The file is not a whole backup."""

    code = "backup_damaged"
    status = 422
    text = gettext_noop("“%(file)s” is not a whole backup: %(problem)s. Use another one; nothing was changed.")


class BackupOfOther(RegularsError):
    """The backup is of the other database."""

    code = "backup_of_other"
    status = 409
    text = gettext_noop("This is a backup of %(vendor)s; DATABASE_URL names %(wanted)s. Set it to the same kind first.")


class HomeInUse(RegularsError):
    """There is data already where the backup would go."""

    code = "home_in_use"
    status = 409
    text = gettext_noop("There is a shop in “%(home)s” already. Say --replace to put it aside and restore over it.")


class ToolFailed(RegularsError):
    """A program of PostgreSQL is missing or refused."""

    code = "tool_failed"
    status = 500
    text = gettext_noop("%(tool)s did not work: %(problem)s")


class Manifest(msgspec.Struct):
    """What a backup holds: file names with their SHA-256."""

    format: int
    vendor: str
    made_at: datetime
    files: dict[str, str]


def make_backup(target: Path, *, now: datetime, with_secrets: bool = False) -> Manifest:
    """Write a backup of the database (a consistent moment, writers go on meanwhile) and the uploaded files.

    Written beside the target and renamed at the end, so that a backup is there whole or not at all.
    """
    with tempfile.TemporaryDirectory(prefix="regulars-backup-", dir=target.parent) as folder:
        staged = Path(folder)
        _dump(staged / "database")
        if with_secrets:
            shutil.copy2(settings.HOME / "secret.key", staged / "secret.key")
        if (settings.HOME / "imports").is_dir():
            shutil.copytree(settings.HOME / "imports", staged / "imports")
        files = {str(path.relative_to(staged)): _digest(path) for path in sorted(staged.rglob("*")) if path.is_file()}
        manifest = Manifest(FORMAT, connection.vendor, now, files)
        (staged / "manifest.json").write_bytes(msgspec.json.encode(manifest))
        partial = target.with_suffix(".partial")
        with tarfile.open(partial, "w:gz", compresslevel=3) as archive:
            for name in ("manifest.json", *files):
                archive.add(staged / name, arcname=name)
        partial.chmod(0o600)
        partial.replace(target)
    return manifest


def _digest(path: Path) -> str:
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            sha.update(chunk)
    return sha.hexdigest()


def _dump(path: Path) -> None:
    if connection.vendor == "sqlite":
        with (
            closing(sqlite3.connect(connection.settings_dict["NAME"])) as source,
            closing(sqlite3.connect(path)) as copy,
        ):
            source.backup(copy, pages=-1)
        return
    _run_tool(["pg_dump", "--format=custom", "--no-owner", f"--file={path}", *_where()])


def _where() -> list[str]:
    database = connection.settings_dict
    port = [f"--port={database['PORT']}"] if database["PORT"] else []
    return [f"--host={database['HOST']}", *port, f"--username={database['USER']}", f"--dbname={database['NAME']}"]


def _run_tool(command: list[str]) -> None:
    environment = {**os.environ, "PGPASSWORD": str(connection.settings_dict["PASSWORD"])}
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_TOOL_LIMIT_S, env=environment)  # noqa: S603 - fixed programs
    except FileNotFoundError:
        raise ToolFailed(
            tool=command[0], problem=Saying(gettext_noop("it is not installed; install PostgreSQL's client programs."))
        ) from None
    except subprocess.CalledProcessError as error:
        raise ToolFailed(
            tool=command[0],
            problem=Saying(
                gettext_noop("it said “%(said)s”."), said=error.stderr.decode(errors="replace").strip()[-300:]
            ),
        ) from None


@contextmanager
def _unpacked(source: Path) -> Iterator[tuple[Path, Manifest]]:
    """Unpack a backup beside the data folder and check every byte of it. Raises BackupDamaged."""
    settings.HOME.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="regulars-restore-", dir=settings.HOME) as folder:
        staged = Path(folder)
        try:
            with tarfile.open(source) as archive:
                archive.extractall(staged, filter="data")
            manifest = msgspec.json.decode((staged / "manifest.json").read_bytes(), type=Manifest)
        except (tarfile.TarError, OSError, EOFError, msgspec.MsgspecError):
            raise BackupDamaged(file=source.name, problem=Saying(gettext_noop("it cannot be unpacked"))) from None
        for name, digest in manifest.files.items():
            if not (staged / name).is_file() or _digest(staged / name) != digest:
                raise BackupDamaged(
                    file=source.name, problem=Saying(gettext_noop("“%(name)s” is missing or was changed"), name=name)
                )
        yield staged, manifest


def restore_backup(source: Path, *, replace: bool, now: datetime) -> Manifest:
    """Put a backup in place of what is there. The old database is kept beside it on SQLite (`….before-<time>`).

    Raises BackupDamaged, BackupOfOther, HomeInUse or DatabaseInUse, and changes nothing then.
    """
    with _unpacked(source) as (staged, manifest):
        if manifest.vendor != connection.vendor:
            raise BackupOfOther(vendor=manifest.vendor, wanted=connection.vendor)
        if connection.vendor == "sqlite":
            _put_sqlite(staged / "database", source, replace=replace, now=now)
        else:
            _put_postgresql(staged / "database", replace=replace)
        for name in ("secret.key", "imports"):
            if (staged / name).exists():
                _put_aside(settings.HOME / name, now)
                shutil.move(staged / name, settings.HOME / name)
        shutil.rmtree(settings.HOME / "analytics", ignore_errors=True)
    connections.close_all()
    return manifest


def _put_aside(path: Path, now: datetime) -> None:
    if path.exists():
        path.rename(path.with_name(f"{path.name}.before-{now:%Y%m%dT%H%M%S}"))


def _put_sqlite(staged: Path, source: Path, *, replace: bool, now: datetime) -> None:
    with closing(sqlite3.connect(staged)) as copy:
        found = copy.execute("PRAGMA quick_check").fetchone()[0]
    if found != "ok":
        raise BackupDamaged(file=source.name, problem=Saying(gettext_noop("the database in it is damaged")))
    path = Path(connection.settings_dict["NAME"])
    if path.exists() and not replace:
        raise HomeInUse(home=settings.HOME)
    with lock_database_file(path):
        connections.close_all()
        for suffix in ("", "-wal", "-shm"):
            _put_aside(path.with_name(path.name + suffix), now)
        shutil.move(staged, path)


def _put_postgresql(staged: Path, *, replace: bool) -> None:
    has_tables = bool(connection.introspection.table_names())
    if has_tables and not replace:
        raise HomeInUse(home=connection.settings_dict["NAME"])
    connections.close_all()
    clean = ["--clean", "--if-exists"] if has_tables else []
    _run_tool(["pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", *clean, *_where(), str(staged)])
