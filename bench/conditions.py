# SPDX-License-Identifier: Apache-2.0
"""Time what 100 rules make of purchases of 20 lines, and a starter program of one line. Run: python bench/conditions.py"""

import platform
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

from regulars.conditions.explain import explain
from regulars.conditions.fact_fields import FACT_REGISTRY, when
from regulars.conditions.parse import parse
from regulars.conditions.together import Together
from regulars.conditions.values import WEEKDAYS
from regulars.programs.decide import CompiledProgram, Situation, decide
from regulars.programs.definition import read_program
from regulars.programs.starter import starter_program

BLOCKS = 9
RUNS = 300
RULES = 100
LINES = 20
BASKETS = 500

JSON = dict[str, Any]


def compare(field: str, operator: str, value: Any) -> JSON:
    """Write a comparison."""
    return {"field": field, "is": operator, "value": value}


AMOUNT: JSON = {"kind": "per_amount", "points": 1, "per_minor": 100}
STORES = [compare("fact.store", "is", f"store {n}") for n in range(10)]
DAYS = [compare("fact.weekday", "is", day) for day in WEEKDAYS]


def fact_conditions() -> list[JSON]:
    """Write conditions on the fact and the customer, as most are; a third of them hold."""
    kind = compare("fact.kind", "is", "order")
    is_weekend = compare("fact.weekday", "is_one_of", ["sat", "sun"])
    is_staff = compare("customer.tags", "contains", "staff")
    return [
        condition
        for n in range(RULES // 4)
        for condition in (
            {"all": [kind, compare("order.total_minor", "at_least", 20_000 * n)]},
            {"all": [compare("fact.store", "is", f"store {n % 10}"), compare("customer.tier", "is", "silver")]},
            {"all": [is_weekend, compare("fact.time", "between", [f"{n % 20:02}:00", "18:00"])]},
            {"all": [kind, {"not": is_staff}, compare("customer.order_count_before", "is", n)]},
        )
    ]


def line_conditions() -> list[JSON]:
    """Write conditions that look at every line: any line, a total over a category, lines that are selected, every line."""
    conditions: list[JSON] = []
    for n in range(RULES // 4):
        in_category = compare("line.category", "is", f"category {n % 20}")
        conditions += [
            {"any_line": in_category},
            {"lines": {"where": in_category, "sum": "line.net_minor", "is": "at_least", "value": 9_000}},
            {"all": [compare("fact.kind", "is", "order"), in_category]},
            {"every_line": compare("line.unit_price_minor", "at_least", 4_000)},
        ]
    return conditions


def program() -> JSON:
    """Write a program of 100 rules as a supermarket would have: what it gives on, when, where, to whom, and how often."""
    rules = [{"gives": AMOUNT}, *rules_on_lines(), *rules_on_facts()]
    named = [{"id": f"rule-{n}", "name": {"en": f"Rule {n}"}, **rule} for n, rule in enumerate(rules)]
    levels = [
        {"code": "base", "name": {"en": "Base"}},
        {"code": "silver", "name": {"en": "Silver"}, "at_least": 1, "times_milli": 1_200},
    ]
    return {"rules": named, "groups": {"hour": "best", "sum": "first"}, "ladder": {"levels": levels}}


def rules_on_lines() -> list[JSON]:
    """Write 69 rules about categories and products, a third of them on one day or in one store."""
    boost, each = {"kind": "multiply", "times_milli": 2_000}, {"kind": "per_item", "points": 5}
    monthly = {"per": "month", "points": 5_000}
    category = [compare("line.category", "is", f"category {n}") for n in range(20)]
    skus = [compare("line.sku", "is_one_of", [f"SKU-{n}", f"SKU-{7 * n}"]) for n in range(12)]
    return [
        *({"gives": AMOUNT, "when": category[n]} for n in range(20)),
        *({"gives": AMOUNT, "when": {"all": [category[n], STORES[n % 10]]}, "limits": [monthly]} for n in range(15)),
        *({"gives": each, "when": skus[n]} for n in range(12)),
        *({"gives": each, "when": {"all": [skus[n], DAYS[n % 7]]}, "order_max": 500} for n in range(8)),
        *({"gives": boost, "when": {"all": [category[n], DAYS[n % 7]]}} for n in range(14)),
    ]


def rules_on_facts() -> list[JSON]:
    """Write 30 rules about purchases as a whole, their hour, the customer, and events."""
    daily, fixed = {"per": "day", "times": 1}, {"kind": "fixed", "points": 50}
    total = [compare("order.total_minor", "at_least", 25_000 * n) for n in range(10)]
    hour = compare("fact.time", "between", ["15:00", "18:00"])
    sums = [
        {
            "where": compare("line.category", "is", f"category {n}"),
            "sum": "line.net_minor",
            "is": "at_least",
            "value": 9_000,
        }
        for n in range(5)
    ]
    return [
        *({"gives": fixed, "when": {"all": [STORES[n], DAYS[n % 7], total[n]]}, "limits": [daily]} for n in range(10)),
        *({"gives": fixed, "when": {"all": [DAYS[n], hour]}, "group": "hour"} for n in range(5)),
        *({"gives": fixed, "when": {"lines": sums[n]}, "group": "sum"} for n in range(5)),
        *({"gives": fixed, "when": compare("customer.order_count_before", "is", 10 * n)} for n in range(5)),
        *({"gives": fixed, "on": "event", "event": f"review {n}", "limits": [daily]} for n in range(5)),
    ]


def situations(dice: random.Random, *, lines: int, compiled: CompiledProgram) -> Iterator[Situation]:
    """Draw purchases without end: 180 products in 60 categories, some more liked, at any time, by anybody."""
    while True:
        local = datetime(2026, 1, 31, 8) + timedelta(minutes=dice.randrange(60 * 24 * 28))  # noqa: DTZ001  # the local time of the store
        products = [int(180 * dice.random() ** 1.3) for _ in range(lines)]
        basket = [_line(product, dice.choice((1_000, 1_000, 2_000, 500))) for product in products]
        tier = dice.choice(("base", "base", "silver"))
        snapshot = {
            "fact.kind": "order",
            "fact.source": "till",
            "fact.store": f"store {dice.randrange(10)}",
            **when(local),
            "order.total_minor": sum(line["line.net_minor"] for line in basket),
            "order.currency": "INR",
            "order.line_count": lines,
            "order.quantity_milli": sum(line["line.quantity_milli"] for line in basket),
            "customer.is_member": True,
            "customer.tier": tier,
            "customer.language": "hi",
            "customer.tags": ["vegetarian"],
            "customer.is_birthday_month": None,
            "customer.order_count_before": dice.randrange(60),
            "lines": basket,
        }
        day = local.date()
        used = dict.fromkeys(compiled.windows(day), 0)
        yield Situation(
            kind="order", snapshot=snapshot, earns=[True] * lines, day=day, tier=tier, balance=900, used=used
        )


def _line(product: int, quantity_milli: int) -> JSON:
    price = 2_500 + 137 * product
    return {
        "line.sku": f"SKU-{product}",
        "line.category": f"category {product // 3}",
        "line.net_minor": price * quantity_milli // 1_000,
        "line.quantity_milli": quantity_milli,
        "line.unit_price_minor": price,
        "line.discount_minor": 0,
    }


def measure(name: str, run: Callable[[], object]) -> None:
    """Print the median, least and greatest processor time of a run in µs; a block averages many runs."""
    blocks = []
    for _ in range(BLOCKS):
        start = time.process_time_ns()
        for _ in range(RUNS):
            run()
        blocks.append((time.process_time_ns() - start) / RUNS / 1_000)
    print(f"{name:<66}{statistics.median(blocks):>9.1f}{min(blocks):>9.1f}{max(blocks):>9.1f}")


def machine() -> str:
    """Name the interpreter, the system and the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().split("\n") if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = f"{names[0]} × {len(names)}" if names else platform.processor()
    return f"{platform.python_implementation()} {platform.python_version()}, {platform.platform()}, {processor}"


def main() -> None:
    """Measure decisions, then conditions by themselves, beside the plainest loop: the unit of this machine today."""
    print(machine())
    print(f"{BLOCKS} blocks of {RUNS} runs over {BASKETS} purchases; µs of processor time: median, least, greatest")
    measure("a list of 1,000, the unit", lambda: [None for _ in range(1_000)])
    large, starter = CompiledProgram(read_program(program())), CompiledProgram(read_program(starter_program("INR")))
    measure_decide(f"decide, {len(large.program.rules)} rules × {LINES} lines, with reasons", large, lines=LINES)
    measure_decide(f"decide, {len(large.program.rules)} rules × 1 line", large, lines=1)
    measure_decide("decide, starter program × 1 line", starter, lines=1)
    measure_decide("decide, starter program × 3 lines", starter, lines=3)
    purchases = drawn(large, lines=LINES)
    for name, conditions in (("on the fact", fact_conditions()), ("on every line", line_conditions())):
        measure_together(f"check {RULES} conditions {name}", conditions, [one.snapshot for one in purchases])
    tree = parse(fact_conditions()[3], FACT_REGISTRY)
    measure("explain, one condition", lambda: explain(tree, FACT_REGISTRY, purchases[0].snapshot))
    measure(
        "parse and compile, one condition",
        lambda: Together([parse(line_conditions()[2], FACT_REGISTRY)], FACT_REGISTRY),
    )
    measure(f"compile the program of {len(large.program.rules)} rules", lambda: CompiledProgram(large.program))


def drawn(compiled: CompiledProgram, *, lines: int) -> list[Situation]:
    """Draw the purchases of one measurement, the same in each run."""
    source = situations(random.Random(7), lines=lines, compiled=compiled)
    return [next(source) for _ in range(BASKETS)]


def measure_decide(name: str, compiled: CompiledProgram, *, lines: int) -> None:
    """Measure what a program makes of one purchase after the other."""
    purchases = drawn(compiled, lines=lines)
    outcomes = sum(len(decide(compiled, one)) for one in purchases) / len(purchases)
    endless = cycle(purchases)
    measure(f"{name} ({outcomes:.1f} outcomes)", lambda: decide(compiled, next(endless)))


def measure_together(name: str, conditions: Sequence[JSON], snapshots: Sequence[JSON]) -> None:
    """Measure the check of conditions, and of the lines that they select, on one purchase after the other."""
    together = Together([parse(condition, FACT_REGISTRY) for condition in conditions], FACT_REGISTRY)
    held = sum(together(snapshot)[0].bit_count() for snapshot in snapshots) / len(snapshots)
    endless = cycle(snapshots)
    measure(f"{name}, with the lines ({held:.0f} hold)", lambda: together(next(endless)))


if __name__ == "__main__":
    main()
