# SPDX-License-Identifier: Apache-2.0
"""Who a reference means, decided without a database."""

from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.customers.matching import (
    CustomerRef,
    Resolved,
    UnknownCustomer,
    guess_language,
    match,
    normalise_email,
    normalise_identity,
    read_language,
    read_reference,
)
from regulars.kernel.errors import RegularsError
from regulars.kernel.phone import BadPhone

CARD_OWNER, EXTERNAL_OWNER, PHONE_OWNER, EMAIL_OWNER = (UUID(int=n) for n in range(1, 5))
KNOWN = {
    ("card", "C1"): CARD_OWNER,
    ("external", "X1"): EXTERNAL_OWNER,
    ("phone", "+919876543210"): PHONE_OWNER,
    ("email", "a@example.com"): EMAIL_OWNER,
}
PHONE, EMAIL = "98765 43210", " A@Example.com "


def decide(*references, known=KNOWN):
    """Match references against known owners; new customers get the keys 100, 101, …"""
    keys = count(100)
    return match(
        references,
        [read_reference(reference, "IN") for reference in references],
        owners={identity: Resolved(owner) for identity, owner in known.items()},
        by_id={person: Resolved(person) for person in known.values()},
        new_key=lambda: UUID(int=next(keys)),
    )


@pytest.mark.parametrize(
    ("reference", "owner", "conflicts"),
    [
        (CustomerRef(card="C1", external_id="X1", phone=PHONE, email=EMAIL), CARD_OWNER, "external phone email"),
        (CustomerRef(external_id="X1", phone=PHONE, email=EMAIL), EXTERNAL_OWNER, "phone email"),
        (CustomerRef(phone=PHONE, email=EMAIL), PHONE_OWNER, "email"),
        (CustomerRef(email=EMAIL), EMAIL_OWNER, ""),
        (CustomerRef(card="unknown", email=EMAIL), EMAIL_OWNER, ""),
        (CustomerRef(id=EMAIL_OWNER, card="C1"), EMAIL_OWNER, "card"),
        (CustomerRef(card="c1"), UUID(int=100), ""),
    ],
)
def test_the_most_trusted_identity_wins(reference, owner, conflicts):
    (found,) = decide(reference).resolved

    assert found.customer_id == owner
    assert [kind for kind, _ in found.conflicts] == conflicts.split()


def test_nothing_of_another_customer_moves():
    matching = decide(CustomerRef(card="C1", phone=PHONE, email="new@example.com"))

    assert matching.gained == {CARD_OWNER: [("email", "new@example.com")]}
    assert matching.resolved[0].conflicts == (("phone", PHONE_OWNER),)


def test_a_family_shares_a_phone():
    mother, son, phone_alone = decide(
        CustomerRef(card="mother", phone="98111 11111"),
        CustomerRef(card="C1", phone="98111 11111"),
        CustomerRef(phone="+91 98111 11111"),
    ).resolved

    assert mother.is_new
    assert (son.customer_id, son.conflicts) == (CARD_OWNER, (("phone", mother.customer_id),))
    assert phone_alone.customer_id == mother.customer_id


def test_one_new_person_named_twice_in_a_batch():
    first, second, third = decide(
        CustomerRef(phone="98111 11111", name="Anita", language="hi-IN"),
        CustomerRef(phone="+919811111111", email="anita@example.com"),
        CustomerRef(email="ANITA@example.com"),
    ).resolved

    assert {first.customer_id, second.customer_id, third.customer_id} == {UUID(int=100)}
    assert [first.is_new, second.is_new, third.is_new] == [True, False, False]
    assert first.language == second.language == "hi"


@pytest.mark.parametrize(
    "reference", [None, CustomerRef(), CustomerRef(name="Anita"), CustomerRef(phone=" ", card=" ")]
)
def test_without_identity_a_purchase_is_anonymous(reference):
    assert decide(reference).resolved == [Resolved()]


