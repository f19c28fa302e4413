# SPDX-License-Identifier: Apache-2.0
"""Search and lists: any part, any script, best first, page by page."""

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.cast import MEERA, NOW, a_customer, a_shop, resolve
from regulars.customers.actions import ProfileChange, change_profile, remove_identity
from regulars.customers.matching import CustomerRef
from regulars.customers.models import Customer, Identity
from regulars.customers.queries import customer_list, search
from regulars.customers.searching import BadCursor, read_query, trigrams
from regulars.customers.store import purge_search_index
from regulars.kernel.errors import RegularsError


def names(shop, text, **options):
    return [found.name for found in search(shop, text, limit=options.pop("limit", 50), **options).customers]


@pytest.fixture
def people(shop):
    a_customer(shop, ("phone", "98765 43210"), ("email", "anita.s@example.com"), name="Anita Sharma")
    a_customer(shop, ("card", "GOLD-0042"), name="अनिता देशमुख")
    a_customer(shop, ("phone", "+374 91 123456"), name="Անի Սարգսյան")
    a_customer(shop, ("phone", "98111 22333"), name="Vanita Rao 100%")
    a_customer(shop, ("external", "shopify:42_7"), name="రవి కుమార్")
    return shop


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("anita", "Anita Sharma, अनिता देशमुख, Vanita Rao 100%"),  # word starts, then parts
        ("अनिता", "अनिता देशमुख, Anita Sharma, Vanita Rao 100%"),
        ("ANIT", "Anita Sharma, अनिता देशमुख, Vanita Rao 100%"),
        ("sharma anita", "Anita Sharma"),
        ("ani 98765", "Anita Sharma"),
        ("98765", "Anita Sharma"),
        ("654 32", "Anita Sharma"),
        ("+91 98765", "Anita Sharma"),
        ("09876543210", "Anita Sharma"),
        ("९८७६५", "Anita Sharma"),
        ("+37491", "Անի Սարգսյան"),
        ("Սարգ", "Անի Սարգսյան"),
        ("sargs", "Անի Սարգսյան"),
        ("EXAMPLE.com", "Anita Sharma"),
        ("gold-0042", "अनिता देशमुख"),
        ("shopify:42_7", "రవి కుమార్"),
        ("42_7", "రవి కుమార్"),
        ("రవి", "రవి కుమార్"),
        ("100%", "Vanita Rao 100%"),
        ("0%", ""),
        ("a%a", ""),
        ("ra", "Vanita Rao 100%, రవి కుమార్"),
        ("sh", "Anita Sharma, రవి కుమార్"),
        ("v", "Vanita Rao 100%"),
        ("zzz", ""),
        ('"anita" OR', ""),
        ("NOT", ""),
        ("'", ""),
        ("", ""),
    ],
)
def test_what_a_text_finds(people, text, found):
    assert sorted(names(people, text)) == sorted(filter(None, found.split(", ")))


def test_exact_identities_first_then_word_starts_then_parts(shop):
    a_customer(shop, ("card", "12345"), name="Exact")
    a_customer(shop, ("card", "0012345"), name="Part")
    a_customer(shop, ("card", "1234567"), name="Start, older")
    a_customer(shop, ("card", "1234599"), name="Start, newer")

    assert names(shop, "12345") == ["Exact", "Start, newer", "Start, older", "Part"]
    assert names(shop, "12345", limit=2) == ["Exact", "Start, newer"]


def test_pages_meet_without_gap_or_repeat(shop):
    resolve(
        shop, *[CustomerRef(card=f"{'x' * (n % 2)}70{n:03}", name=f"n{n}") for n in range(25)], CustomerRef(card="700")
    )
    whole, after, pages = names(shop, "700"), None, []
    for _ in range(6):
        page = search(shop, "700", limit=5, after=after)
        pages += [found.name for found in page.customers]
        after = page.after
        if after is None:
            break

    assert pages == whole
    assert len(whole) == len(set(whole)) == 26
    assert after is None


def test_nobody_else_sees_our_customers(people):
    next_door = a_shop("Next door")
    a_customer(next_door, ("card", "N1"), name="Anita next door")

    assert names(next_door, "anita") == ["Anita next door"]
    assert "Anita next door" not in names(people, "anita")


def test_a_family_phone_finds_everybody_who_has_it(shop):
    a_customer(shop, ("phone", "98765 43210"), name="Mother")
    son = a_customer(shop, name="Son")
    Identity.objects.create(
        business=shop, customer=son, kind="phone", value="+919876543210", resolves=False, created_at=NOW
    )

    assert names(shop, "98765 43210") == ["Mother", "Son"]


