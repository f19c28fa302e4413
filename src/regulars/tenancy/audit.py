# SPDX-License-Identifier: Apache-2.0
"""The trace of every change: who did what to which row, from what to what, and why. Never personal data."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import TypedDict, Unpack
from uuid import UUID

from django.db import models

from regulars.database.sql import Table, insert_rows
from regulars.kernel.ids import new_key as make_key
from regulars.tenancy.actors import Actor
from regulars.tenancy.models import AuditEntry, Business

TEXT_MAX = 300
ITEMS_MAX = 50
_ENTRIES = Table(
    "tenancy_auditentry",
    {
        "id": "uuid",
        "business_id": "uuid",
        "at": "timestamptz",
        "actor_kind": "text",
        "actor_id": "uuid",
        "verb": "text",
        "object_kind": "text",
        "object_id": "uuid",
        "before": "jsonb",
        "after": "jsonb",
        "reason": "text",
    },
)
_Scalar = str | int | float | bool | None


class Detail(TypedDict, total=False):
    """What may be said of a change. `before` and `after` hold scalars and short lists of them; never names or
    contacts of people.

    `business_id` is only needed for a row that does not say itself whose it is.
    """

    before: Mapping[str, object] | None
    after: Mapping[str, object] | None
    reason: str
    business_id: UUID


def record(actor: Actor, verb: str, row: models.Model, *, now: datetime, **detail: Unpack[Detail]) -> None:
    """Write one entry in the transaction of the change. Raises ValueError for values that do not belong there."""
    record_all([entry_of(actor, verb, row, now=now, **detail)])


def record_all(entries: Sequence[AuditEntry]) -> None:
    """Write entries in the transaction of their changes, in one statement however many; none for none."""
    insert_rows(_ENTRIES, [tuple(getattr(entry, name) for name in _ENTRIES.columns) for entry in entries])


def entry_of(
    actor: Actor,
    verb: str,
    row: models.Model,
    *,
    now: datetime,
    new_key: Callable[[], UUID] = make_key,
    **detail: Unpack[Detail],
) -> AuditEntry:
    """Make an entry, to be written with others. Raises ValueError for values that do not belong there."""
    return AuditEntry(
        id=new_key(),
        business_id=detail.get("business_id") or _owner(row),
        at=now,
        actor_kind=actor.kind,
        actor_id=actor.id,
        verb=verb,
        object_kind=row._meta.label_lower,  # noqa: SLF001 - Django's documented API
        object_id=row.pk,
        before=_values(detail.get("before")),
        after=_values(detail.get("after")),
        reason=detail.get("reason", "")[:TEXT_MAX],
    )


def _owner(row: models.Model) -> UUID:
    if isinstance(row, Business):
        return row.pk
    owner: UUID | None = getattr(row, "business_id", None)
    if owner is None:
        raise ValueError(f"{row._meta.label} does not say whose it is")  # noqa: SLF001 - Django's documented API
    return owner


def _values(values: Mapping[str, object] | None) -> dict[str, object] | None:
    return None if values is None else {name: _value(name, value) for name, value in values.items()}


def _value(name: str, value: object) -> object:
    if not isinstance(value, list | tuple | set | frozenset):
        return _scalar(name, value)
    if len(value) > ITEMS_MAX:
        raise ValueError(f"“{name}” has {len(value)} items; the audit log takes {ITEMS_MAX}")
    items = [_scalar(name, item) for item in value]
    return items if isinstance(value, list | tuple) else sorted(items, key=str)


def _scalar(name: str, value: object) -> _Scalar:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value[:TEXT_MAX]
    if value is None or isinstance(value, int | float):
        return value
    raise ValueError(f"“{name}” is a {type(value).__name__}; the audit log takes scalars and short lists of them")
