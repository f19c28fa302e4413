# SPDX-License-Identifier: Apache-2.0
"""How groups, opposites and accounts read, and that each of the six languages has every text."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import regulars.conditions
from conditions.shop import LANGUAGES, PLAIN, formatters, po_path, translation
from conditions.strategies import REGISTRY
from regulars.conditions.explain import explain, say_unmet, unmet
from regulars.conditions.fields import Scope
from regulars.conditions.parse import parse
from regulars.conditions.sentence import Writer, sentence

PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")
PLURAL_FORMS = {"hi": "(n > 1)", "hy": "(n > 1)", "mr": "(n != 1)", "te": "(n != 1)", "ml": "(n != 1)"}


def read(tree, language="en"):
    return sentence(parse(tree, REGISTRY), REGISTRY, translation(language), formatters(language))


def field(name, operator, value=None):
    return {"field": name, "is": operator} | ({} if value is None else {"value": value})


PUNE = field("fact.store", "is", "pune")
GOLD = field("customer.tier", "is", "gold")
MEMBER = field("customer.is_member", "is", True)
COFFEE = field("line.category", "is", "coffee")

SENTENCES = [
    (
        {"all": [PUNE, {"all": [GOLD, MEMBER]}]},
        "the store is pune, the customer's tier is gold and the customer is a member",
    ),
    ({"any": [PUNE, {"all": [GOLD]}]}, "the store is pune or the customer's tier is gold"),
    (
        {"all": [MEMBER, {"any": [PUNE, GOLD]}]},
        "the customer is a member and (the store is pune or the customer's tier is gold)",
    ),
    ({"not": {"not": PUNE}}, "the store is pune"),
    ({"not": {"any": [PUNE, MEMBER]}}, "the store is not pune and the customer is not a member"),
    ({"not": {"all": [PUNE, MEMBER]}}, "the store is not pune or the customer is not a member"),
    (
        {"any": [GOLD, {"not": {"any": [PUNE, MEMBER]}}]},
        "the customer's tier is gold or (the store is not pune and the customer is not a member)",
    ),
    ({"not": field("fact.store", "is_none_of", ["pune", "nashik"])}, "the store is pune or nashik"),
    (field("customer.is_member", "is", False), "the customer is not a member"),
    (field("fact.kind", "is_none_of", ["visit", "event"]), "it is not a visit or an event"),
    (field("event.name", "starts_with", "re"), "the event starts with “re”"),
    ({"not": field("event.name", "starts_with", "re")}, "the event does not start with “re”"),
    (field("customer.language", "is_not_set"), "the customer's language is not known"),
    (field("order.total_minor", "is_not", 50000), "the order is not exactly ₹500"),
    (field("order.quantity_milli", "more_than", 350), "the order has more than 0.35 items"),
    (field("order.quantity_milli", "at_least", 1000), "the order has at least 1 item"),
    (field("order.line_count", "between", [2, 4]), "the order has between 2 lines and 4 lines"),
    (field("customer.order_count_before", "at_least", 1), "this is not the customer's first order"),
    (field("fact.date", "is", "2026-01-31"), "the date is 2026-01-31"),
    (field("fact.date", "at_most", "2026-01-31"), "the date is 2026-01-31 or earlier"),
    (
        field("customer.joined_at", "more_than", "2026-01-31T18:30:00+05:30"),
        "the moment of joining is after 2026-01-31 13:00 UTC",
    ),
    (field("event.properties.gift wrap", "is", True), "“gift wrap” of the event is yes"),
    (field("event.properties.size", "is_one_of", [38, 40]), "“size” of the event is 38 or 40"),
    (field("event.properties.size", "is_set"), "“size” of the event is known"),
    ({"not": {"every_line": COFFEE}}, "not every item of the order is one where the category is coffee"),
    ({"not": {"lines": {"count": True, "is": "at_least", "value": 2}}}, "the order does not have at least 2 lines"),
    ({"lines": {"sum": "line.net_minor", "is": "is_not", "value": 0}}, "the items do not come to exactly ₹0"),
    ({"all": [COFFEE]}, "for the items where the category is coffee"),
]


@pytest.mark.parametrize(("tree", "expected"), SENTENCES)
def test_sentence(tree, expected):
    assert read(tree) == expected


def test_values_with_braces_stay_as_they_are():
    assert read(field("event.name", "is", "{value} %(x)s {")) == "the event is “{value} %(x)s {”"


BASKET = {
    "order.total_minor": 38_000,
    "fact.weekday": "tue",
    "customer.tags": ["vip", "press"],
    "customer.order_count_before": 3,
    "customer.is_birthday_month": False,
    "lines": [
        {"line.category": "coffee", "line.quantity_milli": 2_000},
        {"line.category": "tea", "line.quantity_milli": 1_000},
        {"line.category": "tea", "line.quantity_milli": 500},
    ],
}
LARGE, WEEKEND = field("order.total_minor", "at_least", 50_000), field("fact.weekday", "is_one_of", ["sat", "sun"])
LACKING = [
    (LARGE, ["only when the order is at least ₹500; here: ₹380; missing: ₹120"]),
    (
        {"all": [WEEKEND, LARGE, COFFEE]},
        [
            "only when the day is Saturday or Sunday; here: Tuesday",
            "only when the order is at least ₹500; here: ₹380; missing: ₹120",
        ],
    ),
    (
        {"any": [WEEKEND, LARGE]},
        [
            "only when the day is Saturday or Sunday or the order is at least ₹500; here: the day: Tuesday, the order total: ₹380"
        ],
    ),
    (
        field("line.category", "is", "cake"),
        ["only when the order has an item where the category is cake; here: coffee, tea"],
    ),
    (
        {"lines": {"where": COFFEE, "sum": "line.quantity_milli", "is": "at_least", "value": 3_000}},
        ["only when the order has at least 3 items where the category is coffee; here: 2 items; missing: 1 item"],
    ),
    (
        {"lines": {"count": True, "is": "between", "value": [5, 9]}},
        ["only when the order has between 5 lines and 9 lines; here: 3 lines; missing: 2 lines"],
    ),
    (
        {"any": [WEEKEND, {"lines": {"count": True, "is": "less_than", "value": 2}}]},
        ["only when the day is Saturday or Sunday or the order has less than 2 lines; here: the day: Tuesday, 3 lines"],
    ),
    (
        field("customer.order_count_before", "is", 0),
        ["only when this is the customer's first order; here: 3 earlier orders"],
    ),
    (field("customer.is_birthday_month", "is", True), ["only when it is the month of the customer's birthday"]),
    (GOLD, ["only when the customer's tier is gold; here: not known"]),
    (
        field("customer.tags", "contains", "staff"),
        ["only when the customer has the tag “staff”; here: “press” and “vip”"],
    ),
    (
        {"not": field("customer.tags", "contains", "vip")},
        ["only when the customer does not have the tag “vip”; here: “press” and “vip”"],
    ),
    (field("event.properties.stars", "at_least", 4), ["only when “stars” of the event is at least 4; here: not known"]),
    ({"all": [COFFEE, field("fact.weekday", "is", "tue")]}, []),
]


def lacking(tree, snapshot, language="en"):
    writer = Writer(REGISTRY, translation(language), PLAIN if language == "en" else formatters(language))
    return [say_unmet(part, writer) for part in unmet(explain(parse(tree, REGISTRY), REGISTRY, snapshot))]


@pytest.mark.parametrize(("tree", "said"), LACKING)
def test_what_a_condition_lacked(tree, said):
    assert lacking(tree, BASKET) == said


def test_a_property_tells_the_value_it_has():
    starts = {"all": [field("event.properties.stars", "is_not_set")]}

    assert [lacking(starts, {"event.properties.stars": value}) for value in (5, "five", True)] == [
        ["only when “stars” of the event is not known; here: 5"],
        ["only when “stars” of the event is not known; here: “five”"],
        ["only when “stars” of the event is not known"],
    ]


def marked_texts():
    """Collect what the code marks for the catalogues, as makemessages does."""
    texts = set()
    for path in sorted(Path(regulars.conditions.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"gettext_noop", "ngettext_lazy"}:
                texts |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    return texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_has_every_text_and_the_plurals_of_the_language(language):
    with po_path(language).open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    messages = [message for message in catalogue if message.id]
    in_catalogue = {
        text for message in messages for text in ([message.id] if isinstance(message.id, str) else message.id)
    }

    assert marked_texts() - in_catalogue == set()
    assert catalogue.plural_expr == PLURAL_FORMS[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_english_is_left(language):
    for tree, english in SENTENCES:
        translated = read(tree, language).replace("the moment of joining", "")
        assert translated != english
        assert not re.search(r"\b(the|is|not|item|and|or|order)\b", translated)


def test_every_field_has_words_for_every_operator():
    """Field by operator, in each language: nothing raises and no placeholder is left open."""
    samples = {"number": 2, "money": 2, "quantity": 2000, "boolean": True, "date": "2026-01-31", "time": "18:30"}
    samples |= {"weekday": "mon", "moment": "2026-01-31T18:30:00+05:30"}
    for one in REGISTRY:
        name = one.name.replace("*", "stars")
        for operator in one.operators:
            sample = "order" if one.choices else samples.get(one.type, "a")
            if one.type == "property" and operator in {"at_least", "at_most", "more_than", "less_than", "between"}:
                sample = 2
            value = {"is_one_of": [sample], "is_none_of": [sample], "between": [sample, sample]}.get(operator, sample)
            tree = field(name, operator.value, None if operator in {"is_set", "is_not_set"} else value)
            whole = tree if one.scope is Scope.FACT else {"any_line": tree}
            for language in ("en", *LANGUAGES):
                assert "{" not in read(whole, language)
