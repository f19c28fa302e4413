# SPDX-License-Identifier: Apache-2.0
"""The lake of a business: append-only Parquet files with pseudonymous ids, and the few ways to rewrite them.

Money is an integer of minor units. Timestamps are UTC without a zone; days are those of the store's zone. One process
writes a lake at a time (file lock); readers hold the lock shared, so no file disappears under them.
"""

import fcntl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from uuid import UUID

import duckdb
import msgspec

from regulars.analytics.manifest import LakeDamaged, LakeFile, Manifest, read_manifest, sync, write_manifest

TYPES = {"id": "VARCHAR", "text": "VARCHAR", "day": "DATE", "instant": "TIMESTAMP", "integer": "BIGINT"}
SPOOL_CHUNK = 5_000
SMALL_BYTES = 32 * 1024 * 1024
SMALL_FILES_MAX = 16


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a lake table; `kind` is a key of `TYPES`; an id is the 32 hexadecimal digits of a UUID."""

    name: str
    kind: str = "text"
    is_required: bool = True


TABLES: Mapping[str, tuple[Column, ...]] = {
    "orders": (
        Column("fact_id", "id"),
        Column("customer_id", "id", is_required=False),
        Column("store", is_required=False),
        Column("source"),
        Column("occurred_at", "instant"),
        Column("local_day", "day"),
        Column("currency"),
        Column("net_minor", "integer"),
        Column("kind"),
    ),
    "order_lines": (
        Column("fact_id", "id"),
        Column("position", "integer"),
        Column("sku"),
        Column("category", is_required=False),
        Column("quantity_milli", "integer"),
        Column("net_minor", "integer"),
    ),
    "returns": (
        Column("fact_id", "id"),
        Column("order_fact_id", "id", is_required=False),
        Column("customer_id", "id", is_required=False),
        Column("store", is_required=False),
        Column("occurred_at", "instant"),
        Column("local_day", "day"),
        Column("order_local_day", "day", is_required=False),
        Column("net_minor", "integer"),
        Column("currency"),
    ),
    "return_lines": (
        Column("fact_id", "id"),
        Column("sku"),
        Column("quantity_milli", "integer"),
        Column("net_minor", "integer"),
        Column("order_fact_id", "id", is_required=False),
    ),
}
CHECKS = {"returns": "net_minor <= 0", "return_lines": "net_minor <= 0"}
PEOPLE = ("orders", "returns")  # the tables that name a customer

Row = Sequence[object]


class OutOfStep(Exception):
    """Rows were offered that do not continue where the lake ends; read its watermark and export from there."""


class BadRows(ValueError):
    """A row does not fit its table: a missing cell, a value of the wrong type, or a return with a positive amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """A lake in a folder. Every change is one replacement of the manifest."""

    folder: Path
    memory: str = "512MB"
    threads: int = 2

    def manifest(self) -> Manifest:
        """Return the present state."""
        return read_manifest(self.folder)

    @contextmanager
    def reading(self) -> Iterator[Manifest]:
        """Hold the lake still while its files are read."""
        with self._locked(fcntl.LOCK_SH):
            yield read_manifest(self.folder)

    def append(self, rows: Mapping[str, Iterable[Row]], *, after: int, watermark: int) -> Manifest:
        """Add rows per table, in the column order of `TABLES`, and move the watermark from `after` to `watermark`.

        The iterables are consumed once, table by table. Raises OutOfStep unless the lake stands exactly at `after`, so
        a batch that was written before a crash is not written again; raises BadRows and changes nothing on a misfit.
        """
        if unknown := rows.keys() - TABLES.keys():
            raise BadRows(f"no such table: {', '.join(sorted(unknown))}")
        with self._writing() as change:
            if change.before.watermark != after or watermark < after:
                raise OutOfStep(f"the lake ends at {change.before.watermark}; offered {after} to {watermark}")
            for table, table_rows in rows.items():
                change.write_rows(table, table_rows)
            return change.commit(replace(change.next_manifest(), watermark=watermark))

    def restate(
        self, *, facts: Mapping[str, str | None], customers: Mapping[str, str | None] | None = None
    ) -> Manifest:
        """Give facts to another customer, or all facts of a customer to the one it was merged into.

        Idempotent and without a watermark of its own: restate first, then append the stretch of the feed that said so.
        Rewrites only the files that hold such rows; marts restate the customers on both sides.
        """
        with self._writing() as change:
            change.load_moves(facts, customers or {})
            touched = change.rewrite(_MOVED, tables=PEOPLE)
            return change.commit_restated(touched)

    def retract(self, facts: Iterable[str]) -> Manifest:
        """Withdraw facts that a later fact amended: a voided order, an undone import, an edited order's old revision.

        Idempotent, like `restate`.
        """
        with self._writing() as change:
            change.load_moves(dict.fromkeys(facts), {})
            touched = change.rewrite(_RETRACTED, tables=tuple(TABLES))
            return change.commit_restated(touched)

    def rewrite_without(self, customer_id: str) -> Manifest:
        """Erase a customer: the rows stay as anonymous sales, the id leaves every file, and all marts are rebuilt.

        Revenue keeps its totals. The old files are gone when this returns.
        """
        with self._writing() as change:
            change.load_moves({}, {customer_id: None})
            touched = change.rewrite(_MOVED, tables=PEOPLE)
            if not touched and not _remembers(change.before, UUID(customer_id).hex):
                return change.before
            return change.commit(change.next_manifest().with_new_epoch())

    def compact(self, *, small_bytes: int = SMALL_BYTES, small_files_max: int = SMALL_FILES_MAX) -> Manifest:
        """Merge the small files of each table that has more of them than allowed; the rows keep their batches."""
        with self._writing() as change:
            for table in TABLES:
                small = [file for file in change.before.of(table) if file.bytes < small_bytes]
                if len(small) > small_files_max:
                    change.merge(table, small)
            if change.removed:
                return change.commit(change.next_manifest())
            return change.before

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a") as lock:
            fcntl.flock(lock, how)
            yield

    @contextmanager
    def _writing(self) -> Iterator["_Change"]:
        with self._locked(fcntl.LOCK_EX):
            before = read_manifest(self.folder)
            sweep(self.folder, before)
            con = connect_to(self.folder, memory=self.memory, threads=self.threads)
            try:
                yield _Change(folder=self.folder, con=con, before=before)
            finally:
                con.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rewriting:
    """How `_Change.rewrite` treats the rows that the temp tables `moved` and `merged` name."""

    is_touched: str
    owner: str
    is_kept: str


