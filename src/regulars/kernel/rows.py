# SPDX-License-Identifier: Apache-2.0
"""What becomes of a row of a file, whatever the row is about."""

from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from regulars.kernel.errors import RegularsError


class RowFate(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class RowOutcome(Struct, frozen=True):
    """What became of a row, whose or what it was, why it was refused, and (kind, owner) of identities that belong to others."""

    kind: RowFate
    key: UUID | None = None
    error: RegularsError | None = None
    conflicts: tuple[tuple[str, UUID], ...] = ()
