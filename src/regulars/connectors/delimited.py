# SPDX-License-Identifier: Apache-2.0
"""CSV and its relatives, and JSON lines: any encoding and delimiter that shops' programs write, row by row."""

import csv
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

import msgspec

from regulars.connectors.rows import COLUMNS_MAX, Row, Table, UnreadableFile, UnreadableRow, WideRow, header_names
from regulars.kernel.errors import Saying, gettext_noop

DELIMITERS = ",;\t|"
_SAMPLE_RECORDS = 20
_JSON_SAMPLE = 100
_END = "\udcff"
"""Follows the last line; no decoded file contains it, so a record that does has an open quote."""

_Record = tuple[int, list[str], bool]


def records(lines: Iterable[str], delimiter: str) -> Iterator[_Record]:
    """Yield number, cells and whether the record is whole.

    A record whose quote never closes is given as its first line only, and reading goes on at the line after it.
    """
    waiting: deque[str] = deque()
    taken: list[str] = []

    def feed() -> Iterator[str]:
        source = iter(lines)
        while True:
            line = waiting.popleft() if waiting else next(source, _END)
            taken.append(line)
            yield line

    reader = csv.reader(feed(), delimiter=delimiter, skipinitialspace=True)
    number = 0
    while True:
        taken.clear()
        try:
            cells = next(reader)
        except csv.Error:
            cells = [_END]
        if taken[0] == _END:
            return
        number += 1
        if (len(taken) > 1 and cells and _END in cells[-1]) or cells == [_END]:
            waiting.extendleft(reversed(taken[1:]))
            yield number, taken[0].rstrip("\r\n").split(delimiter), False
        else:
            yield number, cells, True


def guess_delimiter(sample: Sequence[str]) -> str:
    """Return the delimiter under which most of the first records are equally wide, and widest."""
    best = (0.0, 0)
    chosen = ","
    for delimiter in DELIMITERS:
        widths = Counter(len(cells) for _, cells, _ in islice(records(sample, delimiter), _SAMPLE_RECORDS) if cells)
        wide = {width: count for width, count in widths.items() if width > 1}
        if not wide:
            continue
        width = max(wide, key=lambda width: (wide[width], width))
        score = (wide[width] / widths.total(), width)
        if score > best:
            best, chosen = score, delimiter
    return chosen


def find_header(first: Sequence[_Record]) -> tuple[int, list[str]]:
    """Return the number and the cells of the header: the first record that is not a title line above the table."""
    filled = [(number, cells, sum(bool(cell.strip()) for cell in cells)) for number, cells, _ in first]
    widths = Counter(len(cells) for _, cells, count in filled if count)
    if not widths:
        raise UnreadableFile(problem=Saying(gettext_noop("it is empty.")))
    usual = max(widths, key=lambda width: (widths[width], width))
    for number, cells, count in filled:
        if count and 2 * count >= usual:
            return number, cells
    raise UnreadableFile(problem=Saying(gettext_noop("no header row was found in its first rows.")))


class DelimitedTable(Table):
    """Rows of a text with a delimiter."""

    def __init__(self, path: Path, *, encoding: str, delimiter: str = "") -> None:
        self._path = path
        self._encoding = encoding
        with self._open() as file:
            sample = list(islice(file, 200))
        self._delimiter = delimiter or guess_delimiter(sample)
        self._header_row, cells = find_header(list(islice(records(sample, self._delimiter), _SAMPLE_RECORDS)))
        if len(cells) > COLUMNS_MAX:
            raise UnreadableFile(
                problem=Saying(
                    gettext_noop("it has %(count)s columns, at most %(limit)s are possible."),
                    count=len(cells),
                    limit=COLUMNS_MAX,
                )
            )
        named = {"\t": "TAB", ",": "comma", ";": "semicolon", "|": "bar"}[self._delimiter]
        super().__init__(header_names(cells), f"text, {encoding}, {named}")

    def _open(self) -> TextIO:
        return self._path.open(encoding=self._encoding, errors="replace", newline="")

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header; blank ones are counted and left out, short ones are filled up."""
        width = len(self.header)
        with self._open() as file:
            for number, cells, is_whole in islice(records(file, self._delimiter), self._header_row, None):
                if is_whole and len(cells) == width and (cells[0] or any(cells)):
                    yield number, cells, None
                elif not is_whole or any(cells):
                    yield _uneven_row(number, cells, width, is_whole=is_whole)


def _uneven_row(number: int, cells: list[str], width: int, *, is_whole: bool) -> Row:
    if not is_whole:
        return number, cells, UnreadableRow()
    if any(cells[width:]):
        return number, cells, WideRow(cells=len(cells), columns=width)
    return number, cells[:width] + [""] * (width - len(cells)), None


class JsonLinesTable(Table):
    """One JSON object per line; objects inside are read by dotted names, lists stay JSON."""

    def __init__(self, path: Path, *, encoding: str) -> None:
        self._path = path
        self._encoding = encoding
        names: dict[str, None] = {}
        for _number, value in islice(self._objects(), _JSON_SAMPLE):
            names.update(dict.fromkeys(value or ()))
        if not names or len(names) > COLUMNS_MAX:
            raise UnreadableFile(problem=Saying(gettext_noop("its lines are not JSON objects with names and values.")))
        super().__init__(list(names), f"JSON lines, {encoding}")

    def _objects(self) -> Iterator[tuple[int, dict[str, str] | None]]:
        with self._path.open(encoding=self._encoding, errors="replace") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, _flat_object(line)

    def rows(self) -> Iterator[Row]:
        """Yield one row per line; names that the first hundred lines do not have are left out."""
        blank = dict.fromkeys(self.header, "")
        for number, value in self._objects():
            if value is None:
                yield number, list(blank.values()), UnreadableRow()
            else:
                yield number, [value.get(name, "") for name in self.header], None


def _flat_object(line: str) -> dict[str, str] | None:
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None
    if not isinstance(value, dict):
        return None
    flat: dict[str, str] = {}
    for name, inner in value.items():
        if isinstance(inner, dict):
            flat.update({f"{name}.{key}": cell_text(deep) for key, deep in inner.items()})
        else:
            flat[name] = cell_text(inner)
    return flat


def cell_text(value: object) -> str:
    """Return a value as a person would type it: whole floats without a fraction, fifteen digits, blank for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, list | dict):
        return msgspec.json.encode(value).decode()
    return str(value)
