# SPDX-License-Identifier: Apache-2.0
"""What rows of a customer file mean against what is known: who is new, who changes, who stays. Pure.

A row is matched by its identities like any reference. What it says of a profile overrides, what it leaves blank stays,
tags are added. An identity that belongs to somebody else stays there and is noted with the row's customer as a contact
that does not resolve.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from msgspec import Struct

from regulars.customers.matching import IdentityKey, in_order_of_trust, normalise_identity, read_language
from regulars.customers.profile import check_birthday, read_tags
from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.kernel.rows import RowFate, RowOutcome
from regulars.kernel.text import clean


class NoIdentity(RegularsError):
    """A row by which nobody can be recognised."""

    code = "no_identity"
    status = 422
    text = gettext_noop(
        "The row names no phone, e-mail, card or external id. Give it one, or every import would make it anew."
    )


class CustomerRow(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A customer as a file or a form names them: any identities (kind, value), several of a kind too, and profile."""

    identities: tuple[IdentityKey, ...] = ()
    name: str = ""
    language: str = ""
    birthday: date | None = None
    tags: tuple[str, ...] = ()


@dataclass(slots=True)
class Person:
    """A customer while rows are laid over them: the profile now, and what has to be written."""

    id: UUID
    name: str = ""
    language: str = ""
    birthday: date | None = None
    tags: list[str] = field(default_factory=list)
    is_new: bool = False
    is_renamed: bool = False
    is_changed: bool = False
    gained: list[IdentityKey] = field(default_factory=list)
    contacts: list[IdentityKey] = field(default_factory=list)


def read_row(row: CustomerRow, country: str, *, today: date) -> CustomerRow:
    """Bring a row into one spelling. Raises the error that names what is wrong with it."""
    read = [normalise_identity(kind, value, country) for kind, value in row.identities]
    check_birthday(row.birthday, today=today)
    return CustomerRow(
        identities=in_order_of_trust(identity for identity in read if identity is not None),
        name=clean(row.name),
        language=read_language(row.language),
        birthday=row.birthday,
        tags=tuple(read_tags(row.tags)) if row.tags else (),
    )


def lay_over(
    rows: Sequence[CustomerRow | RegularsError],
    *,
    owners: dict[IdentityKey, Person],
    contacts: Container[tuple[UUID, IdentityKey]],
    new_key: Callable[[], UUID],
) -> list[RowOutcome]:
    """Lay read rows over the people they mean, one by one, and say what became of each.

    `owners` are the people to whom identities resolve, extended by what rows gain; `contacts` those already noted.
    """
    return [
        RowOutcome(RowFate.REFUSED, error=row)
        if isinstance(row, RegularsError)
        else _lay_one(row, owners, contacts, new_key)
        for row in rows
    ]


def _lay_one(
    row: CustomerRow,
    owners: dict[IdentityKey, Person],
    contacts: Container[tuple[UUID, IdentityKey]],
    new_key: Callable[[], UUID],
) -> RowOutcome:
    if not row.identities:
        return RowOutcome(RowFate.REFUSED, error=NoIdentity())
    known = next((owners[identity] for identity in row.identities if identity in owners), None)
    person = known or Person(new_key(), is_new=True)
    try:
        tags = read_tags([*person.tags, *row.tags]) if row.tags else person.tags
    except RegularsError as error:
        return RowOutcome(RowFate.REFUSED, error=error)
    held_before = len(person.gained) + len(person.contacts)
    conflicts = _hand_out(row.identities, person, owners, contacts)
    is_changed = _change_profile(person, row, tags) or len(person.gained) + len(person.contacts) > held_before
    if known is None:
        return RowOutcome(RowFate.CREATED, person.id, conflicts=conflicts)
    return RowOutcome(RowFate.UPDATED if is_changed else RowFate.UNCHANGED, person.id, conflicts=conflicts)


def _hand_out(
    identities: Sequence[IdentityKey],
    person: Person,
    owners: dict[IdentityKey, Person],
    contacts: Container[tuple[UUID, IdentityKey]],
) -> tuple[tuple[str, UUID], ...]:
    """Give a person what is free, note the rest as contacts, and return (kind, owner) of the rest."""
    conflicts = []
    for identity in identities:
        owner = owners.get(identity)
        if owner is None:
            owners[identity] = person
            person.gained.append(identity)
        elif owner is not person:
            conflicts.append((identity[0], owner.id))
            if (person.id, identity) not in contacts and identity not in person.contacts:
                person.contacts.append(identity)
    return tuple(conflicts)


def _change_profile(person: Person, row: CustomerRow, tags: list[str]) -> bool:
    """Take over what the row says and tell whether anything is different now."""
    before = (person.name, person.language, person.birthday, person.tags)
    after = (row.name or person.name, row.language or person.language, row.birthday or person.birthday, tags)
    person.name, person.language, person.birthday, person.tags = after
    person.is_renamed |= before[0] != after[0]
    person.is_changed |= before != after
    return before != after
