# SPDX-License-Identifier: Apache-2.0
"""What happened between a customer and the shop, and why each point moved.

Reads only, a fixed number of queries for a page.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.facts.models import Fact, FactKind, Line
from regulars.ledger.queries import StatementRow, drawn_from, occurred_at, statement
from regulars.programs.account import Account
from regulars.programs.explain import text_in
from regulars.programs.models import Decision
from regulars.programs.outcomes import DECIDED, cause_of, given, outcome_behind
from regulars.programs.queries import accounts_of, decisions_of
from regulars.programs.versions import program_of
from regulars.programs.words import Words
from regulars.rewards.models import Entitlement, Offer
from regulars.tenancy.models import AuditEntry, Business
from regulars.web.authors import authors_of
from regulars.web.people import unit_of
from regulars.web.program_words import rule_sentence

PAGE = 20
LINES_SHOWN = 40
SHOWN = (
    FactKind.ORDER,
    FactKind.RETURN,
    FactKind.VISIT,
    FactKind.EVENT,
    FactKind.ENROLMENT,
    FactKind.HOLD,
    FactKind.SETTLE,
    FactKind.VOID,
    FactKind.REDEMPTION,
    FactKind.USE,
    FactKind.ADJUSTMENT,
    FactKind.TRANSFER,
    FactKind.CANCEL,
    FactKind.ACTIVATION,
    FactKind.CLAIM,
    FactKind.MERGE,
    FactKind.UNMERGE,
)
ICONS = {
    "order": "receipt", "return": "undo", "visit": "place", "event": "star", "enrolment": "card", "redemption": "gift",
    "use": "ticket", "adjustment": "edit", "transfer": "repeat", "cancel": "undo", "activation": "clock",
    "claim": "receipt", "hold": "clock", "settle": "gift", "void": "undo",
    "merge": "merge", "unmerge": "undo",
}  # fmt: skip
TITLES = {
    "order": _("Purchase of %(amount)s"),
    "return": _("Return of %(amount)s"),
    "visit": _("Visit"),
    "event": _("Event “%(name)s”"),
    "enrolment": _("Became a member"),
    "hold": _("Points set aside"),
    "settle": _("Points set aside were spent"),
    "void": _("Points set aside were given back"),
    "redemption": _("Reward taken"),
    "use": _("Reward used"),
    "adjustment": _("Points corrected"),
    "transfer": _("Points moved"),
    "cancel": _("Taken back"),
    "activation": _("Pending points"),
    "claim": _("Receipt added"),
    "merge": _("Another record of this customer joined"),
    "unmerge": _("A merge was undone"),
}
BY_HAND = {FactKind.ADJUSTMENT, FactKind.TRANSFER, FactKind.CANCEL, FactKind.MERGE, FactKind.UNMERGE}
CANCELLED = {
    "order": _("Purchase of %(day)s cancelled"),
    "visit": _("Visit of %(day)s cancelled"),
    "event": _("Event of %(day)s cancelled"),
    "redemption": _("Reward of %(day)s given back"),
    "use": _("Use of a reward on %(day)s taken back"),
    "settle": _("Spending of %(day)s taken back"),
    "adjustment": _("Correction of %(day)s taken back"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One line of a purchase or return, with what it brought."""

    name: str
    quantity: str
    amount: str
    points: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What one rule came to: its name, its sentence, the reasons of this case, and the points."""

    rule: str
    sentence: str
    reasons: str
    points: str
    is_given: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """One movement of points with its why."""

    id: UUID
    title: str
    at: datetime
    points: str
    is_plus: bool
    remark: str
    given: Sequence[Given]
    parts: Sequence[Part]
    origins: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that happened."""

    id: UUID
    title: str
    at: datetime
    icon: str
    remark: str
    points: str
    given: Sequence[Given]
    parts: Sequence[Part]
    is_returnable: bool


@dataclass(frozen=True, slots=True)
class _Behind:
    """What lies behind a page of facts, read at once."""

    facts: dict[UUID, Fact]
    decisions: dict[UUID, Decision]
    lines: dict[UUID, list[Line]]
    offers: dict[UUID, Offer]
    authors: dict[UUID, str]


