# SPDX-License-Identifier: Apache-2.0
"""A program read as sentences: what each rule gives and when, how points end, what the tiers ask and bring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from regulars.conditions.wording import SELECTED
from regulars.programs.definition import (
    TIMES_ONE,
    Automatic,
    Expiry,
    Fixed,
    Ladder,
    Limit,
    Multiply,
    Pending,
    PerAmount,
    PerItem,
    Program,
    Rule,
)
from regulars.programs.explain import text_in
from regulars.programs.lint import Caution
from regulars.programs.words import Words

_TIMES_PER = {
    "day": _("at most %(times)s times a day"),
    "week": _("at most %(times)s times a week"),
    "month": _("at most %(times)s times a month"),
    "year": _("at most %(times)s times a year"),
    "ever": _("at most %(times)s times in all"),
}
_ONCE_PER = {
    "day": _("once a day"),
    "week": _("once a week"),
    "month": _("once a month"),
    "year": _("once a year"),
    "ever": _("once only"),
}
_POINTS_PER = {
    "day": _("up to %(points)s a day"),
    "week": _("up to %(points)s a week"),
    "month": _("up to %(points)s a month"),
    "year": _("up to %(points)s a year"),
    "ever": _("up to %(points)s in all"),
}
_PERIOD_ENDS = {
    "month": _("at the end of the month %(span)s after they are earned"),
    "quarter": _("at the end of the quarter %(span)s after they are earned"),
    "year": _("at the end of the year %(span)s after they are earned"),
}
DOWNGRADES = {
    "none": _("Nobody falls back."),
    "one_level": _("Who no longer reaches a level falls by one."),
    "to_qualified": _("Who no longer reaches a level falls to the one they reach."),
}
NEGATIVES = {
    "refuse": _("A return that would take back spent points is refused."),
    "clamp": _("A return takes back what is left; the rest is remembered and set against what is earned next."),
    "allow": _("A return takes back everything; spent points are owed and set against what is earned next."),
}
_NOT_TO_BE_HAD = {
    "reward_without_level": _("“%(reward)s” is only for levels that there are not."),
    "automatic_without_reward": _("“%(reward)s” is to be taken by itself, but there is no such reward for points."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleText:
    """A rule for the eye."""

    id: str
    name: str
    sentence: str
    is_active: bool


def rule_sentence(rule: Rule, words: Words) -> str:
    """Say what a rule gives, when, and within which limits, as one sentence without a full stop."""
    condition, selection = words.clauses(rule.when) if rule.when else ("", "")
    parts = [_gives(rule, selection, words)]
    if condition:
        parts.append(gettext("when %(condition)s") % {"condition": condition})
    if selection and not isinstance(rule.gives, PerItem):
        parts.append(gettext(SELECTED).format(selection=selection))
    parts += [text for limit in rule.limits for text in limit_texts(limit, words)]
    if rule.cooldown_hours:
        parts.append(_cooldown(rule.cooldown_hours, words))
    if rule.carries:
        parts.append(gettext("what is left over counts with the next purchase"))
    if rule.order_max:
        parts.append(gettext("nothing above %(points)s in one purchase") % {"points": words.points(rule.order_max)})
    if rule.expiry:
        parts.append(_ending(rule.expiry, gettext("these end %(when)s"), gettext("these never end"), words))
    return ", ".join(parts)


def _cooldown(hours: int, words: Words) -> str:
    text = ngettext("again after %(hours)s hour at the earliest", "again after %(hours)s hours at the earliest", hours)
    return text % {"hours": words.number(hours)}


def _gives(rule: Rule, selection: str, words: Words) -> str:
    match rule.gives:
        case PerAmount(points=points, per_minor=per):
            said = {"points": words.points(points), "amount": words.money(per)}
            return gettext("%(points)s for every %(amount)s") % said
        case PerItem(points=points) if selection:
            said = {"points": words.points(points), "selection": selection}
            return gettext("%(points)s for each item where %(selection)s") % said
        case PerItem(points=points):
            return gettext("%(points)s for each item") % {"points": words.points(points)}
        case Multiply(times_milli=times):
            return gettext("%(times)s the points of a purchase") % {"times": words.times(times)}
        case Fixed(points=points):
            return _fixed(rule, words.points(points))


def _fixed(rule: Rule, points: str) -> str:
    if rule.on == "visit":
        return gettext("%(points)s for a visit") % {"points": points}
    if rule.on == "event":
        return gettext("%(points)s for “%(event)s”") % {"points": points, "event": rule.event}
    return gettext("%(points)s for a purchase") % {"points": points}


def limit_texts(limit: Limit, words: Words) -> list[str]:
    """Say what a limit allows."""
    texts = []
    if limit.times == 1:
        texts.append(str(_ONCE_PER[limit.per]))
    elif limit.times:
        texts.append(str(_TIMES_PER[limit.per]) % {"times": words.number(limit.times)})
    if limit.points:
        texts.append(str(_POINTS_PER[limit.per]) % {"points": words.points(limit.points)})
    return texts


def _span(expiry: Expiry, words: Words) -> str:
    months = ngettext("%(count)s month", "%(count)s months", expiry.months) % {"count": words.number(expiry.months)}
    days = ngettext("%(count)s day", "%(count)s days", expiry.days) % {"count": words.number(expiry.days)}
    if expiry.months and expiry.days:
        return gettext("%(months)s and %(days)s") % {"months": months, "days": days}
    return months if expiry.months else days


def _ending(expiry: Expiry, ends: str, never: str, words: Words) -> str:
    """Say that points end, and when, or that they never do."""
    if expiry.kind == "never" or (expiry.kind == "date" and not expiry.day):
        return never
    return ends % {"when": _expiry_when(expiry, words)}


def _expiry_when(expiry: Expiry, words: Words) -> str:
    """Say when points end, to stand after "end"."""
    if expiry.kind == "date" and expiry.day:
        return gettext("after %(day)s") % {"day": words.day(expiry.day)}
    if expiry.kind == "period_end":
        return str(_PERIOD_ENDS[expiry.period]) % {"span": _span(expiry, words)}
    if expiry.kind == "inactivity":
        return gettext("%(span)s after the last activity") % {"span": _span(expiry, words)}
    return gettext("%(span)s after they are earned") % {"span": _span(expiry, words)}


def unit_texts(program: Program, words: Words) -> dict[str, str]:
    """Say what members collect, each sentence under a stable name: how it ends, when it can be used, what a return does, and so on."""
    unit = program.unit
    ends = gettext("Members collect %(unit)s, which end %(when)s.")
    never = gettext("Members collect %(unit)s, which never end.")
    said = {"unit": words.unit or gettext("points"), "when": "%(when)s"}
    texts = {"expiry": _ending(unit.expiry, ends % said, never % said, words)}
    if unit.grace_days:
        texts["grace"] = _grace(unit.grace_days, words)
    texts["pending"] = _pending(unit.pending, words)
    texts["negative"] = str(NEGATIVES[unit.negative])
    if unit.balance_max:
        most = {"points": words.points(unit.balance_max)}
        texts["balance_max"] = gettext("A member can have at most %(points)s.") % most
    texts |= {f"automatic/{one.offer}": _automatic(one, words) for one in program.automatic}
    texts["receipts"] = _receipts(program.receipt_days, words)
    if program.membership == "automatic":
        texts["membership"] = gettext("Everybody who says who they are becomes a member with the first purchase.")
    else:
        texts["membership"] = gettext("Customers become members when they ask for it.")
        if program.claim_days:
            texts["claims"] = _claim(program.claim_days, words)
    return texts


def _automatic(one: Automatic, words: Words) -> str:
    said = {"reward": words.rewards.get(one.offer, one.offer)}
    if one.at_once:
        return gettext("“%(reward)s” is taken by itself as soon as the points are there.") % said
    return gettext("“%(reward)s” is taken by itself at night, when the points are there.") % said


def _grace(days: int, words: Words) -> str:
    text = ngettext(
        "What comes back after its end can be used for %(days)s day more.",
        "What comes back after its end can be used for %(days)s days more.",
        days,
    )
    return text % {"days": words.number(days)}


def _receipts(days: int, words: Words) -> str:
    if not days:
        return gettext("A purchase on which nobody said who it was cannot be added later.")
    text = ngettext(
        "A purchase on which nobody said who it was can be added for %(days)s day.",
        "A purchase on which nobody said who it was can be added for %(days)s days.",
        days,
    )
    return text % {"days": words.number(days)}


def _claim(days: int, words: Words) -> str:
    text = ngettext(
        "What they bought in %(days)s day before they joined brings points too.",
        "What they bought in %(days)s days before they joined brings points too.",
        days,
    )
    return text % {"days": words.number(days)}


def _pending(pending: Pending, words: Words) -> str:
    if pending.kind == "delay":
        days = ngettext("%(count)s day", "%(count)s days", pending.days) % {"count": words.number(pending.days)}
        return gettext("They can be used %(days)s after the purchase.") % {"days": days}
    if pending.kind == "date" and pending.day:
        return gettext("They can be used from %(day)s.") % {"day": words.day(pending.day)}
    if pending.kind == "event":
        return gettext("They can be used once “%(event)s” has happened.") % {"event": pending.event}
    return gettext("They can be used at once.")


def rule_texts(program: Program, words: Words) -> list[RuleText]:
    """Return every rule as name and sentence."""
    return [
        RuleText(
            id=rule.id,
            name=text_in(rule.name, words.language),
            sentence=rule_sentence(rule, words),
            is_active=rule.is_active,
        )
        for rule in program.rules
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelText:
    """A tier for the eye."""

    name: str
    sentence: str
    members: str = ""


def ladder_texts(ladder: Ladder, words: Words, members: dict[str, int] | None = None) -> list[LevelText]:
    """Return every tier as name and what it asks and brings."""
    return [
        LevelText(
            name=text_in(level.name, words.language),
            sentence=", ".join(_level(ladder, place, words)),
            members=_members(members.get(level.code, 0), words) if members is not None else "",
        )
        for place, level in enumerate(ladder.levels)
    ]


def _members(count: int, words: Words) -> str:
    return ngettext("%(count)s member", "%(count)s members", count) % {"count": words.number(count)}


def _level(ladder: Ladder, place: int, words: Words) -> Sequence[str]:
    level = ladder.levels[place]
    parts = [_reach(ladder, level.at_least, words) if place else gettext("everybody begins here")]
    if level.times_milli != TIMES_ONE:
        parts.append(gettext("earns %(times)s") % {"times": words.times(level.times_milli)})
    if level.expiry:
        ends, never = gettext("points earned in it end %(when)s"), gettext("points earned in it never end")
        parts.append(_ending(level.expiry, ends, never, words))
    return parts


def _reach(ladder: Ladder, at_least: int, words: Words) -> str:
    amount = words.progress(ladder, at_least)
    if ladder.metric == "balance":
        return gettext("from %(points)s in hand at the end of a day") % {"points": amount}
    months = ngettext("%(count)s month", "%(count)s months", ladder.months) % {"count": words.number(ladder.months)}
    return gettext("from %(amount)s in %(months)s") % {"amount": amount, "months": months}


def program_texts(program: Program, words: Words) -> dict[str, str]:
    """Return everything a program says, each sentence under a stable name, so that two programs can be compared."""
    texts = {f"rule/{one.id}": f"{one.name}: {one.sentence}" for one in rule_texts(program, words) if one.is_active}
    texts |= {f"unit/{name}": text for name, text in unit_texts(program, words).items()}
    if program.ladder:
        levels = zip(program.ladder.levels, ladder_texts(program.ladder, words), strict=True)
        texts |= {f"level/{level.code}": f"{text.name}: {text.sentence}" for level, text in levels}
        texts["ladder/downgrade"] = str(DOWNGRADES[program.ladder.downgrade])
    return texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between two programs; an empty side means that the sentence is new or gone."""

    before: str
    after: str


