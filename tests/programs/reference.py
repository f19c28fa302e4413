# SPDX-License-Identifier: Apache-2.0
"""A slow, obvious reading of a program document with exact fractions; of the product it knows only the data that go in and out."""

from fractions import Fraction
from math import ceil, floor
from typing import Any

from conditions.reference import reference_check, reference_lines
from regulars.programs.decide import Situation

JSON = dict[str, Any]

ROUNDED = {"floor": floor, "half_up": lambda exact: floor(exact + Fraction(1, 2)), "ceil": ceil}
MOST = 10**12


def reference_decide(program: JSON, situation: Situation) -> list[JSON]:
    """Return the outcomes of a program in the order of its rules."""
    reacting = [rule for rule in program["rules"] if _reacts(rule, situation)]
    boosts = [_boost(situation, reacting, place) for place in range(len(situation.earns))]
    level = next((one for one in program.get("ladder", {}).get("levels", []) if one["code"] == situation.tier), {})
    given = [_given(rule, situation, boosts, level) for rule in reacting if rule["gives"]["kind"] != "multiply"]
    outcomes = [outcome for outcome in given if outcome["points"]]
    for outcome in outcomes:
        if outcome["points"] > MOST:
            _block(outcome, {"is": "over_order_max", "max": MOST, "points": outcome["points"]})
    rules = {rule["id"]: rule for rule in reacting}
    for outcome in outcomes:
        _limit(outcome, rules[outcome["rule"]], situation)
    _stack(outcomes, rules, program.get("groups", {}))
    _fit(outcomes, program.get("unit", {}).get("balance_max"), situation.balance)
    for outcome in outcomes:
        _count(outcome, rules[outcome["rule"]], situation)
    return outcomes


def _reacts(rule: JSON, situation: Situation) -> bool:
    kind = rule.get("on", "order")
    is_meant = kind == situation.kind and (kind != "event" or rule["event"] == situation.event)
    is_active = rule.get("is_active", True)
    return is_active and is_meant and ("when" not in rule or reference_check(rule["when"], situation.snapshot))


def _selected(rule: JSON, situation: Situation) -> list[bool]:
    if "when" not in rule:
        return [True] * len(situation.earns)
    return reference_lines(rule["when"], situation.snapshot)


def _boost(situation: Situation, reacting: list[JSON], place: int) -> tuple[int, int, str]:
    """Return what multiplies a line: by how many thousandths, and by which rule; of equals the last in the program."""
    boosts = [
        (rule["gives"]["times_milli"], number, rule["id"])
        for number, rule in enumerate(reacting)
        if rule["gives"]["kind"] == "multiply" and situation.earns[place] and _selected(rule, situation)[place]
    ]
    return max(boosts, default=(1_000, -1, ""))


def _multiplied(name: str, counts: list[int], boosts: list[tuple[int, int, str]], level: JSON) -> list[JSON]:
    """Tell what multiplied some lines, given by their counts."""
    told = []
    for boost in sorted(set(boosts)):
        part = [count for count, one in zip(counts, boosts, strict=True) if one == boost]
        whole = len(part) == len(counts)
        if boost[0] != 1_000:
            told.append(
                {"is": "times", "times_milli": boost[0], "rule": boost[2]} | ({} if whole else {name: sum(part)})
            )
    if level.get("times_milli", 1_000) != 1_000:
        told.append({"is": "times", "times_milli": level["times_milli"], "tier": level["code"]})
    return told


