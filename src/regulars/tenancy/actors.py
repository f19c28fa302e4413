# SPDX-License-Identifier: Apache-2.0
"""Who does something: a person, a machine with a key, a member, or the program itself."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    """What an actor is; the audit log keeps it beside the actor's key."""

    USER = "user"
    API_KEY = "api_key"
    MEMBER = "member"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something. The name is for screens; the audit log keeps kind and key only."""

    kind: ActorKind
    id: UUID | None
    name: str


SYSTEM = Actor(ActorKind.SYSTEM, None, "Regulars")
