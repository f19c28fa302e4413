# SPDX-License-Identifier: Apache-2.0
"""Every page: who may open it, that nobody sees another business, its headers, and that nothing inline is in it."""

import re
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from regulars.customers.actions import import_customers
from regulars.customers.importing import CustomerRow
from regulars.kernel.clock import utc_now
from regulars.kernel.ids import new_key
from regulars.tenancy.access import PERMISSIONS
from regulars.tenancy.models import Role
from regulars.web.headers import CONTENT_SECURITY_POLICY
from regulars.web.permissions import PAGES
from regulars.web.urls import urlpatterns
from web.cast import a_browser, a_running_shop, a_shop, text_of

pytestmark = pytest.mark.django_db
OPEN = {"login", "logout", "language", "business"}
PLAIN = [
    "today", "you", "style_guide", "customers", "customer_new", "imports", "import_new", "program", "program_draft", "program_unit",
    "program_ladder", "rewards", "reward_new", "retention", "settings", "store_new", "staff", "staff_new", "keys", "webhooks",
    "webhook_new", "jobs", "audit",
]  # fmt: skip


def addresses(shop) -> dict[str, str]:
    """Every page that a GET opens."""
    found = {name: reverse(name) for name in PLAIN}
    return found | {
        "customer": reverse("customer", args=[shop.asha.pk]),
        "customer_edit": reverse("customer_edit", args=[shop.asha.pk]),
        "program_version": reverse("program_version", args=[1]),
        "program_rule": reverse("program_rule", args=["tuesday"]),
        "reward_edit": reverse("reward_edit", args=[shop.offer.pk]),
    }


def test_every_page_names_its_permission_and_the_table_agrees():
    named = {pattern.name: getattr(pattern.callback, "permission", None) for pattern in urlpatterns}

    assert {name: permission for name, permission in named.items() if name not in OPEN} == dict(PAGES)
    assert [name for name in OPEN if named[name]] == []


@pytest.mark.parametrize("role", Role.values)
def test_each_role_opens_what_it_may_and_nothing_else(shop, role):
    browser = a_browser(shop.business, role)

    opened = {name: browser.get(address).status_code for name, address in addresses(shop).items()}

    assert opened == {name: 200 if role in PERMISSIONS[PAGES[name]] else 403 for name in addresses(shop)}


@pytest.mark.parametrize("role", Role.values)
def test_each_role_sends_what_it_may_and_nothing_else(shop, role):
    browser, other = a_browser(shop.business, role), uuid4()
    sent = {
        "customer_adjust": [other], "customer_purchase": [other], "customer_enrol": [other], "customer_take": [other],
        "customer_use": [other], "program_discard": [], "program_publish": [], "reward_pause": [other], "key_revoke": [other],
        "staff_dismiss": [other], "job_again": [other], "import_start": [other], "retention_refresh": [],
    }  # fmt: skip

    refused = {name for name, args in sent.items() if browser.post(reverse(name, args=args)).status_code == 403}

    assert refused == {name for name in sent if role not in PERMISSIONS[PAGES[name]]}


def test_nothing_opens_without_a_login(shop, client):
    assert {client.get(address).status_code for address in addresses(shop).values()} == {302}


def test_another_business_is_not_there(shop):
    stranger = a_browser(a_shop("Kochi Bakes"), name="Stranger")
    theirs = ["customer", "customer_edit", "program_version", "program_rule", "reward_edit"]

    assert {name: stranger.get(addresses(shop)[name]).status_code for name in theirs} == dict.fromkeys(theirs, 404)
    assert "Asha" not in text_of(stranger.get("/customers/?q=asha"))


def test_a_second_shop_does_not_mix_into_the_first(shop):
    a_running_shop()

    assert text_of(a_browser(shop.business).get("/customers/")).count("Asha Kulkarni") == 1


def test_every_page_carries_the_policy_and_nothing_inline(shop, owner):
    for name, address in addresses(shop).items():
        answer = owner.get(address)
        html = answer.content.decode()
        assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY, name
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert re.findall(r"<[^>]+\sstyle=", html) == [], name
        assert re.findall(r"<[^>]+\son\w+=", html) == [], name
        assert re.findall(r"<script(?![^>]*src=)", html) == [], name
        assert re.findall(r"hx-on|javascript:|<style", html) == [], name


@pytest.mark.parametrize(
    ("address", "status"), [("/nowhere/", 404), ("/customers/01a203c1-0000-7000-8000-000000000000/", 404)]
)
def test_what_is_not_there_says_so_in_our_words(owner, address, status):
    answer = owner.get(address)

    assert answer.status_code == status
    assert "There is nothing at this address" in text_of(answer)
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


def test_a_form_without_its_token_is_refused(shop, record):
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = a_browser(shop.business).cookies

    answer = browser.post(f"{record}adjust/", {"adjust-points": 5, "adjust-reason": "as promised"})

    assert answer.status_code == 403
    assert "open for too long" in text_of(answer)


QUERIES = {
    "today": 14, "customers": 13, "customer": 24, "program": 11, "program_draft": 11, "rewards": 8, "retention": 12, "settings": 6,
    "staff": 6, "keys": 6, "webhooks": 6, "jobs": 7, "audit": 6, "imports": 6,
}  # fmt: skip


@pytest.mark.parametrize(("name", "most"), QUERIES.items())
def test_a_page_asks_the_database_a_bounded_number_of_times(shop, owner, django_assert_max_num_queries, name, most):
    with django_assert_max_num_queries(most):
        owner.get(addresses(shop)[name])


def test_the_number_of_queries_does_not_grow_with_the_list(shop, owner, django_assert_max_num_queries):
    rows = [CustomerRow(identities=(("phone", f"+9198200{n:05}"),), name=f"Guest {n}") for n in range(60)]
    import_customers(shop.business, rows, now=utc_now(), new_key=new_key)

    with django_assert_max_num_queries(QUERIES["customers"]):
        assert text_of(owner.get("/customers/")).count("Guest") == 50
