# SPDX-License-Identifier: Apache-2.0
"""Backups as files: what is refused and why, and those that the program makes by itself each night."""

import gzip
import io
import json
import tarfile
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from regulars.kernel.errors import RegularsError
from regulars.outbox.actions import enqueue
from regulars.outbox.models import Job
from regulars.work.backups import make_backup, restore_backup
from regulars.work.kept_backups import keep_backup, kept_backups, kept_folder, put_aside_newer
from regulars.work.worker import Worker
from shop import NOON, a_shop

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("served")]

OTHER = "postgresql" if connection.vendor == "sqlite" else "sqlite"
HEAD = len(b"1234567890archive\0")  # of a compressed file; what it says is not part of the backup


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Any) -> Path:
    settings.HOME = tmp_path / "home"
    upload = settings.HOME / "imports" / "one" / "file"
    upload.parent.mkdir(parents=True)
    upload.write_text("day,amount\n")
    return Path(settings.HOME)


@pytest.fixture
def backup(home: Path) -> Path:
    file = home.parent / "backup.tar.gz"
    make_backup(file, now=NOON)
    return file


def what_is_there(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def refusal(file: Path, home: Path) -> str:
    """Try to restore over everything; return the code of the refusal, after a look whether all is as it was."""
    before = what_is_there(home)
    with pytest.raises(RegularsError) as refused:
        restore_backup(file, replace=True, now=NOON)
    assert what_is_there(home) == before
    assert list(home.iterdir()) == [home / "imports"]
    return refused.value.code


def change_byte(file: Path, place: int) -> None:
    raw = bytearray(file.read_bytes())
    raw[place] ^= 0x55
    file.write_bytes(raw)


def content_of(file: Path) -> bytes | None:
    """Return what a compressed file holds, or None if it cannot be read."""
    try:
        return gzip.decompress(file.read_bytes())
    except (OSError, EOFError, zlib.error):
        return None


def change_manifest(**changes: Any) -> Callable[[Path], None]:
    """Return what packs a backup anew with another manifest."""

    def repack(file: Path) -> None:
        with tarfile.open(file) as archive:
            members = {one.name: archive.extractfile(one).read() for one in archive.getmembers()}  # type: ignore[union-attr]  # all are files
        manifest = json.loads(members["manifest.json"])
        members["manifest.json"] = json.dumps({**manifest, **changes}).encode()
        pack(file, members)

    return repack


def pack(file: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(file, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def test_each_single_byte_counts(backup: Path, home: Path) -> None:
    size = backup.stat().st_size
    places = [HEAD, HEAD + 1, *range(HEAD + 2, size, size // 40), size - 8, size - 1]

    found = set()
    content = content_of(backup)
    for place in places:
        change_byte(backup, place)
        if content_of(backup) != content:  # a few bits of a compressed file say nothing
            found.add(refusal(backup, home))
        change_byte(backup, place)

    assert found <= {"backup_damaged", "backup_cut_short"}
    restored_code = refusal_of_a_sound_one(backup)
    assert restored_code == "home_in_use"


def refusal_of_a_sound_one(file: Path) -> str:
    with pytest.raises(RegularsError) as refused:
        restore_backup(file, replace=False, now=NOON)
    return refused.value.code


@pytest.mark.parametrize("kept", [0.999_99, 0.9, 0.5, 0.01])
def test_one_that_was_cut_short(backup: Path, home: Path, kept: float) -> None:
    raw = backup.read_bytes()
    backup.write_bytes(raw[: min(int(len(raw) * kept), len(raw) - 1)])

    assert refusal(backup, home) == "backup_cut_short"


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "of a newer schema": (change_manifest(migrations=["ledger.9999_what_comes_later"]), "backup_newer"),
    "of a newer form": (change_manifest(format=2, files=[]), "backup_newer"),
    "of the other database": (change_manifest(vendor=OTHER), "backup_of_other"),
    "with a file too few": (change_manifest(files={}), "backup_damaged"),
    "of another program": (lambda file: pack(file, {"manifest.json": b'{"name": "Shop"}'}), "not_a_backup"),
    "a tar file of photos": (lambda file: pack(file, {"photo.jpg": b"..."}), "not_a_backup"),
    "a text": (lambda file: file.write_text("dear diary"), "not_a_backup"),
    "nothing": (lambda file: file.write_bytes(b""), "not_a_backup"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_to_be_restored(backup: Path, home: Path, name: str) -> None:
    change, code = REFUSED[name]
    change(backup)

    assert refusal(backup, home) == code


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RegularsError, match="Choose a folder with enough room") as refused:
        make_backup(tmp_path / "nowhere" / "backup.tar.gz", now=NOON)

    assert refused.value.code == "backup_not_written"


def days_kept() -> list[int]:
    return [one.made_at.day for one in kept_backups()]


def test_one_backup_a_night_however_many_shops_and_the_newest_seven_stay(home: Path) -> None:
    for day in range(1, 11):
        at_three = datetime(2026, 3, day, 3, tzinfo=UTC)
        keep_backup(now=at_three)
        keep_backup(now=at_three + timedelta(hours=1, minutes=30))

    assert days_kept() == [10, 9, 8, 7, 6, 5, 4]
    assert len(list(kept_folder().iterdir())) == 7
    assert refusal_of_a_sound_one(kept_backups()[0].path) == "home_in_use"


def test_kept_backups_of_a_later_course_of_events_are_put_aside(home: Path) -> None:
    for day in range(3):
        keep_backup(now=NOON + timedelta(days=day))

    put_aside_newer(NOON + timedelta(days=1), now=NOON + timedelta(days=9))

    assert [kept.made_at for kept in kept_backups()] == [NOON + timedelta(days=1), NOON]
    assert (kept_folder() / "regulars-20260304T063000Z.tar.gz.before-20260311T063000").exists()


def test_what_a_killed_process_had_begun_is_removed(home: Path) -> None:
    begun = [kept_folder() / "regulars-backup-1", home / "regulars-restore-1"]
    for folder in begun:
        folder.mkdir(parents=True)

    keep_backup(now=datetime.now(UTC) + timedelta(hours=1))
    assert [folder.exists() for folder in begun] == [True, True]
    keep_backup(now=datetime.now(UTC) + timedelta(days=2))

    assert [folder.exists() for folder in begun] == [False, False]


def test_a_job_makes_it_and_one_may_ask_for_another(home: Path) -> None:
    business, now = a_shop(), NOON
    worker = Worker(clock=lambda: now)
    for wait, payload in ((0, {}), (1, {}), (1, {"is_asked": True}), (0, {"is_asked": True})):
        now += timedelta(hours=wait)
        enqueue("backup", payload, now=now, business_id=business.pk)
        assert worker.long_step() == 1

    assert [one.made_at for one in kept_backups()] == [NOON + timedelta(hours=2), NOON]
    assert not Job.objects.filter(kind="backup").exists()
