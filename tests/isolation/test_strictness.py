# SPDX-License-Identifier: Apache-2.0
"""What a browser is told to refuse, on every page there is; and Django's own checks of a public installation."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from django.test import Client

from isolation.doors import Endpoint, Visitor, a_program, all_endpoints
from isolation.street import Street
from regulars.tenancy.models import Role
from ui.outline import POLICY, Outline


def faults_of(html: str) -> list[str]:
    """What in a page needs more than the policy allows."""
    outline = Outline()
    outline.feed(html)
    return outline.faults


def test_no_policy_allows_what_is_inline_or_evaluated():
    directives = dict(one.split(" ", 1) for one in POLICY.split("; "))

    assert (directives["default-src"], directives["script-src"], directives["style-src"]) == (
        "'none'",
        "'self'",
        "'self'",
    )
    assert "unsafe" not in POLICY


@pytest.mark.django_db
def test_every_page_keeps_the_strict_policy(street):
    seen = 0
    for endpoint in pages(street):
        answers = [visitor.ask(one, street.ours, street.shop) for visitor, one in visits(street, endpoint)]
        assert [answer.policy for answer in answers] == [POLICY] * len(answers), endpoint
        assert [faults_of(answer.content.decode()) for answer in answers] == [[]] * len(answers), endpoint
        seen += sum(b"<html" in answer.content for answer in answers)
    assert seen > 100


def pages(street: Street) -> list[Endpoint]:
    every = all_endpoints(street.staff[Role.OWNER], street.ours, street.shop)
    return [endpoint for endpoint in every if not endpoint.is_api]


def visits(street: Street, endpoint: Endpoint) -> list[tuple[Visitor, Endpoint]]:
    """Who may, who may not, somebody without a log-in, and a form that says nothing."""
    owner, analyst = street.staff[Role.OWNER], street.staff[Role.ANALYST]
    return [(owner, endpoint), (analyst, endpoint), (Visitor(), endpoint), (owner, replace(endpoint, name=""))]


def wrong_password(settings) -> Client:
    browser = Client()
    for _ in range(6):
        browser.post("/login/", {"email": "meera@shop.example", "password": "wrong"})
    return browser


def anybody(settings) -> Client:
    return Client()


def a_form_of_another_site(settings) -> Client:
    return Client(enforce_csrf_checks=True)


def something_breaks(settings) -> Client:
    settings.ROOT_URLCONF = "isolation.broken"
    return Client(raise_request_exception=False)


def public_and_encrypted(settings) -> Client:
    settings.SECURE_SSL_REDIRECT = True
    return Client()


def a_program_public_and_encrypted(settings) -> Client:
    settings.SECURE_SSL_REDIRECT = True
    return a_program()


HOST = {"host": "elsewhere.example"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("a_browser", "method", "address", "headers", "status"),
    [
        (anybody, "GET", "/", HOST, 400),
        (a_form_of_another_site, "POST", "/login/", {}, 403),
        (anybody, "GET", "/nowhere/", {}, 404),
        (wrong_password, "POST", "/login/", {}, 429),
        (something_breaks, "GET", "/broken/", {}, 500),
        (public_and_encrypted, "GET", "/login/", {}, 301),
        (public_and_encrypted, "GET", "/login/", HOST, 400),
        (a_program_public_and_encrypted, "GET", "/api/v1/stores", HOST, 400),
        (anybody, "GET", "/static/ui/app.css", {}, 200),
    ],
)
def test_every_error_keeps_the_strict_policy(settings, a_browser, method, address, headers, status):
    sent = {"data": {"email": "meera@shop.example", "password": "wrong"}} if method == "POST" else {}

    response = getattr(a_browser(settings), method.lower())(address, headers=headers, **sent)

    assert (response.status_code, response.headers["Content-Security-Policy"]) == (status, POLICY)
    assert faults_of(response.getvalue().decode()) == []


def test_a_public_installation_passes_every_check_of_django(tmp_path):
    surroundings = os.environ | {
        "DJANGO_SETTINGS_MODULE": "regulars.site.settings",
        "REGULARS_HOME": str(tmp_path),
        "REGULARS_PUBLIC_URL": "https://loyalty.example",
        "DATABASE_URL": "",
    }
    surroundings.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)  # of tests that drive a browser
    command = [sys.executable, "-m", "django", "check", "--deploy", "--fail-level", "WARNING"]

    done = subprocess.run(command, check=False, env=surroundings, capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stdout, done.stderr) == (0, "System check identified no issues (0 silenced).\n", "")
