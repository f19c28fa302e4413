# SPDX-License-Identifier: Apache-2.0
"""Logging in and out: one answer to everything wrong, limits by account and address, language, business."""

import pytest
from django.test import Client

from regulars.kernel.clock import utc_now
from regulars.tenancy import actions
from regulars.tenancy.actors import SYSTEM
from web.cast import PASSWORD, a_browser, a_shop, a_user, text_of, value_of

pytestmark = pytest.mark.django_db


def log_in(browser: Client, email: str, password: str = PASSWORD, **more: str):
    return browser.post("/login/", {"email": email, "password": password, **more})


@pytest.fixture
def meera(shop):
    user = a_user("Meera")
    actions.hire(shop.business, user=user, role="owner", actor=SYSTEM, now=utc_now())
    return user


def test_the_right_password_leads_to_the_page_that_was_asked_for(client, meera):
    asked = client.get("/customers/?q=asha")
    assert asked.headers["Location"] == "/login/?next=/customers/%3Fq%3Dasha"
    form = client.get(asked.headers["Location"])

    answer = log_in(client, " Meera@shop.example", next=value_of(form, "next"))

    assert answer.headers["Location"] == "/customers/?q=asha"
    assert "Asha Kulkarni" in text_of(client.get("/customers/?q=asha"))


@pytest.mark.parametrize(
    ("email", "password"),
    [("meera@shop.example", "wrong"), ("nobody@shop.example", PASSWORD), ("gone@shop.example", PASSWORD)],
)
def test_everything_wrong_gets_the_same_answer(client, meera, email, password):
    gone = a_user("Gone")
    gone.is_active = False
    gone.save()

    answer = log_in(client, email, password)

    assert answer.status_code == 422
    assert "do not belong together" in text_of(answer)
    assert client.get("/").status_code == 302


def test_nobody_is_led_elsewhere(client, meera):
    assert log_in(client, "meera@shop.example", next="https://evil.example/").headers["Location"] == "/"


def test_an_account_can_be_tried_six_times_a_minute_known_or_not(client, meera):
    for email in ("meera@shop.example", "nobody@shop.example"):
        statuses = [log_in(client, email, "wrong").status_code for _ in range(7)]
        assert statuses == [422] * 6 + [429]


def test_too_many_attempts_are_refused_with_the_right_password_too(client, meera):
    for _ in range(6):
        log_in(client, "meera@shop.example", "wrong")

    answer = log_in(client, "meera@shop.example")

    assert answer.status_code == 429
    assert "Wait" in text_of(answer)


def test_logging_out_needs_a_form_and_ends_the_session(owner):
    assert owner.get("/logout/").status_code == 405

    assert owner.post("/logout/").headers["Location"] == "/login/"

    assert owner.get("/").status_code == 302


def test_a_fragment_asked_for_without_a_session_sends_the_whole_page_to_the_login(client):
    answer = client.get("/customers/?q=a", headers={"HX-Request": "true"})

    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == "/login/?next=/customers/%3Fq%3Da"


def test_the_language_stays_with_the_person_and_with_the_browser(owner, client):
    owner.post("/language/", {"language": "te", "next": "/you/"})
    assert 'lang="te"' in owner.get("/").content.decode()

    answer = client.post("/language/", {"language": "hy", "next": "/login/"})
    assert answer.headers["Location"] == "/login/"
    assert client.get("/login/").headers["Content-Language"] == "hy"


def test_an_unknown_language_changes_nothing(client):
    client.post("/language/", {"language": "xx"})

    assert client.get("/login/", headers={"Accept-Language": "ml"}).headers["Content-Language"] == "ml"


def test_who_works_in_two_businesses_chooses_one(shop, client, meera):
    other = a_shop("Kochi Bakes")
    actions.hire(other, user=meera, role="cashier", actor=SYSTEM, now=utc_now())
    client.force_login(meera)
    assert "Kochi Bakes" in text_of(client.get("/you/"))

    client.post("/business/", {"business": str(other.pk)})

    assert "Meera works at Kochi Bakes" in text_of(client.get("/you/"))


def test_nobody_chooses_a_business_in_which_they_do_not_work(owner):
    other = a_shop("Kochi Bakes")

    assert owner.post("/business/", {"business": str(other.pk)}).status_code == 403
    assert owner.post("/business/", {"business": "x"}).status_code == 403


def test_a_dismissed_person_is_told_so(shop):
    browser = a_browser(shop.business, "cashier", "Ravi")
    staff = shop.business.pk and actions.Staff.objects.get(user__name="Ravi")
    actions.dismiss(staff, actor=SYSTEM, now=utc_now())

    answer = browser.get("/")

    assert answer.status_code == 403
    assert "not among the staff" in text_of(answer)


def test_a_password_is_changed_by_who_knows_the_old_one(owner):
    refused = owner.post("/you/", {"old": "wrong", "new": "another-long-one"})
    assert refused.status_code == 422
    weak = owner.post("/you/", {"old": PASSWORD, "new": "short"})
    assert "too weak" in text_of(weak)

    changed = owner.post("/you/", {"old": PASSWORD, "new": "jalebi-and-rabdi"})

    assert "Your password is changed" in text_of(changed)
    assert owner.get("/").status_code == 200