def _given(rule: JSON, situation: Situation, boosts: list[tuple[int, int, str]], level: JSON) -> JSON:
    times = [Fraction(boost[0] * level.get("times_milli", 1_000), 1_000_000) for boost in boosts]
    gives, lines = rule["gives"], situation.snapshot["lines"]
    chosen = [earns and is_in for earns, is_in in zip(situation.earns, _selected(rule, situation), strict=True)]
    nets = [line["line.net_minor"] if is_in else 0 for line, is_in in zip(lines, chosen, strict=True)]
    pieces = [line["line.quantity_milli"] // 1_000 if is_in else 0 for line, is_in in zip(lines, chosen, strict=True)]
    name, counts = ("pieces", pieces) if gives["kind"] == "per_item" else ("basis_minor", nets)
    mine = [(count, boost) for count, boost, is_in in zip(counts, boosts, chosen, strict=True) if is_in]
    reasons = _multiplied(name, [count for count, _ in mine], [boost for _, boost in mine], level)
    weights = [max(net, 0) * by for net, by in zip(nets, times, strict=True)]
    rounded = ROUNDED[rule.get("rounding", "floor")]
    if gives["kind"] == "fixed":
        points, reasons = gives["points"] if any(chosen) or not lines else 0, []
        paid = [Fraction(max(net, 0)) for net in nets]
        weights = paid if any(paid) else [Fraction(is_in) for is_in in chosen]
        first: JSON = {"is": "fixed", "points": gives["points"]}
    elif gives["kind"] == "per_amount":
        exact = max(sum(net * by for net, by in zip(nets, times, strict=True)), Fraction(0))
        points = rounded(exact * gives["points"] / gives["per_minor"])
        per = {"points": gives["points"], "per_minor": gives["per_minor"]}
        first = {"is": "per_amount", "basis_minor": sum(nets), **per}
    else:
        weights = [max(count, 0) * by for count, by in zip(pieces, times, strict=True)]
        points = rounded(sum(weights) * gives["points"])
        first = {"is": "per_item", "pieces": sum(pieces), "points": gives["points"]}
    return {
        "rule": rule["id"],
        "outcome": "fired",
        "points": points,
        "per_line": _shared(points, weights),
        "reasons": [first, *reasons],
        "counted": [],
        "carried": [],
    }


def _shared(points: int, weights: list[Fraction]) -> list[int]:
    """Give each line its whole part, then one more to those with the greatest rests, the earlier first."""
    if not any(weights):
        return [points, *[0] * (len(weights) - 1)][: len(weights)]
    exact = [points * weight / sum(weights) for weight in weights]
    parts = [floor(part) for part in exact]
    while sum(parts) < points:
        rests = [whole - part for whole, part in zip(parts, exact, strict=True)]
        parts[rests.index(min(rests))] += 1
    return parts


def _block(outcome: JSON, reason: JSON) -> None:
    outcome.update(outcome="blocked", points=0, per_line=[0] * len(outcome["per_line"]))
    outcome["reasons"].append(reason)


def _cap(outcome: JSON, points: int, reason: JSON) -> None:
    if points <= 0:
        _block(outcome, reason)
    else:
        shared = _shared(points, [Fraction(part) for part in outcome["per_line"]])
        outcome.update(outcome="capped", points=points, per_line=shared)
        outcome["reasons"].append(reason)


def _stack(outcomes: list[JSON], rules: dict[str, JSON], groups: dict[str, str]) -> None:
    able = [outcome for outcome in outcomes if outcome["points"]]
    by_priority = sorted(able, key=lambda outcome: rules[outcome["rule"]].get("priority", 0), reverse=True)
    winners: dict[str, str] = {}
    for group in dict.fromkeys(rules[outcome["rule"]].get("group", "") for outcome in by_priority):
        members = [outcome for outcome in by_priority if rules[outcome["rule"]].get("group", "") == group]
        if groups.get(group) in {"first", "exclusive"}:
            winners[group] = members[0]["rule"]
        elif groups.get(group) == "best":
            winners[group] = max(members, key=lambda outcome: outcome["points"])["rule"]
    exclusive = [winner for group, winner in winners.items() if groups[group] == "exclusive"]
    for outcome in outcomes:
        group = rules[outcome["rule"]].get("group", "")
        winner = exclusive[0] if exclusive else winners.get(group, outcome["rule"])
        if outcome["points"] and winner != outcome["rule"]:
            _block(outcome, {"is": "gave_way", "rule": winner})


def _limit(outcome: JSON, rule: JSON, situation: Situation) -> None:
    most = rule.get("order_max")
    if most is not None and outcome["points"] > most:
        _block(outcome, {"is": "over_order_max", "max": most, "points": outcome["points"]})
        return
    for limit in rule.get("limits", []):
        window = _window(rule, limit, situation)
        left = limit.get("points", MOST) - situation.used.get(window, 0)
        if not outcome["points"]:
            break
        if situation.used.get(f"{window}#", 0) >= limit.get("times", MOST):
            _block(outcome, {"is": "times_used_up", "per": limit["per"], "max": limit["times"]})
        elif outcome["points"] > left and "points" in limit:
            _cap(outcome, left, {"is": "points_used_up", "per": limit["per"], "max": limit["points"]})


def _count(outcome: JSON, rule: JSON, situation: Situation) -> None:
    for limit in rule.get("limits", []) if outcome["points"] else []:
        window = _window(rule, limit, situation)
        outcome["counted"] += [(f"{window}#", 1)] if "times" in limit else []
        outcome["counted"] += [(window, outcome["points"])] if "points" in limit else []


def _window(rule: JSON, limit: JSON, situation: Situation) -> str:
    day = situation.day
    calendar = day.isocalendar()
    monday = day.fromisocalendar(calendar.year, calendar.week, 1)
    name = {"day": f"{day}", "week": f"{monday}", "month": f"{day:%Y-%m}", "year": f"{day:%Y}", "ever": ""}
    return f"{rule['id']}/{limit['per']}/{name[limit['per']]}"


def _fit(outcomes: list[JSON], most: int | None, balance: int) -> None:
    for outcome in outcomes:
        if most is not None:
            left = most - balance
            if outcome["points"] > left:
                _cap(outcome, left, {"is": "balance_full", "max": most})
            balance += outcome["points"]
