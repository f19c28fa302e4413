# SPDX-License-Identifier: Apache-2.0
"""Which version of the program holds at a moment: read once per batch, compiled once per process."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from regulars.programs.decide import CompiledProgram
from regulars.programs.definition import Program, read_program
from regulars.programs.models import Version
from regulars.programs.store import load_versions


@dataclass(frozen=True, slots=True)
class Timeline:
    """The published versions of a business: (key, valid from), in the order in which they were published."""

    versions: tuple[tuple[UUID, datetime], ...]

    def at(self, moment: datetime) -> UUID | None:
        """Return the version valid at a moment: of those begun by then, the one published last. None before the first."""
        begun = [key for key, valid_from in self.versions if valid_from <= moment]
        return begun[-1] if begun else None

    @property
    def latest(self) -> UUID | None:
        """Return the version published last."""
        return self.versions[-1][0] if self.versions else None


def timeline(business: UUID) -> Timeline:
    """Read the timeline of a business."""
    return Timeline(tuple((key, valid_from) for key, valid_from, _ in load_versions(business)))


@lru_cache(maxsize=256)
def compiled(version: UUID) -> CompiledProgram:
    """Return a version ready to decide. Versions never change, so the process keeps them."""
    return CompiledProgram(read_program(Version.objects.get(pk=version).config))


def program_of(version: UUID) -> Program:
    """Return the document of a version."""
    return compiled(version).program
