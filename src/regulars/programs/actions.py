# SPDX-License-Identifier: Apache-2.0
"""The writers of programs: a draft is edited, a version is published and never changes again; what it decided, and for whom."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from regulars.database.sql import Table, insert_rows, update_rows
from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.outbox.actions import announce
from regulars.programs.definition import read_program, to_document
from regulars.programs.models import Draft, Version
from regulars.programs.store import COUNTERS, DECISIONS, MEMBERSHIPS, STANDINGS, Member
from regulars.tenancy import audit
from regulars.tenancy.actors import Actor
from regulars.tenancy.models import Business

_CHANGED_MEMBERS = Table(
    "programs_membership",
    {
        "customer_id": "uuid", "now_tier": "text", "now_tier_since": "timestamptz", "now_progress": "bigint",
        "now_progress_until": "timestamptz", "now_falls_at": "timestamptz",
    },
)  # fmt: skip


class UnitChanged(RegularsError):
    """A unit that members hold cannot disappear."""

    code = "unit_changed"
    status = 409
    text = gettext_noop("Members hold “%(unit)s”; the program must keep that unit. Change its name instead.")


class DraftStale(RegularsError):
    """Another version was published since the draft was begun."""

    code = "draft_stale"
    status = 409
    text = gettext_noop("Version %(number)s was published since this draft was begun. Look at it, then publish again.")


@transaction.atomic
def publish_program(
    business: Business,
    document: Mapping[str, Any],
    *,
    valid_from: datetime,
    actor: Actor,
    now: datetime,
    note: str = "",
) -> Version:
    """Publish a document as the next version, valid from a moment on, and throw the draft away.

    Late facts keep the version of their own day. Raises BadProgram, BadCondition, UnitChanged.
    """
    program = read_program(document)
    Business.objects.select_for_update().get(pk=business.pk)
    latest = Version.objects.of(business).order_by("-number").first()
    if latest is not None and read_program(latest.config).unit.code != program.unit.code:
        raise UnitChanged(unit=read_program(latest.config).unit.code)
    number = (Version.objects.of(business).aggregate(last=Max("number"))["last"] or 0) + 1
    version = Version.objects.create(
        business=business,
        number=number,
        config=to_document(program),
        valid_from=valid_from,
        published_at=now,
        note=note,
    )
    Draft.objects.of(business).delete()
    audit.record(
        actor, "program.published", version, now=now, before=_trace(latest), after=_trace(version), reason=note
    )
    announce(
        "program.published",
        {"version": str(version.pk), "number": number, "valid_from": valid_from.isoformat()},
        business_id=business.pk,
        now=now,
    )
    return version


def _trace(version: Version | None) -> dict[str, object] | None:
    return {"number": version.number, "valid_from": version.valid_from.isoformat()} if version else None


@transaction.atomic
def save_draft(business: Business, document: Mapping[str, Any], *, actor: Actor, now: datetime) -> Draft:
    """Keep a document as the draft. It must be one that could be published. Raises BadProgram, BadCondition."""
    config = to_document(read_program(document))
    latest = Version.objects.of(business).order_by("-number").first()
    draft, _ = Draft.objects.of(business).update_or_create(
        business=business,
        defaults={"config": config, "updated_at": now},
        create_defaults={"config": config, "updated_at": now, "based_on": latest},
    )
    audit.record(actor, "program.drafted", draft, now=now)
    return draft


@transaction.atomic
def publish_draft(draft: Draft, *, valid_from: datetime, actor: Actor, now: datetime, note: str = "") -> Version:
    """Publish the draft. Raises DraftStale when another version came between."""
    latest = Version.objects.of(draft.business_id).order_by("-number").first()
    if latest is not None and draft.based_on_id != latest.pk:
        raise DraftStale(number=latest.number)
    return publish_program(draft.business, draft.config, valid_from=valid_from, actor=actor, now=now, note=note)


@transaction.atomic
def discard_draft(draft: Draft, *, actor: Actor, now: datetime) -> None:
    """Throw the draft away."""
    audit.record(actor, "program.draft_discarded", draft, now=now)
    draft.delete()


def save_members(business: UUID, members: Iterable[Member]) -> None:
    """Write new and changed memberships."""
    known = list(members)
    new = [
        (m.customer, business, m.enrolled_at, m.tier, m.tier_since, m.progress, m.progress_until, m.falls_at)
        for m in known
        if m.is_new
    ]
    insert_rows(MEMBERSHIPS, new)
    changed = sorted(
        (
            (m.customer, m.tier, m.tier_since, m.progress, m.progress_until, m.falls_at)
            for m in known
            if m.is_changed and not m.is_new
        ),
        key=lambda row: row[0],
    )
    update_rows(
        _CHANGED_MEMBERS,
        changed,
        sets="tier = {now_tier}, tier_since = {now_tier_since}, progress = {now_progress}, progress_until = {now_progress_until},"
        " falls_at = {now_falls_at}",
    )


def record_decisions(
    decisions: Sequence[tuple[Any, ...]], standings: Sequence[tuple[Any, ...]], used: Sequence[tuple[Any, ...]]
) -> None:
    """Record decisions and changes of tier, and add to counters what they used, given as rows of the tables."""
    insert_rows(DECISIONS, decisions)
    insert_rows(STANDINGS, standings)
    insert_rows(
        COUNTERS,
        used,
        on_conflict='(business_id, customer_id, "window") DO UPDATE SET used = programs_counter.used + excluded.used',
    )