def test_refusals_are_values_and_the_rest_goes_on():
    bad_phone, bad_email, nobody, good = decide(
        CustomerRef(card="C1", phone="12"),
        CustomerRef(email="not an address"),
        CustomerRef(id=UUID(int=99), card="C1"),
        CustomerRef(card="C1"),
    ).resolved

    assert isinstance(bad_phone.error, BadPhone)
    assert bad_email.error.code == "bad_email"
    assert isinstance(nobody.error, UnknownCustomer)
    assert nobody.error.status == 404
    assert [bad_phone.customer_id, bad_email.customer_id, nobody.customer_id] == [None] * 3
    assert good.customer_id == CARD_OWNER


def test_no_personal_data_in_refusals():
    refused = decide(CustomerRef(phone="5551234567890123"), CustomerRef(email="anita at example.com")).resolved

    assert not any("5551" in str(found.error) or "anita" in str(found.error) for found in refused)


@pytest.mark.parametrize(
    ("kind", "written", "kept"),
    [
        ("phone", "098765 43210", "+919876543210"),
        ("phone", "९८७६५४३२१०", "+919876543210"),
        ("phone", "+374 91 123456", "+37491123456"),
        ("email", "\tAnita.Sharma@Example.COM ", "anita.sharma@example.com"),
        ("card", " Gold\u200b 12 ", "Gold 12"),
        ("external", "shopify:42", "shopify:42"),
    ],
)
def test_identities_have_one_spelling(kind, written, kept):
    assert normalise_identity(kind, written, "IN") == (kind, kept)


@pytest.mark.parametrize("address", ["", "@", "a@", "@b", "a b@c", "a\x00@b", "x" * 250 + "@b.cd"])
def test_what_is_no_address(address):
    with pytest.raises(RegularsError, match="e-mail"):
        normalise_email(address)


def test_unknown_kind_of_identity():
    with pytest.raises(RegularsError, match=r"“fax”.*card, external, phone, email"):
        normalise_identity("fax", "1", "IN")


@pytest.mark.parametrize(
    ("written", "language"), [("", ""), ("hi", "hi"), ("HY-am", "hy"), ("ml_IN", "ml"), ("te-Telu-IN", "te")]
)
def test_languages(written, language):
    assert read_language(written) == guess_language(written) == language


def test_a_purchase_is_not_refused_for_its_language():
    assert guess_language("Hindi!") == ""
    with pytest.raises(RegularsError, match="“Hindi!”"):
        read_language("Hindi!")


references = st.builds(
    CustomerRef,
    card=st.sampled_from(["", "", "C1", "C2", "C3"]),
    external_id=st.sampled_from(["", "", "X1", "X2"]),
    phone=st.sampled_from(["", "", "9876543210", "+919811111111", "98111 22222"]),
    email=st.sampled_from(["", "", "a@example.com", "B@example.com"]),
)


@given(st.lists(references, max_size=8))
def test_a_batch_is_as_good_as_one_by_one(batch):
    keys = count(100)
    together = decide(*batch, known={})
    owners: dict = {}
    alone = []
    for reference in batch:
        step = match(
            [reference],
            [read_reference(reference, "IN")],
            owners=owners,
            by_id={},
            new_key=lambda: UUID(int=next(keys)),
        )
        alone += step.resolved

    assert together.resolved == alone


@given(st.lists(references, max_size=8))
def test_every_identity_has_one_owner(batch):
    matching = decide(*batch, known={})
    gained = [identity for identities in matching.gained.values() for identity in identities]

    assert len(gained) == len(set(gained))
    assert (
        set(matching.newcomers)
        == set(matching.gained)
        == {found.customer_id for found in matching.resolved if found.is_new}
    )


@given(st.lists(references, max_size=8))
def test_the_same_references_again_change_nothing(batch):
    first = decide(*batch, known={})
    known = {identity: owner for owner, identities in first.gained.items() for identity in identities}
    again = decide(*batch, known=known)

    assert again.gained == {}
    for before, after in zip(first.resolved, again.resolved, strict=True):
        assert (before.customer_id is None) == (after.customer_id is None)
