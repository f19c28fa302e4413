# SPDX-License-Identifier: Apache-2.0
"""The manifest of a lake: which Parquet files count, how far they reach, and what was restated since.

The manifest is the truth. It is replaced as a whole and made durable before anything relies on it, so a crash leaves
the state before or the state after, and a file that no manifest names does not exist.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

NAME = "manifest.json"
FORMAT = 1
RESTATED_MAX = 10_000  # customers remembered; beyond it a full rebuild of the marts is the cheaper answer


class LakeDamaged(Exception):
    """The manifest cannot be read or is of another format; restore the folder or export it anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeFile:
    """One Parquet file; `first_batch` and `last_batch` bound the batches of its rows."""

    table: str
    name: str
    rows: int
    bytes: int
    first_batch: int
    last_batch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restated:
    """Customers whose rows changed hands or were withdrawn in a batch; null stands for anonymous sales."""

    batch: int
    customers: tuple[str | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The state of a lake.

    `watermark` is the feed position exported so far, `batch` counts the writes of this lake, `epoch` changes when marts
    must be rebuilt from nothing (a person was erased, or too much was restated to follow piece by piece).
    """

    format: int = FORMAT
    epoch: int = 0
    batch: int = 0
    watermark: int = 0
    files: tuple[LakeFile, ...] = ()
    restated: tuple[Restated, ...] = ()

    def of(self, table: str) -> tuple[LakeFile, ...]:
        """Return the files of one table in the order in which they were written."""
        return tuple(file for file in self.files if file.table == table)

    def with_restated(self, customers: tuple[str | None, ...]) -> "Manifest":
        """Remember restated customers, or ask for a rebuild when they are too many to follow."""
        remembered = sum(len(entry.customers) for entry in self.restated) + len(customers)
        if remembered > RESTATED_MAX:
            return self.with_new_epoch()
        return replace(self, restated=(*self.restated, Restated(batch=self.batch, customers=customers)))

    def with_new_epoch(self) -> "Manifest":
        """Ask every mart to be rebuilt, which makes the memory of restated customers needless."""
        return replace(self, epoch=self.epoch + 1, restated=())


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a lake; a folder without one is an empty lake.

    Raises LakeDamaged when it cannot be understood.
    """
    path = folder / NAME
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return Manifest()
    except msgspec.DecodeError as error:
        raise LakeDamaged(f"{path} cannot be read: {error}") from error
    if manifest.format != FORMAT:
        raise LakeDamaged(f"{path} has format {manifest.format}; this version reads format {FORMAT}")
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest; when this returns, the new state survives a power cut."""
    replace_durably(folder / NAME, msgspec.json.format(msgspec.json.encode(manifest), indent=1))


def replace_durably(path: Path, content: bytes) -> None:
    """Put content at a path as a whole, durable before and after the rename."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_bytes(content)
    sync(fresh)
    os.replace(fresh, path)  # noqa: PTH105 - os.replace is the name under which the guarantee is documented
    sync(path.parent)


def sync(path: Path) -> None:
    """Force a file or folder to stable storage."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
