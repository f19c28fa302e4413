# SPDX-License-Identifier: Apache-2.0
"""The files of import runs in the data folder, what a run will read, and how its progress is told."""

import fcntl
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext

from regulars.connectors.batch import Batch, BatchReader, Setting
from regulars.connectors.mapping import Mapping, Subject
from regulars.connectors.models import ImportRun
from regulars.connectors.orders import OrderReader
from regulars.connectors.people import CustomerReader
from regulars.connectors.presets import own_preset
from regulars.connectors.products import ProductReader
from regulars.connectors.proposals import SAMPLE_MAX, Proposal, mapping_from, propose_mapping
from regulars.connectors.reading import open_table
from regulars.connectors.rows import Table, UnreadableFile
from regulars.kernel.errors import RegularsError, Saying, gettext_noop
from regulars.tenancy.models import Business

READERS: dict[Subject, Callable[..., BatchReader]] = {
    "orders": OrderReader,
    "customers": CustomerReader,
    "products": ProductReader,
}


class ImportBusy(RegularsError):
    """Another process works on this import."""

    code = "import_busy"
    status = 409
    text = gettext_noop("This import is being worked on already. Wait until it is done, or stop the other process.")


class ImportFileGone(RegularsError):
    """The uploaded file was erased."""

    code = "import_file_gone"
    status = 410
    text = gettext_noop("The file of this import was erased. Upload it again: what was imported before is recognised.")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is; `seconds_left` is None while nothing can be said."""

    done_rows: int
    total_rows: int
    rows_per_s: float
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class Preview:
    """The head of a file: what it is, its columns, some rows, and what the columns may mean."""

    description: str
    header: tuple[str, ...]
    sample: list[list[str]]
    proposals: list[Proposal]


@dataclass(frozen=True, slots=True)
class Opened:
    """A file with its mapping applied: how many rows it has, and its batches in their one order."""

    header: tuple[str, ...]
    rows: int
    batches: Iterator[Batch]


def folder_of(run: ImportRun) -> Path:
    """Return the folder of a run, named by its key alone: no name that a user gave is ever a path."""
    return Path(settings.HOME) / "imports" / str(run.pk)


def file_of(run: ImportRun) -> Path:
    """Return the uploaded file. Raises ImportFileGone."""
    path = folder_of(run) / "file"
    if not path.is_file():
        raise ImportFileGone
    return path


def errors_of(run: ImportRun) -> Path | None:
    """Return the file of rows that were not taken, if there are any."""
    path = folder_of(run) / "errors.csv"
    return path if path.is_file() else None


def unmatched_path(run: ImportRun) -> Path:
    """Return where the returned lines that name no known sale are listed, if there are any."""
    return folder_of(run) / "unmatched.csv"


def reason_of(error: RegularsError) -> str:
    """Return the text of an error in the language in use."""
    return error.told(gettext)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a folder for copies and sorts of big files, and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="regulars-import-") as folder:
        yield Path(folder)


@contextmanager
def scratch_of(run: ImportRun) -> Iterator[Path]:
    """Give a locked run its folder for copies and sorts, without what a stopped process left there; remove it afterwards."""
    folder = folder_of(run) / "scratch"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def locked(run: ImportRun) -> Iterator[None]:
    """Hold a run for this process. Raises ImportBusy. The lock ends with the process, however it ends."""
    with (folder_of(run) / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ImportBusy from None
        yield


def preview(path: Path, subject: Subject) -> Preview:
    """Read the head of a file and propose what its columns mean. Raises UnreadableFile, also without a row."""
    with scratch_folder() as scratch:
        table = open_table(path, scratch=scratch)
        sample: list[list[str]] = []
        has_rows = False
        for _number, cells, problem in table.rows():
            has_rows = True
            if problem is None:
                sample.append(list(cells))
            if len(sample) == SAMPLE_MAX:
                break
        if not has_rows:
            raise UnreadableFile(problem=Saying(gettext_noop("it has a header and no row below it.")))
    return Preview(table.description, table.header, sample, propose_mapping(table.header, sample, subject))


def proposed_mapping(head: Preview, *, name: str, subject: Subject) -> Mapping:
    """Return the preset of the product's own export if the file is one, else a mapping made of the proposals."""
    return own_preset(head.header, subject) or mapping_from(head.proposals, name=name, subject=subject)


def setting_of(business: Business, name: str) -> Setting:
    """Return what a business adds to every mapping; `name` names rows without a number."""
    return Setting(currency=business.currency, country=business.country, time_zone=business.timezone, row_prefix=name)


def name_of_rows(digest: "bytes | memoryview[int]") -> str:
    """Return what names the rows without a number in a file of this digest."""
    return bytes(digest).hex()[:12]


def open_file(path: Path, mapping: Mapping, business: Business, *, name: str, scratch: Path) -> Opened:
    """Open a file for a business by a mapping; `name` names rows without a number. Raises UnreadableFile or BadMapping.

    Rows of one purchase that stand apart are brought together by sorting on disk, in the order of the purchases'
    first rows; the order is the same at every opening.
    """
    table: Table = open_table(path, scratch=scratch)
    reader = READERS[mapping.subject](mapping, table.header, setting_of(business, name))
    survey = table.survey(reader.group_column)
    column = reader.group_column
    rows = table.rows() if survey.is_grouped or column is None else table.grouped(column, scratch)
    return Opened(table.header, survey.rows, reader.batches(rows))


class Meter:
    """Measures the pace of a run from where it began."""

    def __init__(self, done_rows: int, total_rows: int) -> None:
        self._first = done_rows
        self._total = total_rows
        self._started = time.monotonic()

    def at(self, done_rows: int) -> Progress:
        """Return the progress at a row."""
        seconds = time.monotonic() - self._started
        pace = (done_rows - self._first) / seconds if seconds > 0 else 0.0
        left = (self._total - done_rows) / pace if pace > 0 else None
        return Progress(done_rows, self._total, pace, left)
