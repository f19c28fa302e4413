# SPDX-License-Identifier: Apache-2.0
"""Random conditions and random snapshots over the fields of a fact, with values close enough together to meet."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from regulars.conditions.fact_fields import FACT_FIELDS, KINDS
from regulars.conditions.fields import (
    LISTED,
    OPERATORS,
    PRESENCE,
    TOTALLED,
    Field,
    FieldType,
    Operator,
    Registry,
    Scope,
)
from regulars.conditions.parse import DEPTH_MAX

JSON = dict[str, Any]

JOINED_AT = Field(name="customer.joined_at", type=FieldType.MOMENT, label="the moment of joining")
REGISTRY = Registry((*FACT_FIELDS, JOINED_AT))
FIELDS = tuple(REGISTRY)

texts = st.sampled_from(["a", "ab", "abc", "b", "staff", "Gold", "“quoted” {brace} %s"])
numbers = st.integers(-3, 3) | st.sampled_from([1000, 50000, 10**15 - 1])
minutes = st.builds(time, st.sampled_from([0, 1, 12, 22, 23]), st.sampled_from([0, 1, 59]))
dates = st.dates(date(2026, 1, 30), date(2026, 2, 2))
moments = st.builds(
    lambda hours, zone: (datetime(2026, 1, 31, tzinfo=UTC) + timedelta(hours=hours)).astimezone(zone),
    st.integers(-30, 30),
    st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=4))]),
)
weekdays = st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])

written = {
    FieldType.TEXT: texts,
    FieldType.CHOICE: texts,
    FieldType.NUMBER: numbers,
    FieldType.MONEY: numbers,
    FieldType.QUANTITY: numbers,
    FieldType.BOOLEAN: st.booleans(),
    FieldType.DATE: dates.map(date.isoformat),
    FieldType.TIME: minutes.map(lambda clock: clock.strftime("%H:%M")),
    FieldType.WEEKDAY: weekdays,
    FieldType.MOMENT: moments.map(datetime.isoformat),
    FieldType.TAGS: texts,
}
PROPERTY_TYPES = (FieldType.TEXT, FieldType.NUMBER, FieldType.BOOLEAN)


@st.composite
def comparisons(draw: st.DrawFn, scope: Scope) -> JSON:
    """Draw a comparison that is allowed."""
    field = draw(st.sampled_from([field for field in FIELDS if field.scope is scope]))
    kind = draw(st.sampled_from(PROPERTY_TYPES)) if field.type is FieldType.PROPERTY else field.type
    operator = draw(st.sampled_from(OPERATORS[kind]))
    name = field.name.replace("*", draw(st.sampled_from(["stars", "colour"])))
    values = st.sampled_from(sorted(KINDS)) if field.choices else written[kind]
    return {"field": name, **draw(operands(operator, values, is_cyclic=kind is FieldType.TIME))}


@st.composite
def operands(draw: st.DrawFn, operator: Operator, values: SearchStrategy[Any], *, is_cyclic: bool = False) -> JSON:
    """Draw what an operator needs."""
    if operator in PRESENCE:
        return {"is": operator.value}
    if operator in LISTED:
        return {"is": operator.value, "value": draw(st.lists(values, min_size=1, max_size=4))}
    if operator is Operator.BETWEEN:
        pair = [draw(values), draw(values)]
        return {"is": operator.value, "value": pair if is_cyclic else sorted(pair, key=_moment_or_self)}
    return {"is": operator.value, "value": draw(values)}


def _moment_or_self(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else value


def conditions(scope: Scope) -> SearchStrategy[JSON]:
    """Return conditions of one scope that leave two levels of depth free."""
    leaves = comparisons(scope) if scope is Scope.LINE else comparisons(scope) | quantifiers()
    return st.recursive(leaves, _grouped, max_leaves=6).filter(lambda condition: depth(condition) <= DEPTH_MAX - 2)


def _grouped(inner: SearchStrategy[JSON]) -> SearchStrategy[JSON]:
    several = st.lists(inner, min_size=1, max_size=4)
    return several.map(lambda m: {"all": m}) | several.map(lambda m: {"any": m}) | inner.map(lambda m: {"not": m})


def quantifiers() -> SearchStrategy[JSON]:
    """Return conditions that ask about the lines together."""
    on_lines = st.recursive(comparisons(Scope.LINE), _grouped, max_leaves=3)
    return on_lines.map(lambda m: {"any_line": m}) | on_lines.map(lambda m: {"every_line": m}) | totals(on_lines)


@st.composite
def totals(draw: st.DrawFn, on_lines: SearchStrategy[JSON]) -> JSON:
    """Draw a total of lines."""
    where = draw(st.none() | on_lines)
    what = draw(st.sampled_from([{"count": True}, {"sum": "line.net_minor"}, {"sum": "line.quantity_milli"}]))
    operand = draw(st.sampled_from(TOTALLED).flatmap(lambda operator: operands(operator, numbers)))
    return {"lines": {**({} if where is None else {"where": where}), **what, **operand}}


def trees() -> SearchStrategy[JSON]:
    """Return whole trees: one condition, or an outermost all whose members speak of the fact or of lines."""
    members = conditions(Scope.FACT) | conditions(Scope.LINE)
    return members | st.lists(members, max_size=4).map(lambda several: {"all": several})


def depth(node: JSON) -> int:
    """Return the depth of a tree as the reference page counts it."""
    inner = [*node.get("all", []), *node.get("any", [])]
    inner += [node[key] for key in ("not", "any_line", "every_line") if key in node]
    where = node.get("lines", {}).get("where")
    return 1 + max([depth(one) for one in inner] + ([depth(where)] if where else []), default=0)


seen = {
    FieldType.TEXT: texts | st.just(""),
    FieldType.CHOICE: texts | st.sampled_from(sorted(KINDS)),
    FieldType.NUMBER: numbers | st.floats(-3, 3),
    FieldType.MONEY: numbers,
    FieldType.QUANTITY: numbers,
    FieldType.BOOLEAN: st.booleans(),
    FieldType.DATE: dates,
    FieldType.TIME: minutes.flatmap(
        lambda clock: st.sampled_from([clock, clock.replace(second=59, microsecond=999_999)])
    ),
    FieldType.WEEKDAY: weekdays,
    FieldType.MOMENT: moments,
    FieldType.TAGS: st.lists(texts, max_size=3) | st.lists(texts, max_size=3).map(tuple) | st.sets(texts, max_size=3),
    FieldType.PROPERTY: texts
    | numbers
    | st.booleans()
    | st.floats()
    | st.none()
    | st.lists(texts)
    | st.just({"a": [1]}),
}
strays = st.none() | st.sampled_from(
    [
        1,
        float("nan"),
        float("inf"),
        [{}],
        True,
        "a",
        "",
        1.5,
        [],
        {},
        date(2026, 1, 31),
        time(12),
        datetime(2026, 1, 31),
        object(),
    ]
)


@cache
def values_of(scope: Scope, *, with_strays: bool = True) -> SearchStrategy[JSON]:
    """Return mappings of fields to values, some missing and some of a wrong type."""
    of_type = {field.name.replace("*", "stars"): seen[field.type] for field in FIELDS if field.scope is scope}
    return st.fixed_dictionaries(
        {}, optional={name: one | strays if with_strays else one for name, one in of_type.items()}
    )


@st.composite
def snapshots(draw: st.DrawFn, *, with_strays: bool = True, lines_min: int = 0) -> JSON:
    """Draw a snapshot with up to four lines."""
    values = draw(values_of(Scope.FACT, with_strays=with_strays))
    lines = draw(st.lists(values_of(Scope.LINE, with_strays=with_strays), min_size=lines_min, max_size=4))
    return {**values, "lines": lines} if lines or draw(st.booleans()) else values
