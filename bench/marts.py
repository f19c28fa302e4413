# SPDX-License-Identifier: Apache-2.0
"""Time lake and marts at a million orders. Run: python bench/marts.py [--orders 1000000] [--runs 5]"""

import argparse
import os
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import ibis
import sqlglot

from regulars.analytics.catalogue import METRICS
from regulars.analytics.lake import Lake
from regulars.analytics.marts import WORK, Limits, Marts
from regulars.analytics.metrics import measure
from regulars.analytics.report import retention_report

CURRENCY = "INR"
INCREMENT = 10_000
CHUNK = 200_000

# Two years of days, five stores, a fifth of the orders anonymous, few customers with many orders and many with few.
ORDERS = """
    SELECT md5('o' || i) AS fact_id,
           CASE WHEN hash(i) % 5 > 0 THEN md5('c' || (pow(random(), 2) * $customers)::BIGINT) END AS customer_id,
           'S' || hash(i + 1) % 5 AS store, 'till' AS source,
           TIMESTAMP '2024-01-01' + to_seconds((i - $first) * 63072000 // $orders) AS occurred_at,
           occurred_at::DATE AS local_day, 'INR' AS currency, (hash(i + 2) % 500000)::BIGINT AS net_minor, 'order' AS kind
    FROM range($first, $first + $orders) numbers(i)
"""
RETURNS = """
    SELECT md5('r' || fact_id), fact_id, customer_id, store, occurred_at, local_day, local_day, -net_minor // 2, currency
    FROM orders WHERE hash(fact_id) % 33 = 0
"""
Rows = list[tuple[Any, ...]]


def generated(first: int, orders: int, customers: int) -> Iterator[dict[str, Rows]]:
    """Yield rows for the lake in chunks, about 3 % of the orders returned in part."""
    with duckdb.connect() as con:
        con.execute("SELECT setseed(0.5)").fetchall()
        names = {"first": first, "orders": orders, "customers": customers}
        con.execute(f"CREATE TABLE orders AS {ORDERS}", names).fetchall()
        con.execute(f"CREATE TABLE returns AS {RETURNS}").fetchall()
        with con.cursor() as cursor:
            cursor.execute("FROM orders")
            while chunk := cursor.fetchmany(CHUNK):
                yield {"orders": chunk}
        yield {"returns": con.execute("FROM returns").fetchall()}


def append(lake: Lake, chunks: Iterator[dict[str, Rows]]) -> tuple[int, float]:
    """Append chunks; return rows and the seconds spent in the lake."""
    rows, seconds = 0, 0.0
    for chunk in chunks:
        at = lake.manifest().watermark
        started = time.perf_counter()
        lake.append(chunk, after=at, watermark=at + 1)
        seconds += time.perf_counter() - started
        rows += sum(map(len, chunk.values()))
    return rows, seconds


def told(what: str, seconds: list[float], note: str = "") -> None:
    """Print median and spread."""
    median = statistics.median(seconds)
    print(f"{what:44} {median:8.3f} s  ({min(seconds):.3f} to {max(seconds):.3f}, {len(seconds)} runs)  {note}")


def timed(act: Callable[[], object]) -> float:
    """Return the seconds an act takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def run(folder: Path, orders: int, runs: int, limits: Limits) -> None:
    """Build, add and measure in a folder."""
    lake = Lake(folder=folder / "lake", memory=limits.memory, threads=limits.threads)
    customers = max(1, orders * 16 // 100)
    rows, seconds = append(lake, generated(0, orders, customers))
    size = sum(file.bytes for file in lake.manifest().files)
    print(f"lake: {rows:,} rows appended at {rows / seconds:,.0f} rows/s, {size / 2**20:.0f} MiB of Parquet")
    marts = Marts(folder=folder / "marts", currency=CURRENCY, limits=limits)
    told("marts from nothing", [timed(lambda: marts.rebuild(lake)) for _ in range(runs)])
    increments, refreshes = [], []
    for n in range(runs):
        chunks = generated(orders + n * INCREMENT, INCREMENT, customers)
        increments.append(append(lake, chunks)[1])
        refreshes.append(timed(lambda: marts.refresh(lake)))
    told(f"append {INCREMENT:,} orders to the lake", increments)
    told(f"marts after {INCREMENT:,} new orders", refreshes)
    told("publish a snapshot", [timed(marts.publish) for _ in range(runs)])
    print(f"mart file: {(marts.folder / WORK).stat().st_size / 2**20:.0f} MiB")
    with marts.open_snapshot() as con:
        first = timed(lambda: measure(con, METRICS))
        told(
            f"all {len(METRICS)} metrics",
            [timed(lambda: measure(con, METRICS)) for _ in range(runs)],
            f"first {first:.2f} s",
        )
        told(
            "whole retention report",
            [timed(lambda: retention_report(con, period=None, store=None)) for _ in range(runs)],
        )
        told(
            "whole retention report of one store",
            [timed(lambda: retention_report(con, period=None, store="S1")) for _ in range(runs)],
        )


def main() -> None:
    """Parse what to run, say on what, run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
    )
    print(f"duckdb {duckdb.__version__}, ibis {ibis.__version__}, sqlglot {sqlglot.__version__}")
    print(f"{asked.orders:,} orders, memory_limit {asked.memory}, {asked.threads} threads")
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), asked.orders, asked.runs, Limits(memory=asked.memory, threads=asked.threads))
    print(
        f"peak resident memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB (generator included)"
    )


if __name__ == "__main__":
    main()
