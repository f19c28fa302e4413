# SPDX-License-Identifier: Apache-2.0
"""`regulars import`: check or run an import and say in words what came of it."""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import click
import msgspec

from regulars.cli.progress import ProgressLine
from regulars.connectors.actions import NewImport, check_file, run_import, start_run
from regulars.connectors.mapping import Mapping, Subject, check_mapping, parse_mapping
from regulars.connectors.models import ImportRun
from regulars.connectors.presets import load_preset
from regulars.connectors.runs import Progress, errors_of, folder_of, preview, proposed_mapping, unmatched_path
from regulars.connectors.tally import Tally
from regulars.flow.receive import receive
from regulars.kernel.clock import utc_now
from regulars.tenancy.models import Business


def read_mapping(text: str | None, path: Path, subject: Subject) -> Mapping:
    """Return the mapping of a file: from a mapping file, a preset, or proposed from the file's own head."""
    if text is None:
        mapping = proposed_mapping(preview(path, subject), name=_slug(path.stem), subject=subject)
        check_mapping(mapping)
        return mapping
    if Path(text).is_file():
        return parse_mapping(Path(text).read_bytes())
    return load_preset(text)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9_.-]+", "-", name.lower()).strip("-.")[:40] or "file"


def unfinished_run(business: Business, path: Path, wanted: NewImport) -> ImportRun | None:
    """Return an earlier run of the same file, wanted in the same way, that did not reach its end and has its copy still."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    runs = ImportRun.objects.of(business).filter(
        file_digest=digest,
        with_points=wanted.with_points,
        state__in=[ImportRun.State.RUNNING, ImportRun.State.FAILED],
    )
    same = (run for run in runs.order_by("-created_at") if run.mapping == msgspec.to_builtins(wanted.mapping))
    return next((run for run in same if (folder_of(run) / "file").is_file()), None)


def import_file(
    business: Business, subject: Subject, path: Path, *, mapping: str | None, is_dry_run: bool, with_points: bool
) -> Tally:
    """Check or import a file, showing how far it is; print what came of it and return the counts."""
    chosen = read_mapping(mapping, path, subject)
    line = ProgressLine("checking" if is_dry_run else "importing")
    seen = Progress(0, 0, 0.0, None)

    def show(progress: Progress) -> None:
        nonlocal seen
        seen = progress
        line(progress.done_rows, progress.total_rows)

    if is_dry_run:
        tally = check_file(path, chosen, business, progress=show)
        line.finish(seen.done_rows, seen.total_rows)
        _tell(tally, ["Nothing was written."])
        return tally
    wanted = NewImport(subject=subject, file_name=path.name, mapping=chosen, with_points=with_points)
    earlier = unfinished_run(business, path, wanted)
    if earlier is not None:
        click.echo(
            f"Going on with the import begun {earlier.created_at:%Y-%m-%d %H:%M} UTC at row {earlier.done_rows + 1:,}."
        )
    run = earlier or start_run(business, path, wanted, now=utc_now())
    done = run_import(run, receive=receive, now=utc_now(), progress=show)
    line.finish(seen.done_rows, seen.total_rows)
    tally = msgspec.convert(done.counts, Tally)
    errors = errors_of(done)
    lists = [f"Rows that were not taken, with their reasons: {errors}"] if errors else []
    if tally.unmatched_lines:
        lists.append(f"Returned lines that name no known sale: {unmatched_path(done)}")
    _tell(tally, lists)
    return tally


def _tell(tally: Tally, more: Iterable[str]) -> None:
    click.echo(f"{tally.rows:,} rows")
    for kind, count in sorted(tally.items.items()):
        click.echo(f"  {count:>12,} {kind}s in the file")
    for outcome, count in sorted(tally.outcomes.items()):
        click.echo(f"  {count:>12,} {outcome}")
    for reason, count in sorted(tally.left_out.items()):
        click.echo(f"  {count:>12,} rows left out: {reason}")
    for code, count in sorted(tally.errors.items()):
        click.echo(f"  {count:>12,} rows not taken: {code}")
    for error in tally.first_errors[:5]:
        click.echo(f"               row {error.row}: {error.reason}")
    if tally.unmatched_lines:
        click.echo(
            f"  {tally.unmatched_lines:>12,} returned lines name no known sale; they count in money,"
            " and their points are reversed by the program of their day"
        )
    for sentence in more:
        click.echo(sentence)
