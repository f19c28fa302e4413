# SPDX-License-Identifier: Apache-2.0
"""The writers of programs: a draft is edited, a version is published and never changes again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.outbox.actions import announce
from regulars.programs.definition import read_program, to_document
from regulars.programs.models import Draft, Version
from regulars.tenancy import audit
from regulars.tenancy.actors import Actor
from regulars.tenancy.models import Business


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
