# SPDX-License-Identifier: Apache-2.0
"""Bringing files in: upload, say what the columns mean, rehearse, import in the background, look at what came of it."""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from regulars.connectors.actions import NewImport, check_run, choose_mapping, discard_run, start_run
from regulars.connectors.mapping import (
    FORMATS,
    SUBJECTS,
    TARGET_NAMES,
    TARGETS,
    BadMapping,
    Column,
    Mapping,
    Subject,
    check_mapping,
    draft_of,
    mapping_of,
)
from regulars.connectors.models import ImportRun
from regulars.connectors.presets import load_preset, preset_names
from regulars.connectors.proposals import Proposal, ignored_columns, mapping_from
from regulars.connectors.runs import Preview, errors_of, file_of, name_of_rows, preview, unmatched_path
from regulars.connectors.sources import (
    KnownElsewhere,
    carried_source,
    find_other_source,
    fitting_mapping,
    with_source,
)
from regulars.connectors.tally import Tally
from regulars.kernel.errors import RegularsError, Saying, gettext_noop
from regulars.outbox.actions import enqueue
from regulars.outbox.models import Job
from regulars.programs.words import Words
from regulars.web.door import BOTH, POST, StaffRequest, staff_page, text_of
from regulars.web.import_words import CONFIDENCES, FORMAT_NAMES, PRESETS, result_texts

FILE_MAX = 1 << 30
REHEARSED_MAX = 64 << 20
RUNS_SHOWN = 50
UNMATCHED_SHOWN = 100
JOINED = "\x1f"
JOB_KIND = "import"
WAITING = (ImportRun.State.UPLOADED, ImportRun.State.CHECKED)


@staff_page("import.run")
def list_runs(request: StaffRequest) -> HttpResponse:
    """Show what was imported, the latest first."""
    words = Words(request.business)
    runs = list(ImportRun.objects.of(request.business).order_by("-created_at")[:RUNS_SHOWN])
    rows = sum(run.done_rows for run in runs)
    finding = ngettext("%(count)s row imported so far", "%(count)s rows imported so far", rows) % {
        "count": words.number(rows)
    }
    return render(
        request, "web/imports.html", {"runs": runs, "finding": finding if rows else gettext("Nothing is imported yet")}
    )


