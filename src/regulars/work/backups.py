# SPDX-License-Identifier: Apache-2.0
"""Backups: one tar file with a manifest of checksums, made while the shop works, and restored only when everything in
it is right.

The analytic files are left out, they are computed again. The key that signs and seals goes in only when asked for.
"""

import gzip
import hashlib
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from regulars.flow.verifying import Anchor
from regulars.kernel.errors import RegularsError, Saying, gettext_noop
from regulars.ledger.sealed import read_heads
from regulars.work.process import DatabaseInUse, lock_database_file

FORMAT = 1
_CHUNK = 1 << 20
_TOOL_LIMIT_S = 3_600
_LOCK_WAIT_S = 1.0
_OTHERS = (
    "SELECT COUNT(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = current_setting('application_name') AND pid <> pg_backend_pid()"
)


class NotABackup(RegularsError):
    """The file is something else."""

    code = "not_a_backup"
    status = 422
    text = gettext_noop("“%(file)s” is not a backup of Regulars. Use another file; nothing was changed.")


class BackupCutShort(RegularsError):
    """The end of the file is missing."""

    code = "backup_cut_short"
    status = 422
    text = gettext_noop("“%(file)s” ends too early: part of it is missing. Copy it again; nothing was changed.")


class BackupDamaged(RegularsError):
    """The file is not what was written."""

    code = "backup_damaged"
    status = 422
    text = gettext_noop(
        "“%(file)s” is damaged: its bytes are not those that were written. Use another backup; nothing was changed."
    )


class BackupNewer(RegularsError):
    """The backup holds what this program does not know."""

    code = "backup_newer"
    status = 409
    text = gettext_noop(
        "“%(file)s” is of Regulars %(version)s, which is newer than this one. Update this one first; nothing was changed."
    )


class BackupOfOther(RegularsError):
    """The backup is of the other database."""

    code = "backup_of_other"
    status = 409
    text = gettext_noop("This is a backup of %(vendor)s; DATABASE_URL names %(wanted)s. Set it to the same kind first.")


class NothingToBackUp(RegularsError):
    """There is no database yet."""

    code = "nothing_to_back_up"
    status = 409
    text = gettext_noop("There is no shop in “%(home)s” yet. Set REGULARS_HOME to the data folder of yours.")


class BackupNotWritten(RegularsError):
    """The disk is full, or the folder is not there or not ours."""

    code = "backup_not_written"
    status = 500
    text = gettext_noop(
        "The backup could not be written to “%(folder)s”: the system said “%(said)s”. Choose a folder with enough room."
    )


class BackupThere(RegularsError):
    """The file is there already, and may be the only good backup."""

    code = "backup_there"
    status = 409
    text = gettext_noop("“%(file)s” is there already. Choose another name, or say --force to replace it.")


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
    """What a backup holds: file names with their SHA-256, the migrations of its tables, the mark of the key.

    `seals` says how far each business's chain reached at least: place and hash, by the key of the business.
    """

    format: int
    version: str
    vendor: str
    made_at: datetime
    migrations: list[str]
    key_mark: str
    files: dict[str, str]
    seals: dict[str, tuple[int, str]] = {}

    def anchor(self, business: UUID) -> Anchor | None:
        """Return what this backup saw of the chain of a business."""
        seal = self.seals.get(str(business))
        return Anchor(*seal, f"the backup of {self.made_at:%Y-%m-%d %H:%M}") if seal else None


class _Head(msgspec.Struct):
    """What every manifest says, also one of a format to come."""

    format: int
    version: str


def make_backup(target: Path, *, now: datetime, with_secrets: bool = False, replace: bool = False) -> Manifest:
    """Write a backup of the database (a consistent moment, writers go on meanwhile) and the uploaded files.

    Written beside the target and renamed at the end, so that a backup is there whole or not at all. Raises
    BackupThere, NothingToBackUp, BackupNotWritten, ToolFailed.
    """
    if target.exists() and not replace:
        raise BackupThere(file=target)
    try:
        with tempfile.TemporaryDirectory(prefix="regulars-backup-", dir=target.parent) as folder:
            return _write(Path(folder), target, now=now, with_secrets=with_secrets)
    except OSError as error:
        raise BackupNotWritten(folder=target.parent, said=error.strerror or type(error).__name__) from None


