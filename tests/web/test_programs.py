# SPDX-License-Identifier: Apache-2.0
"""The program: read as sentences, edited as a draft, tried on a basket, published, rolled back; and its rewards."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client

from regulars.programs.models import Draft, Version
from regulars.rewards.models import Offer
from web.cast import SITE, a_browser, a_shop, form_of, show_in, text_of, value_of

pytestmark = pytest.mark.django_db
RULE = {"name": "Tea time", "on": "order", "kind": "per_item", "points": "5", "limit_per": "day", "is_active": "on"}


def draft() -> dict:
    return Draft.objects.get().config


def publish(browser: Client, **given: str) -> HttpResponse:
    """Open the draft, look at it, and publish it."""
    fields = form_of(browser.get("/program/draft/"), "/program/draft/publish/")
    return browser.post("/program/draft/publish/", {**fields, **given}, follow=True)


def rule(name: str) -> dict:
    return next(one for one in draft()["rules"] if one["name"].get("en") == name)


def test_the_program_reads_as_sentences(owner):
    page = text_of(owner.get("/program/"))

    assert "1 member holds 120 points" in page
    assert "A point a rupee 1 point for every ₹1" in page
    assert "×2 the points of a purchase, when the day is Tuesday" in page
    assert "20 points for a purchase, once only" in page
    assert "from 1,000 points in 12 months, earns ×1.25" in page
    assert "Members collect points, which end 12 months after they are earned." in page
    assert "Customers become members when they ask for it." in page


def test_a_rule_is_added_tried_and_published(shop, owner):
    added = RULE | {
        "products": "C1, C2",
        "weekdays": ["mon", "tue"],
        "time_from": "07:00",
        "time_to": "10:00",
        "order_minimum": "50",
    }
    assert owner.post("/program/draft/rules/new/", added).status_code == 302
    assert rule("Tea time")["when"] == {
        "all": [
            {"field": "fact.weekday", "is": "is_one_of", "value": ["mon", "tue"]},
            {"field": "line.sku", "is": "is_one_of", "value": ["C1", "C2"]},
            {"field": "fact.time", "is": "between", "value": ["07:00", "10:00"]},
            {"field": "order.total_minor", "is": "at_least", "value": 5_000},
        ]
    }
    assert "New: Tea time: 5 points for each item" in text_of(owner.get("/program/draft/"))

    answer = publish(owner, note="tea")

    assert "Version 2 is published" in text_of(answer)
    assert Draft.objects.count() == 0
    assert [version.number for version in Version.objects.order_by("number")] == [1, 2]
    assert "New: Tea time" in text_of(owner.get("/program/versions/2/"))


def test_what_was_not_seen_is_not_published(owner):
    owner.post("/program/draft/rules/new/", RULE)
    seen = form_of(owner.get("/program/draft/"), "/program/draft/publish/")
    owner.post("/program/draft/rules/new/", RULE | {"name": "Cake time"})

    answer = owner.post("/program/draft/publish/", seen)

    assert answer.status_code == 422
    assert "The draft has changed since you opened this page." in text_of(answer)
    assert "New: Cake time" in text_of(answer)
    assert Version.objects.count() == 1

    owner.post("/program/draft/publish/", form_of(answer, "/program/draft/publish/"))
    assert [one["name"]["en"] for one in Version.objects.get(number=2).config["rules"]][3:] == ["Tea time", "Cake time"]


def test_a_draft_that_was_published_is_not_published_again(owner):
    owner.post("/program/draft/rules/new/", RULE)
    seen = form_of(owner.get("/program/draft/"), "/program/draft/publish/")
    owner.post("/program/draft/publish/", seen)

    answer = owner.post("/program/draft/publish/", seen, follow=True)

    assert "There is no draft to publish. What is in force has not changed." in text_of(answer)
    assert Version.objects.count() == 2


def test_the_starter_is_published_once():
    browser = a_browser(a_shop())
    seen = form_of(browser.get("/program/draft/"), "/program/draft/publish/")

    answers = [text_of(browser.post("/program/draft/publish/", seen, follow=True)) for _ in range(2)]

    assert "Version 1 is published" in answers[0]
    assert "There is no draft to publish." in answers[1]
    assert Version.objects.count() == 1


def sections(page: HttpResponse) -> list[tuple[str, bool]]:
    """The sections of the form, and whether each is open."""
    found = re.findall(r"<details class=\"disclosure form-section\"( open)?><summary>([^<]+)", page.content.decode())
    return [(name, bool(is_open)) for is_open, name in found]


def test_a_rule_shows_what_it_says_and_keeps_the_rest_folded(owner):
    plain = [("Conditions", False), ("Limits", False), ("Advanced", False)]
    assert sections(owner.get("/program/draft/rules/new/")) == plain
    assert sections(owner.get("/program/draft/rules/spend/")) == plain
    assert sections(owner.get("/program/draft/rules/tuesday/"))[0] == ("Conditions", True)
    assert sections(owner.get("/program/draft/rules/welcome/"))[1] == ("Limits", True)

    wrong = owner.post("/program/draft/rules/new/", RULE | {"time_from": "07:00"})
    assert sections(wrong)[0] == ("Conditions", True)


def test_a_new_rule_begins_like_the_starter(owner):
    assert "The rule in one sentence 1 point for every ₹1 Name" in text_of(owner.get("/program/draft/rules/new/"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (RULE | {"name": ""}, "5 points for each item"),
        (RULE | {"weekdays": "tue", "times_max": "1"}, "5 points for each item, when the day is Tuesday, once a day"),
        (
            RULE | {"points": "2", "products": "SAMOSA", "times_max": "1"},
            "2 points for each item where the product is “SAMOSA”, once a day",
        ),
        (
            RULE | {"kind": "multiply", "times": "2", "categories": "Drinks"},
            "×2 the points of a purchase, for the items where the category is “Drinks”",
        ),
        (RULE | {"points": ""}, "Something is missing yet."),
    ],
)
def test_the_sentence_of_a_rule_follows_the_typing_and_keeps_nothing(owner, given, said):
    answer = owner.post("/program/draft/rules/new/", given, headers={"HX-Request": "true", "HX-Target": "sentence"})

    assert answer.content.decode().strip() == said
    assert not Draft.objects.exists()


@pytest.mark.browser
def test_in_a_browser_the_sentence_lives_and_only_the_fields_of_the_kind_are_asked(owner, page):
    show_in(page, owner)
    page.goto(f"{SITE}/program/draft/rules/new/")
    assert page.locator("#sentence").inner_text() == "1 point for every ₹1"
    assert [page.locator(f"[name={name}]").is_visible() for name in ("points", "per", "times", "event")] == [
        True, True, False, False,
    ]  # fmt: skip

    page.select_option("[name=kind]", "multiply")
    page.fill("[name=times]", "2")
    page.locator("#sentence", has_text="×2 the points of a purchase").wait_for()
    assert [page.locator(f"[name={name}]").is_visible() for name in ("points", "per", "times", "event")] == [
        False, False, True, False,
    ]  # fmt: skip

    page.fill("[name=name]", "Double")
    page.click("text=Keep in the draft")
    page.wait_for_url("**/program/draft/")
    assert "×2 the points of a purchase" in page.locator("main").inner_text()


def test_the_basket_compares_before_and_after(owner):
    spend = {
        "name": "A point a rupee",
        "on": "order",
        "kind": "per_amount",
        "points": "3",
        "per": "1",
        "limit_per": "day",
        "is_active": "on",
    }
    owner.post("/program/draft/rules/spend/", spend)

    page = owner.get(
        "/program/draft/", {"amount_1": "100", "pieces_1": "2", "is_first": "on"}, headers={"HX-Target": "preview"}
    )

    assert "A point a rupee 3 points for every ₹1 of ₹100 100 300" in text_of(page)
    assert "Sum 120 320" in text_of(page)


@pytest.mark.parametrize("written", ["C1", "chai", "Chai", "Chai · C1"])
def test_a_product_is_put_into_the_basket_by_name_or_code(owner, written):
    owner.post("/program/draft/rules/new/", RULE | {"name": "Chai", "kind": "fixed", "points": "7", "products": "C1"})
    owner.post(
        "/program/draft/rules/new/", RULE | {"name": "Drinks", "kind": "fixed", "points": "9", "categories": ["Drinks"]}
    )
    basket = {"product_1": written, "amount_1": "20", "category_1": "Mithai"}

    page = text_of(owner.get("/program/draft/", basket, headers={"HX-Target": "preview"}))

    assert "Chai 7 points 7" in page
    assert "Drinks 9 points 9" in page


@pytest.mark.parametrize(
    ("basket", "said"),
    [
        ({"product_1": "a", "amount_1": "20"}, "“a” fits several products. Choose one: Chai · C1, Kaju katli · K1."),
        ({"product_1": "Soap", "amount_1": "20"}, "No product is called “Soap”."),
        ({"product_1": "C1", "amount_1": ""}, "Write what was paid for “C1”."),
    ],
)
def test_a_product_that_is_not_one(owner, basket, said):
    page = owner.get("/program/draft/", basket, headers={"HX-Target": "preview"})

    assert text_of(page) == said


def test_the_basket_suggests_what_the_text_may_mean(owner):
    page = owner.get("/program/draft/", {"product_1": "kat", "amount_1": "20"}, headers={"HX-Target": "preview"})

    assert re.findall(r'<option value="([^"]*)"', page.content.decode()) == ["Kaju katli · K1"]


def test_the_basket_names_what_multiplies_and_what_does_not_apply(owner):
    double = RULE | {"name": "Double chai", "kind": "multiply", "times": "2", "categories": ["Drinks"]}
    large = RULE | {"name": "Big basket", "kind": "fixed", "points": "20", "order_minimum": "500"}
    owner.post("/program/draft/rules/new/", double)
    owner.post("/program/draft/rules/new/", large)
    basket = {"amount_1": "100", "category_1": "Drinks", "amount_2": "50", "category_2": "Mithai"}

    page = text_of(owner.get("/program/draft/", basket, headers={"HX-Target": "preview"}))

    assert "A point a rupee 1 point for every ₹1 of ₹150, × 2 for ₹100 by “Double chai” 150 250" in page
    assert "Double chai × 2 ×2" in page
    assert "Big basket only when the order is at least ₹500; here: ₹150; missing: ₹350 0" in page
    assert "only when it is the month of the customer's birthday 0 0" in page
    assert "Sum 170 270" in page


def test_a_condition_beyond_the_form_is_kept(owner):
    form = owner.get("/program/draft/rules/tuesday/")
    assert "And only when: it is the month of the customer's birthday" in text_of(form)
    changed = {
        "name": "Sweet Tuesday", "on": "order", "kind": "multiply", "times": "1.5", "weekdays": ["tue"], "categories": ["Mithai"],
        "keeps_others": "on", "is_active": "on",
    }  # fmt: skip

    owner.post("/program/draft/rules/tuesday/", changed)

    assert rule("Sweet Tuesday")["gives"] == {"kind": "multiply", "times_milli": 1500}
    assert {"field": "customer.is_birthday_month", "is": "is", "value": True} in rule("Sweet Tuesday")["when"]["all"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"points": ""}, "This is needed here."),
        ({"kind": "multiply"}, "This is needed here."),
        ({"kind": "per_amount", "per": "0"}, "Write more than zero."),
        ({"on": "visit"}, "give fixed points here"),
        ({"on": "event"}, "Write the name of the event."),
        ({"time_from": "10:00"}, "Write both times"),
        ({"kind": "multiply", "times": "much"}, "is not a multiplier"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_in_words(owner, change, words):
    answer = owner.post("/program/draft/rules/new/", RULE | change)

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert Draft.objects.count() == 0


def test_a_rule_that_carries_over_and_waits(owner):
    owner.post(
        "/program/draft/rules/new/", RULE | {"kind": "per_amount", "per": "50", "carries": "on", "cooldown_hours": "4"}
    )

    assert (rule("Tea time")["carries"], rule("Tea time")["cooldown_hours"]) == (True, 4)
    page = text_of(owner.get("/program/draft/"))
    assert "again after 4 hours at the earliest, what is left over counts with the next purchase" in page
    owner.post("/program/draft/rules/new/", RULE | {"name": "Cake", "carries": "on"})
    assert "carries" not in rule("Cake"), "whole pieces leave nothing over"


def test_a_draft_is_warned_of_what_nobody_can_reach(shop, owner):
    unit = {
        "name": "points", "expiry_kind": "never", "expiry_period": "month", "negative": "clamp", "membership": "on_request",
        "claim_days": "30", "balance_max": "1",
    }  # fmt: skip
    owner.post("/program/draft/unit/", unit)

    page = text_of(owner.get("/program/draft/"))

    assert "“A cup of chai” costs 40 points, and a member can have at most 1." in page
    assert "What they bought in 30 days before they joined brings points too." in page
    assert draft()["claim_days"] == 30


def test_a_rule_is_removed_and_the_draft_discarded(owner):
    owner.post("/program/draft/rules/welcome/remove/")
    assert "Gone: Welcome" in text_of(owner.get("/program/draft/"))

    owner.post("/program/draft/discard/")

    assert Draft.objects.count() == 0
    assert "Welcome" in text_of(owner.get("/program/"))


def test_a_name_in_another_language_leaves_the_others(shop, owner):
    owner.post("/language/", {"language": "te"})
    changed = {
        "name": "కొత్త స్వాగతం",
        "on": "order",
        "kind": "fixed",
        "points": "25",
        "times_max": "1",
        "limit_per": "ever",
        "is_active": "on",
    }

    owner.post("/program/draft/rules/welcome/", changed)

    assert rule("Welcome")["name"] == {"en": "Welcome", "te": "కొత్త స్వాగతం"}
    assert rule("Welcome")["limits"] == [{"per": "ever", "times": 1}]


def test_what_members_collect_is_changed(owner):
    unit = {
        "name": "beans", "expiry_kind": "inactivity", "expiry_months": "6", "expiry_period": "month", "pending_days": "3",
        "negative": "allow", "balance_max": "5000", "membership": "automatic",
    }  # fmt: skip

    owner.post("/program/draft/unit/", unit)

    assert draft()["unit"]["expiry"] == {"kind": "inactivity", "months": 6}
    assert draft()["unit"]["pending"] == {"kind": "delay", "days": 3}
    page = text_of(owner.get("/program/draft/"))
    assert "6 months after the last activity" in page
    assert "They can be used 3 days after the purchase." in page
    refused = owner.post("/program/draft/unit/", unit | {"expiry_months": ""})
    assert "Write after how many months or days." in text_of(refused)


def ladder(*levels: tuple[str, str, str], **more: str) -> dict[str, str]:
    rows = {"level-TOTAL_FORMS": str(len(levels)), "level-INITIAL_FORMS": "0"}
    for place, (name, at_least, times) in enumerate(levels):
        rows |= {f"level-{place}-name": name, f"level-{place}-at_least": at_least, f"level-{place}-times": times}
    return {"metric": "points_earned", "months": "12", "downgrade": "one_level", "grace_days": "10", **rows, **more}


def test_levels_are_changed_by_money_too(owner):
    owner.post(
        "/program/draft/levels/", ladder(("Friend", "0", "1"), ("Family", "1,500.50", "2"), metric="spend_minor")
    )

    assert [(level["name"]["en"], level.get("at_least", 0)) for level in draft()["ladder"]["levels"]] == [
        ("Friend", 0),
        ("Family", 150_050),
    ]
    assert "from ₹1,500.50 in 12 months, earns ×2" in text_of(owner.get("/program/draft/"))


@pytest.mark.parametrize(
    ("from_second", "words"), [("0", "each further one higher"), ("many", "is not a number of points")]
)
def test_levels_that_cannot_be_are_refused(owner, from_second, words):
    answer = owner.post("/program/draft/levels/", ladder(("Friend", "0", "1"), ("Family", from_second, "2")))

    assert answer.status_code == 422
    assert words in text_of(answer)


def test_levels_without_a_name_end_the_ladder(owner):
    owner.post("/program/draft/levels/", ladder(("", "", "")))

    assert "ladder" not in draft()


def test_an_old_version_is_brought_back(owner):
    owner.post("/program/draft/rules/welcome/remove/")
    publish(owner)

    owner.post("/program/versions/1/draft/")
    publish(owner, note="back")

    assert Version.objects.get(number=3).config == Version.objects.get(number=1).config


def test_nothing_begins_in_the_past(owner):
    owner.post("/program/draft/rules/welcome/remove/")

    answer = publish(owner, valid_from="2020-01-01")

    assert answer.status_code == 422
    assert "what was promised stays promised" in text_of(answer)
    assert Version.objects.count() == 1


def test_a_new_shop_begins_with_the_starter():
    business = a_shop()
    browser = a_browser(business)
    assert "Look at the starter" in text_of(browser.get("/program/"))
    assert "1 point for every ₹1" in text_of(browser.get("/program/draft/"))

    publish(browser)

    assert Version.objects.get(business=business).number == 1


def test_a_marketer_drafts_and_is_not_offered_to_publish(shop):
    browser = a_browser(shop.business, "marketer")
    browser.post("/program/draft/rules/new/", RULE)

    assert "Publish" not in text_of(browser.get("/program/draft/"))


REWARD = {
    "name": "₹50 off",
    "kind": "amount_off",
    "amount": "50",
    "price": "80",
    "valid_days": "30",
    "is_refundable": "on",
}


def test_a_reward_is_offered_once_however_often_the_form_is_sent(shop, owner):
    given = REWARD | {"once": value_of(owner.get("/program/rewards/new/"), "once")}
    owner.post("/program/rewards/new/", given)

    again = owner.post("/program/rewards/new/", given | {"price": "90"}, follow=True)

    assert "This reward is offered already; the form counts once." in text_of(again)
    assert Offer.objects.exclude(pk=shop.offer.pk).get().price == 80


def test_a_reward_is_offered_changed_and_paused(shop, owner):
    once = value_of(owner.get("/program/rewards/new/"), "once")
    owner.post("/program/rewards/new/", REWARD | {"stock": "10", "tiers": ["silver"], "once": once})
    offer = Offer.objects.exclude(pk=shop.offer.pk).get()
    assert (offer.value, offer.price, offer.stock, offer.tiers) == ({"amount_minor": 5_000}, 80, 10, ["silver"])
    assert "₹50 off · 0 of 10 taken · for Silver" in text_of(owner.get("/program/rewards/"))

    owner.post(f"/program/rewards/{offer.pk}/", REWARD | {"kind": "percent_off", "percent": "10", "percent_max": "300"})
    owner.post(f"/program/rewards/{offer.pk}/pause/")

    offer.refresh_from_db()
    assert (offer.value, offer.is_active, offer.stock) == ({"percent": 10, "max_minor": 30_000}, False, None)
    assert "paused" in text_of(owner.get("/program/rewards/"))


def test_rewards_of_the_same_name_are_told_of_until_one_is_paused(owner):
    pages, said = ("/program/rewards/", "/program/draft/"), "is the name of two: customers cannot tell them apart."
    for name in ("Winter chai", "winter  Chai"):
        once = value_of(owner.get("/program/rewards/new/"), "once")
        owner.post("/program/rewards/new/", REWARD | {"name": name, "once": once})
    before = [text_of(owner.get(address)).count(said) for address in pages]

    owner.post(f"/program/rewards/{Offer.objects.latest('created_at').pk}/pause/")

    assert (before, [text_of(owner.get(address)).count(said) for address in pages]) == ([1, 1], [0, 0])


def test_a_reward_needs_its_worth(owner):
    answer = owner.post("/program/rewards/new/", REWARD | {"amount": ""})

    assert answer.status_code == 422
    assert Offer.objects.count() == 1


COLLECT = {
    "name": "points", "expiry_kind": "after", "expiry_months": "12", "expiry_period": "month", "pending_days": "0",
    "negative": "clamp", "membership": "on_request", "receipt_days": "30",
}  # fmt: skip


def test_a_grace_and_rewards_taken_by_themselves(owner):
    page = text_of(owner.get("/program/draft/unit/"))
    assert "Taken by itself when the points are there (optional) A cup of chai" in page

    owner.post("/program/draft/unit/", COLLECT | {"grace_days": "7", "automatic": ["chai"], "automatic_when": "once"})

    assert (draft()["unit"]["grace_days"], draft()["automatic"]) == (7, [{"offer": "chai", "at_once": True}])
    page = text_of(owner.get("/program/draft/"))
    assert "What comes back after its end can be used for 7 days more." in page
    assert "“A cup of chai” is taken by itself as soon as the points are there." in page
    said = page[page.index("What changes") : page.index("What brings points")]
    assert (said.count("Before:"), said.count("New:")) == (0, 2)
    owner.post("/program/draft/unit/", COLLECT | {"automatic": ["chai"], "automatic_when": "night"})
    assert (draft()["unit"].get("grace_days"), draft()["automatic"]) == (None, [{"offer": "chai"}])
    assert "“A cup of chai” is taken by itself at night, when the points are there." in text_of(
        owner.get("/program/draft/")
    )
    owner.post("/program/draft/unit/", COLLECT)
    assert "automatic" not in draft()


def test_a_level_by_what_one_has_whose_points_last_longer(owner):
    rows = {
        "metric": "balance", "months": "12", "downgrade": "one_level", "grace_days": "10",
        "level-TOTAL_FORMS": "2", "level-INITIAL_FORMS": "0", "level-0-name": "Friend", "level-0-at_least": "0",
        "level-1-name": "Family", "level-1-at_least": "500", "level-1-months": "24",
    }  # fmt: skip

    assert owner.post("/program/draft/levels/", rows).status_code == 302

    friend, family = draft()["ladder"]["levels"]
    assert (draft()["ladder"]["metric"], "expiry" in friend, family["expiry"]) == (
        "balance", False, {"kind": "after", "months": 24},
    )  # fmt: skip
    page = text_of(owner.get("/program/draft/"))
    assert (
        "Family from 500 points in hand at the end of a day, points earned in it end 24 months after they are earned"
        in page
    )
    owner.post("/program/draft/unit/", COLLECT | {"automatic": ["chai"], "automatic_when": "night"})
    page = text_of(owner.get("/program/draft/"))
    assert "Nobody will have enough for “Family”: “A cup of chai” is taken by itself before." in page


def test_a_new_level_asks_at_once_how_long_its_points_last(owner):
    page = text_of(owner.get("/program/draft/levels/"))

    assert "Points earned in “Silver” last so many months" in page
    assert "Points earned in the new level of row 3 last so many months" in page


def test_without_days_no_receipts_can_be_added_later(owner):
    page = text_of(owner.get("/program/draft/unit/"))

    assert "With 0 no receipts can be added later." in page
