# SPDX-License-Identifier: Apache-2.0
"""Finding, making and changing customers, and what staff do on a record: each form counts once."""

import re
from datetime import timedelta
from html import unescape

import pytest

from regulars.customers.models import Customer, Identity
from regulars.facts.models import Fact
from regulars.flow.intake import Adjustment, CustomerRef, Enrolment, Order, OrderLine, Visit
from regulars.flow.receive import receive
from regulars.kernel.clock import utc_now
from regulars.ledger.models import Account
from regulars.ledger.queries import balance_of
from regulars.rewards.models import Entitlement, Offer
from regulars.web import customers
from web.cast import SITE, a_browser, a_shop, form_of, show_in, text_of, value_of

pytestmark = pytest.mark.django_db


def available(shop) -> int:
    return balance_of(shop.business, shop.asha.pk, "points", now=utc_now()).available


@pytest.mark.parametrize("words", ["asha", "kulk", "12345", "+91 98200 12345", "ASHA kul"])
def test_any_part_in_any_script_finds_her(owner, words):
    assert "Asha Kulkarni" in text_of(owner.get("/customers/", {"q": words}))


def test_a_name_in_one_script_is_found_in_another(owner):
    form = owner.get("/customers/new/")
    owner.post("/customers/new/", {"contact": "9820099999", "name": "రమ్య", "once": value_of(form, "once")})

    assert "రమ్య" in text_of(owner.get("/customers/", {"q": "ramy"}))
    assert "రమ్య" in text_of(owner.get("/customers/", {"q": "രമ്യ"}))


def test_results_alone_answer_the_typing(owner):
    answer = owner.get("/customers/?q=asha", headers={"HX-Request": "true", "HX-Target": "results"})

    assert answer.content.decode().lstrip().startswith('<div class="rows"')
    assert "•••• 2345" in answer.content.decode()


def test_nobody_found_leads_to_a_new_customer(owner):
    page = owner.get("/customers/?q=9820099999")

    assert "Nobody is found" in text_of(page)
    assert 'value="9820099999"' in owner.get("/customers/new/?q=9820099999").content.decode()


def listed(browser, address: str) -> list[str]:
    """The names on a page of the list and, behind its pages before, on all that follow."""
    page = browser.get(address).content.decode()
    names = [unescape(name) for name in re.findall(r'<div class="row-title"><a [^>]*>([^<]+)</a>', page)]
    following = re.search(r'href="([^"]+)" rel="next"', page)
    return names + (listed(browser, unescape(following[1])) if following else [])


@pytest.fixture
def four(shop, monkeypatch) -> None:
    """Beside Asha, who bought ten days ago: Zoya bought yesterday, Bina has most points, and somebody without a name came in."""
    now = utc_now()
    zoya, bina, nobody = (
        CustomerRef(phone=f"982009999{last}", name=name) for last, name in enumerate(["zoya", "Bina", ""])
    )
    days = iter(now - timedelta(days=days) for days in (1, 20, 15, 15, 40))
    common = lambda who, name: {  # noqa: E731 - four words of each intake
        "source": "till", "external_id": name, "customer": who, "occurred_at": next(days),
    }  # fmt: skip
    intakes = [
        Order(**common(zoya, "R2"), lines=[OrderLine(sku="C1", amount_minor=1_000)]),
        Enrolment(**common(bina, "E2")),
        Adjustment(**common(bina, "A2"), points=900, reason="a prize"),
        Order(**common(bina, "R3"), lines=[OrderLine(sku="C1", amount_minor=1_000)]),
        Visit(**common(nobody, "V1")),
    ]
    assert [receipt.refusal for receipt in receive(shop.business, intakes, now=now)] == [None] * 5
    monkeypatch.setattr(customers, "PAGE", 2)


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("", ["zoya", "Asha Kulkarni", "Bina", "•••• 9992"]),
        ("purchase", ["zoya", "Asha Kulkarni", "Bina", "•••• 9992"]),
        ("name", ["Asha Kulkarni", "Bina", "zoya", "•••• 9992"]),
        ("points", ["Bina", "Asha Kulkarni"]),
        ("joined", ["Asha Kulkarni", "Bina"]),
        ("nonsense", ["zoya", "Asha Kulkarni", "Bina", "•••• 9992"]),
    ],
)
def test_the_list_stands_in_the_order_asked_for_over_all_its_pages(owner, four, order, names):
    found = listed(owner, f"/customers/?order={order}")

    assert (found[: len(names)], len(found), len(set(found))) == (names, 4, 4)


