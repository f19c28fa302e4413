# SPDX-License-Identifier: Apache-2.0
"""Decide what a fact is worth. Pure: a compiled version, a fact and a standing in; outcomes with reasons and amounts per line out.

Points of a rule are rounded once, after multipliers, over the sum of its matching lines, and then split over those lines (largest
remainder), so that a return can take back exactly what each line earned. Each rule stands on its own unless a group says otherwise.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cached_property, reduce
from math import gcd
from operator import and_
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from regulars.conditions.fact_fields import FACT_REGISTRY
from regulars.conditions.parse import parse
from regulars.conditions.together import Together
from regulars.conditions.tree import AllOf, Node
from regulars.kernel.money import allocate, ceil_div, floor_div, round_half_up_div
from regulars.programs.calendar import carry_of, last_of, window_of
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

Reason = dict[str, object]
FACT_POINTS_MAX = 10**12
_Given = tuple[int, Sequence[int], tuple[Reason, ...]]
_T = TypeVar("_T")
_ONCE = TIMES_ONE * TIMES_ONE  # a tier and a multiplier of one, in millionths


class Situation(Struct, frozen=True, kw_only=True):
    """A fact as the program sees it: condition fields, and what of the standing decides.

    `snapshot["lines"]` are the lines as mappings of condition fields. `earns` says per line whether its product earns at all.
    `at` is its moment in seconds since 1970. `used` holds the counters of limits, cool-downs and what is carried over, by name;
    `balance` is what the member has, pending included.
    """

    kind: str
    snapshot: Mapping[str, Any]
    earns: Sequence[bool]
    day: date
    at: int = 0
    event: str = ""
    tier: str = ""
    balance: int = 0
    used: Mapping[str, int] = field(default_factory=dict)


class Outcome(Struct, frozen=True, kw_only=True):
    """What one rule came to: `fired`, `capped` (fewer than it would give), `blocked` or `carried` (nothing yet).

    `per_line` sums to `points`. `carried` says per line what it added to the rule's carry, below zero where it used it up.
    """

    rule: str
    outcome: str
    points: int
    per_line: tuple[int, ...]
    reasons: tuple[Reason, ...]
    expiry: Expiry | None = None
    counted: tuple[tuple[str, int], ...] = ()
    carried: tuple[int, ...] = ()


class CompiledProgram:
    """A program ready to decide: rules sorted by what they react to, their conditions compiled together."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.limited = {rule.id: rule for rule in program.rules if _has_counters(rule) or rule.order_max}
        self.contending = {rule.id: rule for rule in program.rules if program.groups.get(rule.group, "sum") != "sum"}
        occasions: dict[tuple[str, str], list[Rule]] = {}
        for rule in program.rules:
            if rule.is_active:
                occasions.setdefault(occasion_of(rule.on, rule.event), []).append(rule)
        self.reacting = {occasion: Reacting(rules) for occasion, rules in occasions.items()}
        self.levels: dict[str, Level] = {
            level.code: level for level in (program.ladder.levels if program.ladder else ())
        }

    @cached_property
    def fields_read(self) -> frozenset[str]:
        """Return the names of the condition fields that some rule reads."""
        return frozenset(name for rule in self.program.rules if rule.when for name in _fields_in(rule.when))

    @cached_property
    def inputs_read(self) -> tuple[str, ...]:
        """Return those of the fields that are not about lines, in the order in which decisions keep them."""
        return tuple(sorted(name for name in self.fields_read if not name.startswith("line.")))

    @cached_property
    def line_inputs_read(self) -> tuple[str, ...]:
        """Return those about lines whose value is not in the line itself: what product it was, and of which category."""
        return tuple(sorted(self.fields_read & {"line.sku", "line.category"}))

    @cached_property
    def slides_expiry(self) -> bool:
        """Tell whether the unit, some rule or some level gives points that end by inactivity."""
        rules, levels = self.program.rules, self.levels.values()
        policies = [self.program.unit.expiry, *(rule.expiry for rule in rules), *(level.expiry for level in levels)]
        return any(policy is not None and policy.kind == "inactivity" for policy in policies)

    def expiry_in(self, tier: str) -> Expiry:
        """Return when points end that are given in a tier, unless their rule says otherwise."""
        level = self.levels.get(tier)
        return level.expiry if level and level.expiry else self.program.unit.expiry

    def windows(self, day: date) -> list[str]:
        """Return the names of all counters that are read on a local day: of points, with # of times, and the standing ones."""
        names = [window_of(rule.id, limit, day) for rule in self.limited.values() for limit in rule.limits]
        return [counter for name in names for counter in (name, f"{name}#")] + self._standing

    @cached_property
    def _standing(self) -> list[str]:
        rules = self.limited.values()
        return [last_of(rule) for rule in rules if rule.cooldown_hours] + [
            carry_of(rule) for rule in rules if rule.carries
        ]