def _write(folder: Path, target: Path, *, now: datetime, with_secrets: bool) -> Manifest:
    staged = folder / "content"
    staged.mkdir()
    _check_there()
    seals = {str(business): head for business, head in read_heads().items()}
    _dump(staged / "database")
    if with_secrets:
        (staged / "secret.key").write_text(settings.SECRET_KEY, encoding="ascii")
    if (settings.HOME / "imports").is_dir():
        shutil.copytree(settings.HOME / "imports", staged / "imports", copy_function=_copy_if_there)
    files = {str(path.relative_to(staged)): _digest(path) for path in sorted(staged.rglob("*")) if path.is_file()}
    migrations = sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())
    manifest = Manifest(
        FORMAT, version("regulars"), connection.vendor, now, migrations, key_mark(settings.SECRET_KEY), files, seals
    )
    (staged / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    archive_path = folder / "archive"
    with tarfile.open(archive_path, "w:gz", compresslevel=3) as archive:
        for name in ("manifest.json", *files):
            archive.add(staged / name, arcname=name)
    archive_path.chmod(0o600)
    _flush(archive_path)
    archive_path.replace(target)
    _flush(target.parent)
    return manifest


def key_mark(secret_key: str) -> str:
    """Return what tells one secret key from another without giving it away."""
    return hashlib.sha256(f"mark of {secret_key}".encode()).hexdigest()[:16]


def has_its_key(manifest: Manifest) -> bool:
    """Tell whether the secret key that the next start reads is the one that sealed what the backup holds."""
    path = settings.ENVIRONMENT.secret_key_file or settings.HOME / "secret.key"
    return key_mark(path.read_text(encoding="ascii").strip()) == manifest.key_mark


def _copy_if_there(source: str, copy: str) -> None:
    """Copy an uploaded file unless it was removed meanwhile."""
    try:
        shutil.copy2(source, copy)
    except FileNotFoundError:
        return


def _flush(path: Path) -> None:
    """Make a file, or the names in a folder, outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_there() -> None:
    if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
        raise NothingToBackUp(home=settings.HOME)


def _dump(path: Path) -> None:
    if connection.vendor == "sqlite":
        source_path = Path(connection.settings_dict["NAME"])
        with closing(sqlite3.connect(source_path)) as source, closing(sqlite3.connect(path)) as copy:
            source.backup(copy, pages=-1)
        return
    # Whose the tables are and who else may read them is a matter of the server, not of the shop.
    others = ["--no-owner", "--no-privileges", "--no-comments"]
    _run_tool(["pg_dump", "--format=custom", *others, f"--file={path}", *_where()])


def _where() -> list[str]:
    """Return how a tool reaches the database, by the same options as the program; the password goes another way."""
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415 - heavy, and of no use on SQLite

    database = connection.settings_dict
    options = {name: value for name, value in database["OPTIONS"].items() if name != "prepare_threshold"}
    place = {name: database[name.upper()] or None for name in ("host", "port", "user")}
    return [f"--dbname={make_conninfo(dbname=database['NAME'], **options | place)}"]


def _run_tool(command: list[str]) -> None:
    environment = {**os.environ, "PGPASSWORD": str(connection.settings_dict["PASSWORD"])}
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_TOOL_LIMIT_S, env=environment)  # noqa: S603 - fixed programs
    except FileNotFoundError:
        raise ToolFailed(
            tool=command[0], problem=Saying(gettext_noop("it is not installed; install PostgreSQL's client programs."))
        ) from None
    except subprocess.TimeoutExpired:
        raise ToolFailed(
            tool=command[0],
            problem=Saying(gettext_noop("it took more than %(seconds)s seconds."), seconds=_TOOL_LIMIT_S),
        ) from None
    except subprocess.CalledProcessError as error:
        raise ToolFailed(
            tool=command[0],
            problem=Saying(
                gettext_noop("it said “%(said)s”."), said=error.stderr.decode(errors="replace").strip()[-300:]
            ),
        ) from None


@contextmanager
def unpacked(source: Path) -> Iterator[tuple[Path, Manifest]]:
    """Unpack a backup in the data folder and check every byte of it.

    Raises NotABackup, BackupCutShort, BackupDamaged, BackupNewer.
    """
    settings.HOME.mkdir(parents=True, exist_ok=True)
    _check_stream(source)
    with tempfile.TemporaryDirectory(prefix="regulars-restore-", dir=settings.HOME) as folder:
        staged = Path(folder)
        try:
            with tarfile.open(source) as archive:
                archive.extractall(staged, filter="data")
            manifest = _read_manifest((staged / "manifest.json").read_bytes(), source)
        except (tarfile.TarError, FileNotFoundError, msgspec.MsgspecError):
            raise NotABackup(file=source.name) from None
        found = {str(path.relative_to(staged)): _digest(path) for path in staged.rglob("*") if path.is_file()}
        del found["manifest.json"]
        if found != manifest.files or "database" not in found:
            raise BackupDamaged(file=source.name)
        yield staged, manifest


def _check_stream(source: Path) -> None:
    """Read a compressed file to the checksum at its end."""
    try:
        with gzip.open(source) as stream:
            while stream.read(_CHUNK):
                pass
    except EOFError:
        raise BackupCutShort(file=source.name) from None
    except (gzip.BadGzipFile, zlib.error):
        with source.open("rb") as file:
            is_compressed = file.read(2) == b"\x1f\x8b"
        raise (BackupDamaged if is_compressed else NotABackup)(file=source.name) from None


def read_manifest(source: Path) -> Manifest:
    """Return what a backup says of itself, without its contents being checked. Raises BackupDamaged, BackupNewer."""
    try:
        with tarfile.open(source) as archive:
            file = archive.extractfile("manifest.json")
            return _read_manifest(file.read() if file else b"", source)
    except (tarfile.TarError, KeyError, EOFError, zlib.error, msgspec.MsgspecError):
        raise BackupDamaged(file=source.name) from None


def _read_manifest(raw: bytes, source: Path) -> Manifest:
    head = msgspec.json.decode(raw, type=_Head)
    if head.format <= FORMAT:
        manifest = msgspec.json.decode(raw, type=Manifest)
        known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
        if known.issuperset(manifest.migrations):
            return manifest
    raise BackupNewer(file=source.name, version=head.version)


def restore_backup(source: Path, *, replace: bool, now: datetime) -> Manifest:
    """Put a backup in place of what is there; that is kept in the data folder as `….before-<time>`.

    Raises what `unpacked` raises, BackupOfOther, HomeInUse, DatabaseInUse or ToolFailed, and changes nothing then.
    """
    with unpacked(source) as (staged, manifest):
        if manifest.vendor != connection.vendor:
            raise BackupOfOther(vendor=manifest.vendor, wanted=connection.vendor)
        if connection.vendor == "sqlite":
            _put_sqlite(staged / "database", source, replace=replace, now=now)
        else:
            _put_postgresql(staged / "database", replace=replace, now=now)
        for name in ("secret.key", "imports"):
            if (staged / name).exists():
                _put_aside(settings.HOME / name, now)
                shutil.move(staged / name, settings.HOME / name)
        shutil.rmtree(settings.HOME / "analytics", ignore_errors=True)
    connections.close_all()
    return manifest


def _aside(path: Path, now: datetime, ending: str = "") -> Path:
    return path.with_name(f"{path.name}.before-{now:%Y%m%dT%H%M%S}{ending}")


def _put_aside(path: Path, now: datetime, ending: str = "") -> None:
    """Rename what is there; the ending stays last, since SQLite finds the log of a database by it."""
    there = path.with_name(path.name + ending)
    if there.exists():
        there.rename(_aside(path, now, ending))


def _put_sqlite(staged: Path, source: Path, *, replace: bool, now: datetime) -> None:
    with closing(sqlite3.connect(staged)) as copy:
        if copy.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise BackupDamaged(file=source.name)
    _flush(staged)
    path = Path(connection.settings_dict["NAME"])
    if path.exists() and not replace:
        raise HomeInUse(home=settings.HOME)
    with lock_database_file(path, wait_s=_LOCK_WAIT_S):
        connections.close_all()
        for ending in ("-wal", "-shm", ""):
            _put_aside(path, now, ending)
        shutil.move(staged, path)
        _flush(path.parent)


def _put_postgresql(staged: Path, *, replace: bool, now: datetime) -> None:
    """Replace all tables in one transaction, also those that the backup does not know."""
    name = connection.settings_dict["NAME"]
    tables = connection.introspection.table_names()
    if tables and not replace:
        raise HomeInUse(home=name)
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS)
        if cursor.fetchone()[0]:
            raise DatabaseInUse(path=name)
    if tables:
        _dump(_aside(settings.HOME / "database", now))
    connections.close_all()
    script = staged.with_name("restore.sql")
    _run_tool(["pg_restore", "--clean", "--if-exists", "--no-owner", f"--file={script}", str(staged)])
    quoted = ", ".join(connection.ops.quote_name(table) for table in tables)
    drop = [f"--command=DROP TABLE {quoted} CASCADE"] if tables else []
    strictly = ["--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    # A dump holds no statistics, and without them whatever reads next reads each table row by row.
    _run_tool(["psql", *strictly, *_where(), *drop, f"--file={script}", "--command=ANALYZE"])
