# SPDX-License-Identifier: Apache-2.0
"""Reasons as sentences: every reason that decisions hold has one, in English and by the catalogue of another language."""

import gettext
from functools import partial

import pytest

from regulars.ledger.models import TransactionKind
from regulars.programs.explain import Names, explain_booking, explain_reason, text_in
from regulars.ui import format as write

MONEY = partial(write.money, currency="INR", language="en", country="IN")
NUMBER = partial(write.number, language="en", country="IN")


def said(reason, translate=None):
    return explain_reason(
        reason,
        translate=translate or gettext.NullTranslations(),
        money=MONEY,
        number=NUMBER,
        names=Names({"tea": "Tea time"}, {"gold": "Gold"}),
    )


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ({"is": "per_amount", "basis_minor": 10_550, "points": 1, "per_minor": 100}, "1 point for every ₹1 of ₹105.50"),
        (
            {"is": "per_amount", "basis_minor": 12_345_600, "points": 5, "per_minor": 10_000},
            "5 points for every ₹100 of ₹1,23,456",
        ),
        ({"is": "per_item", "pieces": 3, "points": 2}, "2 points for each of 3 items"),
        ({"is": "fixed", "points": 1}, "1 point"),
        ({"is": "fixed", "points": 1_500}, "1,500 points"),
        ({"is": "times", "times_milli": 2_000}, "× 2"),
        ({"is": "times", "times_milli": 1_250}, "× 1.25"),
        ({"is": "times", "times_milli": 1_333}, "× 1.333"),
        ({"is": "times", "times_milli": 2_000, "rule": "tea"}, "× 2 by “Tea time”"),
        ({"is": "times", "times_milli": 2_000, "rule": "tea", "basis_minor": 4_500}, "× 2 for ₹45 by “Tea time”"),
        ({"is": "times", "times_milli": 2_000, "rule": "tea", "pieces": 1}, "× 2 for 1 item by “Tea time”"),
        ({"is": "times", "times_milli": 1_250, "tier": "gold"}, "× 1.25 by the level “Gold”"),
        ({"is": "multiplied", "times_milli": 2_000}, "× 2"),
        ({"is": "other_occasion", "on": "visit", "event": ""}, "only for a visit"),
        ({"is": "other_occasion", "on": "event", "event": "review"}, "only for “review”"),
        ({"is": "gave_way", "rule": "tea"}, "not given, since “Tea time” applies instead"),
        ({"is": "gave_way", "rule": "gone"}, "not given, since “gone” applies instead"),
        (
            {"is": "over_order_max", "max": 50, "points": 70},
            "not given: 70 points are more than the 50 that one purchase can bring",
        ),
        ({"is": "times_used_up", "per": "day", "max": 1}, "given 1 time a day at most"),
        ({"is": "times_used_up", "per": "ever", "max": 3}, "given 3 times in all at most"),
        ({"is": "points_used_up", "per": "month", "max": 500}, "at most 500 points a month"),
        ({"is": "balance_full", "max": 1_000}, "a member can have at most 1,000 points"),
        ({"is": "returned", "points": 100}, "the part that came back of 100 points earned"),
        ({"is": "something new"}, "for another reason"),
    ],
)
def test_reasons_read_as_sentences(reason, sentence):
    assert said(reason) == sentence


def test_another_language_has_its_own_order():
    class Swapped(gettext.NullTranslations):
        def ngettext(self, singular, plural, number):
            return "{basis}: {points} / {per}"

    reason = {"is": "per_amount", "basis_minor": 10_550, "points": 1, "per_minor": 100}

    assert said(reason, Swapped()) == "₹105.50: 1 / ₹1"


@pytest.mark.parametrize("kind", TransactionKind.values)
def test_every_booking_has_a_heading(kind):
    heading = explain_booking(kind, translate=gettext.NullTranslations())

    assert heading != explain_booking("unheard of", translate=gettext.NullTranslations())


def test_a_booking_names_its_rule():
    assert explain_booking("earn", rule="Tea time", translate=gettext.NullTranslations()) == "Earned: Tea time"
    assert explain_booking("spend", rule="", translate=gettext.NullTranslations()) == "Spent"


@pytest.mark.parametrize(
    ("texts", "shown"), [({"en": "tea", "hi": "चाय"}, "चाय"), ({"en": "tea"}, "tea"), ({"hy": "թեյ"}, "թեյ"), ({}, "")]
)
def test_texts_fall_back(texts, shown):
    assert text_in(texts, "hi") == shown