def test_a_place_in_the_list_that_is_none_is_refused_in_words(owner):
    answer = owner.get("/customers/?order=points&after=x")

    assert answer.status_code == 404
    assert "“x” is not a place in this list" in text_of(answer)


def test_two_digits_are_too_few_to_find_somebody_by(owner):
    page = text_of(owner.get("/customers/?q=34"))

    assert "“34” is too short to find everybody by" in page
    assert "Write at least three" in page
    assert "Is it somebody new?" not in page


def test_an_empty_shop_is_taught_to_begin():
    browser = a_browser(a_shop())

    assert "Import a file" in text_of(browser.get("/customers/"))


def test_a_phone_and_a_name_make_a_member_once(shop, owner):
    form = owner.get("/customers/new/")
    given = {"contact": "98200 99999", "name": "లలిత", "is_member": "on", "once": value_of(form, "once")}

    answers = [owner.post("/customers/new/", given) for _ in range(2)]

    assert answers[0].status_code == 302
    assert {answer.headers["Location"] for answer in answers} == {answers[0].headers["Location"]}
    assert Customer.objects.count() == 2
    assert "Member" in text_of(owner.get(answers[0].headers["Location"]))


def test_somebody_known_is_shown_instead_of_doubled(shop, owner, record):
    form = owner.get("/customers/new/")

    answer = owner.post("/customers/new/", {"contact": "9820012345", "name": "Other", "once": value_of(form, "once")})

    assert answer.status_code == 422
    assert record in answer.content.decode()
    assert Customer.objects.count() == 1


def test_a_bad_phone_is_refused_with_its_remedy(owner):
    form = owner.get("/customers/new/")

    answer = owner.post("/customers/new/", {"contact": "12", "once": value_of(form, "once")})

    assert answer.status_code == 422
    assert "Write it with its country code" in text_of(answer)


def test_a_profile_is_changed_and_its_contacts(shop, owner, record):
    owner.post(
        f"{record}edit/", {"name": "Asha K.", "language": "mr", "birthday": "1990-04-27", "tags": "neighbour, vip"}
    )
    owner.post(f"{record}identities/", {"kind": "card", "value": "C-17"})
    page = text_of(owner.get(record))
    assert "Asha K." in page
    assert "27 Apr 1990" in page
    assert "vip" in page
    assert "C-17" in page

    card = Identity.objects.get(kind="card")
    owner.post(f"{record}identities/{card.pk}/remove/")

    assert "C-17" not in text_of(owner.get(record))


def test_an_identity_of_somebody_else_is_refused_in_words(shop, owner, record):
    form = owner.get("/customers/new/")
    made = owner.post("/customers/new/", {"contact": "9820099999", "name": "Ravi", "once": value_of(form, "once")})
    ravi = made.headers["Location"]

    answer = owner.post(
        f"{ravi}identities/",
        {"kind": "phone", "value": "9820012345"},
        headers={"Referer": f"http://testserver{ravi}"},
        follow=True,
    )

    assert "belongs to customer" in text_of(answer)


def test_a_record_says_tier_progress_and_balance(owner, record):
    page = text_of(owner.get(record))

    assert "Member · 880 points more for Silver" in page
    assert "Can be used now 120 points" in page
    assert "Purchase of ₹100" in page