def test_search_follows_changes(shop):
    anita = a_customer(shop, ("card", "C-100"), ("email", "a@b.in"), name="Anita")
    change_profile(anita, ProfileChange(name="Sunita"), actor=MEERA, now=NOW)
    remove_identity(Identity.objects.get(kind="card"), actor=MEERA, now=NOW)

    assert names(shop, "anita") == []
    assert names(shop, "C-100") == []
    assert names(shop, "sunita a@b") == ["Sunita"]


@pytest.mark.sqlite
def test_erased_text_leaves_the_index(shop):
    anita = a_customer(shop, ("card", "C-100"), name="Anita")
    Customer.objects.filter(pk=anita.pk).update(search_text="")
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM customers_searchrow")
        assert [text.strip() for (text,) in cursor.fetchall()] == [f"B{shop.pk.hex[-2:].upper()}"]
        cursor.execute("INSERT INTO customers_search(customers_search) VALUES ('integrity-check')")


@pytest.mark.sqlite
def test_a_purge_leaves_no_posting_of_what_was_erased(commits):
    shop = a_shop()

    def postings():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM customers_search_data WHERE instr(block, CAST('ʘ' AS BLOB))")
            return cursor.fetchone()[0]

    anita = a_customer(shop, name="ʘʘʘ")
    a_customer(shop, name="Ravi")
    before = postings()
    Customer.objects.filter(pk=anita.pk).update(search_text="")
    purge_search_index()

    assert (before, postings()) == (1, 0)
    assert names(shop, "ravi") == ["Ravi"]


@pytest.mark.sqlite
def test_a_deleted_customer_leaves_the_index(shop):
    Customer.objects.filter(pk=a_customer(shop, name="Anita").pk).delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customers_searchrow")
        assert cursor.fetchall() == [(0,)]


def test_list_is_latest_first(shop):
    for name in ("Ravi", "Anita", "Priya"):
        a_customer(shop, name=name)
    first = customer_list(shop, limit=2)
    rest = customer_list(shop, limit=2, after=first.after)

    assert [found.name for found in first.customers] == ["Priya", "Anita"]
    assert [found.name for found in rest.customers] == ["Ravi"]
    assert rest.after is None


def test_list_by_tag(shop):
    a_customer(shop, name="Anita", tags=("vip", "café"))
    a_customer(shop, name="Ravi", tags=("vip%",))
    a_customer(shop, ("card", "anita"), name="Anita two")

    assert [found.name for found in customer_list(shop, tag="café").customers] == ["Anita"]
    assert [found.name for found in customer_list(shop, tag="vip").customers] == ["Anita"]
    assert [found.name for found in customer_list(shop, text="anita", tag="vip").customers] == ["Anita"]
    assert customer_list(shop, tag="none").customers == ()


@pytest.mark.parametrize("after", ["x", "1.x", "7.018f0000-0000-7000-8000-000000000000"])
def test_a_place_that_no_page_made(people, after):
    with pytest.raises(BadCursor, match="first page"):
        search(people, "anita", limit=5, after=after)


def test_statements_of_a_page(people, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        search(people, "anita", limit=50)


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("Anita", [("anita",)]),
        ("अनि  X", [("अनि", "ani"), ("x",)]),
        ("98765 43210", [("9876543210",)]),
        ("+91 98765", [("98765", "9198765")]),
        ("919876543210", [("919876543210", "9876543210")]),
        ("098765", [("098765", "98765")]),
        ("12", [("12",)]),
    ],
)
def test_words_of_a_query(text, forms):
    assert [word.forms for word in read_query(text, "IN")] == forms


def test_trigrams():
    assert trigrams("banana") == ["ban", "ana", "nan"]
    assert trigrams("ab") == []


TEXTS = st.text(alphabet="abcरविԱի'\"%_ 019+*-()\\", max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the customers of the examples add up
@given(data=st.data())
def test_search_finds_what_stands_there(shop, data):
    name = data.draw(TEXTS)
    try:
        customer = a_customer(shop, name=name)
    except RegularsError:
        return
    query = data.draw(TEXTS)
    found = search(shop, query, limit=200).customers
    words = [word.forms for word in read_query(query, "IN")]

    for person in found:
        text = f" {Customer.objects.get(pk=person.id).search_text}"
        assert all(any(form in text for form in forms) for forms in words)
    if customer.name and not any(char.isdigit() for char in name):
        assert customer.pk in {person.id for person in search(shop, customer.name, limit=200).customers}
