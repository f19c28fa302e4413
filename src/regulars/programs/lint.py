# SPDX-License-Identifier: Apache-2.0
"""What a program should be warned of before it is published. Pure: the program, its rewards and a usual purchase in, cautions out.

A caution hinders nothing. A usual purchase earns by the rules that always hold: no condition, no limit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import combinations, pairwise
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from regulars.kernel.money import ceil_div
from regulars.kernel.text import fold
from regulars.programs.calendar import expires_at
from regulars.programs.decide import CompiledProgram, Situation, decide
from regulars.programs.definition import Expiry, Multiply, Program, Rule

PURCHASES_MAX = 4
PAYBACK_MAX_PERCENT = 5
_UTC = ZoneInfo("UTC")
_SOMEDAY = datetime(2001, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """An offer that can be had: its price in points, what it takes off in minor units where that is a fixed amount, and whether
    stock or a number for each member limits it.
    """

    code: str
    price: int
    name: Mapping[str, str] = field(default_factory=dict)
    worth_minor: int | None = None
    tiers: tuple[str, ...] = ()
    is_limited: bool = False


class Caution(Struct, frozen=True, omit_defaults=True):
    """A warning: a stable code, the rule or reward it is about, and its values."""

    code: str
    about: str = ""
    values: dict[str, int | str] = msgspec.field(default_factory=dict)


def lint(program: Program, rewards: Sequence[Reward], usual_minor: int | None) -> list[Caution]:
    """Return what to warn of, the gravest first. Without a usual purchase nothing is said about pace and cost."""
    found = [*_unreachable(program, rewards), *_overlaps(program), *_automatic(program, rewards), *_sooner(program)]
    found += namesakes((rule.id, rule.name) for rule in program.rules if rule.is_active)
    found += namesakes((reward.code, reward.name) for reward in rewards)
    priced = [reward for reward in rewards if reward.price]
    if usual_minor and priced:
        points = _points_of(program, usual_minor, PURCHASES_MAX)
        found += [*_too_far(priced, points, usual_minor), *_too_dear(priced, points, usual_minor)]
    return found


def _gives(rule: Rule) -> bool:
    return rule.is_active and not isinstance(rule.gives, Multiply)


def _unreachable(program: Program, rewards: Sequence[Reward]) -> Iterator[Caution]:
    if not any(_gives(rule) for rule in program.rules):
        yield Caution("nothing_earned")
    levels = {level.code for level in program.ladder.levels} if program.ladder else set()
    most = program.unit.balance_max
    for reward in rewards:
        if most is not None and reward.price > most:
            yield Caution("reward_above_maximum", reward.code, {"points": reward.price, "max": most})
        if reward.tiers and not levels & set(reward.tiers):
            yield Caution("reward_without_level", reward.code)


def _overlaps(program: Program) -> Iterator[Caution]:
    exclusive = [rule for rule in program.rules if _gives(rule) and program.groups.get(rule.group) == "exclusive"]
    for one, other in combinations(exclusive, 2):
        if (one.on, one.event, one.priority) == (other.on, other.event, other.priority):
            yield Caution("exclusives_overlap", one.id, {"other": other.id})


def namesakes(named: Iterable[tuple[str, Mapping[str, str]]]) -> Iterator[Caution]:
    """Warn of what people cannot tell apart: two of one name in some language, whatever its case and blanks."""
    seen: dict[tuple[str, str], str] = {}
    for key, names in named:
        spelt = {(language, fold(name)): name.strip() for language, name in names.items() if fold(name)}
        same = next((one for one in spelt if one in seen), None)
        if same is not None:
            yield Caution("same_name", key, {"other": seen[same], "name": spelt[same]})
        seen = dict.fromkeys(spelt, key) | seen


def _automatic(program: Program, rewards: Sequence[Reward]) -> Iterator[Caution]:
    """Warn of automatic rewards that cannot be had, and of levels by the balance that nobody reaches because of them."""
    known = {reward.code: reward for reward in rewards if reward.price}
    levels = program.ladder.levels if program.ladder and program.ladder.metric == "balance" else []
    for one in program.automatic:
        reward = known.get(one.offer)
        if reward is None:
            yield Caution("automatic_without_reward", one.offer)
            continue
        hidden = [level.code for level in levels if level.at_least >= reward.price]
        if hidden and not (reward.tiers or reward.is_limited):
            yield Caution("automatic_hides_level", reward.code, {"level": hidden[0], "points": reward.price})


def _sooner(program: Program) -> Iterator[Caution]:
    """Warn of a level whose points end sooner than those of the level below; fixed days are not compared."""
    levels = program.ladder.levels if program.ladder else []
    for below, level in pairwise(levels):
        low, high = (one.expiry or program.unit.expiry for one in (below, level))
        if "date" not in {low.kind, high.kind} and _span(high) < _span(low):
            yield Caution("level_ends_sooner", level.code, {"below": below.code})


def _span(expiry: Expiry) -> datetime:
    return expires_at(expiry, _SOMEDAY, _UTC) or datetime.max.replace(tzinfo=UTC)


def _points_of(program: Program, usual_minor: int, purchases: int) -> int:
    """Return what so many usual purchases bring; what rules carry over counts."""
    rules = [rule for rule in program.rules if rule.when is None and not rule.limits and not rule.cooldown_hours]
    kept = [rule for rule in rules if not rule.carries]
    carrying = [rule for rule in rules if rule.carries or isinstance(rule.gives, Multiply)]
    return purchases * _earned(program, kept, usual_minor) + _earned(program, carrying, purchases * usual_minor)


def _earned(program: Program, rules: list[Rule], amount_minor: int) -> int:
    unlimited = msgspec.structs.replace(program.unit, balance_max=None)
    compiled = CompiledProgram(msgspec.structs.replace(program, rules=rules, unit=unlimited))
    line = {"line.net_minor": amount_minor, "line.quantity_milli": 1_000}
    situation = Situation(kind="order", snapshot={"lines": [line]}, earns=[True], day=date.min)
    return sum(outcome.points for outcome in decide(compiled, situation))


def _too_far(rewards: Sequence[Reward], points: int, usual_minor: int) -> Iterator[Caution]:
    nearest = min(rewards, key=lambda reward: reward.price)
    if nearest.price > points:
        values: dict[str, int | str] = {"amount_minor": usual_minor, "points": nearest.price}
        if points:
            values["purchases"] = ceil_div(nearest.price * PURCHASES_MAX, points)
        yield Caution("first_reward_far", nearest.code, values)


def _too_dear(rewards: Sequence[Reward], points: int, usual_minor: int) -> Iterator[Caution]:
    spent = PURCHASES_MAX * usual_minor
    for reward in rewards:
        given_back = points * (reward.worth_minor or 0) * 100
        if given_back > PAYBACK_MAX_PERCENT * spent * reward.price:
            percent = ceil_div(given_back, spent * reward.price)
            yield Caution("payback_high", reward.code, {"percent": percent, "max": PAYBACK_MAX_PERCENT})
