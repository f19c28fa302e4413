# SPDX-License-Identifier: Apache-2.0
"""The marts of a business: a disposable DuckDB file built from the lake, and its published snapshots.

The watermark moves in the transaction that changes the marts, so a crash leaves them as they were. A refresh adds what
is new, restates the customers that the lake says were restated, and equals a full rebuild. Deleted values linger in a
DuckDB file, therefore an erasure rebuilds into a new file. The worker owns `work.duckdb`; others open snapshots.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from threading import Timer

import duckdb

from regulars.analytics.lake import Lake, confine, rows_of
from regulars.analytics.manifest import Manifest, replace_durably, sync
from regulars.analytics.rollups import CUSTOMER, CUSTOMER_DAY, CUSTOMER_MONTH, MARTS, customer_day_sql, mart_sql
from regulars.kernel.errors import RegularsError, gettext_noop

VERSION = 1  # of the mart definitions; another version in a file means: rebuild
WORK = "work.duckdb"
POINTER = "current"
SQL_TYPES = {"string": "VARCHAR", "date": "DATE", "int64": "BIGINT"}
ID = "customer_id"  # a UUID in the marts: half the size of text and grouped in half the time


class ExplorationTooSlow(RegularsError):
    """An exploration was stopped because it ran longer than it may."""

    code = "exploration_too_slow"
    status = 503
    text = gettext_noop(
        "This took longer than %(seconds)s seconds and was stopped. Ask for a shorter period or less detail."
    )


class NoMarts(Exception):
    """Nothing was published yet; refresh and publish first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a DuckDB connection may use. Resident memory exceeds `memory` by up to 40 %."""

    memory: str = "1GB"
    threads: int = 2
    spill: str = "10GB"


@dataclass(frozen=True, slots=True, kw_only=True)
class MartState:
    """Up to where marts are built: a lake's epoch and batch, the feed position, and what was left out."""

    version: int
    epoch: int
    batch: int
    watermark: int
    currency: str
    other_currency_orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Marts:
    """The marts of one business in a folder, in the business's currency."""

    folder: Path
    currency: str
    limits: Limits = Limits()

    def refresh(self, lake: Lake) -> MartState:
        """Bring the marts to the state of the lake: by the new rows when possible, else from nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with lake.reading() as manifest:
            state = self.state()
            if state is None or not self._continues(state, manifest):
                return self._rebuild(lake, manifest)
            if state.batch == manifest.batch:
                return state
            with self._work(lake) as con:
                return _increment(con, lake, manifest, state)

    def rebuild(self, lake: Lake) -> MartState:
        """Build the marts from nothing in a new file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with lake.reading() as manifest:
            return self._rebuild(lake, manifest)

    def state(self) -> MartState | None:
        """Return the state of the work file, or None when there is none that this version can read."""
        path = self.folder / WORK
        if not path.exists():
            return None
        try:
            with duckdb.connect(str(path), config=self._config()) as con:
                return read_state(con)
        except (duckdb.IOException, duckdb.CatalogException, duckdb.SerializationException):
            return None

    def publish(self) -> Path:
        """Copy the work file to a new snapshot and point readers to it; open readers keep the one they have."""
        number = self._current_number() + 1
        snapshot = self.folder / f"marts-{number:08d}.duckdb"
        shutil.copyfile(self.folder / WORK, snapshot)
        sync(snapshot)
        replace_durably(self.folder / POINTER, snapshot.name.encode())
        for old in self.folder.glob("marts-*.duckdb"):
            if old != snapshot:
                old.unlink()
        return snapshot

    def current(self) -> Path:
        """Return the published snapshot. Raises NoMarts."""
        try:
            return self.folder / (self.folder / POINTER).read_text()
        except FileNotFoundError as error:
            raise NoMarts(f"no marts in {self.folder}") from error

    def open_snapshot(self) -> duckdb.DuckDBPyConnection:
        """Open the published snapshot read-only, without reach to any other file; reopen when `current` changes."""
        con = duckdb.connect(str(self.current()), read_only=True, config=self._config())
        # Connections of one process to one file share an instance, which the first has locked already.
        if not con.execute("SELECT current_setting('lock_configuration')").fetchall()[0][0]:
            confine(con, [])
        return con

    def _continues(self, state: MartState, manifest: Manifest) -> bool:
        asked = (VERSION, manifest.epoch, self.currency)
        return (state.version, state.epoch, state.currency) == asked and state.batch <= manifest.batch

    def _config(self) -> dict[str, str | bool | int | float | list[str]]:
        return {
            "memory_limit": self.limits.memory,
            "threads": self.limits.threads,
            "temp_directory": str(self.folder / "spill"),
            "max_temp_directory_size": self.limits.spill,
        }

    @contextmanager
    def _work(self, lake: Lake, name: str = WORK) -> Iterator[duckdb.DuckDBPyConnection]:
        con = duckdb.connect(str(self.folder / name), config=self._config())
        try:
            confine(con, [lake.folder, self.folder])
            yield con
        finally:
            con.close()

    def _rebuild(self, lake: Lake, manifest: Manifest) -> MartState:
        fresh = f"{WORK}.new"
        for leftover in self.folder.glob(f"{fresh}*"):
            leftover.unlink()
        with self._work(lake, fresh) as con:
            state = _build(con, lake, manifest, self.currency)
        sync(self.folder / fresh)
        (self.folder / f"{WORK}.wal").unlink(missing_ok=True)
        (self.folder / fresh).replace(self.folder / WORK)
        return state

    def _current_number(self) -> int:
        try:
            return int(self.current().stem.removeprefix("marts-"))
        except NoMarts:
            return 0


