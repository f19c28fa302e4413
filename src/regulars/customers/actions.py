# SPDX-License-Identifier: Apache-2.0
"""The only writers of customers and identities."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from regulars.customers import store
from regulars.customers.matching import CustomerRef, Matching, Resolved, guess_language, match, read_reference
from regulars.customers.profile import search_words
from regulars.kernel.text import clean
from regulars.tenancy.models import Business


def resolve_customers(
    business: Business, references: Sequence[CustomerRef | None], *, now: datetime, new_key: Callable[[], UUID]
) -> list[Resolved]:
    """Find the customers that references name, making those that nobody knows; the answers stand in the order of the references.

    At most five statements, inside the caller's transaction. Refusals (BadPhone, BadEmail, UnknownCustomer) are values. A race for
    an identity raises IntegrityError, and the caller's transaction starts over.
    """
    readings = [read_reference(reference, business.country) for reference in references]
    wanted: dict[str, set[str]] = {}
    for reading in readings:
        if type(reading) is tuple:
            for kind, value in reading:
                wanted.setdefault(kind, set()).add(value)
    matching = match(
        references,
        readings,
        owners=store.owners_of(business.pk, wanted),
        by_id=store.customers_by_id(business.pk, {reference.id for reference in references if reference and reference.id}),
        new_key=new_key,
    )
    if matching.gained:
        _save(business, matching, now=now, new_key=new_key)
    return matching.resolved


def _save(business: Business, matching: Matching, *, now: datetime, new_key: Callable[[], UUID]) -> None:
    customers, additions = [], []
    for customer_id, identities in matching.gained.items():
        newcomer = matching.newcomers.get(customer_id)
        if newcomer is None:
            additions.append((customer_id, search_words("", identities, business.country)))
            continue
        name = clean(newcomer.name)
        words = search_words(name, identities, business.country)
        customers.append((customer_id, business.pk, name, guess_language(newcomer.language), None, [], words, False, now))
    store.insert_customers(customers)
    store.insert_identities(
        [
            store.identity_row(new_key(), business.pk, customer_id, identity, now)
            for customer_id, identities in matching.gained.items()
            for identity in identities
        ]
    )
    store.extend_search_text(additions)
