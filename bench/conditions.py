# SPDX-License-Identifier: Apache-2.0
"""Time the check of 100 rules over a purchase of 20 lines. Run: python bench/conditions.py"""

import platform
import statistics
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from regulars.conditions.check import compile_check, compile_lines
from regulars.conditions.compare import Check
from regulars.conditions.explain import explain
from regulars.conditions.fact_fields import FACT_REGISTRY, when
from regulars.conditions.fields import Snapshot
from regulars.conditions.parse import parse
from regulars.conditions.tree import Node

BLOCKS = 9
RUNS = 300
RULES = 100
LINES = 20

JSON = dict[str, Any]


def snapshot() -> Snapshot:
    """Build a purchase of twenty lines in ten categories by a Silver member on a Saturday."""
    lines = [
        {
            "line.sku": f"SKU-{number}",
            "line.category": f"category {number % 10}",
            "line.net_minor": 4_500 + number,
            "line.quantity_milli": 1_000 + 500 * (number % 3),
            "line.unit_price_minor": 4_500,
            "line.discount_minor": 0,
        }
        for number in range(LINES)
    ]
    return {
        "fact.kind": "order",
        "fact.source": "till",
        "fact.store": "store 3",
        **when(datetime(2026, 1, 31, 17, 30)),  # noqa: DTZ001  # the local time of the store
        "order.total_minor": sum(line["line.net_minor"] for line in lines),
        "order.line_count": LINES,
        "customer.is_member": True,
        "customer.tier": "silver",
        "customer.tags": ["vegetarian"],
        "customer.order_count_before": 7,
        "lines": lines,
    }


def compare(field: str, operator: str, value: Any) -> JSON:
    """Write a comparison."""
    return {"field": field, "is": operator, "value": value}


def fact_rules() -> list[JSON]:
    """Write rules on the fact and the customer, as most rules are; a third of them hold."""
    kind = compare("fact.kind", "is", "order")
    is_weekend = compare("fact.weekday", "is_one_of", ["sat", "sun"])
    is_staff = compare("customer.tags", "contains", "staff")
    return [
        rule
        for n in range(RULES // 4)
        for rule in (
            {"all": [kind, compare("order.total_minor", "at_least", 20_000 * n)]},
            {"all": [compare("fact.store", "is", f"store {n % 10}"), compare("customer.tier", "is", "silver")]},
            {"all": [is_weekend, compare("fact.time", "between", [f"{n % 20:02}:00", "18:00"])]},
            {"all": [kind, {"not": is_staff}, compare("customer.order_count_before", "is", n)]},
        )
    ]


def line_rules() -> list[JSON]:
    """Write rules that look at every line: any line, a total over a category, lines that are selected, every line."""
    rules: list[JSON] = []
    for n in range(RULES // 4):
        in_category = compare("line.category", "is", f"category {n % 20}")
        rules += [
            {"any_line": in_category},
            {"lines": {"where": in_category, "sum": "line.net_minor", "is": "at_least", "value": 9_000}},
            {"all": [compare("fact.kind", "is", "order"), in_category]},
            {"every_line": compare("line.unit_price_minor", "at_least", 4_000)},
        ]
    return rules


def measure(name: str, run: Callable[[], object]) -> None:
    """Print the median, least and greatest processor time of a run in µs; a block averages many runs."""
    blocks = []
    for _ in range(BLOCKS):
        start = time.process_time_ns()
        for _ in range(RUNS):
            run()
        blocks.append((time.process_time_ns() - start) / RUNS / 1_000)
    print(f"{name:<58}{statistics.median(blocks):>9.1f}{min(blocks):>9.1f}{max(blocks):>9.1f}")


def machine() -> str:
    """Name the interpreter, the system and the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().split("\n") if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = f"{names[0]} × {len(names)}" if names else platform.processor()
    return f"{platform.python_implementation()} {platform.python_version()}, {platform.platform()}, {processor}"


def main() -> None:
    """Measure checks, selections and explanations beside the plainest closure: the unit of this machine today."""
    print(machine())
    print(
        f"{RULES} rules, {LINES} lines; {BLOCKS} blocks of {RUNS} runs; µs of processor time: median, least, greatest"
    )
    order = snapshot()
    plain: list[Check] = [lambda values: values.get("fact.kind") == "order" for _ in range(RULES)]
    measure(f"{RULES} calls of the plainest closure", lambda: [check(order) for check in plain])
    for name, rules in (("on the fact", fact_rules()), ("on every line", line_rules())):
        trees = [parse(rule, FACT_REGISTRY) for rule in rules]
        measure_rules(name, trees, order)
    rule = fact_rules()[3]
    tree = parse(rule, FACT_REGISTRY)
    measure("explain, one rule", lambda: explain(tree, FACT_REGISTRY, order))
    measure("parse and compile, one rule", lambda: compile_check(parse(rule, FACT_REGISTRY), FACT_REGISTRY))


def measure_rules(name: str, trees: list[Node], order: Snapshot) -> None:
    """Measure the check of rules and the selection of lines by them."""
    checks = [compile_check(tree, FACT_REGISTRY) for tree in trees]
    selections = [compile_lines(tree, FACT_REGISTRY) for tree in trees]
    held = sum(check(order) for check in checks)
    measure(f"check, rules {name} ({held} hold)", lambda: [check(order) for check in checks])
    measure(f"lines, rules {name}", lambda: [select(order) for select in selections])


if __name__ == "__main__":
    main()
