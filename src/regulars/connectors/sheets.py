# SPDX-License-Identifier: Apache-2.0
"""Workbooks: the first sheet, laid down as CSV once so that it can be read again quickly."""

import csv
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime, time
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from regulars.connectors.delimited import DelimitedTable, cell_text
from regulars.connectors.rows import CELL_MAX, COLUMNS_MAX, UnreadableFile
from regulars.kernel.errors import Saying, gettext_noop

ROWS_MAX = 1_048_576
UNPACKED_MAX = 1_000_000_000
PART_MAX = 100_000_000
_FIRST_ROWS = 20
# What openpyxl lets through when a workbook is not what it says.
_BROKEN = (
    zipfile.BadZipFile, zipfile.LargeZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError,
    AttributeError, IndexError, OSError, EOFError, RuntimeError, OverflowError, zlib.error,
)  # fmt: skip


def open_workbook(path: Path, *, scratch: Path) -> DelimitedTable:
    """Read the first sheet of a workbook by way of a CSV file in the scratch folder. Raises UnreadableFile."""
    copy = scratch / "sheet.csv"
    try:
        _check_sizes(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and validations, which are not read
            _write_copy(path, copy)
    except _BROKEN:
        raise UnreadableFile(
            problem=Saying(gettext_noop("it is not a sound workbook. Save it again as XLSX or CSV."))
        ) from None
    return DelimitedTable(copy, encoding="utf-8", delimiter=",")


def _check_sizes(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    part = max((entry.file_size for entry in entries if "/worksheets/" not in entry.filename), default=0)
    if unpacked > UNPACKED_MAX or part > PART_MAX:
        raise UnreadableFile(
            problem=Saying(
                gettext_noop("unpacked it has %(size)s MB, which is too much. Save it as CSV."),
                size=unpacked // 1_000_000,
            )
        )


def _write_copy(path: Path, copy: Path) -> None:
    book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        first = list(islice(_values(sheet, COLUMNS_MAX), _FIRST_ROWS))
        width = max(
            (position for row in first for position, value in enumerate(row, start=1) if value is not None), default=0
        )
        if not width:
            raise UnreadableFile(problem=Saying(gettext_noop("its first sheet is empty.")))
        _write_rows(_values(sheet, width), copy)
    finally:
        book.close()


def _write_rows(rows: Iterable[tuple[Any, ...]], copy: Path) -> None:
    with copy.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        for number, row in enumerate(rows, start=1):
            if number > ROWS_MAX:
                raise UnreadableFile(
                    problem=Saying(gettext_noop("it has more than %(limit)s rows. Save it as CSV."), limit=ROWS_MAX)
                )
            writer.writerow([_text(value) for value in row])


def _values(sheet: Any, width: int) -> Iterator[tuple[Any, ...]]:
    return sheet.iter_rows(max_col=width, values_only=True)  # type: ignore[no-any-return]  # read-only sheets are untyped


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    return cell_text(value)[: 2 * CELL_MAX].encode("utf-8", "replace").decode()
