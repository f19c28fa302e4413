# SPDX-License-Identifier: Apache-2.0
"""Programs, facts and standings by dice."""

from datetime import date, time, timedelta
from typing import Any

from hypothesis import strategies as st

from regulars.programs.decide import CompiledProgram, Situation
from regulars.programs.definition import read_program

JSON = dict[str, Any]
MONDAY = date(2026, 3, 2)


def compared(field: str, operator: str, value: Any) -> JSON:
    return {"field": field, "is": operator, "value": value}


TEA, CAKE = compared("line.category", "is", "tea"), compared("line.category", "is_not", "tea")
DEAR, MONDAYS = compared("line.net_minor", "at_least", 300), compared("fact.weekday", "is", "mon")
LARGE, KOTHRUD = compared("order.total_minor", "at_least", 500), compared("fact.store", "is", "kothrud")
MORNING, SPRING = compared("fact.time", "less_than", "11:00"), compared("fact.date", "at_most", "2026-05-31")
VIP, BROWN = compared("customer.tags", "contains", "vip"), compared("line.sku", "starts_with", "B")
STARS, FIRST = (
    compared("event.properties.stars", "at_least", 4),
    compared("customer.order_count_before", "is", 0),
)
CONDITIONS = [
    TEA,
    {"not": TEA},
    MONDAYS,
    {"all": [MONDAYS, TEA, DEAR]},
    {"all": [KOTHRUD, {"any": [CAKE, DEAR]}]},
    {"any": [MONDAYS, LARGE]},
    {"any_line": TEA},
    {"every_line": DEAR},
    {"all": [LARGE, {"not": {"any_line": DEAR}}]},
    {"all": [TEA, {"lines": {"where": DEAR, "sum": "line.net_minor", "is": "at_least", "value": 600}}]},
    {"lines": {"count": True, "is": "between", "value": [1, 2]}},
    {"all": [MORNING, {"any": [SPRING, VIP]}]},
    {"all": [{"not": BROWN}, {"not": FIRST}]},
    {"any": [VIP, STARS]},
]
points = st.sampled_from([1, 3, 7, 100, 10**9])
gifts = st.one_of(
    st.fixed_dictionaries({"kind": st.just("per_amount"), "points": points, "per_minor": st.sampled_from([1, 7, 100])}),
    st.fixed_dictionaries({"kind": st.just("per_item"), "points": points}),
    st.fixed_dictionaries({"kind": st.just("fixed"), "points": points}),
    st.fixed_dictionaries({"kind": st.just("multiply"), "times_milli": st.sampled_from([500, 1_000, 1_333, 3_000])}),
)
limits = st.fixed_dictionaries(
    {"per": st.sampled_from(["day", "week", "month", "year", "ever"])},
    optional={"times": st.integers(1, 2), "points": st.sampled_from([1, 10, 100])},
)
GROUPS = {"one": "best", "two": "first", "only": "exclusive", "all": "sum"}
optional = {
    "when": st.sampled_from(CONDITIONS),
    "rounding": st.sampled_from(["floor", "half_up", "ceil"]),
    "priority": st.integers(0, 2),
    "order_max": st.sampled_from([5, 500]),
    "limits": st.lists(limits, max_size=2),
    "is_active": st.sampled_from([True, True, False]),
}
purchases = st.fixed_dictionaries({"gives": gifts}, optional={**optional, "group": st.sampled_from(sorted(GROUPS))})
visits = st.fixed_dictionaries(
    {"gives": st.just({"kind": "fixed", "points": 5}), "on": st.just("visit")}, optional=optional
)
events = st.fixed_dictionaries(
    {
        "gives": st.just({"kind": "fixed", "points": 5}),
        "on": st.just("event"),
        "event": st.sampled_from(["review", "quiz"]),
    },
    optional=optional,
)
LEVELS = [
    {"code": "base", "name": {"en": "Base"}},
    {"code": "gold", "name": {"en": "Gold"}, "at_least": 1, "times_milli": 1_250},
]
lines = st.fixed_dictionaries(
    {
        "line.net_minor": st.sampled_from([-200, 0, 1, 299, 300, 1_000]),
        "line.quantity_milli": st.sampled_from([-1_000, 500, 1_000, 2_750]),
        "line.category": st.sampled_from(["tea", "cake", None]),
        "line.sku": st.sampled_from(["B1", "A1", ""]),
    }
)


@st.composite
def programs(draw: st.DrawFn) -> JSON:
    """Draw a program of up to eight rules."""
    drawn = draw(st.lists(st.one_of(purchases, purchases, purchases, visits, events), max_size=8))
    rules = [{"id": f"rule-{number}", "name": {"en": "R"}, **rule} for number, rule in enumerate(drawn)]
    document = {"rules": rules, "groups": GROUPS}
    if draw(st.booleans()):
        document["ladder"] = {"levels": LEVELS}
    if draw(st.booleans()):
        document["unit"] = {"balance_max": draw(st.sampled_from([10, 1_000]))}
    return document


@st.composite
def situations(draw: st.DrawFn, rules: list[JSON]) -> Situation:
    """Draw a fact and what a member has used up by then."""
    kind = draw(st.sampled_from(["order", "order", "order", "visit", "event", "adjustment"]))
    basket = draw(st.lists(lines, max_size=6)) if kind == "order" else []
    day = MONDAY + timedelta(days=draw(st.integers(0, 400)))
    compiled = CompiledProgram(read_program({"rules": rules, "groups": GROUPS}))
    used = {name: draw(st.sampled_from([0, 1, 9])) for name in compiled.windows(day)}
    snapshot = {
        "fact.weekday": draw(st.sampled_from(["mon", "sat"])),
        "fact.store": draw(st.sampled_from(["kothrud", None])),
        "fact.date": day,
        "fact.time": draw(st.sampled_from([time(8, 30, 59, 500), time(11), time(18)])),
        "customer.tags": draw(st.sampled_from([[], ["vip", "press"]])),
        "customer.order_count_before": draw(st.integers(0, 1)),
        "event.properties.stars": draw(st.sampled_from([None, "five", 3, 4.5, True])),
        "order.total_minor": sum(line["line.net_minor"] for line in basket),
        "lines": basket,
    }
    return Situation(
        kind=kind,
        snapshot=snapshot,
        earns=[draw(st.sampled_from([True, True, False])) for _ in basket],
        day=day,
        at=draw(st.integers(1_700_000_000, 1_700_009_000)),
        event=draw(st.sampled_from(["review", "quiz"])) if kind == "event" else "",
        tier=draw(st.sampled_from(["", "base", "gold"])),
        balance=draw(st.integers(-5, 1_005)),
        used=used,
    )
