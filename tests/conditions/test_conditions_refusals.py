# SPDX-License-Identifier: Apache-2.0
"""What is no condition is refused with its path, its value and what to do; the limits hold to the last step."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditions.strategies import REGISTRY
from regulars.conditions import errors
from regulars.conditions.errors import BadCondition
from regulars.conditions.fields import Field, FieldType, Registry
from regulars.conditions.parse import parse
from regulars.conditions.tree import dump

TOTAL = {"field": "order.total_minor", "is": "at_least", "value": 50000}
COFFEE = {"field": "line.category", "is": "is", "value": "coffee"}


def comparison(field, operator, value):
    return {"field": field, "is": operator, "value": value}


def total(**over):
    return {"lines": {"count": True, "is": "at_least", "value": 2, **over}}


REFUSALS = [
    (None, errors.BadCondition, "$", "null"),
    ([], errors.BadCondition, "$", "[]"),
    ({"some": []}, errors.BadCondition, "$", '{"some": []}'),
    ({"all": [TOTAL, 3]}, errors.BadCondition, "$.all[1]", "3"),
    ({"lines": [1]}, errors.BadCondition, "$.lines", "[1]"),
    ({"all": [], "any": []}, errors.KeyNotUnderstood, "$", '"any"'),
    ({"not": TOTAL, "why": 1}, errors.KeyNotUnderstood, "$", '"why"'),
    ({**TOTAL, "unit": "INR"}, errors.KeyNotUnderstood, "$", '"unit"'),
    ({**TOTAL, "is": "is_set"}, errors.KeyNotUnderstood, "$", '"value"'),
    ({"field": "order.total_minor", "value": 1}, errors.KeyMissing, "$", '{"field": "order.total_minor", "value": 1}'),
    ({"not": {"field": "fact.store", "is": "is"}}, errors.KeyMissing, "$.not", '{"field": "fact.store", "is": "is"}'),
    ({"any": []}, errors.MembersNeeded, "$.any", "[]"),
    ({"not": {"all": []}}, errors.MembersNeeded, "$.not.all", "[]"),
    ({"all": TOTAL}, errors.MembersNeeded, "$.all", json.dumps(TOTAL)[:59] + "…"),
    (comparison("order.totl", "is", 1), errors.UnknownField, "$.field", '"order.totl"'),
    (comparison(["order"], "is", 1), errors.UnknownField, "$.field", '["order"]'),
    (comparison("event.properties.", "is", 1), errors.UnknownField, "$.field", '"event.properties."'),
    (comparison("event.properties.*", "is", 1), errors.UnknownField, "$.field", '"event.properties.*"'),
    (comparison("fact.store", "at_least", "a"), errors.OperatorNotAllowed, "$.is", '"at_least"'),
    (comparison("fact.store", ["is"], "a"), errors.OperatorNotAllowed, "$.is", '["is"]'),
    (comparison("event.properties.a", "contains", "a"), errors.OperatorNotAllowed, "$.is", '"contains"'),
    (comparison("event.properties.a", "at_least", "a"), errors.OperatorNotAllowed, "$.value", '"at_least"'),
    (comparison("event.properties.a", "is", None), errors.NotAProperty, "$.value", "null"),
    (comparison("event.properties.a", "is_one_of", ["a", 1]), errors.NotText, "$.value[1]", "1"),
    ({"any_line": TOTAL}, errors.NotALineField, "$.any_line", '"order.total_minor"'),
    (total(where=TOTAL), errors.NotALineField, "$.lines.where", '"order.total_minor"'),
    ({"any": [TOTAL, COFFEE]}, errors.ScopesMixed, "$.any[1]", '"line.category"'),
    ({"all": [{"all": [COFFEE, TOTAL]}]}, errors.ScopesMixed, "$.all[0].all[1]", '"order.total_minor"'),
    ({"any": [COFFEE, total()]}, errors.ScopesMixed, "$.any[1].lines", '{"count": true, "is": "at_least", "value": 2}'),
    (
        {"any_line": {"not": total()}},
        errors.LinesWithinLines,
        "$.any_line.not.lines",
        '{"count": true, "is": "at_least", "value": 2}',
    ),
    (
        {"every_line": {"any_line": COFFEE}},
        errors.LinesWithinLines,
        "$.every_line.any_line",
        json.dumps(COFFEE),
    ),
    ({"lines": {"is": "is", "value": 1}}, errors.SumOrCountNeeded, "$.lines", '{"is": "is", "value": 1}'),
    (total(count=False), errors.SumOrCountNeeded, "$.lines", '{"count": false, "is": "at_least", "value": 2}'),
    (
        total(sum="line.net_minor"),
        errors.SumOrCountNeeded,
        "$.lines",
        '{"count": true, "is": "at_least", "value": 2, "sum": "line.…',
    ),
    ({"lines": {"sum": "line.sku", "is": "is", "value": 1}}, errors.NotSummable, "$.lines.sum", '"line.sku"'),
    (
        {"lines": {"sum": "order.total_minor", "is": "is", "value": 1}},
        errors.NotSummable,
        "$.lines.sum",
        '"order.total_minor"',
    ),
    (total(**{"is": "is_one_of", "value": [1]}), errors.OperatorNotAllowed, "$.lines.is", '"is_one_of"'),
    (total(value="2"), errors.NotANumber, "$.lines.value", '"2"'),
    (comparison("fact.store", "is_one_of", "pune"), errors.ListNeeded, "$.value", '"pune"'),
    (comparison("fact.store", "is_none_of", []), errors.ListNeeded, "$.value", "[]"),
    (comparison("order.total_minor", "between", [1]), errors.RangeNeeded, "$.value", "[1]"),
    (comparison("order.total_minor", "between", [2, 1]), errors.RangeReversed, "$.value", "[2, 1]"),
    (comparison("event.name", "is", ""), errors.NotText, "$.value", '""'),
    (comparison("fact.store", "is", 7), errors.NotText, "$.value", "7"),
    (comparison("fact.kind", "is_one_of", ["order", "ordr"]), errors.NotAChoice, "$.value[1]", '"ordr"'),
    (comparison("order.line_count", "is", True), errors.NotANumber, "$.value", "true"),
    (comparison("order.line_count", "is", 2.0), errors.NotANumber, "$.value", "2.0"),
    (comparison("order.line_count", "is", 10**15), errors.NotANumber, "$.value", "1000000000000000"),
    (comparison("order.total_minor", "is", "500"), errors.NotMoney, "$.value", '"500"'),
    (comparison("order.quantity_milli", "is", 0.35), errors.NotAQuantity, "$.value", "0.35"),
    (comparison("customer.is_member", "is", 1), errors.NotABoolean, "$.value", "1"),
    (comparison("fact.date", "is", "20260131"), errors.NotADate, "$.value", '"20260131"'),
    (comparison("fact.date", "is", "2026-02-29"), errors.NotADate, "$.value", '"2026-02-29"'),
    (comparison("fact.time", "at_least", "24:00"), errors.NotATime, "$.value", '"24:00"'),
    (comparison("fact.time", "at_least", "18:30:15"), errors.NotATime, "$.value", '"18:30:15"'),
    (comparison("fact.weekday", "is", "Monday"), errors.NotAWeekday, "$.value", '"Monday"'),
    (
        comparison("customer.joined_at", "at_least", "2026-01-31T18:30"),
        errors.NotAMoment,
        "$.value",
        '"2026-01-31T18:30"',
    ),
]


@pytest.mark.parametrize(("data", "refusal", "path", "value"), REFUSALS)
def test_refusal_names_path_value_and_remedy(data, refusal, path, value):
    with pytest.raises(BadCondition) as caught:
        parse(data, REGISTRY)

    assert (type(caught.value), caught.value.data["path"], caught.value.data["value"]) == (refusal, path, value)
    assert str(caught.value).startswith(f"{path}: ")
    assert (caught.value.code, caught.value.status) == ("bad_condition", 422)


def test_every_kind_of_refusal_is_shown_here():
    met = {refusal for _, refusal, _, _ in REFUSALS} | {errors.TooDeep, errors.TooManyNodes}

    assert met == {BadCondition, *BadCondition.__subclasses__()}


def test_unknown_field_suggests_the_nearest():
    with pytest.raises(errors.UnknownField, match=r"Did you mean “order\.total_minor”"):
        parse(comparison("order.totl", "is", 1), REGISTRY)


def nested(depth):
    return TOTAL if depth == 1 else {"not": nested(depth - 1)}


def test_eight_levels_are_read_and_nine_refused():
    assert parse(nested(8), REGISTRY)
    with pytest.raises(errors.TooDeep, match="more than 8 levels"):
        parse(nested(9), REGISTRY)


def test_a_condition_of_lines_counts_its_levels():
    def on_line(depth):
        return COFFEE if depth == 1 else {"not": on_line(depth - 1)}

    assert parse(total(where=on_line(7)), REGISTRY)
    with pytest.raises(errors.TooDeep):
        parse(total(where=on_line(8)), REGISTRY)


def test_a_hundred_nodes_are_read_and_one_more_refused():
    assert parse({"all": [TOTAL] * 99}, REGISTRY)
    with pytest.raises(errors.TooManyNodes, match="more than 100 conditions") as caught:
        parse({"all": [TOTAL] * 100}, REGISTRY)
    assert caught.value.data["path"] == "$.all[99]"


def test_a_thousand_values_are_read_and_one_more_refused():
    assert parse(comparison("fact.store", "is_one_of", ["pune"] * 1000), REGISTRY)
    with pytest.raises(errors.ListNeeded, match="1 to 1000"):
        parse(comparison("fact.store", "is_one_of", ["pune"] * 1001), REGISTRY)


def test_two_hundred_characters_are_read_and_one_more_refused():
    assert parse(comparison("event.name", "is", "₹" * 200), REGISTRY)
    with pytest.raises(errors.NotText):
        parse(comparison("event.name", "is", "₹" * 201), REGISTRY)


def test_a_hostile_tree_is_refused_at_once():
    endless = {}
    endless["not"] = endless
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(errors.TooDeep):
        parse(endless, REGISTRY)
    for hostile in ({"all": [deep]}, {"field": deep}, {"lines": deep}, comparison("fact.store", "is", deep)):
        with pytest.raises(BadCondition):
            parse(hostile, REGISTRY)


json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["all", "any", "not", "any_line", "lines", "where", "field", "is", "value", "sum"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(json_data)
def test_any_json_is_read_or_refused_with_a_path(data):
    try:
        parsed = parse(data, REGISTRY)
    except BadCondition as error:
        path, message = error.data["path"], error.message
    else:
        path, message = "$", dump(parsed)

    assert path.startswith("$")
    assert message


def test_a_field_is_declared_once():
    store = Field(name="fact.store", type=FieldType.CHOICE, label="the store")
    with pytest.raises(ValueError, match=r"fact\.store is declared twice"):
        Registry([store, store])
