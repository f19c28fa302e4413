# SPDX-License-Identifier: Apache-2.0
"""The three kinds of handlers, by where their time goes: in the database, on the network, or in long computing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from regulars.outbox.backoff import ATTEMPTS_MAX
from regulars.outbox.models import Job
from regulars.tenancy.sender import Sender

_Request = TypeVar("_Request")
_Outcome = TypeVar("_Outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What every handler is given: the one reading of the clock, the source of chance, the way to the network."""

    now: datetime
    random: Callable[[], float]
    sender: Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """Work of milliseconds inside the worker's transaction; its effects and the end of its jobs are one commit.

    `run` gets one job at a time, or with `is_together` all claimed jobs of the kind and business at once; should
    those fail together, each is tried alone. It must not wait for anything but the database.
    """

    run: Callable[[Context, Sequence[Job]], None]
    is_together: bool = False
    attempts_max: int = ATTEMPTS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Outward(Generic[_Request, _Outcome]):
    """Work that speaks to the network.

    `prepare` reads what all claimed jobs need (jobs it leaves out are not sent), `send` runs in a thread of its own
    without the database, `record` writes the outcome in the transaction that ends the job. `is_slow` tells from an
    outcome that the target wastes time: from then on it may take one slot only.
    """

    prepare: Callable[[Context, Sequence[Job]], Mapping[UUID, _Request]]
    send: Callable[[Context, _Request], _Outcome]
    record: Callable[[Context, Job, _Request | None, _Outcome | None], None]
    is_slow: Callable[[_Outcome], bool]
    attempts_max: int = ATTEMPTS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Long:
    """Work of seconds to hours, one job at a time in a thread of its own, in transactions of its own.

    It may run again after a crash, so it must find what it has already done.
    """

    run: Callable[[Context, Job], None]
    attempts_max: int = 3


Handler = Quick | Outward[Any, Any] | Long
