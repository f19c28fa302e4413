# SPDX-License-Identifier: Apache-2.0
"""A slow, obvious interpreter of the JSON form of a condition; it shares no code with the room."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

JSON = dict[str, Any]
Snapshot = Mapping[str, Any]

TYPES = {
    "fact.kind": "text",
    "fact.source": "text",
    "fact.store": "text",
    "fact.date": "date",
    "fact.weekday": "text",
    "fact.time": "time",
    "order.total_minor": "whole",
    "order.currency": "text",
    "order.line_count": "number",
    "order.quantity_milli": "whole",
    "event.name": "text",
    "customer.is_member": "boolean",
    "customer.tier": "text",
    "customer.language": "text",
    "customer.tags": "tags",
    "customer.order_count_before": "number",
    "customer.is_birthday_month": "boolean",
    "customer.joined_at": "moment",
    "line.sku": "text",
    "line.category": "text",
    "line.net_minor": "whole",
    "line.quantity_milli": "whole",
    "line.unit_price_minor": "whole",
    "line.discount_minor": "whole",
}


def reference_check(tree: JSON, snapshot: Snapshot) -> bool:
    """Say whether a snapshot satisfies a tree."""
    about_fact, on_lines = parts(tree)
    if not all(_holds(member, snapshot) for member in about_fact):
        return False
    lines = snapshot.get("lines") or []
    return not on_lines or any(all(_holds(member, line) for member in on_lines) for line in lines)


def reference_lines(tree: JSON, snapshot: Snapshot) -> list[bool]:
    """Say for each line whether a tree selects it."""
    about_fact, on_lines = parts(tree)
    fact_holds = all(_holds(member, snapshot) for member in about_fact)
    return [fact_holds and all(_holds(member, line) for member in on_lines) for line in snapshot.get("lines") or []]


def parts(tree: JSON) -> tuple[list[JSON], list[JSON]]:
    """Split the members of the outermost all by whether they are built on bare fields of lines."""
    members = tree.get("all", [tree])
    return [m for m in members if not speaks_of_lines(m)], [m for m in members if speaks_of_lines(m)]


def speaks_of_lines(node: JSON) -> bool:
    """Say whether a node is built on bare fields of lines."""
    if "field" in node:
        return str(node["field"]).startswith("line.")
    if "not" in node:
        return speaks_of_lines(node["not"])
    return any(speaks_of_lines(member) for member in node.get("all", []) + node.get("any", []))


def _holds(node: JSON, values: Snapshot) -> bool:
    lines = values.get("lines") or []
    if "all" in node:
        return all(_holds(member, values) for member in node["all"])
    if "any" in node:
        return any(_holds(member, values) for member in node["any"])
    if "not" in node:
        return not _holds(node["not"], values)
    if "any_line" in node:
        return any(_holds(node["any_line"], line) for line in lines)
    if "every_line" in node:
        return len(lines) > 0 and all(_holds(node["every_line"], line) for line in lines)
    if "lines" in node:
        return _total_holds(node["lines"], lines)
    return _comparison_holds(node, values)


def _total_holds(total: JSON, lines: list[Snapshot]) -> bool:
    chosen = [line for line in lines if "where" not in total or _holds(total["where"], line)]
    amounts = [line.get(total["sum"]) for line in chosen] if "sum" in total else [1] * len(chosen)
    return _RELATIONS[total["is"]](sum(amount for amount in amounts if type(amount) is int), total["value"])


def _comparison_holds(node: JSON, values: Snapshot) -> bool:
    operator, wanted = node["is"], node.get("value")
    if operator in {"is_not", "is_none_of", "is_not_set"}:
        opposite = {"is_not": "is", "is_none_of": "is_one_of", "is_not_set": "is_set"}[operator]
        return not _comparison_holds({**node, "is": opposite}, values)
    kind = TYPES.get(node["field"]) or _kind_of_property(wanted)
    seen = _seen(values.get(node["field"]), kind)
    if operator == "is_set":
        return seen is not None and seen != []
    if seen is None:
        return False
    if kind == "tags":
        return any(tag in seen for tag in (wanted if isinstance(wanted, list) else [wanted]))
    if operator == "between" and kind == "time":
        return _within_day(seen, *(_comparable(one, kind) for one in wanted))
    wanted = [_comparable(one, kind) for one in wanted] if isinstance(wanted, list) else _comparable(wanted, kind)
    return _RELATIONS[operator](seen, wanted)


def _kind_of_property(wanted: Any) -> str:
    sample = wanted[0] if isinstance(wanted, list) else wanted
    if sample is None:
        return "anything"
    return {bool: "boolean", str: "text", int: "number"}[type(sample)]


def _seen(value: Any, kind: str) -> Any:
    """Return the value in a form that compares, or None where it is missing, empty or of another type."""
    understood = {
        "text": isinstance(value, str) and value != "",
        "number": type(value) in {int, float},
        "whole": type(value) is int,
        "boolean": type(value) is bool,
        "date": type(value) is date,
        "time": type(value) is time,
        "moment": type(value) is datetime and value.tzinfo is not None,
        "tags": isinstance(value, list | tuple | set | frozenset),
        "anything": type(value) in {int, float, bool} or (isinstance(value, str) and value != ""),
    }[kind]
    if not understood:
        return None
    return list(value) if kind == "tags" else value.strftime("%H:%M") if kind == "time" else value


def _comparable(wanted: Any, kind: str) -> Any:
    if kind == "date":
        return date.fromisoformat(wanted)
    return datetime.fromisoformat(wanted) if kind == "moment" else wanted


def _within_day(seen: str, start: str, end: str) -> bool:
    return start <= seen <= end if start <= end else seen >= start or seen <= end


_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "is": lambda seen, wanted: seen == wanted,
    "is_not": lambda seen, wanted: seen != wanted,
    "is_one_of": lambda seen, wanted: any(seen == one for one in wanted),
    "starts_with": lambda seen, wanted: seen.startswith(wanted),
    "at_least": lambda seen, wanted: seen >= wanted,
    "at_most": lambda seen, wanted: seen <= wanted,
    "more_than": lambda seen, wanted: seen > wanted,
    "less_than": lambda seen, wanted: seen < wanted,
    "between": lambda seen, wanted: wanted[0] <= seen <= wanted[1],
}