_MOVED = _Rewriting(
    is_touched="rows.fact_id IN (SELECT fact_id FROM moved) OR rows.customer_id IN (SELECT customer_id FROM merged)",
    owner="""CASE WHEN rows.fact_id IN (SELECT fact_id FROM moved)
                  THEN (SELECT moved.customer_id FROM moved WHERE moved.fact_id = rows.fact_id)
                  WHEN rows.customer_id IN (SELECT customer_id FROM merged)
                  THEN (SELECT merged.into_id FROM merged WHERE merged.customer_id = rows.customer_id)
                  ELSE rows.customer_id END""",
    is_kept="true",
)
_RETRACTED = _Rewriting(
    is_touched="rows.fact_id IN (SELECT fact_id FROM moved)",
    owner="rows.customer_id",
    is_kept="rows.fact_id NOT IN (SELECT fact_id FROM moved)",
)


@dataclass(slots=True, kw_only=True)
class _Change:
    """One change of a lake under way: files added and removed, nothing visible until `commit`."""

    folder: Path
    con: duckdb.DuckDBPyConnection
    before: Manifest
    added: list[LakeFile] = field(default_factory=list)
    removed: list[LakeFile] = field(default_factory=list)

    @property
    def batch(self) -> int:
        return self.before.batch + 1

    def next_manifest(self) -> Manifest:
        """Return the state to be, with the added files after the kept ones in batch order."""
        kept = [file for file in self.before.files if file not in self.removed]
        files = sorted([*kept, *self.added], key=lambda file: (file.table, file.first_batch, file.name))
        return replace(self.before, batch=self.batch, files=tuple(files))

    def commit(self, manifest: Manifest) -> Manifest:
        """Make the new files durable, then the manifest that names them, then drop what it no longer names."""
        for file in self.added:
            sync(self.folder / file.name)
        sync(self.folder)
        write_manifest(self.folder, manifest)
        sweep(self.folder, manifest)
        return manifest

    def commit_restated(self, touched: Sequence[str | None]) -> Manifest:
        """Commit a rewrite with the customers it touched; without any, leave the lake as it is."""
        if not self.removed:
            return self.before
        return self.commit(self.next_manifest().with_restated(tuple(touched)))

    def write_rows(self, table: str, rows: Iterable[Row]) -> None:
        """Write rows as one Parquet file, through a spool of JSON lines that DuckDB reads with an explicit schema."""
        source = iter(rows)
        first = list(islice(source, SPOOL_CHUNK))
        if not first:
            return
        spool = self.folder / "spool.jsonl"
        # msgspec keeps null and empty text apart and writes dates at a tenth of the cost of the csv module.
        encoder = msgspec.json.Encoder()
        with spool.open("wb") as out:
            out.write(encoder.encode_lines(first))
            while chunk := list(islice(source, SPOOL_CHUNK)):
                out.write(encoder.encode_lines(chunk))
        try:
            self._copy(table, _typed_rows(table, spool, self.batch), first_batch=self.batch, last_batch=self.batch)
        except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
            raise BadRows(f"rows for {table} do not fit: {error}") from error
        finally:
            spool.unlink()

    def load_moves(self, facts: Mapping[str, str | None], customers: Mapping[str, str | None]) -> None:
        """Put the asked moves into the temp tables `moved` and `merged`."""
        self.con.execute("CREATE TEMP TABLE moved (fact_id VARCHAR, customer_id VARCHAR)").fetchall()
        self.con.execute("CREATE TEMP TABLE merged (customer_id VARCHAR, into_id VARCHAR)").fetchall()
        for table, pairs in (("moved", facts), ("merged", customers)):
            lists = [list(pairs.keys()), list(pairs.values())]
            select = (
                f"SELECT {_hex('key')}, {_hex('value')} FROM (SELECT unnest(?) AS key, unnest(?::VARCHAR[]) AS value)"
            )
            self.con.execute(f"INSERT INTO {table} {select}", lists).fetchall()

    def rewrite(self, how: _Rewriting, *, tables: Sequence[str]) -> list[str | None]:
        """Rewrite the files with touched rows; return the customers whose rows changed, on both sides."""
        touched: set[str | None] = set()
        for table in tables:
            for file in self._files_with(how.is_touched, self.before.of(table)):
                rows = f"read_parquet({quoted(self.folder / file.name)}) rows"
                columns = "rows.*"
                if table in PEOPLE:
                    columns = f"rows.* REPLACE ({how.owner} AS customer_id)"
                    touched |= self._owners_of(how, rows)
                self.removed.append(file)
                select = f"SELECT {columns} FROM {rows} WHERE {how.is_kept}"
                self._copy(table, select, first_batch=file.first_batch, last_batch=file.last_batch)
        return sorted(touched, key=lambda customer: customer or "")

    def merge(self, table: str, files: Sequence[LakeFile]) -> None:
        """Replace files of a table by one with the same rows."""
        self.removed.extend(files)
        names = ", ".join(quoted(self.folder / file.name) for file in files)
        first, last = min(file.first_batch for file in files), max(file.last_batch for file in files)
        self._copy(table, f"SELECT * FROM read_parquet([{names}])", first_batch=first, last_batch=last)

    def _files_with(self, condition: str, files: Sequence[LakeFile]) -> list[LakeFile]:
        if not files:
            return []
        names = ", ".join(quoted(self.folder / file.name) for file in files)
        found = self.con.execute(
            f"""SELECT DISTINCT parse_filename(filename) FROM read_parquet([{names}], filename = true) rows
                WHERE {condition}"""
        ).fetchall()
        wanted = {name for (name,) in found}
        return [file for file in files if file.name in wanted]

    def _owners_of(self, how: _Rewriting, rows: str) -> set[str | None]:
        before_and_after = self.con.execute(
            f"SELECT DISTINCT unnest([rows.customer_id, {how.owner}]) FROM {rows} WHERE {how.is_touched}"
        ).fetchall()
        return {customer for (customer,) in before_and_after}

    def _copy(self, table: str, select: str, *, first_batch: int, last_batch: int) -> None:
        name = f"{table}-{self.batch:010d}-{len(self.added):04d}.parquet"
        path = self.folder / name
        copied = self.con.execute(f"COPY ({select}) TO {quoted(path)} (FORMAT parquet, COMPRESSION zstd)").fetchall()
        if not (rows := copied[0][0]):
            path.unlink()
            return
        size = path.stat().st_size
        self.added.append(
            LakeFile(table=table, name=name, rows=rows, bytes=size, first_batch=first_batch, last_batch=last_batch)
        )


