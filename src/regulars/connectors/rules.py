# SPDX-License-Identifier: Apache-2.0
"""The rules of a mapping, compiled: what a row is, decided once per purchase as far as its head can tell. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regulars.connectors.mapping import Rule, Test

Question = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with its questions: to the head's values by target, to the line's values by place."""

    of_head: list[tuple[str, Question]]
    of_line: list[tuple[int, Question]]
    rule: Rule


def compile_rule(rule: Rule, slots: Mapping[str, int]) -> CompiledRule:
    """Compile a rule; `slots` are the places of the values that belong to the line."""
    return CompiledRule(
        [(test.target, _question(test)) for test in rule.when if test.target not in slots],
        [(slots[test.target], _question(test)) for test in rule.when if test.target in slots],
        rule,
    )


def _question(test: Test) -> Question:
    """Return a test as a function of the value it asks for: a text, a quantity, or an amount with its exactness."""
    if test.starts_with is not None:
        heads = tuple(head.casefold() for head in test.starts_with)
        return lambda text: text.casefold().startswith(heads)
    if test.one_of is not None:
        names = frozenset(name.casefold() for name in test.one_of)
        return lambda text: text.casefold() in names
    if test.state in {"empty", "filled"}:
        is_filled = test.state == "filled"
        return lambda text: bool(text) is is_filled
    sign = {"negative": -1, "zero": 0, "positive": 1}[test.state or "zero"]

    def has_sign(number: tuple[int, bool] | int | None) -> bool:
        value = number[0] if isinstance(number, tuple) else number or 0
        return (value > 0) - (value < 0) == sign

    return has_sign


def rules_left(rules: Sequence[CompiledRule], head: Mapping[str, Any]) -> list[CompiledRule]:
    """Return the rules that a head allows."""
    return [rule for rule in rules if all(question(head[target]) for target, question in rule.of_head)]


def first_that_holds(rules: Sequence[CompiledRule], line: Sequence[Any]) -> Rule | None:
    """Return the first rule all of whose questions to the line are answered with yes."""
    for compiled in rules:
        for slot, question in compiled.of_line:
            if not question(line[slot]):
                break
        else:
            return compiled.rule
    return None
