# SPDX-License-Identifier: Apache-2.0
"""What a program is: its unit, rules and ladder as one typed document, checked when it is read. Pure.

Texts hold one string per language. Ids are stable over versions: counters and standings key on them.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from regulars.conditions.fact_fields import FACT_REGISTRY
from regulars.conditions.parse import parse
from regulars.kernel.complaints import read_complaint
from regulars.kernel.errors import RegularsError, Saying, gettext_noop

RULES_MAX = 200
LEVELS_MAX = 20
AUTOMATIC_MAX = 5
TIMES_ONE = 1_000
YEAR_MIN, YEAR_MAX = 2000, 2200

Code = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,38}$")]
Texts = dict[str, Annotated[str, Meta(min_length=1, max_length=200)]]
Points = Annotated[int, Meta(gt=0, le=10**9)]


class BadProgram(RegularsError):
    """The program document cannot be published."""

    code = "bad_program"
    status = 422
    text = gettext_noop("The program is wrong at %(path)s: %(problem)s")


class Expiry(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When points end. `after`: months and days on, through that local day. `period_end`: the end of the month, quarter or year in
    which that day falls. `date`: through a fixed day. `inactivity`: like `after`, counted anew at each activity of
    the member: a purchase, a visit, an event, a reward taken or used, points spent."""

    kind: Literal["never", "after", "period_end", "date", "inactivity"] = "never"
    months: Annotated[int, Meta(ge=0, le=120)] = 0
    days: Annotated[int, Meta(ge=0, le=3_650)] = 0
    period: Literal["month", "quarter", "year"] = "month"
    day: date | None = None


