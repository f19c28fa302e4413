# SPDX-License-Identifier: Apache-2.0
"""The only writers of import runs: keep a file, check it, import it, erase it.

An import goes chunk by chunk: the rows of a chunk, the counts and the place in the file become durable in one
transaction, so a run that was stopped anywhere goes on with the next row, and its counts are exact.
"""

import copy
import hashlib
import os
import shutil
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Q
from django.utils.translation import gettext
from msgspec import Struct

from regulars.catalog.actions import import_products
from regulars.connectors.batch import Batch
from regulars.connectors.errorfile import ErrorFile, RowFile
from regulars.connectors.mapping import SUBJECT_NAMES, BadMapping, Mapping, Subject, mapping_of
from regulars.connectors.models import FILE_NAME_MAX, ImportRun
from regulars.connectors.orders import major_text, quantity_text
from regulars.connectors.recognising import find_differences
from regulars.connectors.rows import UnreadableFile
from regulars.connectors.runs import (
    ImportBusy,
    Meter,
    Opened,
    Progress,
    file_of,
    folder_of,
    locked,
    name_of_rows,
    open_file,
    reason_of,
    scratch_folder,
    scratch_of,
    unmatched_path,
)
from regulars.connectors.tally import Outcome, Tally
from regulars.customers.actions import import_customers
from regulars.database.transactions import run_durably
from regulars.flow.errors import KeyReused, Superseded
from regulars.flow.fitting import check_intake
from regulars.flow.intake import Order, Receipt, Return
from regulars.kernel.errors import RegularsError, Saying, gettext_noop, tell_again
from regulars.kernel.ids import new_key
from regulars.kernel.rows import RowOutcome
from regulars.kernel.text import clean
from regulars.tenancy.models import Business, Store

CHUNK_ITEMS = 500
CHUNK_ROWS = 10_000
UNUSED_MAX = timedelta(days=7)
KEPT_MAX = timedelta(days=30)
UNMATCHED_COLUMNS = ("import_row", "return", "sku", "quantity", "amount", "currency")
_COPY = 1 << 20
_AGAIN = {KeyReused.code, Superseded.code}

Receive = Callable[..., list[Receipt]]
Feed = Callable[[Sequence[Any]], list[Outcome]]
OnProgress = Callable[[Progress], None]


class ImportStarted(RegularsError):
    """The mapping of an import that has begun cannot change."""

    code = "import_started"
    status = 409
    text = gettext_noop("This import has begun with its mapping. Upload the file again to import it in another way.")


class NewImport(Struct, frozen=True, kw_only=True):
    """What a user wants imported; the mapping may be chosen later. Without points only facts are recorded."""

    subject: Subject
    file_name: str
    mapping: Mapping | None = None
    with_points: bool = True
    created_by_id: UUID | None = None


def start_run(business: Business, path: Path, wanted: NewImport, *, now: datetime) -> ImportRun:
    """Keep a copy of a file in the data folder and record the run that will import it."""
    run = ImportRun(
        business=business,
        subject=wanted.subject,
        file_name=clean(wanted.file_name, FILE_NAME_MAX),
        with_points=wanted.with_points,
        created_by_id=wanted.created_by_id,
        created_at=now,
    )
    if wanted.mapping is not None:
        _set_mapping(run, wanted.mapping)
    folder_of(run).mkdir(parents=True, mode=0o700)
    try:
        run.file_digest = _keep_file(path, folder_of(run) / "file")
    except OSError:
        shutil.rmtree(folder_of(run))
        raise
    run.save(force_insert=True)
    return run


def _keep_file(path: Path, kept: Path) -> bytes:
    digest = hashlib.sha256()
    descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with path.open("rb") as source, os.fdopen(descriptor, "wb") as target:
        while chunk := source.read(_COPY):
            digest.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    return digest.digest()


def _set_mapping(run: ImportRun, mapping: Mapping) -> None:
    if mapping.subject != run.subject:
        raise BadMapping(
            problem=Saying(
                gettext_noop("it reads %(mapped)s, the import is of %(subject)s."),
                mapped=Saying(SUBJECT_NAMES[mapping.subject]),
                subject=Saying(SUBJECT_NAMES[run.subject]),
            )
        )
    run.mapping = msgspec.to_builtins(mapping)


def choose_mapping(run: ImportRun, mapping: Mapping) -> ImportRun:
    """Set how a run's file is read. Raises ImportStarted once rows were imported, BadMapping on another subject."""
    _set_mapping(run, mapping)
    changed = ImportRun.objects.of(run.business_id).filter(
        pk=run.pk, done_rows=0, state__in=[ImportRun.State.UPLOADED, ImportRun.State.CHECKED]
    )
    if changed.update(mapping=run.mapping, state=ImportRun.State.UPLOADED, counts={}) != 1:
        raise ImportStarted
    run.state, run.counts = ImportRun.State.UPLOADED, {}
    return run


