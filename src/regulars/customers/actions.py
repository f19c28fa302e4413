# SPDX-License-Identifier: Apache-2.0
"""The only writers of customers and identities."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import ClassVar, Final
from uuid import UUID

from django.db import transaction
from msgspec import UNSET, Struct, UnsetType

from regulars.customers import store
from regulars.customers.importing import CustomerRow, Person, lay_over, read_row
from regulars.customers.matching import (
    KIND_NAMES,
    IdentityKey,
    Matching,
    UnknownCustomer,
    by_kind,
    guess_language,
    normalise_identity,
    read_language,
)
from regulars.customers.models import Alias, Customer, Identity
from regulars.customers.profile import TAGS_MAX, check_birthday, read_tags, search_words
from regulars.customers.queries import family_of
from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.kernel.ids import new_key as make_key
from regulars.kernel.rows import RowOutcome
from regulars.kernel.text import clean
from regulars.outbox.actions import announce_customers
from regulars.tenancy import audit
from regulars.tenancy.actors import Actor
from regulars.tenancy.models import Business

IDENTITIES_MAX: Final = 50
_CHUNK: Final = 500
_FILLED: Final = ("name", "language", "birthday")


class IdentityTaken(RegularsError):
    """The identity resolves to somebody else; its value is personal data and stays out of the message."""

    code = "identity_taken"
    status = 409
    text = gettext_noop(
        "This identity (%(kind)s) belongs to customer %(customer)s. Open that customer, or add it as a shared contact."
    )
    words: ClassVar = {"kind": KIND_NAMES}


class Merged(RegularsError):
    """The customer is somebody else's alias: what is changed has to be changed there."""

    code = "merged"
    status = 409
    text = gettext_noop("Customer %(customer)s was merged into %(survivor)s. Use that one, or undo the merge first.")


class NotMerged(RegularsError):
    """There is no merge to undo."""

    code = "not_merged"
    status = 404
    text = gettext_noop("Customer %(customer)s is not merged into another now, so there is nothing to undo.")


class TooManyIdentities(RegularsError):
    """More identities than one customer may have."""

    code = "too_many_identities"
    status = 422
    text = gettext_noop("A customer can have %(limit)s identities. Remove one that is no longer used.")


class EmptyCustomer(RegularsError):
    """A customer without name and identity."""

    code = "empty_customer"
    status = 422
    text = gettext_noop("A customer needs a name, a phone, an e-mail, a card or an external id. Give at least one.")


class EmptyIdentity(RegularsError):
    """An identity without text."""

    code = "empty_identity"
    status = 422
    text = gettext_noop("The identity (%(kind)s) is blank. Write its number or address.")
    words: ClassVar = {"kind": KIND_NAMES}


