# SPDX-License-Identifier: Apache-2.0
"""`regulars import`: check or run an import and say in words what came of it."""

import hashlib
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from regulars.cli.progress import ProgressLine
from regulars.connectors.actions import NewImport, check_file, run_import, start_run
from regulars.connectors.errorfile import REASON_COLUMNS
from regulars.connectors.mapping import Mapping, Subject, check_mapping, parse_mapping
from regulars.connectors.models import ImportRun
from regulars.connectors.orders import major_text
from regulars.connectors.presets import load_preset
from regulars.connectors.proposals import ignored_columns
from regulars.connectors.runs import Preview, Progress, errors_of, folder_of, name_of_rows, preview, unmatched_path
from regulars.connectors.sources import (
    KnownElsewhere,
    carried_source,
    find_other_source,
    fitting_mapping,
    with_source,
)
from regulars.connectors.tally import Tally
from regulars.flow.receive import receive
from regulars.kernel.clock import utc_now
from regulars.kernel.errors import Saying, gettext_noop
from regulars.tenancy.models import Business


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How an import is wanted: its mapping and source if they are said, and what is to be done with it."""

    mapping: str | None = None
    source: str | None = None
    is_dry_run: bool = False
    with_points: bool = True
    are_other_purchases: bool = False


def read_mapping(business: Business, path: Path, head: Preview, subject: Subject, asked: Asked) -> Mapping:
    """Return the mapping of a file: from a mapping file, a preset, or proposed from the file's own head; under its source."""
    if asked.mapping is None:
        mapping = fitting_mapping(business, head, name=_slug(path.stem), subject=subject)
    elif Path(asked.mapping).is_file():
        mapping = parse_mapping(Path(asked.mapping).read_bytes())
    else:
        mapping = load_preset(asked.mapping)
    check_mapping(mapping)
    source = asked.source or carried_source(head)
    return with_source(mapping, source) if source else mapping


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9_.-]+", "-", name.lower()).strip("-.")[:40] or "file"


def _digest_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def unfinished_run(business: Business, digest: bytes, wanted: NewImport) -> ImportRun | None:
    """Return an earlier run of the same file, wanted in the same way, that did not reach its end and has its copy still."""
    runs = ImportRun.objects.of(business).filter(
        file_digest=digest,
        with_points=wanted.with_points,
        state__in=[ImportRun.State.RUNNING, ImportRun.State.FAILED],
    )
    same = (run for run in runs.order_by("-created_at") if run.mapping == msgspec.to_builtins(wanted.mapping))
    return next((run for run in same if (folder_of(run) / "file").is_file()), None)


def import_file(business: Business, subject: Subject, path: Path, asked: Asked) -> Tally:
    """Say how a file is read, check or import it, showing how far it is; print what came of it and return the counts.

    Raises KnownElsewhere if its first purchases are known under another source, unless they are said to be others.
    """
    head = preview(path, subject)
    chosen = read_mapping(business, path, head, subject, asked)
    for sentence in _reading(business, chosen, head):
        click.echo(sentence)
    line = ProgressLine("checking" if asked.is_dry_run else "importing")
    seen = Progress(0, 0, 0.0, None)

    def show(progress: Progress) -> None:
        nonlocal seen
        seen = progress
        line(progress.done_rows, progress.total_rows)

    digest = _digest_of(path)
    wanted = NewImport(subject=subject, file_name=path.name, mapping=chosen, with_points=asked.with_points)
    earlier = None if asked.is_dry_run else unfinished_run(business, digest, wanted)
    if subject == "orders" and earlier is None and not asked.are_other_purchases:
        _check_source(business, path, chosen, digest)
    if asked.is_dry_run:
        tally = check_file(path, chosen, business, now=utc_now(), progress=show)
        line.finish(seen.done_rows, seen.total_rows)
        _tell(tally, business.currency, ["Nothing was written."])
        return tally
    if earlier is not None:
        click.echo(
            f"Going on with the import begun {earlier.created_at:%Y-%m-%d %H:%M} UTC at row {earlier.done_rows + 1:,}."
        )
    run = earlier or start_run(business, path, wanted, now=utc_now())
    done = run_import(run, receive=receive, now=utc_now(), progress=show)
    line.finish(seen.done_rows, seen.total_rows)
    tally = msgspec.convert(done.counts, Tally)
    _tell(tally, business.currency, _lists(done, tally, asked))
    return tally


