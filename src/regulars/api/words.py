# SPDX-License-Identifier: Apache-2.0
"""Outcomes, reasons and bookings in the language of the caller, amounts as the business writes them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

from django.utils import translation
from msgspec import Struct

from regulars.programs.definition import Program
from regulars.programs.explain import explain_booking, explain_reason, text_in
from regulars.tenancy.models import Business
from regulars.ui import format as write

_KEPT = 10_000


@lru_cache(maxsize=_KEPT)
def _money(minor: int, currency: str, language: str, country: str) -> str:
    return write.money(minor, currency, language=language, country=country)


@lru_cache(maxsize=_KEPT)
def _number(value: int | Decimal, *, language: str, country: str, decimals: int = 0) -> str:
    return write.number(value, language=language, country=country, decimals=decimals)


class Outcome(Struct, frozen=True):
    """What one rule came to, or in a quote would come to, in all and per line, and why."""

    rule: str
    name: str
    outcome: str
    points: int
    per_line: list[int]
    reasons: list[dict[str, Any]]
    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """Writes sentences for one business in one language. Made by `words_for`, which also makes Django speak it."""

    business: Business
    language: str

    def reasons(self, reasons: Sequence[Mapping[str, Any]], rules: Mapping[str, str]) -> str:
        """Return the reasons of an outcome as one sentence."""
        shop, language = self.business, self.language
        money = partial(_money, currency=shop.currency, language=language, country=shop.country)
        number = partial(_number, language=language, country=shop.country)
        said = [
            explain_reason(reason, translate=translation, money=money, number=number, rules=rules) for reason in reasons
        ]
        return ", ".join(said)

    def outcome(self, one: Mapping[str, Any], rules: Mapping[str, str]) -> Outcome:
        """Return what a rule came to with the rule's name and the reasons in words."""
        return Outcome(
            rule=one["rule"],
            name=rules.get(one["rule"], one["rule"]),
            outcome=one["outcome"],
            points=one["points"],
            per_line=list(one["per_line"]),
            reasons=list(one["reasons"]),
            text=self.reasons(one["reasons"], rules),
        )

    def booking(self, kind: str, rule: str, cause: str) -> str:
        """Return why points moved, with the name of the rule where one gave them."""
        return explain_booking(kind, translate=translation, rule=rule, cause=cause)

    def rule_names(self, program: Program | None) -> dict[str, str]:
        """Return the names of a program's rules by id."""
        return {rule.id: text_in(rule.name, self.language) for rule in program.rules} if program else {}


@contextmanager
def words_for(business: Business, language: str) -> Iterator[Words]:
    """Speak a language for a while."""
    with translation.override(language):
        yield Words(business, language)