def _read_behind(business: Business, facts: Sequence[Fact]) -> _Behind:
    keys = [fact.pk for fact in facts]
    return _Behind(
        facts=dict(zip(keys, facts, strict=True)),
        decisions=decisions_of(business, keys),
        lines=_lines(business, _of_kinds(facts, {"order", "return", "cancel"})),
        offers=_offers(business, _of_kinds(facts, {"redemption", "use"})),
        authors=_authors(business, _of_kinds(facts, BY_HAND)),
    )


def _of_kinds(facts: Sequence[Fact], kinds: Collection[str]) -> list[UUID]:
    return [fact.pk for fact in facts if fact.kind in kinds]


def _lines(business: Business, facts: Sequence[UUID]) -> dict[UUID, list[Line]]:
    rows = Line.objects.of(business).filter(fact__in=facts)
    rows = rows.select_related("product__category", "original_line", "returned")
    lines: dict[UUID, list[Line]] = {}
    for line in rows.order_by("position"):
        lines.setdefault(line.fact_id, []).append(line)
    return lines


def _offers(business: Business, taken: Sequence[UUID]) -> dict[UUID, Offer]:
    """Return what was taken or used by these facts."""
    if not taken:
        return {}
    held = Entitlement.objects.of(business).filter(Q(fact__in=taken) | Q(used_on__in=taken)).select_related("offer")
    return {key: one.offer for one in held for key in (one.fact_id, one.used_on_id) if key}


def _authors(business: Business, facts: Sequence[UUID]) -> dict[UUID, str]:
    """Return who recorded these facts, as the audit log knows."""
    if not facts:
        return {}
    entries = list(AuditEntry.objects.of(business).filter(object_id__in=facts))
    names = authors_of(business, entries)
    return {one.object_id: names[one.pk] for one in entries if one.object_id}


def read_statement(
    business: Business, customer: UUID, words: Words, *, before: UUID | None
) -> tuple[list[Booking], UUID | None]:
    """Return a page of bookings, the latest first, and where the next begins."""
    rows = statement(business, customer, unit_of(words.program), before=before, limit=PAGE + 1)
    shown = rows[:PAGE]
    facts = list(Fact.objects.of(business).filter(pk__in={row.fact for row in shown}).select_related("amends"))
    behind = _read_behind(business, facts)
    origins = _origins(business, [row.transaction for row in shown if row.points < 0], words)
    bookings = [_booking(row, behind, origins.get(row.transaction, []), words) for row in shown]
    return bookings, shown[-1].transaction if len(rows) > PAGE else None


def _origins(business: Business, transactions: list[UUID], words: Words) -> dict[UUID, list[str]]:
    """Say of which earnings points were taken."""
    drawn = drawn_from(business, transactions)
    earned_at = occurred_at(business, {origin for parts in drawn.values() for origin, _ in parts})
    said: dict[UUID, list[str]] = {}
    for transaction, parts in drawn.items():
        said[transaction] = [
            gettext("%(points)s earned on %(day)s")
            % {"points": words.points(abs(amount)), "day": words.moment(earned_at[origin])}
            for origin, amount in parts[:LINES_SHOWN]
        ]
    return said


def _booking(row: StatementRow, behind: _Behind, origins: list[str], words: Words) -> Booking:
    fact, decision = behind.facts[row.fact], behind.decisions.get(row.fact)
    outcome = outcome_behind(row.transaction, decision.outcomes) if decision else None
    cause = cause_of(row.kind, fact=row.fact, kind=fact.kind, outcome=outcome)
    told = _told_by(decision, words)
    per_line = list(outcome["per_line"]) if outcome else []
    return Booking(
        id=row.transaction,
        title=_title(fact, words) if fact.kind == "cancel" else told.booking(row.kind, row.rule, cause),
        at=row.occurred_at,
        points=words.signed_points(row.points),
        is_plus=row.points > 0,
        remark=_remark(fact, behind, words),
        given=[
            *([_given(outcome, told)] if outcome else []),
            *(_others(fact, behind, told) if row.kind == "earn" else []),
        ],
        parts=_parts(_lines_of(fact, outcome, behind), per_line, words)
        if outcome or fact.kind in {"order", "return"}
        else [],
        origins=origins,
    )