def test_every_point_says_why(owner, record):
    page = text_of(owner.get(f"{record}?view=points"))

    assert "Earned: A point a rupee" in page
    assert "1 point for every ₹1 of ₹100" in page
    assert "Kaju katli 2 ₹80 +80" in page
    assert "Earned: Welcome" in page
    assert "20 points for a purchase, once only" in page


def test_what_was_not_given_says_why(shop, owner, record):
    page = owner.get(record)
    owner.post(f"{record}purchase/", {"purchase-amount": "10", "purchase-once": value_of(page, "purchase-once")})

    assert "Not given: Welcome (20 points, given 1 time in all at most)" in text_of(owner.get(record))


def test_a_quick_purchase_counts_once_however_often_it_is_clicked(shop, owner, record):
    page = owner.get(record)
    given = {"purchase-amount": "1,250.50", "purchase-store": "pune", "purchase-once": value_of(page, "purchase-once")}

    answers = [owner.post(f"{record}purchase/", given, follow=True) for _ in range(3)]

    assert "₹1,250.50 recorded: 1,250 points earned, the balance is 1,370 points." in text_of(answers[0])
    assert available(shop) == 1_370
    assert Fact.objects.filter(source="staff", kind="order").count() == 1


def test_the_same_form_with_another_amount_is_refused(shop, owner, record):
    page = owner.get(record)
    given = {"purchase-amount": "100", "purchase-once": value_of(page, "purchase-once")}
    owner.post(f"{record}purchase/", given)

    answer = owner.post(f"{record}purchase/", given | {"purchase-amount": "900"}, follow=True)

    assert "sent before with other values" in text_of(answer)
    assert available(shop) == 220


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "1,00,000 points are needed and 120 can be used now."), ("te", "1,00,000"), ("hy", "1 00 000")],
)
def test_numbers_in_refusals_are_grouped_as_the_shop_writes_them(owner, record, language, said):
    owner.post("/language/", {"language": language})
    once = value_of(owner.get(record), "adjust-once")

    answer = owner.post(
        f"{record}adjust/",
        {"adjust-points": "-100000", "adjust-reason": "booked twice", "adjust-once": once},
        follow=True,
    )

    assert said in text_of(answer)


def sell_to_nobody(shop, source: str, number: str) -> None:
    lines = [OrderLine(sku="C1", amount_minor=3_000)]
    common = {"source": source, "external_id": number, "occurred_at": utc_now() - timedelta(days=2)}
    (receipt,) = receive(shop.business, [Order(**common, lines=lines)], now=utc_now())
    assert receipt.refusal is None


def test_a_purchase_sent_again_is_said_to_be_recorded_already(shop, owner, record):
    given = {"purchase-amount": "100", "purchase-once": value_of(owner.get(record), "purchase-once")}

    answers = [text_of(owner.post(f"{record}purchase/", given, follow=True)) for _ in range(2)]

    said = "₹100 recorded: 100 points earned, the balance is 220 points."
    assert said in answers[0]
    assert f"This was recorded already; it counts once. {said}" in answers[1]
    assert available(shop) == 220


@pytest.mark.browser
def test_in_a_browser_who_goes_back_finds_the_bill_empty(shop, owner, record, page):
    show_in(page, owner)
    page.goto(f"{SITE}{record}")
    page.fill("[name=purchase-amount]", "100")
    page.goto(f"{SITE}/customers/")

    page.go_back()

    assert page.input_value("[name=purchase-amount]") == ""


def test_a_reward_that_one_member_can_have_once_says_so(shop, owner, record):
    Offer.objects.filter(pk=shop.offer.pk).update(per_member_max=1)
    fields = form_of(owner.get(record), "/take/")
    owner.post(f"{record}take/", fields)

    page = owner.get(record)
    again = owner.post(f"{record}take/", fields | {"once": value_of(page, "once")}, follow=True)

    assert "A cup of chai 40 points one for each member, and taken" in text_of(page)
    assert "One member can have “A cup of chai” 1 times; this one has." in text_of(again)
    assert available(shop) == 80


