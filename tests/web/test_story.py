# SPDX-License-Identifier: Apache-2.0
"""Points, and why: what a page says of each booking when something was returned, cancelled or corrected."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from regulars.customers.models import Customer
from regulars.facts.models import Fact
from regulars.flow.intake import (
    Adjustment,
    Cancel,
    CustomerRef,
    Envelope,
    HoldPoints,
    Order,
    OrderLine,
    Return,
    ReturnLine,
    SettleHold,
    Visit,
    VoidHold,
)
from regulars.flow.receive import receive
from regulars.kernel.clock import utc_now
from regulars.programs.actions import publish_program
from regulars.programs.queries import current_program
from regulars.programs.words import Words
from regulars.tenancy.actions import create_api_key
from regulars.tenancy.actors import SYSTEM, Actor, ActorKind
from regulars.tenancy.models import AuditEntry
from regulars.web.story import read_statement
from web.cast import ASHA, PROGRAM, text_of

pytestmark = pytest.mark.django_db
WHO = CustomerRef(phone=ASHA)
TUESDAY, WEDNESDAY = 1, 2
MINUS = "\N{MINUS SIGN}"


def happens(shop, kind, name: str, at: datetime | None = None, **more: object) -> None:
    now = utc_now()
    receipt = receive(shop.business, [kind(source="till", external_id=name, occurred_at=at or now, **more)], now=now)[0]
    assert receipt.refusal is None


def told(shop) -> list[tuple[str, str, str]]:
    """Return of each booking its points, its title, and what its rule came to."""
    words = Words(shop.business, current_program(shop.business, utc_now()))
    bookings, _ = read_statement(shop.business, shop.asha.pk, words, before=None)
    return [
        (one.points.replace(MINUS, "-"), one.title, "".join(given.points.replace(MINUS, "-") for given in one.given))
        for one in bookings
    ]


BOUGHT = [
    ("+20", "Earned: Welcome", "+20"),
    ("+100", "Earned: A point a rupee", "+100"),
]


def test_a_return_over_two_sales_tells_each_on_its_own(shop, owner, record):
    happens(shop, Order, "R2", customer=WHO, lines=[OrderLine(sku="C1", amount_minor=3_000)])

    happens(shop, Return, "B1", customer=WHO, lines=[ReturnLine(sku="C1", quantity=2)])

    assert told(shop) == [
        ("-4", "Taken back after a return: Welcome", "-4"),
        ("-20", "Taken back after a return: A point a rupee", "-20"),
        ("-30", "Taken back after a return: A point a rupee", "-30"),
        ("+30", "Earned: A point a rupee", "+30"),
        *BOUGHT,
    ]
    assert "Taken back after a return: A point a rupee" in text_of(owner.get(f"{record}?view=points"))


def test_a_cancelled_purchase_names_its_day(shop):
    happens(shop, Cancel, "X1", cancels="R1")

    taken = told(shop)[:2]

    assert [(points, given) for points, _, given in taken] == [("-20", "-20"), ("-100", "-100")]
    assert all(title.startswith("Purchase of ") and title.endswith(" cancelled") for _, title, _ in taken)


def test_a_corrected_purchase_tells_what_was_taken_back(shop, owner, record):
    happens(shop, Order, "R1", revision=1, customer=WHO, lines=[OrderLine(sku="C1", amount_minor=5_000)])

    assert told(shop) == [
        ("+20", "Earned: Welcome", "+20"),
        ("+50", "Earned: A point a rupee", "+50"),
        ("-20", "Taken back for a correction: Welcome", "-20"),
        ("-100", "Taken back for a correction: A point a rupee", "-100"),
        *BOUGHT,
    ]
    assert "Taken back for a correction" not in text_of(owner.get(record))


def test_an_adjustment_gives_its_reason(shop, owner, record):
    happens(shop, Adjustment, "A1", customer=WHO, points=-5, reason="counted twice")

    assert told(shop)[0] == ("-5", "Corrected by staff", "")
    assert "Reason: counted twice" in text_of(owner.get(f"{record}?view=points"))


def test_points_set_aside_are_told_and_what_became_of_them(shop, owner, record):
    happens(shop, HoldPoints, "H1", customer=WHO, points=50, ttl_s=3_600)
    happens(shop, HoldPoints, "H2", customer=WHO, points=30)
    first, second = (fact.payload["hold"] for fact in Fact.objects.filter(kind="hold").order_by("id"))
    happens(shop, SettleHold, "S1", hold=UUID(first), points=40)
    happens(shop, VoidHold, "V1", hold=UUID(second))

    page = text_of(owner.get(record))

    assert "50 points, until " in page
    assert "Points set aside were spent" in page
    assert f"{MINUS}40 points" in page
    assert "Points set aside were given back" in page


def test_a_correction_by_a_program_names_its_key(shop, owner, record):
    key, _ = create_api_key(shop.business, name="Till 2", scopes=["points:write"], actor=SYSTEM, now=utc_now())
    actor = Actor(ActorKind.API_KEY, key.pk, "Till 2")
    gift = Adjustment(source="till", external_id="G1", occurred_at=utc_now(), customer=WHO, points=5, reason="a gift")

    for _ in range(2):
        receive(shop.business, [gift], now=utc_now(), envelopes=[Envelope(actor)])

    assert "Reason: a gift · by API key “Till 2”" in text_of(owner.get(record))
    assert AuditEntry.objects.filter(verb="points.adjusted").count() == 1


def test_a_discount_line_keeps_its_sign_and_so_does_a_purchase_of_less_than_nothing(shop, owner, record):
    lines = [OrderLine(sku="C1", amount_minor=2_000), OrderLine(sku="OFF", name="Discount", amount_minor=-5_000)]
    happens(shop, Order, "R3", customer=WHO, lines=lines)

    page = text_of(owner.get(record))

    assert f"Purchase of {MINUS}₹30" in page
    assert f"Discount 1 {MINUS}₹50" in page


def latest(weekday: int) -> datetime:
    """Return the last noon of a day of the week in Pune that is over; Monday is 0."""
    noon = utc_now().replace(hour=6, minute=30, second=0, microsecond=0)
    return noon - timedelta(days=(noon.weekday() - weekday - 1) % 7 + 1)


def test_the_record_tells_why_and_why_not(shop, owner, record):
    happens(shop, Order, "R2", at=latest(WEDNESDAY), customer=WHO, lines=[OrderLine(sku="C1", amount_minor=3_000)])

    for view in ("", "?view=points"):
        page = text_of(owner.get(f"{record}{view}"))
        assert (
            "A point a rupee +30 1 point for every ₹1 of ₹30 The rule: 1 point for every ₹1 "
            "Not given: Sweet Tuesday (only when the day is Tuesday; here: Wednesday · "
            "only when it is the month of the customer's birthday; here: not known · "
            "only when the order has an item where the category is “Mithai”; here: “Drinks”)"
        ) in page.replace(" Not given: Welcome (20 points, given 1 time in all at most)", "")
    assert "Why these points?" in page


def test_a_multiplier_stands_beside_what_it_multiplied(shop, owner, record):
    tuesday = latest(TUESDAY)
    Customer.objects.filter(pk=shop.asha.pk).update(birthday=tuesday.date().replace(year=1990, day=1))
    lines = [OrderLine(sku="K1", amount_minor=10_000), OrderLine(sku="C1", amount_minor=5_000)]

    happens(shop, Order, "R2", at=tuesday, customer=WHO, lines=lines)

    page = text_of(owner.get(record))
    assert "A point a rupee +250 1 point for every ₹1 of ₹150, × 2 for ₹100 by “Sweet Tuesday”" in page
    assert "Sweet Tuesday ×2 The rule: ×2 the points of a purchase, when the day is Tuesday" in page


def test_a_visit_without_points_says_why(shop, owner, record):
    stamps = {
        "id": "stamp", "name": {"en": "Weekday visit"}, "gives": {"kind": "fixed", "points": 1}, "on": "visit",
        "when": {"field": "fact.weekday", "is": "is_not", "value": "wed"},
    }  # fmt: skip
    program = PROGRAM | {"rules": [*PROGRAM["rules"], stamps]}
    publish_program(shop.business, program, valid_from=utc_now() - timedelta(days=20), actor=SYSTEM, now=utc_now())

    happens(shop, Visit, "V1", at=latest(WEDNESDAY), customer=WHO)

    page = text_of(owner.get(record))
    assert "Not given: Weekday visit (only when the day is not Wednesday; here: Wednesday)" in page
    assert page.count("A point a rupee") == 1, "the rules for purchases stand beside purchases only"
