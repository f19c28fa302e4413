# SPDX-License-Identifier: Apache-2.0
"""The forms of the program's draft: each reads from the document and gives a part of it back."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec
from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.kernel.ids import new_key
from regulars.kernel.money import exponent
from regulars.programs.definition import (
    AUTOMATIC_MAX,
    TIMES_ONE,
    Automatic,
    Expiry,
    Fixed,
    Ladder,
    Level,
    Limit,
    Multiply,
    Pending,
    PerAmount,
    PerItem,
    Program,
    Rule,
    Unit,
)
from regulars.programs.explain import text_in
from regulars.programs.words import Words
from regulars.web.conditions import CONDITION_FIELDS, condition_of, rows_of
from regulars.web.fields import MoneyField, TimesField, needed_text, plain_money, plain_times, typed_minor, ungrouped

PERIODS = [
    ("day", _("a day")),
    ("week", _("a week")),
    ("month", _("a month")),
    ("year", _("a year")),
    ("ever", _("in all")),
]
SECTIONS = (
    (_("Conditions"), (*CONDITION_FIELDS, "keeps_others")),
    (_("Limits"), ("times_max", "points_max", "limit_per", "order_max", "cooldown_hours")),
    (_("Advanced"), ("carries", "is_active")),
)
USUAL: Mapping[str, Sequence[object]] = {"limit_per": ["day"], "is_active": [True]}
"""What says nothing: a field with such a value does not open its section."""
POINTS = {"min_value": 1, "max_value": 10**9}


def renamed(texts: Mapping[str, str], text: str, language: str) -> dict[str, str]:
    """Return texts with the one of a language replaced; the others stay."""
    return {**texts, language: text}


class WordedForm(forms.Form):
    """A form that knows the business's words."""

    def __init__(self, *args: Any, words: Words, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.words = words
        for field in self.fields.values():
            if isinstance(field, MoneyField):
                field.currency = words.business.currency

    def full_clean(self) -> None:
        """Check the form; limits that it names are written as the business writes numbers."""
        super().full_clean()
        for error in chain.from_iterable(self.errors.as_data().values()):
            if error.code in {"min_value", "max_value"} and error.params:
                error.params["limit_value"] = self.words.number(error.params["limit_value"])


class RuleForm(WordedForm):
    """One rule: what it gives, on what, when, and how often."""

    name = forms.CharField(
        label=_("Name"), max_length=200, help_text=_("As members read it, in the language you use now.")
    )
    on = forms.ChoiceField(
        label=_("For"), choices=[("order", _("a purchase")), ("visit", _("a visit")), ("event", _("another event"))]
    )
    event = forms.CharField(label=_("Name of the event"), max_length=60, required=False)
    kind = forms.ChoiceField(
        label=_("Gives"),
        choices=[
            ("per_amount", _("points for every amount spent")),
            ("per_item", _("points for each item")),
            ("fixed", _("a fixed number of points")),
            ("multiply", _("a multiple of the points of other rules")),
        ],
    )
    points = forms.IntegerField(label=_("Points"), required=False, **POINTS)  # type: ignore[arg-type]  # the stubs want them named
    per = MoneyField(label=_("For every amount of"), max_length=20, required=False)
    times = TimesField(label=_("Multiplied by"), max_length=10, required=False)
    times_max = forms.IntegerField(label=_("At most so many times"), min_value=1, max_value=10_000, required=False)
    points_max = forms.IntegerField(label=_("At most so many points"), required=False, **POINTS)  # type: ignore[arg-type]  # as above
    limit_per = forms.ChoiceField(label=_("… each"), choices=PERIODS, required=False)
    order_max = forms.IntegerField(label=_("Nothing above so many points in one purchase"), required=False, **POINTS)  # type: ignore[arg-type]  # as above
    cooldown_hours = forms.IntegerField(
        label=_("Again after so many hours at the earliest"), min_value=0, max_value=8_784, required=False
    )
    carries = forms.BooleanField(label=_("What is left over counts with the next purchase"), required=False)
    is_active = forms.BooleanField(label=_("In force"), required=False)

    def __init__(
        self, *args: Any, rule: Rule | None, choices: Mapping[str, Sequence[tuple[str, str]]], **kwargs: Any
    ) -> None:
        words: Words = kwargs["words"]
        self.rule = rule
        self.known, self.others = rows_of(rule.when if rule else None, words.business.currency)
        super().__init__(*args, initial={**_rule_values(rule, words), **self.known}, **kwargs)
        for name in ("event", "points", "per", "times"):
            self.fields[name].is_needed = True  # type: ignore[attr-defined]  # read by the template: of these the kind asks for some
        for name, make in CONDITION_FIELDS.items():
            self.fields[name] = make(choices.get(name, ()))
        if isinstance(minimum := self.fields["order_minimum"], MoneyField):
            minimum.currency = words.business.currency
        if self.others:
            said = "; ".join(words.condition(other) for other in self.others)
            self.fields["keeps_others"] = forms.BooleanField(
                label=gettext("And only when: %(condition)s") % {"condition": said}, required=False, initial=True
            )

    def sections(self) -> list[tuple[str, list[forms.BoundField], bool]]:
        """Return what is asked for beyond the common fields: title, fields, and whether one of them says something."""
        found = []
        for title, names in SECTIONS:
            fields = [self[name] for name in names if name in self.fields]
            asked = [one for one in fields if getattr(one.field, "choices", True)]
            found.append((str(title), asked, any(one.errors or self._says(one) for one in asked)))
        return found

    def _says(self, field: forms.BoundField) -> bool:
        value = field.value()
        return value not in USUAL[field.name] if field.name in USUAL else bool(value)

    def clean(self) -> None:
        """Ask for what the kind of award needs."""
        given = self.cleaned_data
        needed = {
            "per_amount": ("points", "per"),
            "per_item": ("points",),
            "fixed": ("points",),
            "multiply": ("times",),
        }
        for name in needed[given.get("kind", "fixed")]:
            if not given.get(name) and name not in self.errors:
                self.add_error(name, needed_text(given.get(name)))
        if given.get("on") == "event" and not given.get("event"):
            self.add_error("event", _("Write the name of the event."))
        if bool(given.get("time_from")) != bool(given.get("time_to")):
            self.add_error("time_to", _("Write both times, or none."))

    def make_rule(self) -> Rule:
        """Return the rule as the form says it. What the form does not show stays as it was."""
        given = self.cleaned_data
        before = self.rule or Rule(id=f"rule-{new_key().hex[-8:]}", name={}, gives=Fixed(1))
        others = self.others if given.get("keeps_others") else []
        return msgspec.structs.replace(
            before,
            name=renamed(before.name, given["name"], self.words.language),
            on=given["on"],
            event=given["event"] if given["on"] == "event" else "",
            gives=_gives(given),
            when=condition_of(given, others),
            order_max=given["order_max"],
            limits=[*_limits(given), *before.limits[1:]],
            cooldown_hours=given["cooldown_hours"] or 0,
            carries=given["carries"] and given["kind"] == "per_amount",
            is_active=given["is_active"],
        )


def _gives(given: Mapping[str, Any]) -> PerAmount | PerItem | Fixed | Multiply:
    match given["kind"]:
        case "per_amount":
            return PerAmount(given["points"], given["per"])
        case "per_item":
            return PerItem(given["points"])
        case "multiply":
            return Multiply(given["times"])
    return Fixed(given["points"])


def _limits(given: Mapping[str, Any]) -> list[Limit]:
    if not given["times_max"] and not given["points_max"]:
        return []
    return [Limit(per=given["limit_per"] or "ever", times=given["times_max"], points=given["points_max"])]


def _rule_values(rule: Rule | None, words: Words) -> dict[str, Any]:
    if rule is None:
        one = plain_money(10 ** exponent(words.business.currency), words.business.currency)
        return {"is_active": True, "points": 1, "per": one, "on": "order", "kind": "per_amount", "limit_per": "day"}
    limit = rule.limits[0] if rule.limits else None
    gives = rule.gives
    return {
        "name": text_in(rule.name, words.language),
        "on": rule.on,
        "event": rule.event,
        "kind": gives.__struct_config__.tag,
        "points": getattr(gives, "points", None),
        "per": plain_money(getattr(gives, "per_minor", None), words.business.currency),
        "times": plain_times(gives.times_milli) if isinstance(gives, Multiply) else "",
        "times_max": limit.times if limit else None,
        "points_max": limit.points if limit else None,
        "limit_per": limit.per if limit else "day",
        "order_max": rule.order_max,
        "cooldown_hours": rule.cooldown_hours or None,
        "carries": rule.carries,
        "is_active": rule.is_active,
    }


class UnitForm(WordedForm):
    """What members collect: its name, how it ends, when it can be used, what a return does."""

    name = forms.CharField(
        label=_("Members collect"), max_length=60, help_text=_("In the language you use now: points, beans, stars.")
    )
    expiry_kind = forms.ChoiceField(
        label=_("They end"),
        choices=[
            ("never", _("never")),
            ("after", _("some time after they are earned")),
            ("period_end", _("at the end of a month, quarter or year")),
            ("inactivity", _("after a time without any activity")),
            ("date", _("on a fixed day")),
        ],
    )
    expiry_months = forms.IntegerField(label=_("Months"), min_value=0, max_value=120, required=False)
    expiry_days = forms.IntegerField(label=_("Days"), min_value=0, max_value=3_650, required=False)
    expiry_period = forms.ChoiceField(
        label=_("End of the"), choices=[("month", _("month")), ("quarter", _("quarter")), ("year", _("year"))]
    )
    expiry_day = forms.DateField(
        label=_("Fixed day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    grace_days = forms.IntegerField(
        label=_("What comes back after its end can be used so many days more"),
        min_value=0,
        max_value=365,
        required=False,
        help_text=_("From a return, or a hold that is given up. 0 is none."),
    )
    automatic = forms.MultipleChoiceField(
        label=_("Taken by itself when the points are there"), required=False, widget=forms.CheckboxSelectMultiple
    )
    automatic_when = forms.ChoiceField(
        label=_("… taken"), required=False, choices=[("night", _("at night")), ("once", _("at once"))]
    )
    pending_days = forms.IntegerField(
        label=_("Can be used after so many days"),
        min_value=0,
        max_value=365,
        required=False,
        help_text=_("0 is at once."),
    )
    negative = forms.ChoiceField(
        label=_("When goods come back whose points are spent"),
        choices=[
            ("clamp", _("take back what is left")),
            ("allow", _("let the member owe the rest")),
            ("refuse", _("refuse the return")),
        ],
    )
    balance_max = forms.IntegerField(label=_("A member can have at most"), required=False, **POINTS)  # type: ignore[arg-type]  # the stubs want them named
    membership = forms.ChoiceField(
        label=_("Members are"),
        choices=[("automatic", _("all who say who they are")), ("on_request", _("those who ask to join"))],
    )
    claim_days = forms.IntegerField(
        label=_("Purchases of so many days before joining bring points too"),
        min_value=0,
        max_value=365,
        required=False,
        help_text=_("For those who ask to join. 0 is none."),
    )

    receipt_days = forms.IntegerField(
        label=_("A receipt can be added for so many days"),
        min_value=0,
        max_value=365,
        required=False,
        help_text=_("For purchases on which nobody said who it was. With 0 no receipts can be added later."),
    )

    def __init__(self, *args: Any, program: Program, **kwargs: Any) -> None:
        self.program = program
        super().__init__(*args, initial=_unit_values(program, kwargs["words"].language), **kwargs)
        named = {one.offer: one.offer for one in program.automatic} | dict(self.words.rewards)
        self.fields["automatic"].choices = list(named.items())  # type: ignore[attr-defined]  # a MultipleChoiceField
        if not named:
            del self.fields["automatic"], self.fields["automatic_when"]

    def clean(self) -> None:
        """Ask for what the kind of expiry needs."""
        given = self.cleaned_data
        kind = given.get("expiry_kind")
        if kind in {"after", "period_end", "inactivity"} and not (
            given.get("expiry_months") or given.get("expiry_days")
        ):
            self.add_error("expiry_months", _("Write after how many months or days."))
        if len(given.get("automatic", ())) > AUTOMATIC_MAX:
            self.add_error("automatic", _("Choose at most %(count)s.") % {"count": AUTOMATIC_MAX})
        if kind == "date" and not given.get("expiry_day"):
            self.add_error("expiry_day", _("Write the day."))

    def make_program(self) -> Program:
        """Return the program with the unit as the form says it."""
        given, unit = self.cleaned_data, self.program.unit
        days = given["pending_days"] or 0
        keeps = unit.pending.kind in {"event", "date"} and not days
        changed = msgspec.structs.replace(
            unit,
            name=renamed(unit.name, given["name"], self.words.language),
            expiry=_expiry(given),
            grace_days=given["grace_days"] or 0,
            pending=unit.pending if keeps else Pending(kind="delay", days=days) if days else Pending(),
            negative=given["negative"],
            balance_max=given["balance_max"],
        )
        return msgspec.structs.replace(
            self.program,
            unit=changed,
            membership=given["membership"],
            claim_days=given["claim_days"] or 0,
            receipt_days=given["receipt_days"] or 0,
            automatic=_automatic(given, self.program),
        )


def _automatic(given: Mapping[str, Any], program: Program) -> list[Automatic]:
    """Return the rewards that are taken by themselves: those before in their order, each as it was unless the time has changed."""
    before = {one.offer: one for one in program.automatic}
    chosen, at_once = given.get("automatic", ()), given.get("automatic_when") == "once"
    is_same = at_once == any(one.at_once for one in program.automatic)
    names = [*(code for code in before if code in chosen), *(code for code in chosen if code not in before)]
    return [before[name] if is_same and name in before else Automatic(name, at_once) for name in names]


def _expiry(given: Mapping[str, Any]) -> Expiry:
    kind = given["expiry_kind"]
    if kind == "never":
        return Expiry()
    if kind == "date":
        return Expiry(kind="date", day=given["expiry_day"])
    return Expiry(
        kind=kind, months=given["expiry_months"] or 0, days=given["expiry_days"] or 0, period=given["expiry_period"]
    )


def _unit_values(program: Program, language: str) -> dict[str, Any]:
    unit: Unit = program.unit
    return {
        "name": text_in(unit.name, language),
        "expiry_kind": unit.expiry.kind,
        "expiry_months": unit.expiry.months,
        "expiry_days": unit.expiry.days,
        "expiry_period": unit.expiry.period,
        "expiry_day": unit.expiry.day,
        "grace_days": unit.grace_days,
        "automatic": [one.offer for one in program.automatic],
        "automatic_when": "once" if any(one.at_once for one in program.automatic) else "night",
        "pending_days": unit.pending.days if unit.pending.kind == "delay" else 0,
        "negative": unit.negative,
        "balance_max": unit.balance_max,
        "membership": program.membership,
        "claim_days": program.claim_days,
        "receipt_days": program.receipt_days,
    }


class LadderForm(WordedForm):
    """How levels are reached and lost."""

    metric = forms.ChoiceField(
        label=_("Counts"),
        choices=[
            ("points_earned", _("points earned")),
            ("spend_minor", _("money spent")),
            ("balance", _("points in hand at the end of a day")),
        ],
    )
    months = forms.IntegerField(
        label=_("In the last so many months"),
        min_value=1,
        max_value=60,
        help_text=_("Not for points in hand."),
    )
    downgrade = forms.ChoiceField(
        label=_("Who no longer reaches a level"),
        choices=[
            ("to_qualified", _("falls to the one they reach")),
            ("one_level", _("falls by one")),
            ("none", _("stays")),
        ],
    )
    grace_days = forms.IntegerField(label=_("After so many days of grace"), min_value=0, max_value=365)

    def __init__(self, *args: Any, ladder: Ladder | None, **kwargs: Any) -> None:
        values = msgspec.to_builtins(ladder) if ladder else {}
        defaults = {"metric": "points_earned", "months": 12, "downgrade": "to_qualified", "grace_days": 30}
        super().__init__(*args, initial={**defaults, **values}, **kwargs)


class LevelForm(WordedForm):
    """One level; without a name it is left out."""

    code = forms.CharField(required=False, max_length=39, widget=forms.HiddenInput)
    name = forms.CharField(label=_("Level"), max_length=60, required=False)
    at_least = forms.CharField(
        label=_("From"), max_length=20, required=False, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    times = TimesField(label=_("Earns ×"), max_length=10, required=False)
    months = forms.IntegerField(min_value=1, max_value=120, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.initial.get("name"):
            label = gettext("Points earned in “%(level)s” last so many months") % {"level": self.initial["name"]}
        else:
            row = int(str(self.prefix).rpartition("-")[2]) + 1
            label = gettext("Points earned in the new level of row %(row)s last so many months") % {"row": row}
        self.fields["months"].label = label
        for one in self.in_table:
            one.field.widget.attrs["aria-label"] = one.field.label

    @property
    def in_table(self) -> list[forms.BoundField]:
        """Return the fields that stand in a row; the others stand below, each with its label."""
        return [self["name"], self["at_least"], self["times"]]


LevelForms = forms.formset_factory(LevelForm, extra=2, max_num=20, absolute_max=20)


def level_values(ladder: Ladder | None, words: Words) -> list[dict[str, object]]:
    """Return the rows of levels."""
    levels = ladder.levels if ladder else [Level(code="base", name={words.language: gettext("Member")})]
    is_money = bool(ladder and ladder.metric == "spend_minor")
    return [
        {
            "code": level.code,
            "name": text_in(level.name, words.language),
            "at_least": plain_money(level.at_least, words.business.currency) if is_money else str(level.at_least),
            "times": plain_times(level.times_milli),
            "months": (level.expiry.months or None) if level.expiry else None,
        }
        for level in levels
    ]


def make_ladder(form: LadderForm, rows: Sequence[Mapping[str, Any]], program: Program) -> Ladder | None:
    """Return the ladder that forms say; None without levels. Raises ValidationError naming the value that cannot be."""
    known = {level.code: level for level in program.ladder.levels} if program.ladder else {}
    levels = [_level(row, known, form, program.unit.expiry) for row in rows if row.get("name")]
    if not levels:
        return None
    levels.sort(key=lambda level: level.at_least)
    given = form.cleaned_data
    return Ladder(
        levels=levels,
        metric=given["metric"],
        months=given["months"],
        downgrade=given["downgrade"],
        grace_days=given["grace_days"],
    )


def _level(row: Mapping[str, Any], known: Mapping[str, Level], form: LadderForm, ends: Expiry) -> Level:
    words, code = form.words, row["code"]
    if not code:
        code = (slugify(row["name"])[:30] or "level") + f"-{new_key().hex[-4:]}"
    before = known.get(code, Level(code=code, name={}))
    return Level(
        code=code,
        name=renamed(before.name, row["name"], words.language),
        at_least=_threshold(str(row["at_least"] or "0"), form.cleaned_data["metric"], words.business.currency),
        times_milli=max(row["times"] or TIMES_ONE, TIMES_ONE),
        expiry=_lasting(row["months"], before.expiry, ends),
    )


def _lasting(months: int | None, before: Expiry | None, ends: Expiry) -> Expiry | None:
    """Return when points of a level end: as before where the months are, else as the unit's do, after other months."""
    if months == ((before.months or None) if before else None):
        return before
    if months is None:
        return None
    span = before or ends
    if span.kind not in {"after", "period_end", "inactivity"}:
        span = Expiry(kind="after")
    return msgspec.structs.replace(span, months=months)


def _threshold(text: str, metric: str, currency: str) -> int:
    if metric == "spend_minor":
        return typed_minor(text, currency)
    plain = ungrouped(text)
    if not plain.isdigit():
        raise forms.ValidationError(_("“%(value)s” is not a number of points."), params={"value": text[:20]})
    return int(plain)