@contextmanager
def deadline(cursor: duckdb.DuckDBPyConnection, *, seconds: float) -> Iterator[None]:
    """Interrupt what runs on a cursor after some seconds; the cursor stays usable. Raises ExplorationTooSlow."""
    timer = Timer(seconds, cursor.interrupt)
    timer.start()
    try:
        yield
    except duckdb.InterruptException as error:
        raise ExplorationTooSlow(seconds=seconds) from error
    finally:
        timer.cancel()
        timer.join()


def read_state(con: duckdb.DuckDBPyConnection) -> MartState:
    """Return the state that the marts of a connection carry."""
    columns = ", ".join(MartState.__dataclass_fields__)
    row = con.execute(f"SELECT {columns} FROM mart_state").fetchall()[0]
    return MartState(**dict(zip(MartState.__dataclass_fields__, row, strict=True)))


def _build(con: duckdb.DuckDBPyConnection, lake: Lake, manifest: Manifest, currency: str) -> MartState:
    _run(con, "BEGIN")
    for mart, columns in MARTS.items():
        typed = ", ".join(f"{name} {'UUID' if name == ID else SQL_TYPES[kind]}" for name, kind in columns.items())
        _run(con, f"CREATE TABLE {mart} ({typed})")
    _run(
        con,
        """CREATE TABLE mart_state (version INTEGER, epoch BIGINT, batch BIGINT, watermark BIGINT,
                 currency VARCHAR, other_currency_orders BIGINT)""",
    )
    _view_lake(con, lake, manifest)
    _insert(con, "customer_day", CUSTOMER_DAY, customer_day_sql(currency))
    for mart, columns in (("customer_month", CUSTOMER_MONTH), ("customer", CUSTOMER)):
        _insert(con, mart, columns, mart_sql(mart, "customer_day"))
    return _commit(con, lake, manifest, currency)


def _increment(con: duckdb.DuckDBPyConnection, lake: Lake, manifest: Manifest, state: MartState) -> MartState:
    _run(con, "BEGIN")
    restated = {customer for entry in manifest.restated if entry.batch > state.batch for customer in entry.customers}
    _run(con, "CREATE TEMP TABLE restated (customer_id UUID)")
    _run(con, "INSERT INTO restated SELECT DISTINCT unnest(?::UUID[])", [list(restated)])
    _run(con, "CREATE TEMP TABLE touched (customer_id UUID, month DATE)")
    if restated:
        _restate_days(con, lake, manifest, state.currency)
    _add_days(con, lake, manifest, state)
    _redo_months_and_customers(con)
    return _commit(con, lake, manifest, state.currency)


def _restate_days(con: duckdb.DuckDBPyConnection, lake: Lake, manifest: Manifest, currency: str) -> None:
    """Replace the days of restated customers by what the whole lake says of them now."""
    days = "SELECT customer_id, date_trunc('month', local_day) FROM customer_day d WHERE " + _is_in("d", "restated")
    _run(con, f"INSERT INTO touched {days}")
    _run(con, f"DELETE FROM customer_day d WHERE {_is_in('d', 'restated')}")
    _view_lake(con, lake, manifest, where=_is_in("rows", "restated"))
    _insert(con, "customer_day", CUSTOMER_DAY, customer_day_sql(currency))
    _run(con, f"INSERT INTO touched {days}")