class ProfileChange(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to change in a profile; what is left out stays. A birthday of None takes it away, tags replace all."""

    name: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    birthday: date | UnsetType | None = UNSET
    tags: list[str] | UnsetType = UNSET


def save_matching(business: Business, matching: Matching, *, now: datetime, new_key: Callable[[], UUID]) -> None:
    """Make known whom nobody knew, and what customers have gained. At most five statements, in the caller's transaction.

    A race for an identity raises IntegrityError, and the caller's transaction starts over.
    """
    if not matching.gained:
        return
    maker = store.IdentityMaker(business.pk, now, new_key)
    customers: list[store.Row] = []
    identities: list[store.Row] = []
    additions = []
    for customer_id, gained in matching.gained.items():
        identities += maker.rows(customer_id, gained, resolve=True)
        newcomer = matching.newcomers.get(customer_id)
        name = clean(newcomer.name) if newcomer else ""
        words = search_words(name, gained, business.country)
        if newcomer:
            language = guess_language(newcomer.language)
            customers.append((customer_id, business.pk, name, language, None, [], words, False, now))
        else:
            additions.append((customer_id, words))
    store.insert_customers(customers)
    store.insert_identities(identities)
    store.extend_search_text(additions)
    _announce(business.pk, [customer for customer, _ in additions], now=now, new_key=new_key)


def _announce(
    business_id: UUID, customers: Iterable[UUID], *, now: datetime, new_key: Callable[[], UUID] = make_key
) -> None:
    """Tell of customers whose record is new or another; a stranger whom a fact made known is told of with that fact."""
    announce_customers("customer.changed", customers, business_id=business_id, now=now, new_key=new_key)


def import_customers(
    business: Business, rows: Sequence[CustomerRow], *, now: datetime, new_key: Callable[[], UUID]
) -> list[RowOutcome]:
    """Create or update the customers that rows name; the outcomes stand in the order of the rows, refusals among them.

    Joins the caller's transaction; at most nine statements for every 500 rows.
    """
    outcomes: list[RowOutcome] = []
    for start in range(0, len(rows), _CHUNK):
        outcomes += _import_chunk(business, rows[start : start + _CHUNK], now=now, new_key=new_key)
    return outcomes


def _import_chunk(
    business: Business, rows: Sequence[CustomerRow], *, now: datetime, new_key: Callable[[], UUID]
) -> list[RowOutcome]:
    read = [_read_row(row, business.country, today=now.date()) for row in rows]
    wanted = by_kind(row.identities for row in read if isinstance(row, CustomerRow))
    resolved = store.owners_of(business.pk, wanted)
    people = store.people_by_id(business.pk, {owner.customer_id for owner in resolved.values() if owner.customer_id})
    owners = {identity: people[owner.customer_id] for identity, owner in resolved.items() if owner.customer_id}
    outcomes = lay_over(read, owners=owners, contacts=store.contacts_among(business.pk, wanted), new_key=new_key)
    touched = {person.id: person for person in owners.values()}
    _save_people(business, list(touched.values()), store.IdentityMaker(business.pk, now, new_key))
    return outcomes


def _read_row(row: CustomerRow, country: str, *, today: date) -> CustomerRow | RegularsError:
    try:
        return read_row(row, country, today=today)
    except RegularsError as error:
        return error


def _save_people(business: Business, people: Sequence[Person], maker: store.IdentityMaker) -> None:
    """Write people over whom rows were laid; profiles before the search text, which needs their lock."""
    known = [person for person in people if not person.is_new]
    store.insert_customers([_customer_row(person, business, maker.now) for person in people if person.is_new])
    store.update_profiles(person for person in known if person.is_changed)
    store.insert_identities([row for person in people for row in maker.rows(person.id, person.gained, resolve=True)])
    store.insert_identities([row for person in people for row in maker.rows(person.id, person.contacts, resolve=False)])
    _save_search_text(business, known)
    touched = [one.id for one in people if one.is_new or one.is_changed or one.gained or one.contacts]
    _announce(business.pk, touched, now=maker.now, new_key=maker.new_key)


def _save_search_text(business: Business, people: Sequence[Person]) -> None:
    renamed = [person for person in people if person.is_renamed]
    held = store.identities_of(business.pk, [person.id for person in renamed])
    store.replace_search_text(
        (person.id, search_words(person.name, held.get(person.id, []), business.country)) for person in renamed
    )
    more = [(person.id, person.gained + person.contacts) for person in people if not person.is_renamed]
    store.extend_search_text((key, search_words("", added, business.country)) for key, added in more if added)


def _customer_row(person: Person, business: Business, now: datetime) -> store.Row:
    words = search_words(person.name, person.gained + person.contacts, business.country)
    return (person.id, business.pk, person.name, person.language, person.birthday, person.tags, words, False, now)


@transaction.atomic
def create_customer(business: Business, row: CustomerRow, *, actor: Actor, now: datetime) -> Customer:
    """Make a customer by hand. Raises IdentityTaken, EmptyCustomer or the error of a wrong value."""
    read = read_row(row, business.country, today=now.date())
    if not (read.name or read.identities):
        raise EmptyCustomer
    for identity, owner in store.owners_of(business.pk, by_kind([read.identities])).items():
        raise IdentityTaken(kind=identity[0], customer=owner.customer_id)
    person = Person(
        make_key(), read.name, read.language, read.birthday, list(read.tags), is_new=True, gained=list(read.identities)
    )
    _save_people(business, [person], store.IdentityMaker(business.pk, now, make_key))
    customer = Customer.objects.of(business).get(pk=person.id)
    kinds = [kind for kind, _ in read.identities]
    audit.record(actor, "customers.created", customer, now=now, after={"identities": kinds})
    return customer


@transaction.atomic
def change_profile(
    customer: Customer, change: ProfileChange, *, actor: Actor, now: datetime, reason: str = ""
) -> Customer:
    """Change what is known of a customer and return the row as it is now; what is already so is not written.

    The audit log names the fields, and values of the language only. Raises BadLanguage, BadBirthday, BadTag or
    TooManyTags.
    """
    stored = _locked(customer)
    wanted = _read_change(change, today=now.date())
    before = {name: getattr(stored, name) for name in wanted}
    changed = sorted(name for name, value in wanted.items() if value != before[name])
    if not changed:
        return stored
    for name in changed:
        setattr(stored, name, wanted[name])
    if "name" in changed:
        stored.search_text = _words_of(stored)
    stored.save(update_fields=[*changed, *(["search_text"] if "name" in changed else [])])
    shown = {"language": before["language"]} if "language" in changed else None
    after = {"changed": changed} | ({"language": stored.language} if shown else {})
    audit.record(actor, "customers.profile_changed", stored, now=now, before=shown, after=after, reason=reason)
    _announce(stored.business_id, [stored.pk], now=now)
    return stored


def _read_change(change: ProfileChange, *, today: date) -> dict[str, object]:
    wanted: dict[str, object] = {}
    if change.name is not UNSET:
        wanted["name"] = clean(change.name)
    if change.language is not UNSET:
        wanted["language"] = read_language(change.language)
    if change.birthday is not UNSET:
        check_birthday(change.birthday, today=today)
        wanted["birthday"] = change.birthday
    if change.tags is not UNSET:
        wanted["tags"] = read_tags(change.tags)
    return wanted


@transaction.atomic
def add_identity(
    customer: Customer, identity: IdentityKey, *, as_contact: bool = False, actor: Actor, now: datetime
) -> Identity:
    """Add one more way (kind, value) to know a customer, and return it; one that is there already is returned as it is.

    As a contact it does not resolve: for the phone that a family shares. Raises IdentityTaken where it belongs to
    somebody else, or the error of a wrong value.
    """
    stored = _locked(customer)
    read = normalise_identity(*identity, stored.business.country)
    if read is None:
        raise EmptyIdentity(kind=identity[0])
    kind, value = read
    same = Identity.objects.of(stored.business_id).filter(kind=kind, value=value)
    if held := same.filter(customer__in=family_of(stored.business, stored.pk)).first():
        return held
    if not as_contact and (taken := same.filter(resolves=True).select_related("customer__alias").first()):
        raise IdentityTaken(kind=kind, customer=_meant(taken.customer))
    if Identity.objects.of(stored.business_id).filter(customer=stored).count() >= IDENTITIES_MAX:
        raise TooManyIdentities(limit=IDENTITIES_MAX)
    added = Identity.objects.create(
        business_id=stored.business_id, customer=stored, kind=kind, value=value, resolves=not as_contact, created_at=now
    )
    _refresh_search_text(stored)
    audit.record(actor, "customers.identity_added", stored, now=now, after={"kind": kind, "resolves": not as_contact})
    _announce(stored.business_id, [stored.pk], now=now)
    return added


@transaction.atomic
def remove_identity(identity: Identity, *, actor: Actor, now: datetime, reason: str = "") -> None:
    """Take away a way to know a customer; nobody else's contact of the same value begins to resolve by it."""
    owner = Customer.objects.of(identity.business_id).get(pk=_meant(identity.customer))
    stored = _locked(owner)
    Identity.objects.of(stored.business_id).filter(pk=identity.pk).delete()
    _refresh_search_text(stored)
    before = {"kind": identity.kind, "resolves": identity.resolves}
    audit.record(actor, "customers.identity_removed", stored, now=now, before=before, reason=reason)
    _announce(stored.business_id, [stored.pk], now=now)


def merge_customers(business: Business, merged: UUID, survivor: UUID, *, fact: UUID, now: datetime) -> None:
    """Let all that names a customer mean another from now on, who takes over what of the profile was not known of them.

    Joins the caller's transaction, which has locked both and knows that neither is an alias or has the merged one's own aliases.
    """
    rows = Customer.objects.of(business).select_related("business").in_bulk([merged, survivor])
    gone, stays = rows[merged], rows[survivor]
    filled = [name for name in _FILLED if getattr(gone, name) and not getattr(stays, name)]
    added = [tag for tag in gone.tags if tag not in stays.tags][: TAGS_MAX - len(stays.tags)]
    for name in filled:
        setattr(stays, name, getattr(gone, name))
    stays.tags = [*stays.tags, *added]
    Alias.objects.create(
        business=business, customer=gone, survivor=stays, fact=fact, filled=filled, tags=added, merged_at=now
    )
    _save_both(stays, gone, gone_words="", now=now)


def unmerge_customers(business: Business, merged: UUID, *, now: datetime) -> None:
    """Let a merged customer stand for themselves again, with what they brought to the profile, where it is still as it was.

    Joins the caller's transaction, which has locked both.
    """
    alias = Alias.objects.of(business).select_related("customer__business", "survivor__business").get(pk=merged)
    gone, stays = alias.customer, alias.survivor
    for name in alias.filled:
        if getattr(stays, name) == getattr(gone, name):
            setattr(stays, name, getattr(Customer(), name))
    stays.tags = [tag for tag in stays.tags if tag not in alias.tags]
    Alias.objects.of(business).filter(pk=merged).delete()
    _save_both(stays, gone, gone_words=_words_of(gone), now=now)


def _save_both(stays: Customer, gone: Customer, *, gone_words: str, now: datetime) -> None:
    stays.search_text = _words_of(stays)
    stays.save(update_fields=[*_FILLED, "tags", "search_text"])
    gone.search_text = gone_words
    gone.save(update_fields=["search_text"])
    _announce(stays.business_id, [stays.pk, gone.pk], now=now)


def _locked(customer: Customer) -> Customer:
    """Lock a customer's row and return it as it is now. Raises UnknownCustomer, or Merged for one who is another now."""
    found = Customer.objects.of(customer.business_id).select_for_update(of=("self",)).filter(pk=customer.pk).first()
    if found is None:
        raise UnknownCustomer(customer=customer.pk)
    if alias := Alias.objects.of(found.business_id).filter(pk=found.pk).first():
        raise Merged(customer=found.pk, survivor=alias.survivor_id)
    return found


def _meant(customer: Customer) -> UUID:
    """Return the key of a customer, or of the one they were merged into."""
    return customer.alias.survivor_id if hasattr(customer, "alias") else customer.pk


def _refresh_search_text(customer: Customer) -> None:
    Customer.objects.of(customer.business_id).filter(pk=customer.pk).update(search_text=_words_of(customer))


def _words_of(customer: Customer) -> str:
    """Return what a customer is found by: also the names and identities of those who were merged into them."""
    held = store.identities_of(customer.business_id, [customer.pk]).get(customer.pk, [])
    names = Customer.objects.of(customer.business_id).filter(alias__survivor=customer).values_list("name", flat=True)
    return search_words(" ".join([customer.name, *names]), held, customer.business.country)
