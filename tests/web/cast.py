# SPDX-License-Identifier: Apache-2.0
"""A sweet shop in Pune with a program, a reward and its people, and a browser that knows how forms are filled."""

import re
from contextvars import copy_context
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.test import Client

from regulars.customers.matching import CustomerRef
from regulars.customers.models import Customer
from regulars.flow.intake import Enrolment, Order, OrderLine
from regulars.flow.receive import receive
from regulars.kernel.clock import utc_now
from regulars.programs.actions import publish_program
from regulars.rewards.actions import OfferTerms, create_offer
from regulars.rewards.models import Offer
from regulars.tenancy import actions
from regulars.tenancy.actors import SYSTEM
from regulars.tenancy.models import Business, Role, User

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

PASSWORD = "puran-poli-and-ghee"
ASHA = "+919820012345"
PROGRAM: dict[str, Any] = {
    "unit": {"expiry": {"kind": "after", "months": 12}},
    "membership": "on_request",
    "rules": [
        {
            "id": "spend",
            "name": {"en": "A point a rupee"},
            "gives": {"kind": "per_amount", "points": 1, "per_minor": 100},
        },
        {
            "id": "tuesday",
            "name": {"en": "Sweet Tuesday"},
            "gives": {"kind": "multiply", "times_milli": 2000},
            "when": {
                "all": [
                    {"field": "fact.weekday", "is": "is", "value": "tue"},
                    {"field": "line.category", "is": "is", "value": "Mithai"},
                    {"field": "customer.is_birthday_month", "is": "is", "value": True},
                ]
            },
        },
        {
            "id": "welcome",
            "name": {"en": "Welcome", "te": "స్వాగతం"},
            "gives": {"kind": "fixed", "points": 20},
            "limits": [{"per": "ever", "times": 1}],
        },
    ],
    "ladder": {
        "levels": [
            {"code": "base", "name": {"en": "Member"}},
            {"code": "silver", "name": {"en": "Silver"}, "at_least": 1000, "times_milli": 1250},
        ]
    },
}


@dataclass(frozen=True)
class Shop:
    business: Business
    asha: Customer
    offer: Offer


def a_user(name: str, email: str = "") -> User:
    email = email or f"{name.lower()}@shop.example"
    return actions.create_user(email, name=name, password=PASSWORD, now=utc_now())


def a_shop(name: str = "Chandra Sweets") -> Business:
    now = utc_now() - timedelta(days=30)
    business = actions.create_business(name, country="IN", now=now)
    actions.create_store(business, code="pune", name="Pune, Deccan", actor=SYSTEM, now=now)
    return business


def a_running_shop() -> Shop:
    """A shop with its program, a reward for 40 points, and Asha, who has bought for ₹100 ten days ago."""
    business, now = a_shop(), utc_now()
    publish_program(business, PROGRAM, valid_from=now - timedelta(days=30), actor=SYSTEM, now=now)
    terms = OfferTerms(code="chai", name={"en": "A cup of chai"}, kind="perk", value={}, price=40)
    offer = create_offer(business, terms, actor=SYSTEM, now=now)
    bought = now - timedelta(days=10)
    who = CustomerRef(phone=ASHA, name="Asha Kulkarni", language="mr")
    common = {"source": "till", "store": "pune", "customer": who, "occurred_at": bought}
    lines = [
        OrderLine(sku="K1", name="Kaju katli", category="Mithai", quantity=2, amount_minor=8_000),
        OrderLine(sku="C1", name="Chai", category="Drinks", amount_minor=2_000),
    ]
    receipts = receive(
        business, [Enrolment(**common, external_id="E1"), Order(**common, external_id="R1", lines=lines)], now=now
    )
    assert [receipt.refusal for receipt in receipts] == [None, None]
    return Shop(business, Customer.objects.get(business=business), offer)


def a_browser(business: Business, role: str = Role.OWNER, name: str = "Meera") -> Client:
    """Somebody of the staff, logged in."""
    user = a_user(name, f"{name}-{role}@shop.example".lower())
    actions.hire(business, user=user, role=role, actor=SYSTEM, now=utc_now())
    browser = Client()
    browser.force_login(user)
    return browser


def text_of(response: HttpResponse) -> str:
    """What a person reads on a page."""
    main = re.sub(r"(?s).*?<main[^>]*>(.*)</main>.*", r"\1", response.content.decode())
    bare = re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<svg.*?</svg>", " ", main))
    return re.sub(r"\s+", " ", unescape(bare)).strip()


def value_of(response: HttpResponse, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())
    assert found, f"no field {name}"
    return unescape(found[1])


def form_of(response: HttpResponse, action: str) -> dict[str, str]:
    """The hidden fields and the named button of the form that goes to an address."""
    form = re.search(rf'(?s)<form[^>]*action="[^"]*{action}"[^>]*>(.*?)</form>', response.content.decode())
    assert form, f"no form to {action}"
    fields = re.findall(r'<(?:input|button)[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form[1])
    return {name: unescape(value) for name, value in fields}


SITE = "http://shop.test"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}


def show_in(page: "Page", browser: Client) -> None:
    """Let a real browser's tab ask the app as somebody of the staff does, without a server between.

    Playwright calls back in a context of its own; the connection with the test's data lives in the test's.
    """
    context = copy_context()

    def answer(route: "Route") -> None:
        asked = route.request
        path = asked.url.removeprefix(SITE)
        if path.startswith("/static/"):
            name = re.sub(r"^/static/|\?.*$", "", path)
            route.fulfill(path=finders.find(name), content_type=KINDS[Path(name).suffix])
            return
        said = context.run(
            browser.generic,
            asked.method,
            path,
            asked.post_data_buffer or b"",
            content_type=asked.headers.get("content-type", "application/octet-stream"),
            headers={name: value for name, value in asked.headers.items() if name.startswith("hx-")},
        )
        route.fulfill(status=said.status_code, body=said.content, headers=dict(said.headers))

    page.route(f"{SITE}/**", answer)
