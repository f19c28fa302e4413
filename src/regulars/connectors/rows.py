# SPDX-License-Identifier: Apache-2.0
"""A file as a table of texts: what every kind of file is turned into before anything is read out of it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from regulars.connectors.spool import rows_in_order_of
from regulars.kernel.errors import RegularsError, gettext_noop

CELL_MAX = 10_000
COLUMNS_MAX = 1_000
SEEN_MAX = 1_000_000

Row = tuple[int, Sequence[str], RegularsError | None]
"""The row's number as a spreadsheet shows it, its cells, and why it cannot be read, if so."""


class UnreadableFile(RegularsError):
    """The file as a whole cannot be read."""

    code = "unreadable_file"
    status = 422
    text = gettext_noop("The file cannot be read: %(problem)s")


class WideRow(RegularsError):
    """A row has more cells than the header."""

    code = "wide_row"
    status = 422
    text = gettext_noop(
        "The row has %(cells)s cells, the header %(columns)s. Put quotes around a text that contains the delimiter."
    )


class UnreadableRow(RegularsError):
    """A row of the file is broken."""

    code = "unreadable_row"
    status = 422
    text = gettext_noop(
        "The row cannot be read: a quote is not closed, a cell is endless, or it is not one JSON object."
    )


@dataclass(frozen=True, slots=True)
class Survey:
    """What a first pass over a file found: its rows, and whether equal values of the surveyed column stand together."""

    rows: int
    is_grouped: bool


class Table(ABC):
    """Rows of texts under a header, readable any number of times with the same numbers."""

    def __init__(self, header: Sequence[str], description: str) -> None:
        self.header = tuple(header)
        self.description = description

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """Yield the rows in the order of the file."""

    def survey(self, column: int | None) -> Survey:
        """Count the rows and tell whether rows of one value in the column follow each other.

        Beyond a million different values the answer is no: sorting is then cheaper than remembering them.
        """
        count = 0
        is_grouped = True
        seen: set[int] = set()
        previous = None
        for _number, cells, _problem in self.rows():
            count += 1
            if column is None or not is_grouped or (value := cells[column] if column < len(cells) else "") == previous:
                continue
            previous, mark = value, hash(value)
            is_grouped = mark not in seen and len(seen) < SEEN_MAX
            seen.add(mark)
        return Survey(rows=count, is_grouped=is_grouped)

    def grouped(self, column: int, scratch: Path) -> Iterator[Row]:
        """Yield the rows with equal values of the column together, the groups in order of their first rows."""
        return rows_in_order_of(self.rows(), column, scratch)


def header_names(cells: Sequence[str]) -> list[str]:
    """Return column names that can be told apart: cleaned, empty ones named, a second "Amount" called "Amount (2)"."""
    names: list[str] = []
    for position, cell in enumerate(cells, start=1):
        name = " ".join(cell.replace("\ufeff", "").replace("\0", "").split())[:200] or f"column {position}"
        candidate, copy = name, 2
        while candidate in names:
            candidate, copy = f"{name} ({copy})", copy + 1
        names.append(candidate)
    return names
