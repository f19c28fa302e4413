# SPDX-License-Identifier: Apache-2.0
"""Who a reference means: identities in one spelling, and the owner that wins when they disagree. Pure.

Order of trust: a card before an external id before a phone before an e-mail. The most trusted identity that is known
names the customer; unknown ones beside it become theirs; what belongs to somebody else stays there and is reported as a
conflict.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, Struct, field, structs

from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.kernel.phone import normalise_phone
from regulars.kernel.text import clean

IDENTITY_MAX: Final = 254
CARD: Final = "card"
EXTERNAL: Final = "external"
PHONE: Final = "phone"
EMAIL: Final = "email"
TRUST: Final = {CARD: 0, EXTERNAL: 1, PHONE: 2, EMAIL: 3}
KIND_NAMES: Final = {
    CARD: gettext_noop("card"),
    EXTERNAL: gettext_noop("external id"),
    PHONE: gettext_noop("phone"),
    EMAIL: gettext_noop("e-mail"),
}

IdentityKey = tuple[str, str]
"""Kind and value, the value in its one spelling."""

_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{1,8})*")

ShortText = Annotated[str, Meta(max_length=80)]


class BadEmail(RegularsError):
    """The text cannot be an e-mail address; the address itself is personal data and stays out of the message."""

    code = "bad_email"
    status = 422
    text = gettext_noop("The e-mail address (%(length)s characters) is not possible. Write it like name@example.com.")


class BadLanguage(RegularsError):
    """The text is not a language tag."""

    code = "bad_language"
    status = 422
    text = gettext_noop("“%(value)s” is not a language. Write its two-letter code, like hi, mr, te, ml, hy or en.")


class BadIdentityKind(RegularsError):
    """There is no such kind of identity."""

    code = "bad_identity_kind"
    status = 422
    text = gettext_noop("There is no kind of identity “%(value)s”. Use one of: %(allowed)s.")


class UnknownCustomer(RegularsError):
    """No customer of this business has this key."""

    code = "unknown_customer"
    status = 404
    text = gettext_noop(
        "There is no customer %(customer)s in this business. Check the id, or name them by phone, card or e-mail."
    )


class CustomerRef(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who it is: any identities the door knows. `name` and `language` fill a new customer's profile, no other's."""

    id: UUID | None = None
    card: ShortText = ""
    external_id: ShortText = ""
    phone: ShortText = ""
    email: Annotated[str, Meta(max_length=254)] = ""
    name: Annotated[str, Meta(max_length=200)] = ""
    language: Annotated[str, Meta(max_length=8)] = ""


class Resolved(Struct, frozen=True):
    """Who a reference is, with what program conditions ask of them. Without key and error the reference was anonymous.

    `conflicts` are (kind, customer) of identities in the reference that belong to somebody else and stayed there. `alias` is whom the
    reference names, where they were merged into the customer.
    """

    customer_id: UUID | None = None
    is_new: bool = False
    error: RegularsError | None = None
    language: str = ""
    tags: list[str] = []
    birthday: date | None = None
    conflicts: tuple[tuple[str, UUID], ...] = ()
    alias: UUID | None = None


class Matching(Struct):
    """What references turned out to be, in their order, and what to write: newcomers, and identities gained."""

    resolved: list[Resolved] = field(default_factory=list)
    newcomers: dict[UUID, CustomerRef] = field(default_factory=dict)
    gained: dict[UUID, list[IdentityKey]] = field(default_factory=dict)


def by_kind(readings: Iterable[Iterable[IdentityKey]]) -> dict[str, set[str]]:
    """Return the values of identities by their kind."""
    values: dict[str, set[str]] = {}
    for reading in readings:
        for kind, value in reading:
            values.setdefault(kind, set()).add(value)
    return values


Reading = tuple[IdentityKey, ...] | RegularsError | None
"""The identities of a reference, the most trusted first; or why it cannot be read; or None without a reference."""

_ANONYMOUS = Resolved()


def clean_code(text: str) -> str:
    """Return a card number or external id without outer blanks and invisible characters, its case kept."""
    if text.isascii() and text.isprintable() and " " not in text:
        return text[:IDENTITY_MAX]
    return clean(text, IDENTITY_MAX)


def normalise_email(text: str) -> str:
    """Return an e-mail address trimmed and case folded. Raises BadEmail on what cannot be one."""
    address = text.strip().casefold()
    name, at, domain = address.rpartition("@")
    if not (at and name and domain) or len(address) > IDENTITY_MAX or not address.isprintable() or " " in address:
        raise BadEmail(length=len(text))
    return address