def test_what_is_owed_is_part_of_what_a_reward_still_takes(shop, owner, record):
    Offer.objects.filter(pk=shop.offer.pk).update(price=300)
    Account.objects.of(shop.business).filter(customer=shop.asha, kind="deficit").delete()
    owes = {"kind": "deficit", "unit": "points", "balance": -70, "customer": shop.asha, "business": shop.business}
    Account.objects.create(**owes)

    assert "A cup of chai 300 points 250 points more" in text_of(owner.get(record))


def test_a_receipt_is_added_once(shop, owner, record):
    sell_to_nobody(shop, "till", "R77")
    given = {"receipt-number": "R77", "receipt-once": value_of(owner.get(record), "receipt-once")}

    answers = [owner.post(f"{record}receipt/", given, follow=True) for _ in range(2)]

    assert "Receipt added: 30 points earned, the balance is 150 points." in text_of(answers[0])
    assert available(shop) == 150
    page = text_of(answers[1])
    assert "Receipt added" in page
    assert "No. R77 of" in page
    assert "Purchase of ₹30" in page
    again = owner.post(f"{record}receipt/", given | {"receipt-once": value_of(answers[1], "receipt-once")}, follow=True)
    assert "The receipt “R77” belongs to a customer already; it counts once." in text_of(again)
    assert available(shop) == 150


def test_a_purchase_that_was_added_can_come_back(shop, owner, record):
    sell_to_nobody(shop, "till", "R77")
    owner.post(
        f"{record}receipt/", {"receipt-number": "R77", "receipt-once": value_of(owner.get(record), "receipt-once")}
    )
    fact = Fact.objects.get(external_id="R77")

    page = owner.get(f"{record}return/{fact.pk}/")
    owner.post(f"{record}return/{fact.pk}/", {"line-1": "1", "confirm": "yes", "once": value_of(page, "once")})

    assert available(shop) == 120


def test_a_number_that_two_tills_wrote_asks_which(shop, owner, record):
    for source in ("till", "kiosk"):
        sell_to_nobody(shop, source, "R77")
    given = {"receipt-number": "R77", "receipt-once": value_of(owner.get(record), "receipt-once")}

    asked = owner.post(f"{record}receipt/", given)
    done = owner.post(f"{record}receipt/", given | {"receipt-source": "kiosk"}, follow=True)

    assert asked.status_code == 422
    assert "Several have this number: kiosk, till. Write which it is." in text_of(asked)
    assert "Receipt added: 30 points earned" in text_of(done)


def test_a_number_that_nobody_wrote(owner, record):
    given = {"receipt-number": "R99", "receipt-once": value_of(owner.get(record), "receipt-once")}

    assert "There is no “R99”" in text_of(owner.post(f"{record}receipt/", given, follow=True))


@pytest.mark.parametrize("amount", ["1,00", "450,50", "1,2345", "", "abc", "-5", "0", "1.005"])
def test_a_bill_that_is_none_is_shown_beside_its_field(shop, owner, record, amount):
    page = owner.get(record)

    answer = owner.post(
        f"{record}purchase/", {"purchase-amount": amount, "purchase-once": value_of(page, "purchase-once")}
    )

    assert answer.status_code == 422
    assert available(shop) == 120


def test_a_forged_or_missing_key_is_refused(shop, owner, record):
    answer = owner.post(f"{record}purchase/", {"purchase-amount": "10", "purchase-once": "x"})

    assert "too old" in text_of(answer)
    assert available(shop) == 120


def test_points_are_adjusted_with_a_reason(shop, owner, record):
    page = owner.get(record)
    given = {"adjust-points": "-20", "adjust-reason": "booked twice", "adjust-once": value_of(page, "adjust-once")}

    answer = owner.post(f"{record}adjust/", given, follow=True)

    assert "−20, as you said. The balance is 100 points." in text_of(answer)
    assert "Reason: booked twice · by Meera" in text_of(owner.get(f"{record}?view=points"))
    log = text_of(owner.get("/settings/audit/"))
    assert "Meera Points corrected Customer: Asha Kulkarni Points: 120 → 100 booked twice" in log


