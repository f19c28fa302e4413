# SPDX-License-Identifier: Apache-2.0
"""Decide what a fact is worth. Pure: a compiled version, a fact and a standing in; outcomes with reasons and amounts per line out.

Points of a rule are rounded once, after multipliers, over the sum of its matching lines, and then split over those lines (largest
remainder), so that a return can take back exactly what each line earned. Each rule stands on its own unless a group says otherwise.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

from regulars.conditions.check import Selection, compile_check, compile_lines
from regulars.conditions.compare import Check
from regulars.conditions.fact_fields import FACT_REGISTRY
from regulars.conditions.parse import parse
from regulars.kernel.money import allocate, ceil_div, floor_div, round_half_up_div
from regulars.programs.calendar import window_of
from regulars.programs.definition import (
    TIMES_ONE,
    Expiry,
    Fixed,
    Level,
    Limit,
    Multiply,
    PerAmount,
    PerItem,
    Program,
    Rule,
)

_ROUNDINGS: dict[str, Callable[[int, int], int]] = {"floor": floor_div, "half_up": round_half_up_div, "ceil": ceil_div}
_EVERY: Selection = lambda snapshot: [True] * len(snapshot["lines"])  # noqa: E731 - a closure like those that conditions compile to
_ALWAYS: Check = lambda _: True  # noqa: E731 - as above

Reason = dict[str, object]
FACT_POINTS_MAX = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A fact as the program sees it: condition fields, and what of the standing decides.

    `snapshot["lines"]` are the lines as mappings of condition fields. `earns` says per line whether its product earns at all.
    `used` holds the counters of limits by window; `balance` what the member has, pending included.
    """

    kind: str
    snapshot: Mapping[str, Any]
    earns: Sequence[bool]
    day: date
    event: str = ""
    tier: str = ""
    balance: int = 0
    used: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one rule came to: `fired`, `capped` (fewer than it would give) or `blocked`; `per_line` sums to `points`."""

    rule: str
    outcome: str
    points: int
    per_line: tuple[int, ...]
    reasons: tuple[Reason, ...]
    expiry: Expiry | None = None
    counted: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class _CompiledRule:
    rule: Rule
    holds: Check
    selects: Selection


class CompiledProgram:
    """A program ready to decide: conditions as closures, rules sorted by what they react to."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.rules = {rule.id: rule for rule in program.rules}
        self.has_limits = any(rule.limits or rule.order_max for rule in program.rules)
        compiled = [_compile(rule) for rule in program.rules if rule.is_active]
        self.multipliers = [one for one in compiled if isinstance(one.rule.gives, Multiply)]
        self.by_kind = {
            kind: [one for one in compiled if one.rule.on == kind and not isinstance(one.rule.gives, Multiply)]
            for kind in ("order", "visit", "event")
        }
        self.levels: dict[str, Level] = {
            level.code: level for level in (program.ladder.levels if program.ladder else ())
        }

    @cached_property
    def fields_read(self) -> frozenset[str]:
        """Return the names of the condition fields that some rule reads: the inputs that are kept with each decision."""
        return frozenset(name for rule in self.program.rules if rule.when for name in _fields_in(rule.when))

    @cached_property
    def slides_expiry(self) -> bool:
        """Tell whether the unit, or some rule, gives points that end by inactivity."""
        own = [rule.expiry.kind for rule in self.program.rules if rule.expiry]
        return "inactivity" in [self.program.unit.expiry.kind, *own]

    @cached_property
    def limited(self) -> list[Rule]:
        """Return the rules that have limits."""
        return [rule for rule in self.program.rules if rule.limits]

    def windows(self, day: date) -> list[str]:
        """Return the names of all counters that limits read on a local day: of points, and with # of times."""
        names = [window_of(rule.id, limit, day) for rule in self.limited for limit in rule.limits]
        return [counter for name in names for counter in (name, f"{name}#")]


def _fields_in(tree: object) -> list[str]:
    if isinstance(tree, dict):
        own = [str(tree[key]) for key in ("field", "sum") if key in tree]
        return own + [name for value in tree.values() for name in _fields_in(value)]
    if isinstance(tree, list):
        return [name for value in tree for name in _fields_in(value)]
    return []


def _compile(rule: Rule) -> _CompiledRule:
    if rule.when is None:
        return _CompiledRule(rule, _ALWAYS, _EVERY)
    tree = parse(rule.when, FACT_REGISTRY)
    return _CompiledRule(rule, compile_check(tree, FACT_REGISTRY), compile_lines(tree, FACT_REGISTRY))


