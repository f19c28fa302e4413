# SPDX-License-Identifier: Apache-2.0
"""Points, and why: what a page says of each booking when something was returned, cancelled or corrected."""

import pytest

from regulars.flow.intake import Adjustment, Cancel, CustomerRef, Order, OrderLine, Return, ReturnLine
from regulars.flow.receive import receive
from regulars.kernel.clock import utc_now
from regulars.programs.queries import current_program
from regulars.web.story import read_statement
from regulars.web.words import Words
from web.cast import ASHA, text_of

pytestmark = pytest.mark.django_db
WHO = CustomerRef(phone=ASHA)
MINUS = "\N{MINUS SIGN}"


def happens(shop, kind, name: str, **more: object) -> None:
    now = utc_now()
    receipt = receive(shop.business, [kind(source="till", external_id=name, occurred_at=now, **more)], now=now)[0]
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


def test_a_discount_line_keeps_its_sign_and_so_does_a_purchase_of_less_than_nothing(shop, owner, record):
    lines = [OrderLine(sku="C1", amount_minor=2_000), OrderLine(sku="OFF", name="Discount", amount_minor=-5_000)]
    happens(shop, Order, "R3", customer=WHO, lines=lines)

    page = text_of(owner.get(record))

    assert f"Purchase of {MINUS}₹30" in page
    assert f"Discount 1 {MINUS}₹50" in page
