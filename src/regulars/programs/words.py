# SPDX-License-Identifier: Apache-2.0
"""A business's own words and figures in the language in use: money, points, tiers, rules, conditions, reasons."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext, ngettext

from regulars.conditions.explain import Unmet, say_unmet
from regulars.conditions.fact_fields import FACT_REGISTRY
from regulars.conditions.parse import parse
from regulars.conditions.sentence import Formatters, Writer, clauses, sentence
from regulars.conditions.values import WEEKDAYS
from regulars.kernel.clock import local_day
from regulars.programs.definition import Ladder, Program
from regulars.programs.explain import Names, explain_booking, explain_reason, names_in, text_in
from regulars.tenancy.models import Business
from regulars.ui import format as write

_KEPT = 10_000


@lru_cache(maxsize=_KEPT)
def _money(minor: int, currency: str, language: str, country: str) -> str:
    return write.money(minor, currency, language=language, country=country)


@lru_cache(maxsize=_KEPT)
def _number(value: float | Decimal, decimals: int, language: str, country: str) -> str:
    return write.number(value, language=language, country=country, decimals=decimals)


class Words:
    """Writes for one business and its program, in the active language."""

    def __init__(
        self,
        business: Business,
        program: Program | None = None,
        *,
        stores: Mapping[str, str] | None = None,
        rewards: Mapping[str, str] | None = None,
    ) -> None:
        self.business = business
        self.program = program
        self.stores = stores or {}
        self.rewards = rewards or {}
        self.language = translation.get_language() or "en"
        self.zone = ZoneInfo(business.timezone)

    def of(self, program: Program) -> "Words":
        """Return these words for another program."""
        return Words(self.business, program, stores=self.stores, rewards=self.rewards)

    def money(self, minor: int) -> str:
        """Write an amount of the business's currency."""
        return _money(minor, self.business.currency, self.language, self.business.country)

    def number(self, value: float | Decimal, *, decimals: int = 0) -> str:
        """Write a number."""
        return _number(value, decimals, self.language, self.business.country)

    def percent(self, numerator: int, denominator: int) -> str:
        """Write a share of two counts."""
        return write.percent(numerator, denominator, language=self.language)

    def quantity(self, milli: int) -> str:
        """Write thousandths as a plain quantity."""
        return write.quantity(milli, language=self.language, country=self.business.country)

    def times(self, milli: int) -> str:
        """Write a multiplier of thousandths: ×1.25."""
        decimals = next(places for places in range(4) if milli * 10**places % 1000 == 0)
        return f"×{self.number(Decimal(milli) / 1000, decimals=decimals)}"

    def day(self, value: date) -> str:
        """Write a calendar day."""
        return write.day(value, self.language)

    def moment(self, value: datetime) -> str:
        """Write a day and the time of day in the business's zone."""
        return write.moment(value, self.zone, self.language)

    def near(self, value: datetime, *, now: datetime) -> str:
        """Write a moment as a shop says it: today, 3 days ago."""
        today, day = (local_day(one, self.zone) for one in (now, value))
        return write.near_day(day, self.language, today=today)

    @property
    def unit(self) -> str:
        """Return the program's own name for what members collect; empty for plain points."""
        if self.program is None or self.program.unit.code == "points":
            return ""
        return text_in(self.program.unit.name, self.language)

    def points(self, amount: int) -> str:
        """Write an amount of what members collect, with its name."""
        return f"{self.number(amount)} {self.unit or ngettext('point', 'points', abs(amount))}"

    def signed_points(self, amount: int) -> str:
        """Write a movement with its sign."""
        return f"+{self.number(amount)}" if amount > 0 else self.number(amount)

    @cached_property
    def names(self) -> Names:
        """Return what the program's rules and levels are called."""
        return names_in(self.program, self.language)

    @property
    def rules(self) -> Mapping[str, str]:
        """Return the names of the program's rules by their ids."""
        return self.names.rules

    def tier(self, code: str) -> str:
        """Return the name of a level; one that is no longer there keeps its code."""
        return self.names.tiers.get(code, code)

    def progress(self, ladder: Ladder, amount: int) -> str:
        """Write an amount that counts towards a tier: money or points."""
        return self.money(amount) if ladder.metric == "spend_minor" else self.points(amount)

    def why(self, reasons: Iterable[Mapping[str, Any]], unmet: Iterable[Unmet] = ()) -> str:
        """Put the reasons of a decision into words, or what a rule lacked."""
        said = [
            explain_reason(reason, translate=translation, money=self.money, number=self.number, names=self.names)
            for reason in reasons
        ]
        return ", ".join(said) or " · ".join(say_unmet(part, self.writer) for part in unmet)

    def booking(self, kind: str, rule: str, cause: str) -> str:
        """Say why points moved, as a heading."""
        return explain_booking(kind, translate=translation, rule=self.rules.get(rule, rule), cause=cause)

    @cached_property
    def writer(self) -> Writer:
        """Return what writes parts of conditions."""
        return Writer(FACT_REGISTRY, translation, self._formatters)

    def condition(self, tree: object) -> str:
        """Say a condition as one clause, to stand after "when"."""
        return sentence(parse(tree, FACT_REGISTRY), FACT_REGISTRY, translation, self._formatters)

    def clauses(self, tree: object) -> tuple[str, str]:
        """Say of a condition what it asks of the fact, and of its items."""
        return clauses(parse(tree, FACT_REGISTRY), FACT_REGISTRY, translation, self._formatters)

    @cached_property
    def _formatters(self) -> Formatters:
        return Formatters(
            money=self.money,
            quantity=self.quantity,
            number=self.number,
            date=self.day,
            time=self.clock,
            moment=self.moment,
            weekday=self.weekday,
            choice=self._choice,
        )

    def clock(self, value: time) -> str:
        """Write a time of day."""
        return write.time_of_day(value, self.language)

    def weekday(self, code: str) -> str:
        """Write the name of a weekday, given like "tue"."""
        return write.weekday(WEEKDAYS.index(code), self.language)

    def _choice(self, field: str, code: str) -> str:
        if field == "customer.tier":
            return self.tier(code)
        if field == "fact.store" and self.stores:
            return self.stores.get(code, code)
        return gettext("“%(value)s”") % {"value": code}
