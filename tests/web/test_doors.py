# SPDX-License-Identifier: Apache-2.0
"""What pages have in common: permissions by name, searches, errors in words, tokens of forms, bounded queries."""

import pytest
from django.test import Client
from django.urls import reverse

from regulars.customers.actions import import_customers
from regulars.customers.importing import CustomerRow
from regulars.kernel.clock import utc_now
from regulars.kernel.ids import new_key
from regulars.web.permissions import PAGES
from regulars.web.urls import urlpatterns
from web.cast import a_browser, a_running_shop, a_shop, form_of, text_of

pytestmark = pytest.mark.django_db
OPEN = {"login", "logout", "language", "business"}


def test_every_page_names_its_permission_and_the_table_agrees():
    named = {pattern.name: getattr(pattern.callback, "permission", None) for pattern in urlpatterns}

    assert {name: permission for name, permission in named.items() if name not in OPEN} == dict(PAGES)
    assert [name for name in OPEN if named[name]] == []


def test_a_search_finds_the_own_customers_only(shop):
    stranger = a_browser(a_shop("Kochi Bakes"), name="Stranger")

    assert "Asha" not in text_of(stranger.get("/customers/?q=asha"))


def test_a_cashier_sees_contacts_masked_and_no_figures_of_the_shop(shop, record):
    cashier = a_browser(shop.business, "cashier")

    today, program, asha = (text_of(cashier.get(address)) for address in ("/", "/program/", record))

    assert "Today Who is it?" in today
    assert "Program What we promise" in program
    assert "member holds" not in program
    assert "Phone •••• 2345" in asha


def test_the_code_of_a_reward_is_for_who_can_use_it(shop, owner, record):
    page = owner.get(record)
    owner.post(f"{record}take/", form_of(page, "take/"))

    assert "Rewards in hand A cup of chai Code" in text_of(owner.get(record))
    assert "Rewards in hand A cup of chai through" in text_of(a_browser(shop.business, "analyst").get(record))


def test_a_second_shop_does_not_mix_into_the_first(shop):
    a_running_shop()

    assert text_of(a_browser(shop.business).get("/customers/")).count("Asha Kulkarni") == 1


@pytest.mark.parametrize(
    ("address", "status"), [("/nowhere/", 404), ("/customers/01a203c1-0000-7000-8000-000000000000/", 404)]
)
def test_what_is_not_there_says_so_in_our_words(owner, address, status):
    answer = owner.get(address)

    assert answer.status_code == status
    assert "There is nothing at this address" in text_of(answer)


def test_a_form_without_its_token_is_refused(shop, record):
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = a_browser(shop.business).cookies

    answer = browser.post(f"{record}adjust/", {"adjust-points": 5, "adjust-reason": "as promised"})

    assert answer.status_code == 403
    assert "open for too long" in text_of(answer)


QUERIES = {
    "today": 24, "customers": 13, "customer": 19, "program": 11, "program_draft": 11, "rewards": 8, "retention": 12, "settings": 6,
    "staff": 6, "keys": 6, "webhooks": 6, "jobs": 7, "backups": 7, "audit": 6, "imports": 6,
}  # fmt: skip


@pytest.mark.parametrize(("name", "most"), QUERIES.items())
def test_a_page_asks_the_database_a_bounded_number_of_times(record, owner, django_assert_max_num_queries, name, most):
    with django_assert_max_num_queries(most):
        owner.get(record if name == "customer" else reverse(name))


def test_the_number_of_queries_does_not_grow_with_the_list(shop, owner, django_assert_max_num_queries):
    rows = [CustomerRow(identities=(("phone", f"+9198200{n:05}"),), name=f"Guest {n}") for n in range(60)]
    import_customers(shop.business, rows, now=utc_now(), new_key=new_key)

    with django_assert_max_num_queries(QUERIES["customers"]):
        assert text_of(owner.get("/customers/")).count("Guest") == 50
