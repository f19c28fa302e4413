# SPDX-License-Identifier: Apache-2.0
"""Reading customers: lists, search, one profile, the owner of an identity."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from regulars.customers import finding, store
from regulars.customers.matching import (
    CARD,
    EMAIL,
    EXTERNAL,
    PHONE,
    CustomerRef,
    IdentityKey,
    Matching,
    Reading,
    Resolved,
    UnknownCustomer,
    by_kind,
    match,
    normalise_identity,
    read_reference,
)
from regulars.customers.models import Alias, Customer, Identity
from regulars.customers.searching import BadCursor, Word, read_query
from regulars.kernel.errors import RegularsError
from regulars.tenancy.models import Business

LIMIT_MAX = 200
_EXACT, _START, _PART = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIdentity:
    """One identity of a profile."""

    id: UUID
    kind: str
    value: str
    resolves: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A customer with every identity: those that resolve first, then the earliest.

    Identities of those who were merged into them are theirs too. `merged_into` says who stayed, where this one was merged;
    `merged` who was merged into this one.
    """

    id: UUID
    name: str
    language: str
    birthday: date | None
    tags: tuple[str, ...]
    is_test: bool
    created_at: datetime
    identities: tuple[KnownIdentity, ...]
    merged_into: UUID | None = None
    merged: tuple[UUID, ...] = ()

    @property
    def family(self) -> list[UUID]:
        """Return the customer and those who were merged into them: what is recorded of any of them is theirs."""
        return [self.id, *self.merged]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Customers of one page, and where the next begins; None on the last."""

    customers: tuple[Profile, ...]
    after: str | None


def customer_list(
    business: Business, *, text: str = "", tag: str = "", after: str | None = None, limit: int = 50
) -> Page:
    """Return a page of customers: those a text finds, best first, or all, the latest first; with a tag its bearers."""
    limit = min(limit, LIMIT_MAX)
    if text.strip():
        return search(business, text, tag=tag, limit=limit, after=after)
    rows: QuerySet[Customer] = Customer.objects.of(business).filter(alias=None).order_by("-id")
    if tag:
        rows = bearing(rows, tag)
    if after is not None:
        rows = rows.filter(pk__lt=_key(after, after))
    keys = list(rows.values_list("pk", flat=True)[: limit + 1])
    return Page(customers=profiles(business, keys[:limit]), after=str(keys[limit - 1]) if len(keys) > limit else None)


def search(business: Business, text: str, *, limit: int, after: str | None = None, tag: str = "") -> Page:
    """Return customers that a text finds in any script: exact identities, then word starts, then parts.

    Within each the latest first. Raises BadCursor where `after` does not come from the page before.
    """
    limit = min(limit, LIMIT_MAX)
    words = read_query(text, business.country)
    rank, last = (_EXACT, None) if after is None else _place(after)
    exact = finding.holders_of(business.pk, _identities(text, business.country))
    found = [(_EXACT, key) for key in _exact(business, exact, last, tag)] if rank == _EXACT else []
    for step in range(max(rank, _START), _PART + 1):
        if words and len(found) <= limit:
            wanted = finding.Slice(limit + 1 - len(found), last if step == rank else None, tuple(exact), tag)
            found += [(step, key) for key in _find(step, business.pk, words, wanted)]
    shown = found[:limit]
    after = f"{shown[-1][0]}.{shown[-1][1]}" if len(found) > limit else None
    return Page(customers=profiles(business, [key for _, key in shown]), after=after)


def _exact(business: Business, exact: list[UUID], last: UUID | None, tag: str) -> list[UUID]:
    rest = exact[exact.index(last) + 1 :] if last in exact else exact
    if not tag or not rest:
        return rest
    bearers = set(bearing(Customer.objects.of(business).filter(pk__in=rest), tag).values_list("pk", flat=True))
    return [key for key in rest if key in bearers]


def _find(step: int, business_id: UUID, words: list[Word], wanted: finding.Slice) -> list[UUID]:
    if step == _START:
        return finding.starting_with(business_id, words, wanted)
    return [] if all(word.is_short for word in words) else finding.containing(business_id, words, wanted)


def _identities(text: str, country: str) -> list[IdentityKey]:
    found = []
    for kind in (CARD, EXTERNAL, PHONE, EMAIL):
        try:
            identity = normalise_identity(kind, text, country)
        except RegularsError:
            continue
        if identity is not None:
            found.append(identity)
    return found


def _place(after: str) -> tuple[int, UUID]:
    rank, _, key = after.partition(".")
    if rank not in {"0", "1", "2"}:
        raise BadCursor(value=after[:60])
    return int(rank), _key(key, after)


def _key(text: str, after: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadCursor(value=after[:60]) from None


def bearing(rows: QuerySet[Customer], tag: str) -> QuerySet[Customer]:
    """Return those customers who bear a tag."""
    if connection.vendor == "postgresql":
        return rows.filter(tags__contains=[tag])
    bears = RawSQL(
        'EXISTS (SELECT 1 FROM json_each("customers_customer"."tags") WHERE value = %s)', [tag], BooleanField()
    )
    return rows.exclude(tags=[]).filter(bears)


def profiles(business: Business, keys: Sequence[UUID]) -> tuple[Profile, ...]:
    """Return the profiles of these customers in the order of the keys; keys of nobody are left out. Three statements."""
    customers = Customer.objects.of(business).select_related("alias").in_bulk(keys)
    aliases = store.aliases_of(business.pk, list(customers))
    identities: dict[UUID, list[KnownIdentity]] = {key: [] for key in customers}
    held = Identity.objects.of(business).filter(customer_id__in=[*customers, *aliases])
    for row in held.order_by("-resolves", "id"):
        holder = row.customer_id if row.customer_id in customers else aliases[row.customer_id]
        identities[holder].append(
            KnownIdentity(
                id=row.pk,
                kind=row.kind,
                value=row.value,
                resolves=row.resolves,
            )
        )
    merged: dict[UUID, list[UUID]] = {}
    for gone, survivor in sorted(aliases.items()):
        merged.setdefault(survivor, []).append(gone)
    return tuple(_profile(customers[key], identities[key], merged.get(key, ())) for key in keys if key in customers)


def _profile(customer: Customer, identities: list[KnownIdentity], merged: Sequence[UUID]) -> Profile:
    return Profile(
        id=customer.pk,
        name=customer.name,
        language=customer.language,
        birthday=customer.birthday,
        tags=tuple(customer.tags),
        is_test=customer.is_test,
        created_at=customer.created_at,
        identities=tuple(identities),
        merged_into=customer.alias.survivor_id if hasattr(customer, "alias") else None,
        merged=tuple(merged),
    )


def family_of(business: Business, customer_id: UUID) -> list[UUID]:
    """Return a customer and those who were merged into them: what is recorded of any of them is theirs."""
    merged = Alias.objects.of(business).filter(survivor=customer_id).order_by("merged_at", "pk")
    return [customer_id, *merged.values_list("pk", flat=True)]


def families_of(business: Business, keys: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return whose is what is recorded of these customers and of those merged into them, by the key it is recorded under."""
    merged = store.aliases_of(business.pk, keys)
    return dict(zip(keys, keys, strict=True)) | {key: into for key, into in merged.items() if into in keys}