def changes_between(before: Program | None, after: Program, words: Words) -> list[Change]:
    """Say what is different between two programs, sentence by sentence."""
    old = program_texts(before, words.of(before)) if before else {}
    new = program_texts(after, words.of(after))
    names = list(dict.fromkeys([*old, *new]))
    return [
        Change(before=old.get(name, ""), after=new.get(name, "")) for name in names if old.get(name) != new.get(name)
    ]


def caution_texts(cautions: Sequence[Caution], words: Words) -> list[str]:
    """Say what to think about before a program is published."""
    return [_caution(one, words.rewards.get(one.about, one.about), words) for one in cautions]


def _caution(one: Caution, reward: str, words: Words) -> str:
    values = one.values
    match one.code:
        case "reward_above_maximum":
            said = {
                "reward": reward,
                "points": words.points(int(values["points"])),
                "max": words.number(int(values["max"])),
            }
            return gettext("“%(reward)s” costs %(points)s, and a member can have at most %(max)s.") % said
        case "reward_without_level" | "automatic_without_reward":
            return str(_NOT_TO_BE_HAD[one.code]) % {"reward": reward}
        case "first_reward_far":
            return _far(values, reward, words)
        case "automatic_hides_level" | "level_ends_sooner":
            return _about_level(one, reward, words)
        case "payback_high":
            said = {
                "reward": reward,
                "percent": words.number(int(values["percent"])),
                "max": words.number(int(values["max"])),
            }
            return gettext("“%(reward)s” gives back %(percent)s%% of what is spent; above %(max)s%% it is dear.") % said
        case "exclusives_overlap":
            rules = {"one": words.rules.get(one.about, one.about), "other": words.rules.get(str(values["other"]), "")}
            return (
                gettext("“%(one)s” and “%(other)s” exclude each other and have the same priority: the upper one wins.")
                % rules
            )
        case "same_name":
            return gettext("“%(name)s” is the name of two: customers cannot tell them apart.") % {
                "name": values["name"]
            }
    return gettext("No rule brings points, so nobody collects any.")


def _about_level(one: Caution, reward: str, words: Words) -> str:
    if one.code == "automatic_hides_level":
        said = {"reward": reward, "level": words.tier(str(one.values["level"]))}
        return gettext("Nobody will have enough for “%(level)s”: “%(reward)s” is taken by itself before.") % said
    said = {"level": words.tier(one.about), "below": words.tier(str(one.values["below"]))}
    return gettext("Points earned in “%(level)s” end sooner than those earned in “%(below)s”.") % said


def _far(values: Mapping[str, int | str], reward: str, words: Words) -> str:
    said = {"reward": reward, "amount": words.money(int(values["amount_minor"]))}
    if "purchases" not in values:
        return gettext("A usual purchase of %(amount)s brings nothing towards “%(reward)s”.") % said
    said["purchases"] = words.number(int(values["purchases"]))
    return (
        gettext("“%(reward)s” takes %(purchases)s usual purchases of %(amount)s; up to four keep people going.") % said
    )
