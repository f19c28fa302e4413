# SPDX-License-Identifier: Apache-2.0
"""References against stored customers."""

from datetime import date
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from customers.cast import MEERA, NOW, a_customer, a_shop, held_by, resolve
from outbox.simultaneous import at_the_same_time
from regulars.customers.actions import ProfileChange, change_profile
from regulars.customers.matching import CustomerRef
from regulars.customers.models import Customer, Identity
from regulars.customers.queries import search
from regulars.database.transactions import run_durably


def test_a_new_customer(shop):
    (found,) = resolve(shop, CustomerRef(phone="98765 43210", name=" Anita  Sharma ", language="hi"))

    customer = Customer.objects.of(shop).get()
    assert (found.customer_id, found.is_new, found.language) == (customer.pk, True, "hi")
    assert (customer.name, customer.language, customer.created_at) == ("Anita Sharma", "hi", NOW)
    assert customer.search_text == "anita sharma 9876543210"
    assert held_by(customer) == [("phone", "+919876543210", True)]


def test_a_known_customer_brings_what_conditions_ask(shop):
    anita = a_customer(shop, ("card", "C1"), language="te", tags=("vip", "नियमित"), birthday=date(1990, 4, 27))
    (found,) = resolve(shop, CustomerRef(card="C1", name="Somebody else", language="en"))

    assert (found.customer_id, found.is_new) == (anita.pk, False)
    assert (found.language, found.tags, found.birthday) == ("te", ["vip", "नियमित"], date(1990, 4, 27))
    assert Customer.objects.get().name == ""


def test_unknown_identities_become_theirs(shop):
    anita = a_customer(shop, ("card", "C1"), name="Anita")
    resolve(shop, CustomerRef(card="C1", phone="9876543210"), CustomerRef(phone="9876543210", email="a@b.in"))

    assert held_by(anita) == [("card", "C1", True), ("email", "a@b.in", True), ("phone", "+919876543210", True)]
    assert Customer.objects.get().search_text == "anita c1 9876543210 a@b.in"
    assert [found.name for found in search(shop, "a@b", limit=5).customers] == ["Anita"]


def test_a_conflict_moves_nothing(shop):
    card_owner, phone_owner = a_customer(shop, ("card", "C1")), a_customer(shop, ("phone", "9876543210"))
    (found,) = resolve(shop, CustomerRef(card="C1", phone="9876543210"))

    assert (found.customer_id, found.conflicts) == (card_owner.pk, (("phone", phone_owner.pk),))
    assert held_by(card_owner) == [("card", "C1", True)]
    assert held_by(phone_owner) == [("phone", "+919876543210", True)]


def test_customers_of_another_business_are_unknown(shop):
    elsewhere = a_customer(a_shop("Next door"), ("card", "C1"))
    by_key, by_card = resolve(shop, CustomerRef(id=elsewhere.pk), CustomerRef(card="C1"))

    assert by_key.error.code == "unknown_customer"
    assert by_card.is_new
    assert by_card.customer_id != elsewhere.pk


def test_by_key(shop):
    anita = a_customer(shop, name="Anita")
    (found,) = resolve(shop, CustomerRef(id=anita.pk, email="a@b.in"))

    assert found.customer_id == anita.pk
    assert held_by(anita) == [("email", "a@b.in", True)]


def test_a_refused_reference_writes_nothing(shop):
    resolve(shop, CustomerRef(card="C1", phone="12"), CustomerRef(id=UUID(int=5), card="C2"), None, CustomerRef())

    assert (Customer.objects.count(), Identity.objects.count()) == (0, 0)


def test_statements_do_not_grow_with_the_batch(shop, django_assert_max_num_queries):
    a_customer(shop, ("card", "C0"))
    batch = [CustomerRef(card=f"C{n % 300}", phone=f"98{n:08}", email=f"{n}@b.in") for n in range(500)]
    with django_assert_max_num_queries(6):  # a known one has gained identities, and that is announced
        resolve(shop, *batch)
    with django_assert_max_num_queries(1):
        resolve(shop, *batch)

    assert Customer.objects.count() == 300


def test_a_contact_does_not_resolve(shop):
    mother = a_customer(shop, ("phone", "9876543210"))
    Identity.objects.create(
        business=shop,
        customer=a_customer(shop, name="Son"),
        kind="phone",
        value="+919876543210",
        resolves=False,
        created_at=NOW,
    )
    (found,) = resolve(shop, CustomerRef(phone="9876543210"))

    assert found.customer_id == mother.pk


def test_the_database_keeps_one_owner(shop):
    anita, ravi = a_customer(shop, ("card", "C1")), a_customer(shop, name="Ravi")
    with pytest.raises(IntegrityError), transaction.atomic():
        Identity.objects.create(business=shop, customer=ravi, kind="card", value="C1", created_at=NOW)

    assert held_by(anita) == [("card", "C1", True)]


def test_eight_tills_meet_one_new_customer(commits):
    shop = a_shop()
    found = at_the_same_time(
        lambda: run_durably(lambda: resolve(shop, CustomerRef(phone="9876543210", card="C1"))[0].customer_id), times=8
    )

    assert len(set(found)) == 1
    assert Identity.objects.of(shop).count() == 2


def test_no_word_is_lost_when_two_add_to_one_customer(commits):
    shop = a_shop()
    anita = a_customer(shop, ("card", "C1"), name="Anita")
    names = iter(f"customer{n}@b.in" for n in range(6))

    def add_or_rename():
        mail = next(names)
        run_durably(lambda: resolve(shop, CustomerRef(card="C1", email=mail)))
        run_durably(lambda: change_profile(anita, ProfileChange(name=mail[:9]), actor=MEERA, now=NOW))

    at_the_same_time(add_or_rename, times=6)

    words = Customer.objects.get().search_text.split()
    assert {f"customer{n}@b.in" for n in range(6)} <= set(words)