def _check_source(business: Business, path: Path, mapping: Mapping, digest: bytes) -> None:
    known = find_other_source(path, mapping, business, name=name_of_rows(digest))
    if known is not None:
        remedy = gettext_noop(
            "Continue that source with --source %(known)s, or, if they are other purchases, add --other-purchases."
        )
        raise KnownElsewhere(known=known, source=mapping.name, remedy=Saying(remedy, known=known))


def _lists(run: ImportRun, tally: Tally, asked: Asked) -> list[str]:
    """Return what is said about the lists that an import leaves."""
    errors = errors_of(run)
    lists = []
    if errors:
        mapping = f" --mapping {shlex.quote(asked.mapping)}" if asked.mapping else ""
        source = f" --source {run.mapping['name']}" if run.subject == ImportRun.Subject.ORDERS else ""
        lists.append(f"Rows that were not taken, with their reasons: {errors}")
        lists.append(f"Correct a copy of it, then: regulars import {run.subject} COPY{source}{mapping}")
    if tally.unmatched_lines:
        lists.append(f"Returned lines that name no known sale: {unmatched_path(run)}")
    return lists


def _reading(business: Business, mapping: Mapping, head: Preview) -> Iterator[str]:
    """Say how a file is read: under which source, in which zone and currency, which column as what, and which not."""
    if mapping.subject == "orders":
        column = mapping.columns.get("source")
        yield f"source      {mapping.name}" + (f", unless column “{column.names[0]}” says another" if column else "")
        yield f"time zone   {mapping.time_zone or business.timezone}"
        yield f"currency    {business.currency}"
    for target, read in mapping.columns.items():
        style = f" ({read.format})" if read.format else ""
        yield f"read        “{' + '.join(read.names)}” as {target}{style}"
    ignored = [name for name, _ in ignored_columns(head.header, mapping) if name not in REASON_COLUMNS]
    if ignored:
        yield f"not read    {', '.join(f'“{name}”' for name in ignored)}"


def _noun(count: int, word: str) -> str:
    return f"{word}" if count == 1 else f"{word}s"


def _tell(tally: Tally, currency: str, more: Iterable[str]) -> None:
    click.echo(f"{tally.rows:,} {_noun(tally.rows, 'row')}")
    for kind, count in sorted(tally.items.items()):
        click.echo(f"  {count:>12,} {_noun(count, kind)} in the file")
    for outcome, count in sorted(tally.outcomes.items()):
        click.echo(f"  {count:>12,} {outcome}")
    for reason, count in sorted(tally.left_out.items()):
        click.echo(f"  {count:>12,} {_noun(count, 'row')} left out: {reason}")
    for code, count in sorted(tally.errors.items()):
        click.echo(f"  {count:>12,} {_noun(count, 'row')} not taken: {code}")
    for error in tally.first_errors[:5]:
        click.echo(f"               row {error.row}: {error.reason}")
    _tell_remarks(tally, currency)
    for sentence in more:
        click.echo(sentence)


def _tell_remarks(tally: Tally, currency: str) -> None:
    if tally.unmatched_lines:
        said = "line names" if tally.unmatched_lines == 1 else "lines name"
        click.echo(
            f"  {tally.unmatched_lines:>12,} returned {said} no known sale: counted in money,"
            " the points reversed by the program of the day"
        )
    if tally.negative_rows:
        rows = ", ".join(f"row {row}: {major_text(minor, currency)}" for row, minor in tally.first_negative)
        said = "row has a negative amount" if tally.negative_rows == 1 else "rows have a negative amount"
        rest = ", …" if tally.negative_rows > len(tally.first_negative) else ""
        click.echo(f"  {tally.negative_rows:>12,} {said}, taken off the purchase: {rows}{rest}")