def _has_counters(rule: Rule) -> bool:
    return bool(rule.limits or rule.cooldown_hours or rule.carries)


def _fields_in(tree: object) -> list[str]:
    if isinstance(tree, dict):
        own = [str(tree[key]) for key in ("field", "sum") if key in tree]
        return own + [name for value in tree.values() for name in _fields_in(value)]
    if isinstance(tree, list):
        return [name for value in tree for name in _fields_in(value)]
    return []


def occasion_of(kind: str, event: str) -> tuple[str, str]:
    """Return what rules react to: a kind of fact, and of events the name."""
    return kind, event if kind == "event" else ""


class Reacting:
    """The rules that react to one occasion, each with the bit of its condition."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = [(1 << place, rule) for place, rule in enumerate(rules)]
        self.trees = {rule.id: _condition(rule) for rule in rules}
        self.conditions = Together([*self.trees.values()], FACT_REGISTRY)
        self.boosts = sorted(
            _Boost(rule.gives.times_milli, bit, rule.id) for bit, rule in self.rules if isinstance(rule.gives, Multiply)
        )

    def best(self, holds: int, selected: Sequence[int]) -> list["_Boost"]:
        """Return for each line the best multiplier that selects it; nothing where no multiplier holds."""
        best: list[_Boost] = []
        for boost in self.boosts:
            if holds & boost.bit:
                others = best or [_NO_BOOST] * len(selected)
                best = [boost if bits & boost.bit else other for bits, other in zip(selected, others, strict=True)]
        return best


class _Boost(NamedTuple):
    """What a multiplier of the program does, in thousandths."""

    times_milli: int
    bit: int
    rule: str


_NO_BOOST = _Boost(TIMES_ONE, 0, "")


def _condition(rule: Rule) -> Node:
    return AllOf(()) if rule.when is None else parse(rule.when, FACT_REGISTRY)


class Basket(Struct, frozen=True):
    """The lines of a fact: what they cost, what that counts, and where the lines stand that rules select.

    What multiplies all lines alike is `times_all`, in millionths, the tier's included; what is left for each line is `times`, empty
    where no multiplier holds, as are `boosts`, the multipliers themselves. `counts` are the net amounts by `times`. `by_all` has the
    bits of the rules that select every line.
    """

    lines: Sequence[Mapping[str, Any]]
    nets: Sequence[int]
    counts: Sequence[int]
    times: Sequence[int]
    times_all: int
    by_all: int
    places: Mapping[int, Sequence[int]]
    boosts: Sequence[_Boost]
    level: Level | None

    def selected_by(self, bit: int) -> Sequence[int]:
        """Return where the lines stand that a rule selects."""
        return range(len(self.lines)) if self.by_all & bit else self.places.get(bit, ())

    def times_reasons(self, places: Sequence[int], name: str, amounts: Sequence[int]) -> list[Reason]:
        """Return what multiplies some lines: each rule, with its part of the amounts where it is not all of them; then the tier."""
        boosts = _at(places, self.boosts) if self.boosts else ()
        reasons: list[Reason] = []
        for boost in sorted(set(boosts)) if boosts else ():
            part = [amount for amount, one in zip(amounts, boosts, strict=True) if one is boost]
            about = {name: sum(part)} if len(part) < len(boosts) else {}
            if boost.times_milli != TIMES_ONE:
                reasons.append({"is": "times", "times_milli": boost.times_milli, "rule": boost.rule, **about})
        if self.level and self.level.times_milli != TIMES_ONE:
            reasons.append({"is": "times", "times_milli": self.level.times_milli, "tier": self.level.code})
        return reasons

    def spread(self, points: int, places: Sequence[int], weights: Sequence[int]) -> tuple[int, ...]:
        """Split points over some lines; those below zero take no share."""
        if not weights:
            return (0,) * len(self.lines)
        shares = allocate(points, weights if min(weights) >= 0 else [max(weight, 0) for weight in weights])
        if len(shares) == len(self.lines):
            return tuple(shares)
        per_line = [0] * len(self.lines)
        for place, share in zip(places, shares, strict=True):
            per_line[place] = share
        return tuple(per_line)


def decide(compiled: CompiledProgram, situation: Situation) -> list[Outcome]:
    """Return the outcomes of every rule that reacts to the fact and whose condition holds, blocked and capped ones included."""
    reacting = compiled.reacting.get(occasion_of(situation.kind, situation.event))
    if reacting is None:
        return []
    holds, basket = lay_out(compiled, reacting, situation)
    outcomes = [
        outcome
        for bit, rule in reacting.rules
        if holds & bit and (outcome := _evaluate(rule, bit, basket, situation.used)) is not None
    ]
    if compiled.limited:
        outcomes = [_within_limits(outcome, compiled.limited.get(outcome.rule), situation) for outcome in outcomes]
    if compiled.contending:
        outcomes = _stack(outcomes, compiled.contending, compiled.program.groups)
    outcomes = _within_balance(outcomes, compiled.program, situation)
    if compiled.limited:
        outcomes = [_counted(outcome, compiled.limited.get(outcome.rule), situation) for outcome in outcomes]
    return outcomes


def lay_out(compiled: CompiledProgram, reacting: Reacting, situation: Situation) -> tuple[int, Basket]:
    """Return the bits of the rules whose condition holds, and the lines laid out for them; those that do not earn are in none."""
    holds, selected = reacting.conditions(situation.snapshot)
    level = compiled.levels.get(situation.tier)
    tier_milli = level.times_milli if level else TIMES_ONE
    lines = situation.snapshot["lines"]
    nets = counts = [line["line.net_minor"] for line in lines]
    if not all(situation.earns):
        selected = [bits if earns else 0 for bits, earns in zip(selected, situation.earns, strict=True)]
    boosts = reacting.best(holds, selected)
    times: list[int] = []
    times_all = tier_milli * (gcd(*[boost.times_milli for boost in boosts]) if boosts else TIMES_ONE)
    if boosts:
        times = [tier_milli * boost.times_milli // times_all for boost in boosts]
        counts = [net * one for net, one in zip(nets, times, strict=True)]
    by_all = reduce(and_, selected, -1)
    return holds, Basket(
        lines=lines,
        nets=nets,
        counts=counts,
        times=times,
        times_all=times_all,
        by_all=by_all,
        places=_places(selected, holds & ~by_all),
        boosts=boosts,
        level=level,
    )


def _places(selected: Sequence[int], rules: int) -> dict[int, list[int]]:
    """Return by the bits of some rules where the lines stand that each selects."""
    places: dict[int, list[int]] = {}
    for place, bits in enumerate(selected if rules else ()):
        left = bits & rules
        while left:
            bit = left & -left
            places.setdefault(bit, []).append(place)
            left ^= bit
    return places


def _evaluate(rule: Rule, bit: int, basket: Basket, used: Mapping[str, int]) -> Outcome | None:
    """Return what a rule gives for the lines it selects, before limits, groups and caps; None for nothing."""
    places = basket.selected_by(bit)
    if rule.carries and isinstance(rule.gives, PerAmount):
        return _for_amount_carried(rule.gives, rule, basket, places, used.get(carry_of(rule), 0))
    points, weights, reasons = reckon(rule, basket, places)
    if not points:
        return None
    per_line = basket.spread(points, places, weights)
    outcome = Outcome(
        rule=rule.id, outcome="fired", points=points, per_line=per_line, reasons=reasons, expiry=rule.expiry
    )
    if points > FACT_POINTS_MAX:
        return _blocked(outcome, {"is": "over_order_max", "max": FACT_POINTS_MAX, "points": points})
    return outcome


def reckon(rule: Rule, basket: Basket, places: Sequence[int]) -> _Given:
    """Return the points for some lines, by what they are split over the lines, and how they come about; a multiplier gives none."""
    match rule.gives:
        case PerAmount() as rate:
            return _for_amount(rate, rule, basket, places)
        case PerItem() as rate:
            return _for_items(rate, rule, basket, places)
        case Fixed() as award:
            return _for_occasion(award, basket, places)
        case Multiply():
            return 0, (), ()


def _at(places: Sequence[int], amounts: Sequence[_T]) -> Sequence[_T]:
    return amounts if len(places) == len(amounts) else [amounts[place] for place in places]


def _for_occasion(award: Fixed, basket: Basket, places: Sequence[int]) -> _Given:
    """Give once for all matching lines, by what was paid for them, or alike where nothing was; a visit has no lines."""
    weights = _at(places, basket.nets)
    if max(weights, default=0) <= 0:
        weights = [1] * len(places)
    is_due = places or not basket.lines
    return award.points if is_due else 0, weights, ({"is": "fixed", "points": award.points},)


def _for_amount(rate: PerAmount, rule: Rule, basket: Basket, places: Sequence[int]) -> _Given:
    """Round once over the whole basis, discounts included."""
    nets, weights = _at(places, basket.nets), _at(places, basket.counts)
    counted = max(sum(weights), 0) * basket.times_all
    points = _ROUNDINGS[rule.rounding](counted * rate.points, rate.per_minor * _ONCE)
    reason: Reason = {"is": "per_amount", "basis_minor": sum(nets), "points": rate.points, "per_minor": rate.per_minor}
    return points, weights, (reason, *basket.times_reasons(places, "basis_minor", nets))


def _for_amount_carried(
    rate: PerAmount, rule: Rule, basket: Basket, places: Sequence[int], carry: int
) -> Outcome | None:
    """Count what was left over before, in millionths of a minor unit times the points of the rate, and leave what is left over now."""
    _, weights, reasons = _for_amount(rate, rule, basket, places)
    worth = max(sum(weights), 0) * basket.times_all * rate.points
    points = min(max(floor_div(worth + carry, rate.per_minor * _ONCE), 0), FACT_POINTS_MAX)
    more = worth - points * rate.per_minor * _ONCE
    if not (points or more):
        return None
    return Outcome(
        rule=rule.id, outcome="fired" if points else "carried", points=points, per_line=basket.spread(points, places, weights),
        reasons=reasons if points else (*reasons, {"is": "carried"}), expiry=rule.expiry, carried=basket.spread(more, places, weights),
    )  # fmt: skip


def _for_items(rate: PerItem, rule: Rule, basket: Basket, places: Sequence[int]) -> _Given:
    pieces = [basket.lines[place]["line.quantity_milli"] // 1000 for place in places]
    weights = [max(count, 0) for count in pieces]
    if basket.times:
        weights = [count * times for count, times in zip(weights, _at(places, basket.times), strict=True)]
    points = _ROUNDINGS[rule.rounding](sum(weights) * basket.times_all * rate.points, _ONCE)
    reason: Reason = {"is": "per_item", "pieces": sum(pieces), "points": rate.points}
    return points, weights, (reason, *basket.times_reasons(places, "pieces", pieces))


def _stack(outcomes: list[Outcome], contending: Mapping[str, Rule], groups: Mapping[str, str]) -> list[Outcome]:
    """Apply the groups: rules of a `best`, `first` or `exclusive` group give way to one; an exclusive winner silences all others.

    A rule that can give nothing any more, because of its limits, silences nobody.
    """
    able = [outcome for outcome in outcomes if outcome.points and outcome.rule in contending]
    winners = _winners([(contending[outcome.rule], outcome) for outcome in able], groups)
    exclusive = next((winner for group, winner in winners.items() if groups[group] == "exclusive"), None)
    stacked = []
    for outcome in outcomes:
        group = contending[outcome.rule].group if outcome.rule in contending else ""
        winner = exclusive or winners.get(group, outcome)
        is_kept = outcome is winner or not outcome.points
        stacked.append(outcome if is_kept else _blocked(outcome, {"is": "gave_way", "rule": winner.rule}))
    return stacked


def _winners(contenders: Sequence[tuple[Rule, Outcome]], groups: Mapping[str, str]) -> dict[str, Outcome]:
    """Return to which each group gives way: to the highest priority, or in a `best` group to what gives most."""
    winners: dict[str, Outcome] = {}
    for rule, outcome in sorted(contenders, key=lambda contender: -contender[0].priority):
        winner = winners.setdefault(rule.group, outcome)
        if groups[rule.group] == "best" and outcome.points > winner.points:
            winners[rule.group] = outcome
    return winners


def _blocked(outcome: Outcome, reason: Reason) -> Outcome:
    return replace(
        outcome,
        outcome="blocked",
        points=0,
        per_line=tuple(0 for _ in outcome.per_line),
        reasons=(*outcome.reasons, reason),
        carried=(),
    )


def _capped(outcome: Outcome, points: int, reason: Reason) -> Outcome:
    if points <= 0:
        return _blocked(outcome, reason)
    per_line = tuple(allocate(points, outcome.per_line)) if outcome.per_line else ()
    return replace(outcome, outcome="capped", points=points, per_line=per_line, reasons=(*outcome.reasons, reason))


def _within_limits(outcome: Outcome, rule: Rule | None, situation: Situation) -> Outcome:
    """Refuse what passes the maximum of one order, and reduce what passes a period's."""
    if rule is None:
        return outcome
    if rule.order_max is not None and outcome.points > rule.order_max:
        return _blocked(outcome, {"is": "over_order_max", "max": rule.order_max, "points": outcome.points})
    last = situation.used.get(last_of(rule), 0) if rule.cooldown_hours and outcome.points else 0
    if last and abs(situation.at - last) < rule.cooldown_hours * 3_600:
        return _blocked(outcome, {"is": "too_soon", "hours": rule.cooldown_hours})
    limited = outcome
    for limit in rule.limits:
        limited = _limited(limited, limit, situation)
    return limited


def _counted(outcome: Outcome, rule: Rule | None, situation: Situation) -> Outcome:
    """Say what each counter has used by what is given in the end."""
    if rule is None:
        return outcome
    counted: list[tuple[str, int]] = []
    if outcome.points:
        counted += [count for limit in rule.limits for count in _counts(outcome, limit, situation)]
    if outcome.points and rule.cooldown_hours:
        counted.append((last_of(rule), max(situation.at - situation.used.get(last_of(rule), 0), 0)))
    if sum(outcome.carried):
        counted.append((carry_of(rule), sum(outcome.carried)))
    return replace(outcome, counted=tuple(counted)) if counted else outcome


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