def sweep(folder: Path, manifest: Manifest) -> None:
    """Remove what no manifest names: leftovers of a crash and files that a rewrite replaced.

    Raises LakeDamaged when a file that the manifest names is missing.
    """
    named = {file.name for file in manifest.files}
    present = {path.name for path in folder.glob("*.parquet")}
    if missing := named - present:
        raise LakeDamaged(f"{folder} misses {', '.join(sorted(missing)[:3])}; restore the folder or export it anew")
    for name in present - named:
        (folder / name).unlink()
    (folder / "spool.jsonl").unlink(missing_ok=True)
    sync(folder)


def connect_to(folder: Path, *, memory: str, threads: int) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB that can reach this folder and no other file, and no network."""
    con = duckdb.connect(config={"memory_limit": memory, "threads": threads})
    confine(con, [folder])
    return con


def confine(con: duckdb.DuckDBPyConnection, folders: Sequence[Path]) -> None:
    """Close off the network and every file outside these folders, for good, and reckon in UTC."""
    con.execute("SET TimeZone = 'UTC'").fetchall()
    allowed = ", ".join(quoted(folder.resolve()) for folder in folders)
    con.execute(f"SET allowed_directories = [{allowed}]").fetchall()
    con.execute("SET enable_external_access = false").fetchall()
    con.execute("SET lock_configuration = true").fetchall()


def quoted(path: Path) -> str:
    """Return a path as an SQL text literal."""
    return "'" + str(path.resolve()).replace("'", "''") + "'"


def rows_of(table: str, folder: Path, files: Iterable[LakeFile]) -> str:
    """Return a SELECT over these files of a table; without files, one of no rows with the same columns."""
    names = ", ".join(quoted(folder / file.name) for file in files)
    if names:
        return f"SELECT * FROM read_parquet([{names}])"
    nulls = ", ".join(f"NULL::{TYPES[column.kind]} AS {column.name}" for column in TABLES[table])
    return f"SELECT {nulls}, NULL::BIGINT AS batch WHERE false"


def _typed_rows(table: str, spool: Path, batch: int) -> str:
    columns = TABLES[table]
    cells = ", ".join(f"{_typed(column, at)} AS {column.name}" for at, column in enumerate(columns, 1))
    required = " AND ".join(f"{column.name} IS NOT NULL" for column in columns if column.is_required)
    check = f"len(cells) = {len(columns)} AND {required} AND {CHECKS.get(table, 'true')}"
    return f"""SELECT * EXCLUDE (cells), {batch}::BIGINT AS batch
               FROM (SELECT {cells}, cells FROM read_json(
                   {quoted(spool)}, format = 'newline_delimited', records = false, columns = {{'cells': 'VARCHAR[]'}}))
               WHERE CASE WHEN {check} THEN true ELSE error('a row breaks: {check}: ' || cells::VARCHAR) END"""


def _typed(column: Column, at: int) -> str:
    if column.kind == "instant":
        # A plain cast to TIMESTAMP drops the offset that the text carries.
        return f"cells[{at}]::TIMESTAMPTZ AT TIME ZONE 'UTC'"
    if column.kind == "id":
        return _hex(f"cells[{at}]")
    return f"cells[{at}]::{TYPES[column.kind]}"


def _hex(text: str) -> str:
    # Most ids come in this form already; casting them all would cost a third more.
    is_hex = f"regexp_full_match({text}, '[0-9a-f]{{32}}')"
    return f"CASE WHEN {is_hex} THEN {text} ELSE replace({text}::UUID::VARCHAR, '-', '') END"


def _remembers(manifest: Manifest, customer_id: str) -> bool:
    return any(customer_id in entry.customers for entry in manifest.restated)
