# SPDX-License-Identifier: Apache-2.0
"""The chain that makes the journal tamper-evident, pure: each link hashes the one before and everything a transaction booked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from regulars.kernel.digest import digest

GENESIS = bytes(32)


@dataclass(frozen=True, slots=True)
class Booked:
    """A transaction as the chain sees it; entries and allocations are ordered by key."""

    key: UUID
    fact: UUID
    kind: str
    rule: str
    reverses: UUID | None
    occurred_at: datetime
    booked_at: datetime
    entries: Sequence[tuple[UUID, UUID, int]]
    allocations: Sequence[tuple[UUID, UUID, int]]


def link(previous: bytes, position: int, booked: Booked) -> bytes:
    """Return the 32 bytes that chain a transaction to its predecessor: SHA-256 over the previous hash, the place and the contents."""
    return digest(
        [
            previous.hex(),
            position,
            booked.key.hex,
            booked.fact.hex,
            booked.kind,
            booked.rule,
            booked.reverses.hex if booked.reverses else "",
            booked.occurred_at.isoformat(),
            booked.booked_at.isoformat(),
            [[key.hex, account.hex, amount] for key, account, amount in booked.entries],
            [[key.hex, lot.hex, amount] for key, lot, amount in booked.allocations],
        ]
    )
