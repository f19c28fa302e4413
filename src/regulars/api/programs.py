# SPDX-License-Identifier: Apache-2.0
"""The program: the version in force, those before it, and the draft of the next one."""

from datetime import datetime
from typing import Annotated

from django.db import transaction
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from regulars.api.door import is_current
from regulars.api.endpoint import Answer, Call, Endpoint, Nothing, Page
from regulars.api.intakes import Moment, check_moment
from regulars.api.pages import PageQuery, page_of
from regulars.api.problems import ChangedMeanwhile
from regulars.customers.searching import BadCursor
from regulars.database.transactions import run_durably
from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.programs.actions import publish_draft, save_draft
from regulars.programs.definition import Program, read_program, to_document
from regulars.programs.lint import Caution
from regulars.programs.models import Draft, Version
from regulars.programs.queries import cautions_of, current_version, draft_of, draft_to_publish
from regulars.programs.versions import program_of


class NothingPublished(RegularsError):
    """The business has no program in force yet."""

    code = "nothing_published"
    status = 404
    text = gettext_noop("No program is in force yet. Save a draft and publish it.")


class NoDraft(RegularsError):
    """Nothing is being edited."""

    code = "no_draft"
    status = 404
    text = gettext_noop("There is no draft of the program. Save one first.")


class ProgramVersion(Struct, frozen=True):
    """A published program, valid from its date until the next one's."""

    number: int
    valid_from: datetime
    published_at: datetime
    note: str
    program: Program


class PublishedProgram(ProgramVersion, frozen=True):
    """A version just published, and what to think about: nothing hindered it."""

    cautions: list[Caution]


class ProgramDraft(Struct, frozen=True):
    """The program being edited, and the number of the version that it began from."""

    based_on: int | None
    updated_at: datetime
    program: Program


class DraftCautions(Struct, frozen=True):
    """What to think about before the draft is published; it hinders nothing."""

    cautions: list[Caution]


class Publication(Struct, frozen=True, forbid_unknown_fields=True):
    """From when on the draft holds (now where nothing is said), and why it changes."""

    valid_from: Moment | UnsetType = UNSET
    note: Annotated[str, Meta(max_length=300)] = ""


def _version(version: Version) -> ProgramVersion:
    return ProgramVersion(
        version.number, version.valid_from, version.published_at, version.note, program_of(version.pk)
    )


def _draft(draft: Draft) -> ProgramDraft:
    return ProgramDraft(draft.based_on.number if draft.based_on else None, draft.updated_at, read_program(draft.config))


def get_program(call: Call[None, Nothing]) -> Answer:
    """Return the version in force."""
    version = current_version(call.business, call.now)
    if version is None:
        raise NothingPublished
    return Answer(_version(version))


def list_versions(call: Call[None, PageQuery]) -> Answer:
    """List the published versions, the latest first."""
    rows = Version.objects.of(call.business).order_by("-number")
    if (after := call.query.after) is not None:
        if not after.isdecimal() or len(after) > 9:
            raise BadCursor(value=str(call.query.cursor)[:60])
        rows = rows.filter(number__lt=int(after))
    return page_of(call, rows, _version, by="number")


def get_draft(call: Call[None, Nothing]) -> Answer:
    """Return the draft."""
    draft = draft_of(call.business)
    if draft is None:
        raise NoDraft
    return Answer(_draft(draft))


def list_cautions(call: Call[None, Nothing]) -> Answer:
    """Return what to think about before the draft is published."""
    draft = draft_of(call.business)
    if draft is None:
        raise NoDraft
    return Answer(DraftCautions(cautions_of(call.business, read_program(draft.config))))


def keep_draft(call: Call[Program, Nothing]) -> Answer:
    """Keep a program as the draft, unless the draft has changed since the caller read it."""

    def keep() -> Draft:
        with transaction.atomic():
            before = Draft.objects.of(call.business).select_for_update().first()
            if not is_current(call.request, _draft(before) if before else None):
                raise ChangedMeanwhile
            return save_draft(call.business, to_document(call.body), actor=call.holder.actor, now=call.now)

    return Answer(_draft(run_durably(keep)))


def publish(call: Call[Publication, Nothing]) -> Answer:
    """Publish the draft as the next version, if it is still what the caller read."""
    valid_from = call.now if call.body.valid_from is UNSET else check_moment("valid_from", call.body.valid_from)

    def go() -> Version:
        draft = draft_to_publish(call.business)
        if draft is None:
            raise NoDraft
        if not is_current(call.request, _draft(draft)):
            raise ChangedMeanwhile
        return publish_draft(draft, valid_from=valid_from, actor=call.holder.actor, now=call.now, note=call.body.note)

    published = _version(run_durably(go))
    cautions = cautions_of(call.business, published.program)
    return Answer(PublishedProgram(**structs.asdict(published), cautions=cautions), 201)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        name="get_program",
        method="GET",
        path="program",
        about="Return the program in force.",
        run=get_program,
        answer=ProgramVersion,
        tag="Program",
        refusals=(404,),
    ),
    Endpoint(
        name="list_versions",
        method="GET",
        path="program/versions",
        about="List the published versions, the latest first.",
        run=list_versions,
        query=PageQuery,
        answer=Page[ProgramVersion],
        tag="Program",
    ),
    Endpoint(
        name="get_draft",
        method="GET",
        path="program/draft",
        about="Return the draft of the program.",
        run=get_draft,
        answer=ProgramDraft,
        tag="Program",
        refusals=(404,),
    ),
    Endpoint(
        name="list_cautions",
        method="GET",
        path="program/draft/cautions",
        about="Return what to think about before the draft is published.",
        run=list_cautions,
        answer=DraftCautions,
        tag="Program",
        refusals=(404,),
    ),
    Endpoint(
        name="save_draft",
        method="PUT",
        path="program/draft",
        about="Keep a program as the draft.",
        run=keep_draft,
        body=Program,
        answer=ProgramDraft,
        tag="Program",
        refusals=(412,),
        takes=("If-Match",),
    ),
    Endpoint(
        name="publish_draft",
        method="POST",
        path="program/publish",
        about="Publish the draft as the next version.",
        run=publish,
        body=Publication,
        answer=PublishedProgram,
        tag="Program",
        statuses=(201,),
        refusals=(404, 409),
        needs_match=True,
    ),
)
