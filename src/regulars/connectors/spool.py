# SPDX-License-Identifier: Apache-2.0
"""Put the rows of one purchase together on disk, for files that scatter them; memory stays flat."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import msgspec

from regulars.kernel.errors import RegularsError

BATCH = 5_000
_SORTED = """SELECT r.number, r.cells, r.problem
FROM (SELECT value, min(number) AS first FROM spooled GROUP BY value) AS g
JOIN spooled AS r ON r.value = g.value ORDER BY g.first, r.number"""

_Row = tuple[int, Sequence[str], RegularsError | None]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[str]).decode


def rows_in_order_of(rows: Iterable[_Row], column: int, scratch: Path) -> Iterator[_Row]:
    """Yield the rows with equal values of the column together, the groups in order of their first rows.

    Rows are laid down in a temporary database inside the scratch folder, removed when the last row is out.
    """
    path = scratch / "spool.sqlite3"
    path.unlink(missing_ok=True)
    problems: dict[int, RegularsError] = {}
    with closing(sqlite3.connect(path)) as spool:
        spool.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-32000; PRAGMA temp_store=FILE;"
        )
        spool.execute("CREATE TABLE spooled (number INTEGER PRIMARY KEY, value TEXT, cells BLOB, problem INTEGER)")
        _fill(spool, rows, column, problems)
        spool.execute("CREATE INDEX by_value ON spooled (value)")
        for number, cells, problem in spool.execute(_SORTED):
            yield number, _decode(cells), problems.get(problem)
    path.unlink(missing_ok=True)


def _fill(spool: sqlite3.Connection, rows: Iterable[_Row], column: int, problems: dict[int, RegularsError]) -> None:
    numbered = iter(rows)
    kinds: dict[str, int] = {}
    while batch := list(islice(numbered, BATCH)):
        spooled = []
        for number, cells, problem in batch:
            kind = None
            if problem is not None:
                kind = kinds.setdefault(problem.message, len(kinds))
                problems.setdefault(kind, problem)
            spooled.append((number, cells[column] if column < len(cells) else "", _encode(list(cells)), kind))
        spool.executemany("INSERT INTO spooled VALUES (?, ?, ?, ?)", spooled)
    spool.commit()