def profile(business: Business, customer_id: UUID) -> Profile:
    """Return one customer with every identity. Raises UnknownCustomer."""
    for found in profiles(business, [customer_id]):
        return found
    raise UnknownCustomer(customer=customer_id)


def recognise_customers(
    business: Business, references: Sequence[CustomerRef | None], *, new_key: Callable[[], UUID]
) -> list[Resolved]:
    """Say whom each reference means by itself, whatever the others are; write nothing. At most two statements."""
    readings = [read_reference(reference, business.country) for reference in references]
    owners, by_id = _known(business, references, readings)
    alone = (
        match([reference], [reading], owners=dict(owners), by_id=by_id, new_key=new_key)
        for reference, reading in zip(references, readings, strict=True)
    )
    return [found for matching in alone for found in matching.resolved]


def match_customers(
    business: Business, references: Sequence[CustomerRef | None], *, new_key: Callable[[], UUID]
) -> Matching:
    """Say whom references mean, in their order, and what of it is new; write nothing. At most two statements.

    Refusals (BadPhone, BadEmail, UnknownCustomer) are values. `actions.save_matching` makes known what is new.
    """
    readings = [read_reference(reference, business.country) for reference in references]
    owners, by_id = _known(business, references, readings)
    return match(references, readings, owners=owners, by_id=by_id, new_key=new_key)


def _known(
    business: Business, references: Sequence[CustomerRef | None], readings: Sequence[Reading]
) -> tuple[dict[IdentityKey, Resolved], dict[UUID, Resolved]]:
    """Return the customers to whom identities resolve, and those named by key."""
    ids = {reference.id for reference in references if reference is not None and reference.id is not None}
    values = by_kind(reading for reading in readings if isinstance(reading, tuple))
    return store.owners_of(business.pk, values), store.customers_by_id(business.pk, ids)
