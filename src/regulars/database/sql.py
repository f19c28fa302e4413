# SPDX-License-Identifier: Apache-2.0
"""Set-based SQL for the hot path, both dialects side by side: one statement per table and batch, however many rows.

`Table` names the columns with their PostgreSQL types once; `insert_rows`, `update_rows` and `keys_table` make the
statement of the dialect in use. Values go in as Python values: keys as UUID, moments as aware datetimes, JSON as plain values.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, cached_property, lru_cache
from string import Formatter, ascii_lowercase
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import msgspec
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.utils import CursorWrapper

from regulars.database.sqlite.base import DatabaseWrapper as SqliteWrapper
from regulars.kernel.ids import key_of_bytes

if TYPE_CHECKING:
    from regulars.database.postgresql.base import DatabaseWrapper as PostgresqlWrapper

_encode_json = msgspec.json.Encoder().encode


@cache
def is_postgresql() -> bool:
    """Tell which of the two dialects this process speaks."""
    return connections[DEFAULT_DB_ALIAS].vendor == "postgresql"


@lru_cache(maxsize=4096)
def moment_text(moment: datetime | None) -> str | None:
    """Return a moment as SQLite stores it: UTC without zone, as Django writes it. A batch writes each of its moments many times."""
    if moment is None:
        return None
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat(" ")[:-6]


def to_moment(value: Any) -> Any:
    """Read a moment column of either database as an aware datetime; SQLite's driver gives naive ones, or text for expressions."""
    if value is None:
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def to_key(value: Any) -> Any:
    """Read a key column of either database as a UUID."""
    return key_of_bytes(value) if isinstance(value, bytes) else value


def to_json(value: Any) -> Any:
    """Read a JSON column of either database as plain values."""
    return json.loads(value) if isinstance(value, str) else value


def to_day(value: Any) -> Any:
    """Read a date column of either database."""
    return date.fromisoformat(value) if isinstance(value, str) else value


def _moment_texts(column: Sequence[datetime | None]) -> list[str | None]:
    return [moment_text(moment) for moment in column]


def _key_bytes(column: Sequence[UUID | None]) -> list[bytes | None]:
    return [None if key is None else key.int.to_bytes(16) for key in column]


def _day_texts(column: Sequence[date | None]) -> list[str | None]:
    return [None if day is None else day.isoformat() for day in column]


def _json_texts(column: Sequence[object]) -> list[str | None]:
    return [None if value is None else _encode_json(value).decode() for value in column]


_SQLITE_ADAPTERS: dict[str, Callable[[Sequence[Any]], list[Any]]] = {
    "timestamptz": _moment_texts,
    "jsonb": _json_texts,
    "date": _day_texts,
    "uuid": _key_bytes,
}


def _columns(rows: Sequence[Sequence[Any]], types: Iterable[str]) -> list[Sequence[Any]]:
    """Return the columns of rows as SQLite's driver wants them."""
    adapt = _SQLITE_ADAPTERS
    columns = zip(*rows, strict=True)
    return [adapt[kind](column) if kind in adapt else column for kind, column in zip(types, columns, strict=True)]


@dataclass(frozen=True)
class Table:
    """A table as the hot path writes it: its name and its columns with their PostgreSQL types, in the order of the rows."""

    name: str
    columns: dict[str, str]

    @cached_property
    def insert(self) -> str:
        """Return INSERT with one placeholder per column, on PostgreSQL with one for all rows."""
        names = ", ".join(f'"{column}"' for column in self.columns)
        if is_postgresql():
            return f'INSERT INTO "{self.name}" ({names}) SELECT * FROM {_records(self.columns)} WHERE TRUE'
        return f'INSERT INTO "{self.name}" ({names}) VALUES ({", ".join(["%s"] * len(self.columns))})'


def _records(columns: dict[str, str]) -> str:
    """Return a table made of one JSON parameter: arrays of each column cost psycopg ten times as much as the rest of a statement.

    In it columns are letters: both sides spend a tenth of their time on longer names.
    """
    letters = dict(zip(columns, ascii_lowercase, strict=False))
    typed = ", ".join(f'"{letters[name]}" {"text" if kind == "bytea" else kind}' for name, kind in columns.items())
    read = ", ".join(
        f'decode("{letters[name]}", \'base64\') AS "{name}"' if kind == "bytea" else f'"{letters[name]}" AS "{name}"'
        for name, kind in columns.items()
    )
    return f"(SELECT {read} FROM json_to_recordset(%s::json) AS r({typed})) AS r"


def _as_json(rows: Sequence[Sequence[Any]]) -> str:
    row_of = _row_type(len(rows[0])) if rows else list
    return _encode_json([row_of(*row) for row in rows]).decode()


@cache
def _row_type(columns: int) -> type[msgspec.Struct]:
    return msgspec.defstruct("Row", [(letter, Any) for letter in ascii_lowercase[:columns]])


def _cursor() -> CursorWrapper:
    connection = connections[DEFAULT_DB_ALIAS]
    if is_postgresql():  # its class is not loaded on SQLite: the driver is heavy
        return cast("PostgresqlWrapper", connection).preparing_cursor()
    return connection.cursor()