def _told_by(decision: Decision | None, words: Words) -> Words:
    """Return words that know the rules of the version that decided."""
    if decision is None:
        return words
    return words.of(program_of(decision.version_id))


def _lines_of(fact: Fact, outcome: Mapping[str, Any] | None, behind: _Behind) -> list[Line]:
    """Return the lines that an outcome speaks of: of a return those of the purchase that it reverses."""
    lines = behind.lines.get(fact.pk, [])
    if outcome and "of" in outcome:
        return [line for line in lines if line.original_line and str(line.original_line.fact_id) == outcome["of"]]
    return lines


def _given(outcome: Mapping[str, Any], words: Words) -> Given:
    rules = {rule.id: rule for rule in words.program.rules} if words.program else {}
    rule = rules.get(outcome["rule"])
    return Given(
        rule=text_in(rule.name, words.language) if rule else outcome["rule"],
        sentence=rule_sentence(rule, words) if rule else "",
        reasons=words.why(reason for reason in outcome.get("reasons", ()) if reason["is"] != "returned"),
        points=words.signed_points(outcome["points"]),
        is_given=bool(outcome["points"]),
    )


def _others(fact: Fact, behind: _Behind, words: Words) -> list[Given]:
    """Return the rules for such facts that a decision does not name: what they multiplied, or why they gave nothing."""
    decision = behind.decisions.get(fact.pk)
    if decision is None or fact.kind not in DECIDED:
        return []
    decided = {one["rule"] for one in decision.outcomes}
    accounts = accounts_of(fact, decision, behind.lines.get(fact.pk, []))
    return [_other(one, words) for one in accounts if one.is_meant and one.rule.id not in decided]


def _other(one: Account, words: Words) -> Given:
    return Given(
        rule=words.rules[one.rule.id],
        sentence=rule_sentence(one.rule, words),
        reasons="" if one.times_milli else words.why(one.reasons, one.unmet),
        points=words.times(one.times_milli) if one.times_milli else "",
        is_given=one.times_milli is not None,
    )


def _parts(lines: Sequence[Line], per_line: Sequence[int], words: Words) -> list[Part]:
    shares: list[int | None] = [*per_line] if len(per_line) == len(lines) else [None] * len(lines)
    return [_part(line, share, words) for line, share in zip(lines[:LINES_SHOWN], shares, strict=False)]


def _part(line: Line, share: int | None, words: Words) -> Part:
    came_back = line.returned.quantity_milli if hasattr(line, "returned") else 0
    note = gettext("%(quantity)s came back") % {"quantity": words.quantity(came_back)} if came_back else ""
    return Part(
        name=line.product.name if line.product else gettext("Without items"),
        quantity=words.quantity(abs(line.quantity_milli)),
        amount=words.money(line.net_minor),
        points=words.signed_points(share) if share is not None else "",
        note=note,
    )


def _remark(fact: Fact, behind: _Behind, words: Words) -> str:
    parts = [_about(fact, behind, words), fact.payload.get("reason", "") and _reason(fact), _author(fact, behind)]
    return " · ".join(part for part in parts if part)


def _reason(fact: Fact) -> str:
    return gettext("Reason: %(reason)s") % {"reason": fact.payload["reason"]}


def _author(fact: Fact, behind: _Behind) -> str:
    return gettext("by %(author)s") % {"author": behind.authors[fact.pk]} if fact.pk in behind.authors else ""