def check_run(run: ImportRun, *, now: datetime, progress: OnProgress | None = None) -> Tally:
    """Read a run's file to its end without writing anything of it, and keep the counts with the run.

    Raises UnreadableFile, BadMapping, ImportFileGone or ImportStarted.
    """
    tally = check_file(file_of(run), mapping_of(run.mapping), run.business, now=now, progress=progress)
    waiting = ImportRun.objects.of(run.business_id).filter(
        pk=run.pk, done_rows=0, state__in=[ImportRun.State.UPLOADED, ImportRun.State.CHECKED]
    )
    if waiting.update(state=ImportRun.State.CHECKED, total_rows=tally.rows, counts=msgspec.to_builtins(tally)) != 1:
        raise ImportStarted
    run.refresh_from_db()
    return tally


def check_file(
    path: Path, mapping: Mapping, business: Business, *, now: datetime, progress: OnProgress | None = None
) -> Tally:
    """Read a file to its end and count what an import would find, without writing anything."""
    tally = Tally()
    stores = set(Store.objects.of(business).values_list("code", flat=True))
    with scratch_folder() as scratch:
        opened = open_file(path, mapping, business, name="check", scratch=scratch)
        meter = Meter(0, opened.rows)
        for chunk in _chunks(opened.batches):
            for batch in chunk:
                tally.add(batch, _refusals(batch.items, stores, now), reason_of)
            if progress is not None:
                progress(meter.at(tally.rows))
    return tally


def _refusals(items: Iterable[object], stores: Container[str], now: datetime) -> list[Outcome]:
    """Return what the path would refuse of intakes by themselves."""
    refused = []
    for item in items:
        if isinstance(item, Order | Return):
            try:
                check_intake(item, stores=stores, now=now)
            except RegularsError as error:
                refused.append(Outcome("refused", error.code, reason_of(error)))
    return refused


def run_import(run: ImportRun, *, receive: Receive, now: datetime, progress: OnProgress | None = None) -> ImportRun:
    """Import a run's file, from where it stopped if it did; a finished run stays as it is.

    `receive` is the one path. Raises ImportBusy, ImportFileGone, BadMapping or UnreadableFile; the last three end the
    run as failed, any other stop leaves it to be gone on with.
    """
    with locked(run):
        run.refresh_from_db()
        if run.state == ImportRun.State.DONE:
            return run
        try:
            with scratch_of(run) as scratch:
                name = name_of_rows(run.file_digest)
                opened = open_file(file_of(run), mapping_of(run.mapping), run.business, name=name, scratch=scratch)
                _begin(run, opened.rows, now)
                _import_chunks(run, opened, _feed_of(run, receive, now), progress)
        except (UnreadableFile, BadMapping) as error:
            _end(run, ImportRun.State.FAILED, now, problem=reason_of(error)[:300])
            raise
        _end(run, ImportRun.State.DONE, now)
    return run


def _begin(run: ImportRun, rows: int, now: datetime) -> None:
    run.state, run.total_rows, run.started_at, run.problem = ImportRun.State.RUNNING, rows, run.started_at or now, ""
    if run.done_rows == 0:
        run.counts = msgspec.to_builtins(Tally())
    run.save(update_fields=["state", "total_rows", "started_at", "problem", "counts"])


def _end(run: ImportRun, state: ImportRun.State, now: datetime, *, problem: str = "") -> None:
    run.state, run.finished_at, run.problem = state, now, problem
    run.save(update_fields=["state", "finished_at", "problem"])


def _chunks(batches: Iterable[Batch]) -> Iterator[list[Batch]]:
    """Put batches together until they hold enough for one transaction."""
    chunk: list[Batch] = []
    items = rows = 0
    for batch in batches:
        chunk.append(batch)
        items += len(batch.items)
        rows += len(batch.rows)
        if items >= CHUNK_ITEMS or rows >= CHUNK_ROWS:
            yield chunk
            chunk, items, rows = [], 0, 0
    if chunk:
        yield chunk


def _after(batches: Iterator[Batch], done_rows: int) -> Iterator[Batch]:
    """Leave out the batches that were imported before the run stopped."""
    while done_rows > 0:
        done_rows -= len(next(batches).rows)
    return batches


def _import_chunks(run: ImportRun, opened: Opened, feed: Feed, progress: OnProgress | None) -> None:
    tally = msgspec.convert(run.counts, Tally)
    errors = ErrorFile(folder_of(run) / "errors.csv", opened.header, source=str(run.mapping["name"]))
    files = errors, RowFile(unmatched_path(run), UNMATCHED_COLUMNS)
    meter = Meter(run.done_rows, opened.rows)
    for chunk in _chunks(_after(opened.batches, run.done_rows)):
        tally = run_durably(lambda chunk=chunk, tally=tally: _import_chunk(run, chunk, tally, feed, files))  # type: ignore[misc]  # the defaults bind this round's values
        run.done_rows, run.counts = tally.rows, msgspec.to_builtins(tally)
        if progress is not None:
            progress(meter.at(tally.rows))