def decide(compiled: CompiledProgram, situation: Situation) -> list[Outcome]:
    """Return the outcomes of every rule that reacts to the fact and whose condition holds, blocked and capped ones included."""
    times = _times_per_line(compiled, situation)
    reacting = [one for one in compiled.by_kind.get(situation.kind, ()) if _reacts(one, situation)]
    evaluated = [_evaluate(one, situation, times) for one in reacting]
    outcomes = [outcome for outcome in evaluated if outcome is not None]
    if compiled.program.groups:
        outcomes = _stack(outcomes, compiled)
    if compiled.has_limits:
        outcomes = [_within_limits(outcome, compiled.rules[outcome.rule], situation) for outcome in outcomes]
    return _within_balance(outcomes, compiled.program, situation)


def _times_per_line(compiled: CompiledProgram, situation: Situation) -> list[int]:
    """Return each line's multiplier in millionths: the tier's times the best matching multiplier's."""
    level = compiled.levels.get(situation.tier)
    tier_milli = level.times_milli if level else TIMES_ONE
    boosts = [_boost(one, situation) for one in compiled.multipliers if _reacts(one, situation)]
    if not boosts:
        return [tier_milli * TIMES_ONE] * len(situation.earns)
    return [tier_milli * (max(line) or TIMES_ONE) for line in zip(*boosts, strict=True)]


def _reacts(one: _CompiledRule, situation: Situation) -> bool:
    is_meant = one.rule.on == situation.kind and (one.rule.on != "event" or one.rule.event == situation.event)
    return is_meant and one.holds(situation.snapshot)


def _boost(one: _CompiledRule, situation: Situation) -> list[int]:
    """Return what a multiplier makes of each line, in thousandths; 0 where it does not select the line."""
    assert isinstance(one.rule.gives, Multiply), "only multipliers are asked"
    times_milli = one.rule.gives.times_milli
    return [times_milli if is_selected else 0 for is_selected in one.selects(situation.snapshot)]


def _evaluate(one: _CompiledRule, situation: Situation, times: Sequence[int]) -> Outcome | None:
    """Return what a rule gives for the lines it selects, before groups, limits and caps; None for nothing."""
    selected = [
        earns and is_selected
        for earns, is_selected in zip(situation.earns, one.selects(situation.snapshot), strict=True)
    ]
    lines = situation.snapshot["lines"]
    nets = [line["line.net_minor"] if is_in else 0 for line, is_in in zip(lines, selected, strict=True)]
    match one.rule.gives:
        case Fixed(points=points):
            weights = [max(net, 0) for net in nets]
            reasons: tuple[Reason, ...] = ({"is": "fixed", "points": points},)
        case PerAmount() as rate:
            points, weights, reason = _for_amount(rate, one.rule, nets, times)
            reasons = (reason, *_times_reasons(times, selected))
        case PerItem() as rate:
            pieces = [
                line["line.quantity_milli"] // 1000 if is_in else 0 for line, is_in in zip(lines, selected, strict=True)
            ]
            points, weights, reason = _for_items(rate, one.rule, pieces, times)
            reasons = (reason, *_times_reasons(times, selected))
        case Multiply():
            return None
    if not points:
        return None
    per_line = _spread(points, weights)
    outcome = Outcome(
        rule=one.rule.id, outcome="fired", points=points, per_line=per_line, reasons=reasons, expiry=one.rule.expiry
    )
    if points > FACT_POINTS_MAX:
        return _blocked(outcome, {"is": "over_order_max", "max": FACT_POINTS_MAX, "points": points})
    return outcome


_Given = tuple[int, list[int], Reason]


def _for_amount(rate: PerAmount, rule: Rule, nets: Sequence[int], times: Sequence[int]) -> _Given:
    """Round once over the whole basis, discounts included; lines below zero lower it and take no share."""
    weighted = sum(net * milli for net, milli in zip(nets, times, strict=True))
    points = _ROUNDINGS[rule.rounding](max(weighted, 0) * rate.points, rate.per_minor * TIMES_ONE * TIMES_ONE)
    weights = [max(net, 0) * milli for net, milli in zip(nets, times, strict=True)]
    return (
        points,
        weights,
        {"is": "per_amount", "basis_minor": sum(nets), "points": rate.points, "per_minor": rate.per_minor},
    )