def _about(fact: Fact, behind: _Behind, words: Words) -> str:
    match fact.kind:
        case "redemption" | "use" if fact.pk in behind.offers:
            name = text_in(behind.offers[fact.pk].name, words.language)
            return gettext("%(reward)s, by itself") % {"reward": name} if fact.caused_by_id else name
        case "claim" if fact.amends:
            said = {"number": fact.amends.external_id, "day": words.moment(fact.amends.occurred_at)}
            return gettext("No. %(number)s of %(day)s") % said
        case "order" if fact.payload.get("points"):
            return gettext("Paid with %(points)s.") % {"points": words.points(fact.payload["points"])}
        case "hold":
            until = words.moment(datetime.fromisoformat(fact.receipt["detail"]["expires_at"]))
            return gettext("%(points)s, until %(day)s") % {"points": words.points(fact.payload["points"]), "day": until}
        case "merge" | "unmerge" if moved := fact.receipt.get("detail", {}).get("points_moved"):
            return gettext("%(points)s moved") % {"points": words.points(moved)}
    return ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last fact of a page."""

    at: datetime
    key: UUID

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.key}"


def read_cursor(text: str) -> Cursor | None:
    """Read the end of the page before; None where there is none."""
    moment, _, key = text.partition("~")
    try:
        return Cursor(datetime.fromisoformat(moment), UUID(key))
    except ValueError:
        return None


def read_story(
    business: Business, owned: Q, words: Words, *, before: Cursor | None
) -> tuple[list[Happening], Cursor | None]:
    """Return a page of what happened, of the facts that are a customer's own, the latest first, and where the next begins."""
    rows = Fact.objects.of(business).filter(owned, kind__in=SHOWN)
    rows = rows.select_related("store", "amends")
    if before is not None:
        rows = rows.filter(
            Q(occurred_at__lt=before.at) | Q(occurred_at=before.at, pk__lt=before.key), occurred_at__lte=before.at
        )
    facts = list(rows.order_by("-occurred_at", "-id")[: PAGE + 1])
    shown = facts[:PAGE]
    behind = _read_behind(business, shown)
    last = Cursor(shown[-1].occurred_at, shown[-1].pk) if len(facts) > PAGE else None
    return [_happening(fact, behind, words) for fact in shown], last


def _happening(fact: Fact, behind: _Behind, words: Words) -> Happening:
    decision, lines = behind.decisions.get(fact.pk), behind.lines.get(fact.pk, [])
    told = _told_by(decision, words)
    outcomes = _outcomes_told(fact, decision)
    earned = sum(one["points"] for one in outcomes)
    return Happening(
        id=fact.pk,
        title=_title(fact, words),
        at=fact.occurred_at,
        icon=ICONS.get(fact.kind, "info"),
        remark=" · ".join(
            part for part in (_remark(fact, behind, words), fact.store.name if fact.store else "") if part
        ),
        points=words.signed_points(earned) if earned else _moved(fact, words),
        given=[*(_given(one, told) for one in outcomes), *_others(fact, behind, told)],
        parts=_parts(lines, [sum(shares) for shares in _shares(outcomes, lines)], words),
        is_returnable=fact.kind == "order" and any(_left(line) for line in lines),
    )


def _outcomes_told(fact: Fact, decision: Decision | None) -> list[dict[str, Any]]:
    """Return what a fact gave; of a return or a cancellation, what it took back."""
    outcomes: list[dict[str, Any]] = decision.outcomes if decision else []
    return outcomes if fact.kind in {"return", "cancel"} else given(outcomes)


def _shares(outcomes: Sequence[Mapping[str, Any]], lines: Sequence[Line]) -> list[list[int]]:
    """Return for each line what the outcomes gave for it; nothing where they do not speak of just these lines."""
    fitting = [one["per_line"] for one in outcomes if len(one["per_line"]) == len(lines)]
    return [[shares[place] for shares in fitting] for place in range(len(lines))] if fitting else []


def _left(line: Line) -> int:
    came_back = line.returned.quantity_milli if hasattr(line, "returned") else 0
    return line.quantity_milli - came_back


def _moved(fact: Fact, words: Words) -> str:
    if fact.kind == "claim":
        return ""
    receipt = fact.receipt
    moved = receipt.get("points_earned", 0) + receipt.get("points_returned", 0)
    moved -= receipt.get("points_spent", 0) + receipt.get("points_reversed", 0)
    return words.signed_points(moved) if moved else ""


def _title(fact: Fact, words: Words) -> str:
    if fact.kind == "order" and fact.amends:
        return gettext("Purchase corrected: %(amount)s") % {"amount": words.money(fact.total_minor)}
    if fact.kind == "cancel" and fact.amends and fact.amends.kind in CANCELLED:
        return str(CANCELLED[fact.amends.kind]) % {"day": words.moment(fact.amends.occurred_at)}
    amount = -fact.total_minor if fact.kind == "return" else fact.total_minor
    said = {"amount": words.money(amount), "name": fact.payload.get("name", "")}
    return str(TITLES[fact.kind]) % said
