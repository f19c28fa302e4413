# SPDX-License-Identifier: Apache-2.0
"""CSV that spreadsheets open safely, and the file of rows that an import did not take."""

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
REASON_COLUMNS = ("import_row", "import_reason", "import_source")


def guarded(text: str) -> str:
    """Return a text that no spreadsheet calculates: an apostrophe before what would begin a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


class RowFile:
    """A CSV file that grows with an import.

    Written strictly after a known size, so that an interrupted import goes on without a row lost or doubled.
    """

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self._path = path
        self._header = header

    def replace_after(self, size: int, rows: Iterable[Sequence[str]]) -> int:
        """Cut the file to a size, write rows after it durably, and return the new size.

        Without rows the file is only cut, and may not exist.
        """
        lines = [self._line(row) for row in rows]
        if not lines and size == (self._path.stat().st_size if self._path.exists() else 0):
            return size
        with self._open() as file:
            file.truncate(size)
            file.seek(size)
            if size == 0 and lines:
                file.write(b"\xef\xbb\xbf" + self._line(self._header))
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def _open(self) -> IO[bytes]:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "r+b")

    def _line(self, cells: Sequence[str]) -> bytes:
        out = io.StringIO()
        csv.writer(out).writerow([guarded(cell) for cell in cells])
        return out.getvalue().encode("utf-8", "replace")


class ErrorFile(RowFile):
    """Rows that were not taken, each after its number, the reasons and the source, in the original columns: fit to be read again."""

    def __init__(self, path: Path, header: Sequence[str], *, source: str) -> None:
        self._source = source
        self._skipped = len(REASON_COLUMNS) if tuple(header[: len(REASON_COLUMNS)]) == REASON_COLUMNS else 0
        super().__init__(path, [*REASON_COLUMNS, *header[self._skipped :]])

    def row(self, number: int, reason: str, cells: Sequence[str]) -> list[str]:
        """Return a row as it stands in the file."""
        return [str(number), reason, self._source, *cells[self._skipped :]]