def _import_chunk(
    run: ImportRun, chunk: list[Batch], before: Tally, feed: Feed, files: tuple[ErrorFile, RowFile]
) -> Tally:
    """Import one chunk and record how far the run is, all inside the caller's transaction; return the new counts."""
    tally = copy.deepcopy(before)
    items = [item for batch in chunk for item in batch.items]
    outcomes = iter(feed(items) if items else [])
    errors, unmatched = files
    refused: list[list[str]] = []
    unsold: list[list[str]] = []
    for batch in chunk:
        answers = [next(outcomes) for _ in batch.items]
        problems = tally.add(batch, answers, reason_of)
        if problems:
            cells_of = {number: cells for number, cells, _ in batch.rows}
            refused += [errors.row(problem.row, problem.reason, cells_of[problem.row]) for problem in problems]
        unsold += _unmatched_rows(batch, answers, run.business.currency)
    tally.error_bytes = errors.replace_after(before.error_bytes, refused)
    tally.unmatched_bytes = unmatched.replace_after(before.unmatched_bytes, unsold)
    ImportRun.objects.of(run.business_id).filter(pk=run.pk).update(
        done_rows=tally.rows, counts=msgspec.to_builtins(tally)
    )
    return tally


def _unmatched_rows(batch: Batch, outcomes: Sequence[Outcome], currency: str) -> Iterator[list[str]]:
    row = str(batch.rows[0][0])
    for item, outcome in zip(batch.items, outcomes, strict=True):
        for line in outcome.unmatched:
            milli, minor = (msgspec.convert(line[field], int) for field in ("quantity_milli", "amount_minor"))
            quantity, amount = str(quantity_text(milli)), major_text(minor, currency)
            yield [row, item.external_id, str(line["sku"]), quantity, amount, currency]


def _feed_of(run: ImportRun, receive: Receive, now: datetime) -> Feed:
    """Return the way into the room that keeps what the run reads."""
    business = run.business
    if run.subject == ImportRun.Subject.CUSTOMERS:
        return lambda rows: [_outcome_of(found) for found in import_customers(business, rows, now=now, new_key=new_key)]
    if run.subject == ImportRun.Subject.PRODUCTS:
        return lambda rows: [_outcome_of(found) for found in import_products(business, rows, now=now, new_key=new_key)]

    return lambda intakes: _outcomes_of(
        business, intakes, receive(business, intakes, now=now, with_points=run.with_points)
    )


def _outcomes_of(business: Business, intakes: Sequence[Order | Return], receipts: Sequence[Receipt]) -> list[Outcome]:
    again = [place for place, receipt in enumerate(receipts) if receipt.refusal and receipt.refusal.code in _AGAIN]
    found = find_differences(business, [intakes[place] for place in again], new_key=new_key)
    differences = dict(zip(again, found, strict=True))
    return [_receipt_outcome(receipt, differences.get(place)) for place, receipt in enumerate(receipts)]


def _outcome_of(found: RowOutcome) -> Outcome:
    if found.error is None:
        return Outcome(str(found.kind))
    return Outcome(str(found.kind), found.error.code, reason_of(found.error))


def _receipt_outcome(receipt: Receipt, differences: Sequence[str] | None) -> Outcome:
    """Return what came of an intake; without a difference from what is recorded it is the same, however it came then."""
    refusal = receipt.refusal
    if refusal is not None and differences != []:
        said = tell_again(refusal.code, refusal.text, refusal.data, gettext)
        return Outcome("refused", refusal.code, " ".join([said, *map(gettext, differences or ())]))
    unmatched = msgspec.convert(receipt.detail.get("unmatched_lines", []), list[dict[str, object]])
    return Outcome("repeated" if refusal or receipt.is_repeat else "recorded", unmatched=unmatched)


def erase_files(run: ImportRun) -> None:
    """Erase a run's uploaded file and error file; the counts stay, without the listed rows' reasons."""
    with locked(run):
        run.refresh_from_db()
        counts = {**run.counts, "first_errors": [], "first_unmatched": []} if run.counts else {}
        ImportRun.objects.of(run.business_id).filter(pk=run.pk).update(counts=counts)
        shutil.rmtree(folder_of(run), ignore_errors=True)


def discard_run(run: ImportRun) -> None:
    """Erase a run's files; an upload of which nothing was imported is forgotten with them. Raises ImportBusy."""
    if folder_of(run).is_dir():
        erase_files(run)
    state = ImportRun.State
    ImportRun.objects.of(run.business_id).filter(
        pk=run.pk, done_rows=0, state__in=[state.UPLOADED, state.CHECKED]
    ).delete()


def erase_old_files(business: Business, *, now: datetime) -> None:
    """Erase the files that nobody needs any more: of uploads that were not imported within a week, of imports that
    ended, or stopped for good, more than thirty days ago.
    """
    state = ImportRun.State
    unused = Q(state__in=[state.UPLOADED, state.CHECKED], created_at__lt=now - UNUSED_MAX)
    ended = Q(state__in=[state.DONE, state.FAILED], finished_at__lt=now - KEPT_MAX)
    stopped = Q(state=state.RUNNING, started_at__lt=now - KEPT_MAX)
    for run in ImportRun.objects.of(business).filter(unused | ended | stopped):
        if folder_of(run).is_dir():
            with suppress(ImportBusy):
                erase_files(run)