def test_more_than_there_is_cannot_be_taken_away(shop, owner, record):
    page = owner.get(record)
    given = {"adjust-points": "-500", "adjust-reason": "booked twice", "adjust-once": value_of(page, "adjust-once")}

    answer = owner.post(f"{record}adjust/", given, follow=True)

    assert "500 points are needed and 120 can be used now." in text_of(answer)
    assert available(shop) == 120


def test_a_return_is_shown_before_it_is_done_and_nothing_is_kept_of_the_preview(shop, owner, record):
    order = Fact.objects.get(kind="order")
    address = f"{record}return/{order.pk}/"
    given = {"once": value_of(owner.get(address), "once"), "line-1": "1"}

    preview = owner.post(address, given)

    assert "48 points that were earned are taken back. The balance will be 72 points." in text_of(preview)
    assert available(shop) == 120
    assert Fact.objects.filter(kind="return").count() == 0


def test_a_return_by_line_reverses_exactly_once(shop, owner, record):
    order = Fact.objects.get(kind="order")
    address = f"{record}return/{order.pk}/"
    given = {"once": value_of(owner.get(address), "once"), "line-1": "1", "confirm": "yes"}

    for _ in range(2):
        owner.post(address, given)

    assert available(shop) == 72
    assert "1 came back" in text_of(owner.get(record))
    assert 'value="1"' in owner.get(address).content.decode()


@pytest.mark.parametrize(
    ("pieces", "words"), [("5", "can still come back"), ("x", "is not a quantity"), ("-1", "cannot come back")]
)
def test_what_cannot_come_back_is_refused_in_words(shop, owner, record, pieces, words):
    order = Fact.objects.get(kind="order")
    address = f"{record}return/{order.pk}/"

    answer = owner.post(
        address, {"once": value_of(owner.get(address), "once"), "line-1": pieces, "confirm": "yes"}, follow=True
    )

    assert words in text_of(answer)
    assert available(shop) == 120


def test_a_reward_is_taken_used_and_another_given_back(shop, owner, record):
    taken = owner.post(f"{record}take/", form_of(owner.get(record), "take/"), follow=True)
    assert "Taken for 40 points; 80 points are left." in text_of(taken)
    assert "Code" in text_of(taken)
    used = form_of(taken, "/use/")
    assert "Used" in text_of(owner.post(f"{record}use/", used, follow=True))
    assert "only once" in text_of(
        owner.post(f"{record}use/", used | {"once": value_of(owner.get(record), "once")}, follow=True)
    )

    taken = owner.post(f"{record}take/", form_of(owner.get(record), "take/"), follow=True)
    answer = owner.post(f"{record}give-back/", form_of(taken, "give-back/"), follow=True)

    assert "40 points are there again" in text_of(answer)
    assert available(shop) == 80
    assert sorted(Entitlement.objects.values_list("state", flat=True)) == ["cancelled", "redeemed"]


def test_a_double_click_takes_one_reward(shop, owner, record):
    form = form_of(owner.get(record), "take/")

    for _ in range(2):
        owner.post(f"{record}take/", form)

    assert available(shop) == 80


def test_contacts_are_masked_for_those_who_only_look(shop, record):
    analyst = a_browser(shop.business, "analyst")

    page = text_of(analyst.get(record))

    assert "•••• 2345" in page
    assert "98200" not in page
    assert "Record a purchase" not in page


def test_a_page_without_program_still_works():
    business = a_shop()
    browser = a_browser(business)
    form = browser.get("/customers/new/")
    made = browser.post("/customers/new/", {"contact": "9820012345", "name": "Asha", "once": value_of(form, "once")})

    page = browser.get(made.headers["Location"])
    answer = browser.post(
        f"{made.headers['Location']}purchase/",
        {"purchase-amount": "50", "purchase-once": value_of(page, "purchase-once")},
        follow=True,
    )

    assert "₹50 recorded." in text_of(answer)
