# SPDX-License-Identifier: Apache-2.0
"""The backups that the program makes by itself each night and keeps in the data folder, the newest few."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings

from regulars.flow.verifying import Anchor
from regulars.work.backups import make_backup, read_manifest, unpacked

JOB_KIND = "backup"
HOUR = 3
KEPT_MAX = 7
_PATTERN = "regulars-%Y%m%dT%H%M%SZ.tar.gz"
_AGAIN_AFTER = timedelta(hours=12)
_AGAIN_WHEN_ASKED = timedelta(minutes=5)
_ABANDONED_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KeptBackup:
    """A whole backup in the data folder."""

    path: Path
    made_at: datetime
    size: int


def kept_folder() -> Path:
    """Return where the backups of the night are."""
    return Path(settings.HOME) / "backups"


def kept_backups() -> list[KeptBackup]:
    """Return the backups of the night, the newest first. Each was read again and checked before it got its name."""
    found = [
        KeptBackup(path, datetime.strptime(path.name, _PATTERN).replace(tzinfo=UTC), path.stat().st_size)
        for path in kept_folder().glob("regulars-*T*Z.tar.gz")
    ]
    return sorted(found, key=lambda one: one.made_at, reverse=True)


def anchors_of(business: UUID) -> list[Anchor]:
    """Return what the kept backups saw of the chain of a business. Raises BackupDamaged, BackupNewer."""
    seen = [read_manifest(kept.path).anchor(business) for kept in kept_backups()]
    return [anchor for anchor in seen if anchor]


def put_aside_newer(than: datetime, *, now: datetime) -> None:
    """Rename the kept backups that are newer than a moment: after a restore of that moment they are of another course of events."""
    for kept in kept_backups():
        if kept.made_at > than:
            kept.path.rename(kept.path.with_name(f"{kept.path.name}.before-{now:%Y%m%dT%H%M%S}"))


def keep_backup(*, now: datetime, is_asked: bool = False) -> None:
    """Make a backup, check it, and remove the oldest beyond the limit.

    Nothing is made while the newest is fresh: each business asks once a night, and one backup holds them all.
    Raises what `make_backup` and `unpacked` raise.
    """
    kept = kept_backups()
    if kept and now - kept[0].made_at < (_AGAIN_WHEN_ASKED if is_asked else _AGAIN_AFTER):
        return
    folder = kept_folder()
    folder.mkdir(mode=0o700, exist_ok=True)
    _remove_abandoned(folder, now)
    unchecked = folder / f"unchecked-{now:%Y%m%dT%H%M%S%f}"
    make_backup(unchecked, now=now)
    try:
        with unpacked(unchecked):
            unchecked.rename(folder / now.astimezone(UTC).strftime(_PATTERN))
    finally:
        unchecked.unlink(missing_ok=True)
    for old in kept[KEPT_MAX - 1 :]:
        old.path.unlink(missing_ok=True)


def _remove_abandoned(folder: Path, now: datetime) -> None:
    """Remove what a killed process had begun."""
    begun = [*folder.glob("regulars-backup-*"), *folder.glob("unchecked-*"), *folder.parent.glob("regulars-restore-*")]
    for path in begun:
        if now.timestamp() - path.stat().st_mtime > _ABANDONED_AFTER.total_seconds():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