@contextmanager
def sent_together() -> Iterator[None]:
    """Send the statements of the block one after the other without waiting for their answers; an error comes at its end.

    In it no count of rows is known. SQLite has nobody to wait for.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if not is_postgresql():
        yield
        return
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def _run(
    statement: str, rows: Sequence[Sequence[Any]], columns: dict[str, str], *, spoken: Sequence[int] | None = None
) -> int:
    """Run a statement for all rows; return how many rows it reached.

    On PostgreSQL they are its one parameter, on SQLite it runs once a row; `spoken` are then the places of its parameters.
    """
    with _cursor() as cursor:
        if is_postgresql():
            cursor.execute(statement, [_as_json(rows)])
        else:
            adapted = _columns(rows, columns.values())
            given = adapted if spoken is None else [adapted[place] for place in spoken]
            cursor.executemany(statement, list(zip(*given, strict=True)))
        return int(cursor.rowcount)


def insert_rows(table: Table, rows: Sequence[Sequence[Any]], *, on_conflict: str = "") -> int:
    """Insert rows in one statement, with what to do where a unique constraint is broken ("DO NOTHING"). Return how many went in."""
    if not rows:
        return 0
    tail = f" ON CONFLICT {on_conflict}" if on_conflict else ""
    return _run(table.insert + tail, rows, table.columns)


def update_rows(table: Table, rows: Sequence[Sequence[Any]], *, sets: str, guard: str = "TRUE") -> int:
    """Update one row per given row, matched on the table's first column; return how many rows passed the guard.

    `table.columns` names the values of each given row; `sets` and `guard` speak of them as `{column}` and of the stored row by its
    plain column names: `update_rows(…, sets="balance = balance + {delta}", guard="balance + {delta} >= 0")`.
    """
    if not rows:
        return 0
    key, *_ = names = list(table.columns)
    if is_postgresql():
        named = {name: f'r."{name}"' for name in names}
        condition = f't."{key}" = r."{key}" AND ({guard.format(**named)})'
        source = _records(table.columns)
        statement = f'UPDATE "{table.name}" AS t SET {sets.format(**named)} FROM {source} WHERE {condition}'
        return _run(statement, rows, table.columns)
    statement = f'UPDATE "{table.name}" SET {sets} WHERE "{key}" = {{{key}}} AND ({guard})'
    spoken = [names.index(name) for _, name, _, _ in Formatter().parse(statement) if name]
    return _run(statement.format(**dict.fromkeys(names, "%s")), rows, table.columns, spoken=spoken)


def lock_clause() -> str:
    """Return what locks the rows of a SELECT until the end of the open transaction.

    SQLite has one writer; without a transaction nothing is locked.
    """
    return " FOR UPDATE" if is_postgresql() and connections[DEFAULT_DB_ALIAS].in_atomic_block else ""


def key_param(key: UUID | None) -> Any:
    """Return a key as a parameter of the dialect in use."""
    return key if key is None or is_postgresql() else key.bytes


def moment_param(moment: datetime | None) -> Any:
    """Return a moment as a parameter of the dialect in use."""
    return moment if is_postgresql() else moment_text(moment)


def _padded_size(size: int) -> int:
    """Return the next power of two: lists of many lengths then make few statements, which stay prepared."""
    return 1 << (size - 1).bit_length()


def _array_literal(values: Iterable[Any]) -> str:
    """Write an array as PostgreSQL reads it; the planner sees its values, and psycopg does not look at each."""
    texts = [f"\\x{value.hex()}" if isinstance(value, bytes) else str(value) for value in values]
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    return "{" + ",".join([f'"{text}"' for text in quoted]) + "}"


def one_of(column: str, values: Sequence[Any], column_type: str) -> tuple[str, list[Any]]:
    """Return the condition "column is one of values" and its parameters."""
    if is_postgresql():
        return f"{column} = ANY(%s::{column_type}[])", [_array_literal(values)]
    if not values:
        return f"{column} IN (NULL)", []
    adapt = _SQLITE_ADAPTERS.get(column_type)
    adapted = adapt(values) if adapt else list(values)
    size = _padded_size(len(adapted))
    marks = ", ".join(["%s"] * size)
    return f"{column} IN ({marks})", adapted + [adapted[-1]] * (size - len(adapted))


def keys_table(columns: dict[str, str], rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """Return a WITH clause that names the rows `k(columns…)`, and its parameters: the driving side of a keyed look-up.

    Rows of nothing but NULL, which equal no stored key, may be among them.
    """
    if is_postgresql():
        return f"WITH k AS (SELECT * FROM {_records(columns)})", [_as_json(rows)]
    size = _padded_size(len(rows))
    mark = f"({', '.join(['%s'] * len(columns))})"
    params = [value for row in zip(*_columns(rows, columns.values()), strict=True) for value in row]
    params += [None] * (len(columns) * (size - len(rows)))
    return f"WITH k({', '.join(columns)}) AS (VALUES {', '.join([mark] * size)})", params


def execute(sql: str, params: Sequence[Any]) -> int:
    """Run a statement and return how many rows it reached."""
    with _cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def fetch(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run a query and return all its rows as they come from the driver."""
    connection = connections[DEFAULT_DB_ALIAS]
    if isinstance(connection, SqliteWrapper):
        return connection.read(sql, params)
    with _cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
