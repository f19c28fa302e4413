# SPDX-License-Identifier: Apache-2.0
"""Account for a decision: what each rule of the version came to, and why those gave nothing that gave nothing. Pure.

What was decided is told as it was decided; only about the rules that it does not name is the situation asked again.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from regulars.conditions.explain import Unmet, explain, unmet
from regulars.conditions.fact_fields import FACT_REGISTRY
from regulars.programs.decide import (
    Basket,
    CompiledProgram,
    Outcome,
    Reason,
    Situation,
    lay_out,
    occasion_of,
    reckon,
)
from regulars.programs.definition import Multiply, Rule
from regulars.programs.inputs import Inputs, Recorded, recall
from regulars.programs.outcomes import REVERSED

Came = Literal["fired", "capped", "blocked", "carried", "multiplied", "nothing", "unmet", "elsewhere", "inactive"]


class Account(Struct, frozen=True, kw_only=True):
    """What a rule came to.

    Beside the outcomes of a decision: `multiplied` what others gave; met but worth `nothing`; its condition `unmet`; meant for
    something `elsewhere`, another kind of fact; `inactive`.
    """

    rule: Rule
    came_to: Came
    points: int = 0
    per_line: tuple[int, ...] = ()
    reasons: tuple[Reason, ...] = ()
    unmet: tuple[Unmet, ...] = ()

    @property
    def is_meant(self) -> bool:
        """Tell whether the rule is for such facts at all."""
        return self.came_to not in ("elsewhere", "inactive")

    @property
    def times_milli(self) -> int | None:
        """Return by how many thousandths the rule multiplied what others gave; None where it did not."""
        gives = self.rule.gives
        return gives.times_milli if self.came_to == "multiplied" and isinstance(gives, Multiply) else None


def account(compiled: CompiledProgram, situation: Situation, outcomes: Sequence[Outcome]) -> list[Account]:
    """Return what each rule came to in a decision, in the order of the program. `outcomes` are those decided of the situation."""
    decided = {outcome.rule: outcome for outcome in outcomes}
    others = _Others(compiled, situation, outcomes)
    return [
        _decided(rule, decided[rule.id]) if rule.id in decided else others.account(rule)
        for rule in compiled.program.rules
    ]


def account_again(
    compiled: CompiledProgram, inputs: Inputs, outcomes: Sequence[Mapping[str, Any]], recorded: Recorded
) -> list[Account]:
    """Return what each rule came to in a decision, given as it was stored."""
    told = [
        Outcome(
            rule=one["rule"],
            outcome=one["outcome"],
            points=one["points"],
            per_line=tuple(one["per_line"]),
            reasons=tuple(one["reasons"]),
        )
        for one in outcomes
        if one["outcome"] != REVERSED
    ]
    return account(compiled, recall(inputs, recorded), told)


def _decided(rule: Rule, outcome: Outcome) -> Account:
    return Account(
        rule=rule,
        came_to=outcome.outcome,  # type: ignore[arg-type]  # the words of an outcome are among those of an account
        points=outcome.points,
        per_line=outcome.per_line,
        reasons=outcome.reasons,
    )


class _Others:
    """The rules that a decision does not name, asked about its situation."""

    def __init__(self, compiled: CompiledProgram, situation: Situation, outcomes: Sequence[Outcome]) -> None:
        self._situation = situation
        self._occasion = occasion_of(situation.kind, situation.event)
        self._multiplied = {
            reason.get("rule")
            for outcome in outcomes
            for reason in outcome.reasons
            if reason["is"] == "times" and outcome.outcome != "blocked"
        }
        reacting = compiled.reacting.get(self._occasion)
        if reacting is not None:
            self._trees = reacting.trees
            self._bits = {rule.id: bit for bit, rule in reacting.rules}
            self._holds, self._basket = lay_out(compiled, reacting, situation)

    def account(self, rule: Rule) -> Account:
        """Return why a rule gave nothing, or that it multiplied what others gave."""
        if not rule.is_active:
            return Account(rule=rule, came_to="inactive", reasons=({"is": "switched_off"},))
        if occasion_of(rule.on, rule.event) != self._occasion:
            reason: Reason = {"is": "other_occasion", "on": rule.on, "event": rule.event}
            return Account(rule=rule, came_to="elsewhere", reasons=(reason,))
        if not self._holds & self._bits[rule.id]:
            lacking = unmet(explain(self._trees[rule.id], FACT_REGISTRY, self._situation.snapshot))
            return Account(rule=rule, came_to="unmet", unmet=tuple(lacking))
        places = self._basket.selected_by(self._bits[rule.id])
        if not places and self._basket.lines:
            return Account(rule=rule, came_to="nothing", reasons=({"is": "no_goods_that_earn"},))
        if isinstance(rule.gives, Multiply):
            return self._boost(rule, rule.gives.times_milli, self._basket, places)
        _, _, reasons = reckon(rule, self._basket, places)
        return Account(rule=rule, came_to="nothing", reasons=(*reasons, {"is": "too_little"}))

    def _boost(self, rule: Rule, times_milli: int, basket: Basket, places: Sequence[int]) -> Account:
        """Tell what became of a multiplier: it stands among the reasons of what it multiplied, or another was better."""
        if rule.id in self._multiplied:
            return Account(rule=rule, came_to="multiplied", reasons=({"is": "multiplied", "times_milli": times_milli},))
        better = next((one.rule for place in places if (one := basket.boosts[place]).rule != rule.id), None)
        if better is not None and all(basket.boosts[place].rule != rule.id for place in places):
            return Account(rule=rule, came_to="blocked", reasons=({"is": "gave_way", "rule": better},))
        return Account(rule=rule, came_to="nothing", reasons=({"is": "nothing_to_multiply"},))
