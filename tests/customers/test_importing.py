# SPDX-License-Identifier: Apache-2.0
"""Files of customers, laid over what is known."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.cast import NOW, a_customer, held_by, resolve
from regulars.customers.actions import import_customers
from regulars.customers.importing import CustomerRow
from regulars.customers.matching import CustomerRef
from regulars.customers.models import Customer, Identity
from regulars.customers.queries import search
from regulars.kernel.ids import new_key
from regulars.kernel.text import search_text


def load(shop, *rows):
    return import_customers(shop, rows, now=NOW, new_key=new_key)


def kinds(outcomes):
    return " ".join(outcome.kind for outcome in outcomes)


def a_row(*identities, **profile):
    return CustomerRow(tuple(identities), **profile)


ANITA = a_row(
    ("phone", "98765 43210"),
    ("phone", "98111 22333"),
    ("email", "Anita@Example.com"),
    name="Anita",
    language="hi-IN",
    birthday=date(1990, 4, 27),
    tags=("vip",),
)


def test_new_customers(shop):
    (outcome,) = load(shop, ANITA)
    customer = Customer.objects.get()

    assert (outcome.kind, outcome.key) == ("created", customer.pk)
    assert (customer.name, customer.language, customer.birthday) == ("Anita", "hi", date(1990, 4, 27))
    assert customer.tags == ["vip"]
    assert held_by(customer) == [
        ("email", "anita@example.com", True),
        ("phone", "+919811122333", True),
        ("phone", "+919876543210", True),
    ]
    assert customer.search_text == "anita 9876543210 9811122333 anita@example.com"


def test_the_same_file_again_changes_nothing(shop):
    rows = [ANITA, a_row(("card", "C1"), name="Ravi"), a_row(("card", "C2"), ("phone", "98765 43210"), name="Son")]
    first, second = load(shop, *rows), load(shop, *rows)

    assert kinds(first) == "created created updated"
    assert [outcome.key for outcome in first] == [outcome.key for outcome in second]


def test_again_is_unchanged(shop):
    load(shop, ANITA)

    assert kinds(load(shop, ANITA, ANITA)) == "unchanged unchanged"


def test_a_row_overrides_where_it_says_something(shop):
    anita = a_customer(shop, ("card", "C1"), name="Anita", language="te", tags=("vip",))
    outcomes = load(
        shop,
        a_row(("card", "C1")),
        a_row(("card", "C1"), name="Anita Rao", tags=("VIP", "chai")),
        a_row(("card", "C1"), ("email", "a@b.in")),
    )
    anita.refresh_from_db()

    assert kinds(outcomes) == "unchanged updated updated"
    assert (anita.name, anita.language, anita.tags) == ("Anita Rao", "te", ["vip", "chai"])
    assert sorted(anita.search_text.split()) == ["a@b.in", "anita", "c1", "rao"]
    assert [found.name for found in search(shop, "rao", limit=5).customers] == ["Anita Rao"]


def test_what_belongs_to_somebody_is_noted_as_a_contact(shop):
    mother = a_customer(shop, ("phone", "98765 43210"), name="Mother")
    son = a_customer(shop, ("card", "C1"), name="Son")
    row = a_row(("card", "C1"), ("phone", "98765 43210"))
    first, second = load(shop, row)[0], load(shop, row)[0]

    assert (first.kind, first.conflicts) == ("updated", (("phone", mother.pk),))
    assert second.kind == "unchanged"
    assert held_by(son) == [("card", "C1", True), ("phone", "+919876543210", False)]
    assert resolve(shop, CustomerRef(phone="98765 43210"))[0].customer_id == mother.pk
    assert [found.name for found in search(shop, "98765 43210", limit=5).customers] == ["Mother", "Son"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (a_row(name="Nobody"), "no_identity"),
        (a_row(("phone", " "), name="Blank"), "no_identity"),
        (a_row(("card", "C1"), ("phone", "12")), "bad_phone"),
        (a_row(("card", "C1"), language="Klingon!"), "bad_language"),
        (a_row(("card", "C1"), birthday=date(2030, 1, 1)), "bad_birthday"),
        (a_row(("card", "known"), tags=tuple(map(str, range(50)))), "too_many_tags"),
    ],
)
def test_a_refused_row_changes_nothing_and_the_rest_goes_on(shop, row, code):
    a_customer(shop, ("card", "known"), tags=("vip",))
    refused, good = load(shop, row, a_row(("card", "C9")))

    assert (refused.kind, refused.error.code, refused.key) == ("refused", code, None)
    assert good.kind == "created"
    assert Customer.objects.count() == 2
    assert Customer.objects.get(identities__value="known").tags == ["vip"]


def test_statements_do_not_grow_with_the_rows(shop, django_assert_max_num_queries):
    rows = [a_row(("card", f"C{n}"), ("phone", f"98{n:08}"), name=f"N{n}") for n in range(500)]
    with django_assert_max_num_queries(9):
        load(shop, *rows)
    with django_assert_max_num_queries(9):
        load(shop, *[a_row(("card", f"C{n}"), ("email", f"{n}@b.in"), name=f"M{n}") for n in range(500)])

    assert Customer.objects.filter(name__startswith="M").count() == 500
    assert Identity.objects.count() == 1500


identities = st.sampled_from(
    [("card", "C1"), ("card", "C2"), ("phone", "98765 43210"), ("phone", "98111 22333"), ("email", "a@b.in")]
)
rows = st.builds(
    lambda held, name, tags: CustomerRow(tuple(held), name=name, tags=tuple(tags)),
    st.lists(identities, max_size=3),
    st.sampled_from(["", "Anita", "रवि"]),
    st.lists(st.sampled_from(["vip", "chai"]), max_size=2),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # later files meet what earlier ones left
@given(data=st.data())
def test_what_is_found_is_what_is_known(shop, data):
    load(shop, *data.draw(st.lists(rows, max_size=6)))
    load(shop, *data.draw(st.lists(rows, max_size=6)))

    for customer in Customer.objects.of(shop).prefetch_related("identities"):
        known = {held.value.removeprefix("+91").casefold() for held in customer.identities.all()}
        assert set(customer.search_text.split()) == known | set(search_text([customer.name]).split())