class Pending(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When points can be used: at once, after days, from a day on, or when an event names the purchase (with a time-out)."""

    kind: Literal["none", "delay", "date", "event"] = "none"
    days: Annotated[int, Meta(ge=0, le=365)] = 0
    day: date | None = None
    event: str = ""
    timeout_days: Annotated[int, Meta(ge=1, le=365)] = 30
    on_timeout: Literal["cancel", "activate"] = "cancel"


class Unit(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What members collect.

    Points that come back, or are given up by a hold, after their end live for `grace_days` more; without any they end at once.
    """

    code: Code = "points"
    name: Texts = field(default_factory=lambda: {"en": "points"})
    expiry: Expiry = field(default_factory=Expiry)
    pending: Pending = field(default_factory=Pending)
    grace_days: Annotated[int, Meta(ge=0, le=365)] = 0
    negative: Literal["refuse", "clamp", "allow"] = "clamp"
    balance_max: Points | None = None


class PerAmount(Struct, frozen=True, forbid_unknown_fields=True, tag="per_amount", tag_field="kind"):
    """`points` for every `per_minor` of what the matching lines cost."""

    points: Points
    per_minor: Annotated[int, Meta(gt=0, le=10**12)]


class PerItem(Struct, frozen=True, forbid_unknown_fields=True, tag="per_item", tag_field="kind"):
    """`points` for every whole piece of the matching lines."""

    points: Points


class Fixed(Struct, frozen=True, forbid_unknown_fields=True, tag="fixed", tag_field="kind"):
    """`points` once."""

    points: Points


class Multiply(Struct, frozen=True, forbid_unknown_fields=True, tag="multiply", tag_field="kind"):
    """What `per_amount` and `per_item` rules give for the matching lines counts `times_milli` thousandths.

    The best one per line applies.
    """

    times_milli: Annotated[int, Meta(gt=0, le=100_000)]


class Limit(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How often, and up to how many points, a rule gives to one member in a local day, week, month, year or for ever."""

    per: Literal["day", "week", "month", "year", "ever"]
    times: Annotated[int, Meta(gt=0, le=10_000)] | None = None
    points: Points | None = None


class Rule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One promise: on which kind of fact, under which condition, what it gives.

    `cooldown_hours` must pass before it gives to the same member again. With `carries` what is left over below a whole amount counts
    with the next purchase.
    """

    id: Code
    name: Texts
    gives: PerAmount | PerItem | Fixed | Multiply
    on: Literal["order", "visit", "event"] = "order"
    event: str = ""
    when: dict[str, object] | None = None
    rounding: Literal["floor", "half_up", "ceil"] = "floor"
    group: str = ""
    priority: int = 0
    order_max: Points | None = None
    limits: Annotated[list[Limit], Meta(max_length=5)] = field(default_factory=list)
    cooldown_hours: Annotated[int, Meta(ge=0, le=8_784)] = 0
    carries: bool = False
    expiry: Expiry | None = None
    is_active: bool = True


class Level(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A tier: reached at `at_least`, earning `times_milli` thousandths; `expiry` says when points end that are given in it."""

    code: Code
    name: Texts
    at_least: Annotated[int, Meta(ge=0, le=10**15)] = 0
    times_milli: Annotated[int, Meta(ge=1_000, le=100_000)] = TIMES_ONE
    expiry: Expiry | None = None


class Ladder(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Tiers by what was earned or spent in the last `months`, or by what a member has (`balance`), looked at each night after points
    have ended; a fall waits for `grace_days`."""

    levels: Annotated[list[Level], Meta(min_length=1, max_length=LEVELS_MAX)]
    metric: Literal["points_earned", "spend_minor", "balance"] = "points_earned"
    months: Annotated[int, Meta(ge=1, le=60)] = 12
    downgrade: Literal["none", "one_level", "to_qualified"] = "to_qualified"
    grace_days: Annotated[int, Meta(ge=0, le=365)] = 30


class Automatic(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A reward that is taken for members once they can pay it: in the night, or `at_once` after what brings the points."""

    offer: Annotated[str, Meta(min_length=1, max_length=40)]
    at_once: bool = False


class Program(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The whole document. Groups say how rules that name them stack: `sum` (as without a group), `best`, `first`, `exclusive`.

    Who joins on request gets points for the purchases of `claim_days` days before. For `receipt_days` days a member can add the receipt of
    a purchase that names nobody. Rewards that are `automatic` are taken in the order
    given, each as often as the points are there.
    """

    rules: Annotated[list[Rule], Meta(max_length=RULES_MAX)]
    unit: Unit = field(default_factory=Unit)
    ladder: Ladder | None = None
    membership: Literal["automatic", "on_request"] = "automatic"
    claim_days: Annotated[int, Meta(ge=0, le=365)] = 0
    receipt_days: Annotated[int, Meta(ge=0, le=365)] = 30
    automatic: Annotated[list[Automatic], Meta(max_length=AUTOMATIC_MAX)] = field(default_factory=list)
    groups: dict[str, Literal["sum", "best", "first", "exclusive"]] = field(default_factory=dict)


def read_program(document: object) -> Program:
    """Read and check a document. Raises BadProgram naming the place and the remedy."""
    try:
        program = msgspec.convert(document, Program)
    except msgspec.ValidationError as error:
        path, problem = read_complaint(error)
        raise BadProgram(path=path.removeprefix("$.") or "$", problem=problem) from None
    _check_unique("rules", [rule.id for rule in program.rules])
    _check_unique("automatic", [one.offer for one in program.automatic])
    _check_ladder(program.ladder)
    _check_days(program)
    for index, rule in enumerate(program.rules):
        _check_rule(f"rules[{index}] ({rule.id})", rule, program)
    return program


def _check_unique(path: str, ids: list[str]) -> None:
    repeated = sorted({code for code in ids if ids.count(code) > 1})
    if repeated:
        raise BadProgram(
            path=path,
            problem=Saying(gettext_noop("the id “%(id)s” stands more than once; give each its own."), id=repeated[0]),
        )


def _check_ladder(ladder: Ladder | None) -> None:
    if ladder is None:
        return
    _check_unique("ladder.levels", [level.code for level in ladder.levels])
    thresholds = [level.at_least for level in ladder.levels]
    if thresholds[0] != 0 or sorted(set(thresholds)) != thresholds:
        raise BadProgram(
            path="ladder.levels",
            problem=Saying(
                gettext_noop("the first level begins at 0 and each further one higher than the one before.")
            ),
        )


def _check_days(program: Program) -> None:
    days = [("unit.expiry.day", program.unit.expiry.day), ("unit.pending.day", program.unit.pending.day)]
    days += [(f"rules[{index}].expiry.day", rule.expiry.day) for index, rule in enumerate(program.rules) if rule.expiry]
    levels = enumerate(program.ladder.levels if program.ladder else ())
    days += [(f"ladder.levels[{index}].expiry.day", level.expiry.day) for index, level in levels if level.expiry]
    for path, day in days:
        if day is not None and not YEAR_MIN <= day.year <= YEAR_MAX:
            raise BadProgram(
                path=path,
                problem=Saying(
                    gettext_noop("%(day)s is not between the years %(earliest)s and %(latest)s."),
                    day=day.isoformat(),
                    earliest=YEAR_MIN,
                    latest=YEAR_MAX,
                ),
            )


def _check_rule(path: str, rule: Rule, program: Program) -> None:
    if rule.on == "event" and not rule.event:
        raise BadProgram(path=path, problem=Saying(gettext_noop("an event rule names its event.")))
    if rule.on != "order" and not isinstance(rule.gives, Fixed):
        raise BadProgram(
            path=path, problem=Saying(gettext_noop("only purchases have amounts and items; give fixed points here."))
        )
    if rule.group and rule.group not in program.groups:
        raise BadProgram(
            path=path, problem=Saying(gettext_noop("the group “%(group)s” is not among the groups."), group=rule.group)
        )
    if rule.carries and (not isinstance(rule.gives, PerAmount) or rule.rounding != "floor" or rule.group):
        raise BadProgram(
            path=path,
            problem=Saying(
                gettext_noop("only points for an amount, rounded down and outside of groups, can be carried over.")
            ),
        )
    if rule.when is not None:
        parse(rule.when, FACT_REGISTRY)


def to_document(program: Program) -> dict[str, object]:
    """Return the plain JSON form of a program."""
    document: dict[str, object] = msgspec.to_builtins(program)
    return document
