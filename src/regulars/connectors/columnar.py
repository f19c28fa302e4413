# SPDX-License-Identifier: Apache-2.0
"""Parquet files, streamed through DuckDB as texts."""

from collections.abc import Iterator
from pathlib import Path

import duckdb

from regulars.connectors.rows import COLUMNS_MAX, Row, Survey, Table, UnreadableFile
from regulars.kernel.errors import Saying, gettext_noop

_FETCH = 5_000
_MEMORY = "128MB"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class ParquetTable(Table):
    """Rows of a Parquet file; the first has number 1."""

    def __init__(self, path: Path, *, scratch: Path) -> None:
        self._path = str(path)
        self._scratch = scratch
        try:
            described = self._run("SELECT * FROM read_parquet(?) LIMIT 0").description or []
        except duckdb.Error:
            raise UnreadableFile(problem=Saying(gettext_noop("it is not a sound Parquet file."))) from None
        if not 0 < len(described) <= COLUMNS_MAX:
            raise UnreadableFile(
                problem=Saying(
                    gettext_noop("it has %(count)s columns, at most %(limit)s are possible."),
                    count=len(described),
                    limit=COLUMNS_MAX,
                )
            )
        names = [str(column[0]) for column in described]
        super().__init__(names, "Parquet")
        texts = ", ".join(f"coalesce(CAST({_quoted(name)} AS VARCHAR), '')" for name in names)
        self._select = f"SELECT file_row_number + 1, {texts} FROM read_parquet(?, file_row_number = true)"

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": _MEMORY,
            "threads": 2,
            "temp_directory": str(self._scratch),
        }
        connection = duckdb.connect(config=config)
        connection.execute("SET enable_progress_bar = false")
        return connection.execute(sql, [self._path])

    def _stream(self, sql: str) -> Iterator[Row]:
        result = self._run(sql)
        try:
            while batch := result.fetchmany(_FETCH):
                for number, *cells in batch:
                    yield number, cells, None
        except duckdb.Error:
            raise UnreadableFile(problem=Saying(gettext_noop("it breaks off."))) from None
        finally:
            result.close()

    def rows(self) -> Iterator[Row]:
        """Yield the rows in the order of the file."""
        return self._stream(self._select)

    def survey(self, column: int | None) -> Survey:
        """Count the rows and the changes of the column's value from row to row, inside DuckDB."""
        name = "NULL" if column is None else _quoted(self.header[column])
        found = self._run(
            f"""SELECT count(*), count(*) FILTER (is_first), count(DISTINCT hash(value)) FROM (
            SELECT value, value IS DISTINCT FROM lag(value) OVER (ORDER BY n) OR lag(n) OVER (ORDER BY n) IS NULL AS
            is_first
            FROM (SELECT {name} AS value, file_row_number AS n FROM read_parquet(?, file_row_number = true)))"""
        ).fetchone()
        rows, changes, different = found or (0, 0, 0)
        return Survey(rows=rows, is_grouped=column is None or changes == different)

    def grouped(self, column: int, scratch: Path) -> Iterator[Row]:  # noqa: ARG002 - this one has its folder already
        """Yield the rows with equal values of the column together, the groups in order of their first rows."""
        name = _quoted(self.header[column])
        return self._stream(f"{self._select} ORDER BY min(file_row_number) OVER (PARTITION BY {name}), file_row_number")