def _add_days(con: duckdb.DuckDBPyConnection, lake: Lake, manifest: Manifest, state: MartState) -> None:
    """Add the rows of later batches to the days, except those of restated customers, who have them already."""
    where = f"rows.batch > {state.batch} AND NOT {_is_in('rows', 'restated')}"
    _view_lake(con, lake, manifest, after=state.batch, where=where)
    _run(con, f"CREATE TEMP TABLE fresh AS {customer_day_sql(state.currency)}")
    _run(
        con,
        """MERGE INTO customer_day d USING fresh f
           ON d.local_day = f.local_day AND d.customer_id IS NOT DISTINCT FROM f.customer_id
              AND d.store IS NOT DISTINCT FROM f.store
           WHEN MATCHED THEN UPDATE SET orders = d.orders + f.orders, net_minor = d.net_minor + f.net_minor,
                                        returned_minor = d.returned_minor + f.returned_minor
           WHEN NOT MATCHED THEN INSERT (customer_id, local_day, store, orders, net_minor, returned_minor)
                VALUES (f.customer_id, f.local_day, f.store, f.orders, f.net_minor, f.returned_minor)""",
    )
    _run(con, "INSERT INTO touched SELECT customer_id, date_trunc('month', local_day) FROM fresh")


def _redo_months_and_customers(con: duckdb.DuckDBPyConnection) -> None:
    """Recompute months and totals of touched customers, and touched months of anonymous sales, from the days."""
    known = "customer_id IN (SELECT customer_id FROM touched WHERE customer_id IS NOT NULL)"
    anonymous = "customer_id IS NULL AND {month} IN (SELECT month FROM touched WHERE customer_id IS NULL)"
    _run(
        con,
        f"""CREATE TEMP TABLE touched_day AS SELECT * FROM customer_day WHERE {known}
            UNION ALL SELECT * FROM customer_day WHERE {anonymous.format(month="date_trunc('month', local_day)")}""",
    )
    _run(con, f"DELETE FROM customer_month WHERE {known}")
    _run(con, f"DELETE FROM customer_month WHERE {anonymous.format(month='month')}")
    _run(con, f"DELETE FROM customer WHERE {known}")
    for mart, columns in (("customer_month", CUSTOMER_MONTH), ("customer", CUSTOMER)):
        _insert(con, mart, columns, mart_sql(mart, "touched_day"))


def _commit(con: duckdb.DuckDBPyConnection, lake: Lake, manifest: Manifest, currency: str) -> MartState:
    orders = rows_of("orders", lake.folder, manifest.of("orders"))
    other = con.execute(f"SELECT count(*) FROM ({orders}) WHERE currency <> ?", [currency]).fetchall()[0][0]
    state = MartState(
        version=VERSION,
        epoch=manifest.epoch,
        batch=manifest.batch,
        watermark=manifest.watermark,
        currency=currency,
        other_currency_orders=other,
    )
    _run(con, "DELETE FROM mart_state")
    _run(con, "INSERT INTO mart_state VALUES (?, ?, ?, ?, ?, ?)", list(astuple(state)))
    _run(con, "COMMIT")
    return state


def _view_lake(
    con: duckdb.DuckDBPyConnection, lake: Lake, manifest: Manifest, *, after: int = 0, where: str = "true"
) -> None:
    """Let `orders` and `returns` stand for the lake's rows of batches after one, under a condition on `rows`."""
    for table in ("orders", "returns"):
        files = [file for file in manifest.of(table) if file.last_batch > after]
        source = f"SELECT * REPLACE ({ID}::UUID AS {ID}) FROM ({rows_of(table, lake.folder, files)})"
        _run(con, f"CREATE OR REPLACE TEMP VIEW {table} AS SELECT rows.* FROM ({source}) rows WHERE {where}")


def _is_in(rows: str, customers: str) -> str:
    """Return a condition that holds for the customers of a table, null standing for anonymous sales."""
    return f"EXISTS (FROM {customers} WHERE {customers}.customer_id IS NOT DISTINCT FROM {rows}.customer_id)"


def _insert(con: duckdb.DuckDBPyConnection, mart: str, columns: Iterable[str], select: str) -> None:
    names = ", ".join(columns)
    _run(con, f"INSERT INTO {mart} ({names}) SELECT {names} FROM ({select})")


def _run(con: duckdb.DuckDBPyConnection, sql: str, values: Sequence[object] = ()) -> None:
    con.execute(sql, list(values)).fetchall()
