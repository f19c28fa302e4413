# SPDX-License-Identifier: Apache-2.0
"""Outcomes, reasons and bookings in the language of the caller, amounts as the business writes them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import translation
from msgspec import Struct

from regulars.conditions.explain import Unmet, say_unmet
from regulars.conditions.fact_fields import FACT_REGISTRY
from regulars.conditions.sentence import Formatters, Writer
from regulars.conditions.tree import dump
from regulars.conditions.values import WEEKDAYS
from regulars.conditions.values import write as write_value
from regulars.programs.account import Account
from regulars.programs.definition import Program
from regulars.programs.explain import Names, explain_booking, explain_next, explain_reason, names_in, text_in
from regulars.tenancy.models import Business
from regulars.ui import format as write

_KEPT = 10_000


@lru_cache(maxsize=_KEPT)
def _money(minor: int, currency: str, language: str, country: str) -> str:
    return write.money(minor, currency, language=language, country=country)


@lru_cache(maxsize=_KEPT)
def _number(value: int | Decimal, *, language: str, country: str, decimals: int = 0) -> str:
    return write.number(value, language=language, country=country, decimals=decimals)


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


@dataclass(frozen=True, slots=True)
class Words:
    """Writes sentences for one business in one language. Made by `words_for`, which also makes Django speak it."""

    business: Business
    language: str

    def reasons(self, reasons: Sequence[Mapping[str, Any]], names: Names) -> str:
        """Return the reasons of an outcome as one sentence."""
        shop, language = self.business, self.language
        money = partial(_money, currency=shop.currency, language=language, country=shop.country)
        number = partial(_number, language=language, country=shop.country)
        said = [
            explain_reason(reason, translate=translation, money=money, number=number, names=names) for reason in reasons
        ]
        return ", ".join(said)

    def account(self, one: Account, names: Names) -> Outcome:
        """Return what a rule came to, and why not, in words."""
        writer = Writer(FACT_REGISTRY, translation, self._formatters(names))
        lacking = [self._lacking(part, writer) for part in one.unmet]
        name = text_in(one.rule.name, self.language)
        return Outcome(
            rule=one.rule.id,
            name=name,
            outcome=one.came_to,
            points=one.points,
            per_line=list(one.per_line),
            reasons=list(one.reasons),
            text=self.reasons(one.reasons, names) or " · ".join(part.text for part in lacking),
            lacking=lacking,
            next=explain_next(one.unmet, name, writer),
        )

    def _lacking(self, part: Unmet, writer: Writer) -> Lacking:
        seen = {
            name: [write_value(value) if isinstance(value, date | time) else value for value in values]
            for name, values in part.seen.items()
        }
        return Lacking(dump(part.wanted), seen, part.missing, say_unmet(part, writer))

    def _formatters(self, names: Names) -> Formatters:
        shop, language = self.business, self.language
        return Formatters(
            money=partial(_money, currency=shop.currency, language=language, country=shop.country),
            quantity=partial(write.quantity, language=language, country=shop.country),
            number=partial(write.number, language=language, country=shop.country),
            date=partial(write.day, language=language),
            time=partial(write.time_of_day, language=language),
            moment=partial(write.moment, zone=ZoneInfo(shop.timezone), language=language),
            weekday=lambda code: write.weekday(WEEKDAYS.index(code), language),
            choice=lambda field, code: (
                names.tiers.get(code, code)
                if field == "customer.tier"
                else translation.gettext("“%(value)s”") % {"value": code}
            ),
        )

    def outcome(self, one: Mapping[str, Any], names: Names) -> Outcome:
        """Return what a rule came to with the rule's name and the reasons in words."""
        return Outcome(
            rule=one["rule"],
            name=names.rules.get(one["rule"], one["rule"]),
            outcome=one["outcome"],
            points=one["points"],
            per_line=list(one["per_line"]),
            reasons=list(one["reasons"]),
            text=self.reasons(one["reasons"], names),
        )

    def booking(self, kind: str, rule: str, cause: str) -> str:
        """Return why points moved, with the name of the rule where one gave them."""
        return explain_booking(kind, translate=translation, rule=rule, cause=cause)

    def names(self, program: Program | None) -> Names:
        """Return what a program's rules and levels are called."""
        return names_in(program, self.language)


@contextmanager
def words_for(business: Business, language: str) -> Iterator[Words]:
    """Speak a language for a while."""
    with translation.override(language):
        yield Words(business, language)