def _for_items(rate: PerItem, rule: Rule, pieces: Sequence[int], times: Sequence[int]) -> _Given:
    weights = [max(count, 0) * milli for count, milli in zip(pieces, times, strict=True)]
    points = _ROUNDINGS[rule.rounding](sum(weights) * rate.points, TIMES_ONE * TIMES_ONE)
    return points, weights, {"is": "per_item", "pieces": sum(pieces), "points": rate.points}


def _times_reasons(times: Sequence[int], selected: Sequence[bool]) -> list[Reason]:
    boosts = sorted(
        {milli for milli, is_in in zip(times, selected, strict=True) if is_in and milli != TIMES_ONE * TIMES_ONE}
    )
    return [{"is": "times", "times_milli": milli // TIMES_ONE} for milli in boosts]


def _spread(points: int, weights: Sequence[int]) -> tuple[int, ...]:
    return tuple(allocate(points, weights)) if weights else ()


def _stack(outcomes: list[Outcome], compiled: CompiledProgram) -> list[Outcome]:
    """Apply the groups: rules of a `best`, `first` or `exclusive` group give way to one; an exclusive winner silences all others."""
    rules, program = compiled.rules, compiled.program
    by_priority = sorted(outcomes, key=lambda outcome: -rules[outcome.rule].priority)
    winners: dict[str, str] = {}
    for outcome in by_priority:
        group = rules[outcome.rule].group
        mode = program.groups.get(group, "sum")
        if mode in {"first", "exclusive"}:
            winners.setdefault(group, outcome.rule)
        elif mode == "best":
            best = winners.get(group)
            if best is None or outcome.points > next(one.points for one in outcomes if one.rule == best):
                winners[group] = outcome.rule
    exclusive = next((winners[group] for group in winners if program.groups[group] == "exclusive"), None)
    stacked = []
    for outcome in outcomes:
        winner = exclusive or winners.get(rules[outcome.rule].group, outcome.rule)
        stacked.append(outcome if outcome.rule == winner else _blocked(outcome, {"is": "gave_way", "rule": winner}))
    return stacked


def _blocked(outcome: Outcome, reason: Reason) -> Outcome:
    return replace(
        outcome,
        outcome="blocked",
        points=0,
        per_line=tuple(0 for _ in outcome.per_line),
        reasons=(*outcome.reasons, reason),
    )


def _capped(outcome: Outcome, points: int, reason: Reason) -> Outcome:
    if points <= 0:
        return _blocked(outcome, reason)
    per_line = _spread(points, outcome.per_line)
    return replace(outcome, outcome="capped", points=points, per_line=per_line, reasons=(*outcome.reasons, reason))


def _within_limits(outcome: Outcome, rule: Rule, situation: Situation) -> Outcome:
    """Refuse what passes the maximum of one order, reduce what passes a period's, and say what each counter has used then."""
    if rule.order_max is not None and outcome.points > rule.order_max:
        return _blocked(outcome, {"is": "over_order_max", "max": rule.order_max, "points": outcome.points})
    limited = outcome
    for limit in rule.limits:
        limited = _limited(limited, limit, situation)
    if not (limited.points and rule.limits):
        return limited
    return replace(
        limited, counted=tuple(count for limit in rule.limits for count in _counts(limited, limit, situation))
    )


def _limited(outcome: Outcome, limit: Limit, situation: Situation) -> Outcome:
    if not outcome.points:
        return outcome
    window = window_of(outcome.rule, limit, situation.day)
    if limit.times is not None and situation.used.get(f"{window}#", 0) >= limit.times:
        return _blocked(outcome, {"is": "times_used_up", "per": limit.per, "max": limit.times})
    if limit.points is not None:
        left = limit.points - situation.used.get(window, 0)
        if outcome.points > left:
            return _capped(outcome, left, {"is": "points_used_up", "per": limit.per, "max": limit.points})
    return outcome


def _counts(outcome: Outcome, limit: Limit, situation: Situation) -> list[tuple[str, int]]:
    window = window_of(outcome.rule, limit, situation.day)
    times = [(f"{window}#", 1)] if limit.times is not None else []
    return times + ([(window, outcome.points)] if limit.points is not None else [])


def _within_balance(outcomes: list[Outcome], program: Program, situation: Situation) -> list[Outcome]:
    """Reduce what would pass the balance that the unit allows; earlier rules are served first."""
    if program.unit.balance_max is None:
        return outcomes
    left = program.unit.balance_max - situation.balance
    kept = []
    for outcome in outcomes:
        fits = (
            outcome
            if outcome.points <= left
            else _capped(outcome, left, {"is": "balance_full", "max": program.unit.balance_max})
        )
        left -= fits.points
        kept.append(fits)
    return kept