class UploadForm(forms.Form):
    """A file, and what is in it."""

    subject = forms.ChoiceField(
        label=_("In the file are"), choices=ImportRun.Subject.choices, widget=forms.RadioSelect, initial="orders"
    )
    file = forms.FileField(label=_("File"), help_text=_("CSV, XLSX, Parquet or JSON lines, up to 1 GB."))
    preset = forms.ChoiceField(
        label=_("It comes from"),
        required=False,
        help_text=_("Or let us read the header; you check what we understood."),
    )
    with_points = forms.BooleanField(
        label=_("Members earn points for these purchases"),
        required=False,
        initial=True,
        help_text=_("By the program of their day. Leave it off for years that were rewarded elsewhere."),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they come
        presets = [(name, PRESETS[name]) for name in preset_names()]
        self.fields["preset"].choices = [("", gettext("somewhere else")), *presets]  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> None:
        """Refuse a preset for something else, and a file that is too large."""
        given = self.cleaned_data
        chosen = given.get("preset")
        if chosen and given.get("subject") and load_preset(chosen).subject != given["subject"]:
            said = {"subject": str(ImportRun.Subject(load_preset(chosen).subject).label)}
            self.add_error(
                "preset", gettext("This preset reads %(subject)s. Choose that above, or another preset.") % said
            )
        file = given.get("file")
        if isinstance(file, UploadedFile) and (file.size or 0) > FILE_MAX:
            self.add_error("file", _("The file is larger than 1 GB. Split it, or use the command line."))


@staff_page("import.run", methods=BOTH)
def new_import(request: StaffRequest) -> HttpResponse:
    """Take a file and propose what its columns mean."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_bound and form.is_valid():
        try:
            run = _keep(request, form)
        except RegularsError as error:
            form.add_error("file", text_of(error))
        else:
            return HttpResponseRedirect(reverse("import_mapping", args=[run.pk]))
    return render(request, "web/import_new.html", {"form": form}, status=422 if form.errors else 200)


def _keep(request: StaffRequest, form: UploadForm) -> ImportRun:
    given = form.cleaned_data
    file, subject = given["file"], _subject(given["subject"])
    with tempfile.NamedTemporaryFile(prefix="regulars-upload-") as kept:
        for chunk in file.chunks():
            kept.write(chunk)
        kept.flush()
        path = Path(kept.name)
        head, name = preview(path, subject), _source_name(file.name or "file")
        if given["preset"]:
            source, preset = carried_source(head), load_preset(given["preset"])
            mapping = with_source(preset, source) if source else preset
        else:
            mapping = fitting_mapping(request.business, head, name=name, subject=subject)
        wanted = NewImport(
            subject=subject,
            file_name=file.name or "file",
            mapping=mapping if mapping.columns else None,
            with_points=given["with_points"],
            created_by_id=request.access.user.pk,
        )
        return start_run(request.business, path, wanted, now=request.now)


def _source_name(file_name: str) -> str:
    return re.sub(r"[^a-z0-9_.-]+", "-", Path(file_name).stem.lower()).strip("-.")[:40] or "file"


def _run(request: StaffRequest, run: UUID) -> ImportRun:
    found = ImportRun.objects.of(request.business).filter(pk=run).select_related("business").first()
    if found is None:
        raise Http404(gettext("There is no such import."))
    return found


def _job_of(run: ImportRun) -> Job | None:
    return Job.objects.filter(business_id=run.business_id, kind=JOB_KIND, payload__run=str(run.pk)).first()


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingRow:
    """One thing to be read: its column, how it is written, and how sure the guess is."""

    target: str
    label: str
    column: str
    options: list[tuple[str, str]]
    format: str
    formats: list[tuple[str, str]]
    confidence: str
    confidence_kind: str
    sample: str


@staff_page("import.run", methods=BOTH)
def edit_mapping(request: StaffRequest, run: UUID) -> HttpResponse:
    """Check what the columns mean, then rehearse the import."""
    found = _run(request, run)
    if found.state not in WAITING:
        return HttpResponseRedirect(reverse("import_run", args=[run]))
    mapping = draft_of(found.mapping) if found.mapping else None
    refusal = _rehearse(request, found) if request.method == "POST" else None
    problem = text_of(refusal) if refusal else _lacking(mapping)
    if request.method == "POST" and not refusal:
        said = "?other_purchases=on" if "other_purchases" in request.POST else ""
        return HttpResponseRedirect(reverse("import_run", args=[run]) + said)
    head = preview(file_of(found), _subject(found.subject))
    ignored = ignored_columns(head.header, mapping) if mapping else []
    context = {
        "run": found,
        "rows": _mapping_rows(request, found, head, mapping),
        "source": request.POST.get("source", mapping.name if mapping else _source_name(found.file_name)),
        "may_be_others": isinstance(refusal, KnownElsewhere),
        "problem": problem,
        "ignored": [name for name, _ in ignored],
        "consents": [name for name, is_consent in ignored if is_consent],
        "notes": mapping.notes if mapping else [],
    }
    return render(request, "web/import_mapping.html", context, status=422 if refusal else 200)


def _lacking(mapping: Mapping | None) -> str:
    """Return what a proposed mapping still lacks, in words."""
    try:
        if mapping:
            check_mapping(mapping)
    except BadMapping as error:
        return text_of(error)
    return ""


def _rehearse(request: StaffRequest, run: ImportRun) -> RegularsError | None:
    """Take the mapping that was sent and read the file by it; return what is wrong."""
    try:
        mapping = _posted_mapping(request, run)
        if "other_purchases" not in request.POST:
            _check_source(run, mapping)
        choose_mapping(run, mapping)
        if file_of(run).stat().st_size <= REHEARSED_MAX:
            check_run(run, now=request.now)
    except RegularsError as error:
        return error
    return None


def _check_source(run: ImportRun, mapping: Mapping) -> None:
    """Raise KnownElsewhere if the first purchases of a file are known under another source."""
    if mapping.subject != "orders":
        return
    known = find_other_source(file_of(run), mapping, run.business, name=name_of_rows(run.file_digest))
    if known is not None:
        remedy = gettext_noop(
            "Write “%(known)s” as the name of this source to continue it, or say that they are other purchases."
        )
        raise KnownElsewhere(known=known, source=mapping.name, remedy=Saying(remedy, known=known))


def _subject(text: str) -> Subject:
    return next(subject for subject in SUBJECTS if subject == text)


def _mapping_rows(request: StaffRequest, run: ImportRun, head: Preview, mapping: Mapping | None) -> list[MappingRow]:
    proposals = {one.target: one for one in head.proposals}
    places = {name: place for place, name in enumerate(head.header)}
    rows = []
    for target in TARGETS[_subject(run.subject)]:
        chosen = mapping.columns.get(target) if mapping else None
        column = JOINED.join(chosen.names) if chosen else ""
        style = chosen.format if chosen else ""
        if request.method == "POST":
            column, style = request.POST.get(f"column-{target}", ""), request.POST.get(f"format-{target}", "")
        rows.append(_mapping_row(target, column, style, head, places, proposals.get(target)))
    return rows


def _mapping_row(
    target: str, column: str, style: str, head: Preview, places: dict[str, int], guess: Proposal | None
) -> MappingRow:
    names = column.split(JOINED) if column else []
    joined = [(column, " + ".join(names))] if len(names) > 1 else []
    place = places.get(names[0]) if names else None
    samples = (
        [cells[place] for cells in head.sample[:20] if place < len(cells) and cells[place]] if place is not None else []
    )
    word, kind = CONFIDENCES[guess.confidence] if guess and names == [guess.column] else ("", "neutral")
    return MappingRow(
        target=target,
        label=gettext(TARGET_NAMES[target]),
        column=column,
        options=[("", gettext("not in the file")), *joined, *((name, name) for name in head.header)],
        format=style,
        formats=[(name, str(FORMAT_NAMES[name])) for name in FORMATS.get(target, ())],
        confidence=str(word),
        confidence_kind=kind,
        sample=samples[0][:60] if samples else "",
    )


def _posted_mapping(request: StaffRequest, run: ImportRun) -> Mapping:
    """Read the mapping that a form says; a preset keeps its rules. Raises BadMapping naming what is missing."""
    subject = _subject(run.subject)
    columns = dict(_posted_columns(request, subject))
    guesses = [Proposal(target, one.names[0], "high", "", format=one.format) for target, one in columns.items()]
    name = _source_name(request.POST.get("source", run.file_name))
    mapping = msgspec.structs.replace(mapping_from(guesses, name=name, subject=subject), columns=columns)
    before = draft_of(run.mapping) if run.mapping else None
    if before is not None and before.title:
        rules = [rule for rule in before.rules if all(test.target in columns for test in rule.when)]
        mapping = msgspec.structs.replace(
            mapping, rules=rules, time_zone=before.time_zone, title=before.title, notes=before.notes
        )
    check_mapping(mapping)
    return mapping


def _posted_columns(request: StaffRequest, subject: Subject) -> Iterator[tuple[str, Column]]:
    for target in TARGETS[subject]:
        if text := request.POST.get(f"column-{target}", ""):
            names = text.split(JOINED)
            yield target, Column(names if len(names) > 1 else names[0], request.POST.get(f"format-{target}", ""))


@staff_page("import.run")
def show_run(request: StaffRequest, run: UUID) -> HttpResponse:
    """Show an import: the rehearsal, how far it is, or what came of it."""
    return _page(request, _run(request, run))


def _page(request: StaffRequest, found: ImportRun, refusal: RegularsError | None = None) -> HttpResponse:
    job = _job_of(found)
    if found.state == ImportRun.State.UPLOADED and job is None and not found.mapping:
        return HttpResponseRedirect(reverse("import_mapping", args=[found.pk]))
    words = Words(request.business)
    tally = msgspec.convert(found.counts, Tally) if found.counts else None
    is_under_way = found.state == ImportRun.State.RUNNING or (job is not None and job.state == Job.State.READY)
    context = {
        "run": found,
        "finding": _finding(found, words, is_under_way=is_under_way),
        "is_under_way": is_under_way and found.state != ImportRun.State.DONE,
        "is_rehearsed": found.state == ImportRun.State.CHECKED,
        "is_waiting": is_under_way and found.state in WAITING,
        "may_be_others": isinstance(refusal, KnownElsewhere),
        "are_others": "other_purchases" in request.GET,
        "problem": text_of(refusal)
        if refusal
        else found.problem or (job.last_error if job and job.state == Job.State.DEAD else ""),
        "pace": _pace(found, request, words),
        "results": result_texts(tally, words) if tally else [],
        "first_errors": tally.first_errors if tally else [],
        "unmatched": _unmatched(tally, words),
        "has_errors": errors_of(found) is not None,
        "has_unmatched": unmatched_path(found).is_file(),
    }
    if request.headers.get("HX-Target") != "state":
        return render(request, "web/import_run.html", context, status=422 if refusal else 200)
    response = render(request, "web/import_run.html#state", context)
    if not context["is_under_way"]:
        response.headers["HX-Refresh"] = "true"
    return response


def _unmatched(tally: Tally | None, words: Words) -> list[tuple[int, str, str, str]]:
    if tally is None:
        return []
    shown = tally.first_unmatched[:UNMATCHED_SHOWN]
    return [
        (
            msgspec.convert(line["row"], int),
            str(line["sku"]),
            words.quantity(msgspec.convert(line["quantity_milli"], int)),
            words.money(msgspec.convert(line["amount_minor"], int)),
        )
        for line in shown
    ]


def _finding(run: ImportRun, words: Words, *, is_under_way: bool) -> str:
    said = {"file": run.file_name, "rows": words.number(run.total_rows), "done": words.number(run.done_rows)}
    if run.state == ImportRun.State.DONE:
        return gettext("%(file)s is imported: %(done)s rows") % said
    if run.state == ImportRun.State.FAILED:
        return gettext("%(file)s could not be read to its end") % said
    if is_under_way:
        return gettext("%(file)s is being imported") % said
    if run.state == ImportRun.State.CHECKED:
        return gettext("Rehearsed: this is what %(file)s would bring") % said
    return gettext("%(file)s is ready to be imported") % said


def _pace(run: ImportRun, request: StaffRequest, words: Words) -> str:
    """Say how fast a run is and how long it will take."""
    if run.started_at is None or not run.done_rows:
        return gettext("It begins in a moment.")
    seconds = max((request.now - run.started_at).total_seconds(), 1)
    rate = run.done_rows / seconds
    left = timedelta(seconds=round((run.total_rows - run.done_rows) / rate))
    minutes = max(round(left.total_seconds() / 60), 1)
    said = {
        "done": words.number(run.done_rows),
        "total": words.number(run.total_rows),
        "rate": words.number(round(rate)),
        "minutes": words.number(minutes),
    }
    text = ngettext(
        "%(done)s of %(total)s rows, %(rate)s a second, about %(minutes)s minute left",
        "%(done)s of %(total)s rows, %(rate)s a second, about %(minutes)s minutes left",
        minutes,
    )
    return text % said


@staff_page("import.run", methods=POST)
def start(request: StaffRequest, run: UUID) -> HttpResponse:
    """Hand the import to the worker; a second click starts nothing more."""
    found = _run(request, run)
    if found.mapping and not _job_of(found) and found.state != ImportRun.State.DONE:
        try:
            if not found.done_rows and "other_purchases" not in request.POST:
                _check_source(found, mapping_of(found.mapping))
        except RegularsError as error:
            return _page(request, found, error)
        enqueue(JOB_KIND, {"run": str(found.pk)}, now=request.now, business_id=request.business.pk)
    return HttpResponseRedirect(reverse("import_run", args=[run]))


@staff_page("import.run", methods=POST)
def discard(request: StaffRequest, run: UUID) -> HttpResponse:
    """Throw the files of an import away, unless it is under way, and with them what it leaves to do."""
    found = _run(request, run)
    job = _job_of(found)
    if found.state == ImportRun.State.RUNNING or (job is not None and job.state == Job.State.READY):
        return HttpResponseRedirect(reverse("import_run", args=[run]))
    discard_run(found)
    return HttpResponseRedirect(reverse("today"))


@staff_page("import.run")
def download_unmatched(request: StaffRequest, run: UUID) -> FileResponse:
    """Give the whole list of returned lines that name no known sale."""
    found = _run(request, run)
    path = unmatched_path(found)
    if not path.is_file():
        raise Http404(gettext("There is no such list."))
    return _as_csv(path, f"{Path(found.file_name).stem}-unmatched.csv")


def _as_csv(path: Path, name: str) -> FileResponse:
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="text/csv; charset=utf-8")


@staff_page("import.run")
def download_errors(request: StaffRequest, run: UUID) -> FileResponse:
    """Give the rows that were not taken, each with its reason, fit to be corrected and read again."""
    found = _run(request, run)
    path = errors_of(found)
    if path is None:
        raise Http404(gettext("Every row was taken."))
    return _as_csv(path, f"{Path(found.file_name).stem}-errors.csv")
