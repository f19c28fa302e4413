"""Run the same expressions on several engines over the same history.

An engine is a name, the dialect in which expressions are compiled, and a context that holds a history and yields how to
run SQL on it. The marts are views there: the mart expressions are checked by the same runs. A new engine is one entry.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from analytics.histories import CURRENCY, History, order_rows, return_rows
from regulars.analytics import engine, rollups
from regulars.analytics.lake import TABLES, TYPES

Run = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Engine:
    name: str
    dialect: str
    holding: Callable[[History, Path], AbstractContextManager[Run]]

    def __str__(self) -> str:
        return self.name


def _lake_tables(con: duckdb.DuckDBPyConnection, history: History) -> None:
    for table, rows in (("orders", order_rows(history.orders)), ("returns", return_rows(history.returns))):
        columns = ", ".join(f"{column.name} {TYPES[column.kind]}" for column in TABLES[table])
        con.execute(f"CREATE TABLE {table} ({columns})").fetchall()
        for row in rows:
            con.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row).fetchall()


def _mart_views(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"CREATE VIEW customer_day AS {rollups.customer_day_sql(CURRENCY)}").fetchall()
    for mart in ("customer_month", "customer"):
        con.execute(f"CREATE VIEW {mart} AS {rollups.mart_sql(mart, 'customer_day')}").fetchall()


@contextmanager
def marts_in_memory(history: History) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection whose marts are views over tables of a history."""
    with duckdb.connect() as con:
        _lake_tables(con, history)
        _mart_views(con)
        yield con


@contextmanager
def in_memory(history: History, folder: Path) -> Iterator[Run]:
    with marts_in_memory(history) as con:
        yield lambda sql: engine.fetch(con, sql)


@contextmanager
def over_parquet(history: History, folder: Path) -> Iterator[Run]:
    with duckdb.connect() as con, duckdb.connect() as writer:
        _lake_tables(writer, history)
        for table in ("orders", "returns"):
            file = folder / f"{table}.parquet"
            writer.execute(f"COPY {table} TO '{file}' (FORMAT parquet)").fetchall()
            con.execute(f"CREATE VIEW {table} AS FROM '{file}'").fetchall()
        _mart_views(con)
        yield lambda sql: engine.fetch(con, sql)


ENGINES = (Engine("duckdb-memory", "duckdb", in_memory), Engine("duckdb-parquet", "duckdb", over_parquet))
