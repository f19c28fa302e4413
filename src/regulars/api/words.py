# SPDX-License-Identifier: Apache-2.0
"""What rules came to, as the API says it: the values, and the same in the language of the caller."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, time
from typing import Any

from django.utils import translation
from msgspec import Struct

from regulars.conditions.explain import Unmet, say_unmet
from regulars.conditions.tree import dump
from regulars.conditions.values import write
from regulars.programs.account import Account
from regulars.programs.definition import Program
from regulars.programs.explain import explain_next, text_in
from regulars.programs.words import Words
from regulars.tenancy.models import Business


class Lacking(Struct, frozen=True):
    """A part of a rule's condition that did not hold: the part, the values seen instead by field, and by how much it fell short."""

    condition: dict[str, Any]
    seen: dict[str, list[Any]]
    missing: int | None
    text: str


class Outcome(Struct, frozen=True):
    """What one rule came to, or in a quote would come to, in all and per line, and why, or why not.

    `lacking` is what its condition asks for and was not so; `next` says what would bring it, where one amount alone fell short.
    """

    rule: str
    name: str
    outcome: str
    points: int
    per_line: list[int]
    reasons: list[dict[str, Any]]
    text: str
    lacking: list[Lacking] = []
    next: str = ""


@contextmanager
def words_for(business: Business, language: str, program: Program | None = None) -> Iterator[Words]:
    """Speak a language for a while."""
    with translation.override(language):
        yield Words(business, program)


def write_account(one: Account, words: Words) -> Outcome:
    """Return what a rule came to, and why not, in words."""
    name = text_in(one.rule.name, words.language)
    return Outcome(
        rule=one.rule.id,
        name=name,
        outcome=one.came_to,
        points=one.points,
        per_line=list(one.per_line),
        reasons=list(one.reasons),
        text=words.why(one.reasons, one.unmet),
        lacking=[_lacking(part, words) for part in one.unmet],
        next=explain_next(one.unmet, name, words.writer),
    )


def _lacking(part: Unmet, words: Words) -> Lacking:
    seen = {
        name: [write(value) if isinstance(value, date | time) else value for value in values]
        for name, values in part.seen.items()
    }
    return Lacking(dump(part.wanted), seen, part.missing, say_unmet(part, words.writer))


def write_outcome(one: Mapping[str, Any], words: Words) -> Outcome:
    """Return what a rule came to with the rule's name and the reasons in words."""
    return Outcome(
        rule=one["rule"],
        name=words.rules.get(one["rule"], one["rule"]),
        outcome=one["outcome"],
        points=one["points"],
        per_line=list(one["per_line"]),
        reasons=list(one["reasons"]),
        text=words.why(one["reasons"]),
    )
