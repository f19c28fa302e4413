# SPDX-License-Identifier: Apache-2.0
"""Set-based SQL for the hot path, both dialects side by side: one statement per table and batch, however many rows.

`Table` names the columns with their PostgreSQL types once; `insert_rows`, `update_rows`, `fetch_by` and `keys_table` make the
statement of the dialect in use. Values go in as Python values: keys as UUID, moments as aware datetimes, JSON as plain values.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

import msgspec
from django.db.backends.base.base import BaseDatabaseWrapper

from regulars.kernel.ids import key_of_bytes

_encode_json = msgspec.json.Encoder().encode


def moment_text(moment: datetime | None) -> str | None:
    """Return a moment as SQLite stores it: UTC without zone, as Django writes it."""
    return None if moment is None else str(moment.astimezone(UTC).replace(tzinfo=None))


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
    texts: dict[datetime | None, str | None] = {moment: moment_text(moment) for moment in set(column)}
    return [texts[moment] for moment in column]


def _key_bytes(column: Sequence[UUID | None]) -> list[bytes | None]:
    return [None if key is None else key.int.to_bytes(16) for key in column]


def _day_texts(column: Sequence[date | None]) -> list[str | None]:
    return [None if day is None else day.isoformat() for day in column]


def _json_texts(column: Sequence[object]) -> list[str | None]:
    return [None if value is None else _encode_json(value).decode() for value in column]


_Adapters = dict[str, Callable[[Sequence[Any]], list[Any]]]
_SQLITE_ADAPTERS: _Adapters = {
    "timestamptz": _moment_texts,
    "jsonb": _json_texts,
    "date": _day_texts,
    "uuid": _key_bytes,
}
_POSTGRESQL_ADAPTERS: _Adapters = {"jsonb": _json_texts}


def _adapted(rows: Sequence[Sequence[Any]], types: Sequence[str], adapters: _Adapters) -> list[Sequence[Any]]:
    """Return the columns of rows as the driver wants them."""
    columns = zip(*rows, strict=True)
    return [adapters[kind](column) if kind in adapters else column for kind, column in zip(types, columns, strict=True)]


@dataclass(frozen=True)
class Table:
    """A table as the hot path writes it: its name and its columns with their PostgreSQL types, in the order of the rows."""

    name: str
    columns: dict[str, str]

    @cached_property
    def _names(self) -> str:
        return ", ".join(f'"{column}"' for column in self.columns)

    @cached_property
    def _types(self) -> list[str]:
        return list(self.columns.values())

    @cached_property
    def insert_sqlite(self) -> str:
        """Return INSERT with one placeholder per column."""
        return f'INSERT INTO "{self.name}" ({self._names}) VALUES ({", ".join(["%s"] * len(self.columns))})'

    @cached_property
    def insert_postgresql(self) -> str:
        """Return INSERT … SELECT from one array per column."""
        return f'INSERT INTO "{self.name}" ({self._names}) SELECT * FROM {_unnest(self.columns)} WHERE TRUE'


def _array_type(column_type: str) -> str:
    return "text" if column_type == "jsonb" else column_type


def _unnest(columns: dict[str, str]) -> str:
    arrays = ", ".join(f"%s::{_array_type(column_type)}[]" for column_type in columns.values())
    names = ", ".join(f'"{column}"' for column in columns)
    casts = ", ".join(f'"{column}"::{column_type}' for column, column_type in columns.items())
    return f"(SELECT {casts} FROM unnest({arrays}) AS r({names})) AS r"


def insert_rows(
    connection: BaseDatabaseWrapper, table: Table, rows: Sequence[Sequence[Any]], *, on_conflict: str = ""
) -> int:
    """Insert rows in one statement, with what to do where a unique constraint is broken ("DO NOTHING"). Return how many went in."""
    if not rows:
        return 0
    types = list(table.columns.values())
    tail = f" ON CONFLICT {on_conflict}" if on_conflict else ""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            columns = _adapted(rows, types, _POSTGRESQL_ADAPTERS)
            cursor.execute(table.insert_postgresql + tail, [list(column) for column in columns])
        else:
            adapted = list(zip(*_adapted(rows, types, _SQLITE_ADAPTERS), strict=True))
            cursor.executemany(table.insert_sqlite + tail, adapted)
        return int(cursor.rowcount)


def update_rows(
    connection: BaseDatabaseWrapper, table: Table, rows: Sequence[Sequence[Any]], *, sets: str, guard: str = "TRUE"
) -> int:
    """Update one row per given row, matched on the table's first column; return how many rows passed the guard.

    `table.columns` names the values of each given row; `sets` and `guard` speak of them as `{column}` and of the stored row by its
    plain column names: `update_rows(…, sets="balance = balance + {delta}", guard="balance + {delta} >= 0")`.
    """
    if not rows:
        return 0
    key = next(iter(table.columns))
    types = list(table.columns.values())
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            named = {column: f'r."{column}"' for column in table.columns}
            source = _unnest(table.columns)
            condition = f't."{key}" = r."{key}" AND ({guard.format(**named)})'
            statement = f'UPDATE "{table.name}" AS t SET {sets.format(**named)} FROM {source} WHERE {condition}'
            cursor.execute(statement, [list(column) for column in _adapted(rows, types, _POSTGRESQL_ADAPTERS)])
            return int(cursor.rowcount)
        named = {column: f":{column}" for column in table.columns}
        statement = (
            f'UPDATE "{table.name}" SET {sets.format(**named)} WHERE "{key}" = :{key} AND ({guard.format(**named)})'
        )
        adapted = zip(*_adapted(rows, types, _SQLITE_ADAPTERS), strict=True)
        raw = cursor.cursor.connection.cursor()
        raw.executemany(statement, [dict(zip(table.columns, row, strict=True)) for row in adapted])
        return int(raw.rowcount)


def lock_clause(connection: BaseDatabaseWrapper) -> str:
    """Return what locks the rows of a SELECT until the end of the open transaction.

    SQLite has one writer; without a transaction nothing is locked.
    """
    return " FOR UPDATE" if connection.vendor == "postgresql" and connection.in_atomic_block else ""


def key_param(connection: BaseDatabaseWrapper, key: UUID | None) -> Any:
    """Return a key as a parameter of the dialect in use."""
    return key if key is None or connection.vendor == "postgresql" else key.bytes


def moment_param(connection: BaseDatabaseWrapper, moment: datetime | None) -> Any:
    """Return a moment as a parameter of the dialect in use."""
    return moment if connection.vendor == "postgresql" else moment_text(moment)


def one_of(
    connection: BaseDatabaseWrapper, column: str, values: Sequence[Any], column_type: str
) -> tuple[str, list[Any]]:
    """Return the condition "column is one of values" and its parameters."""
    if connection.vendor == "postgresql":
        return f"{column} = ANY(%s::{column_type}[])", [list(values)]
    adapt = _SQLITE_ADAPTERS.get(column_type)
    marks = ", ".join(["%s"] * len(values)) or "NULL"
    return f"{column} IN ({marks})", adapt(values) if adapt else list(values)


def keys_table(
    connection: BaseDatabaseWrapper, columns: dict[str, str], rows: Sequence[Sequence[Any]]
) -> tuple[str, list[Any]]:
    """Return a WITH clause that names the rows `k(columns…)`, and its parameters: the driving side of a keyed look-up."""
    names = ", ".join(columns)
    if connection.vendor == "postgresql":
        arrays = [list(column) for column in _adapted(rows, list(columns.values()), _POSTGRESQL_ADAPTERS)]
        return f"WITH k AS (SELECT * FROM {_unnest(columns)})", arrays
    mark = f"({', '.join(['%s'] * len(columns))})"
    adapted = zip(*_adapted(rows, list(columns.values()), _SQLITE_ADAPTERS), strict=True)
    return f"WITH k({names}) AS (VALUES {', '.join([mark] * len(rows))})", [value for row in adapted for value in row]


def fetch(connection: BaseDatabaseWrapper, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run a query and return all its rows as they come from the driver."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