def read_language(text: str) -> str:
    """Return the primary language of a tag in lower case: hi of hi-IN; empty of empty. Raises BadLanguage."""
    tag = text.strip().lower()
    found = _LANGUAGE.fullmatch(tag)
    if tag and found is None:
        raise BadLanguage(value=text[:40])
    return found[1] if found else ""


def guess_language(text: str) -> str:
    """Return the language of a tag from a till, or empty: a purchase is not refused for it."""
    try:
        return read_language(text)
    except BadLanguage:
        return ""


def normalise_identity(kind: str, value: str, country: str) -> IdentityKey | None:
    """Return an identity in its one spelling, or None for blank text. Raises BadPhone, BadEmail or BadIdentityKind."""
    if kind not in TRUST:
        raise BadIdentityKind(value=kind[:40], allowed=", ".join(TRUST))
    if kind in {CARD, EXTERNAL}:
        value = clean_code(value)
    if not value or value.isspace():
        return None
    if kind == PHONE:
        value = normalise_phone(value, country)
    elif kind == EMAIL:
        value = normalise_email(value)
    return kind, value


def in_order_of_trust(identities: Iterable[IdentityKey]) -> tuple[IdentityKey, ...]:
    """Return identities once each, the most trusted first, equals as they came."""
    return tuple(sorted(dict.fromkeys(identities), key=lambda identity: TRUST[identity[0]]))


def read_reference(reference: CustomerRef | None, country: str) -> Reading:
    """Bring a reference into one spelling; phones without country code are read as of the business's country.

    BadPhone or BadEmail is the answer even where another identity would do: a typing error must not make a second
    customer later.
    """
    if reference is None:
        return None
    found: list[IdentityKey] = []
    try:
        if reference.card and (card := clean_code(reference.card)):
            found.append((CARD, card))
        if reference.external_id and (external := clean_code(reference.external_id)):
            found.append((EXTERNAL, external))
        if reference.phone and not reference.phone.isspace():
            found.append((PHONE, normalise_phone(reference.phone, country)))
        if reference.email and not reference.email.isspace():
            found.append((EMAIL, normalise_email(reference.email)))
    except RegularsError as error:
        return error
    return tuple(found)


def match(
    references: Sequence[CustomerRef | None],
    readings: Sequence[Reading],
    *,
    owners: dict[IdentityKey, Resolved],
    by_id: Mapping[UUID, Resolved],
    new_key: Callable[[], UUID],
) -> Matching:
    """Say who each reference is, as if they came one by one: what an earlier one gains, a later one finds.

    `owners` are the customers to whom the identities of the readings resolve now (and is extended by what is gained);
    `by_id` the customers of this business named by key.
    """
    matching = Matching()
    for reference, reading in zip(references, readings, strict=True):
        if reference is None or reading is None:
            found = _ANONYMOUS
        elif isinstance(reading, RegularsError):
            found = Resolved(error=reading)
        elif reference.id is None and len(reading) == 1 and (owner := owners.get(reading[0])) is not None:
            found = owner
        elif reference.id is not None and reference.id not in by_id:
            found = Resolved(error=UnknownCustomer(customer=reference.id))
        else:
            named = None if reference.id is None else by_id[reference.id]
            found = _weigh(reference, reading, named, owners, matching, new_key)
        matching.resolved.append(found)
    return matching


def _weigh(
    reference: CustomerRef,
    reading: tuple[IdentityKey, ...],
    named: Resolved | None,
    owners: dict[IdentityKey, Resolved],
    matching: Matching,
    new_key: Callable[[], UUID],
) -> Resolved:
    """Let the identities of one reference agree on a customer, noting what that customer gains."""
    found = named or next((owners[identity] for identity in reading if identity in owners), None)
    if found is None and not reading:
        return _ANONYMOUS
    person = found or Resolved(new_key(), language=guess_language(reference.language))
    assert person.customer_id is not None
    gained = [identity for identity in reading if identity not in owners]
    if gained:
        matching.gained.setdefault(person.customer_id, []).extend(gained)
        owners.update(dict.fromkeys(gained, person))
    if found is None:
        matching.newcomers[person.customer_id] = reference
        return structs.replace(person, is_new=True)
    conflicts = _conflicts(person.customer_id, reading, owners)
    return structs.replace(person, conflicts=conflicts) if conflicts else person


def _conflicts(
    customer_id: UUID, reading: tuple[IdentityKey, ...], owners: Mapping[IdentityKey, Resolved]
) -> tuple[tuple[str, UUID], ...]:
    holders = [(identity[0], owners[identity].customer_id) for identity in reading]
    return tuple((kind, holder) for kind, holder in holders if holder is not None and holder != customer_id)
