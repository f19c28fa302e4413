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
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import ibis

from regulars.analytics.catalogue import METRICS
from regulars.analytics.lake import Lake
from regulars.analytics.marts import WORK, Limits, Marts
from regulars.analytics.metrics import measure
from regulars.analytics.periods import Period
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
           occurred_at::DATE AS local_day, 'INR' AS currency, (hash(i + 2) % 500000)::BIGINT AS net_minor,
           'order' AS kind
    FROM range($first, $first + $orders) numbers(i)
"""
RETURNS = """
    SELECT md5('r' || fact_id), fact_id, customer_id, store, occurred_at, local_day, local_day, -net_minor // 2,
           currency
    FROM orders WHERE hash(fact_id) % 33 = 0
"""
Rows = list[tuple[Any, ...]]
Sample = tuple[float, float]


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


def append(lake: Lake, chunks: Iterator[dict[str, Rows]]) -> tuple[int, Sample]:
    """Append chunks; return rows and the time spent in the lake."""
    rows, wall, cpu = 0, 0.0, 0.0
    for chunk in chunks:
        at = lake.manifest().watermark
        taken = timed(partial(lake.append, chunk, after=at, watermark=at + 1))
        wall, cpu = wall + taken[0], cpu + taken[1]
        rows += sum(map(len, chunk.values()))
    return rows, (wall, cpu)


def told(what: str, samples: list[Sample]) -> None:
    """Print medians and spread."""
    seconds = [wall for wall, _ in samples]
    median, cpu = statistics.median(seconds), statistics.median(used for _, used in samples)
    print(
        f"{what:40} {median:8.3f} s  ({min(seconds):.3f} to {max(seconds):.3f})  CPU {cpu:7.3f} s  {len(samples)} runs"
    )


def timed(act: Callable[[], object]) -> Sample:
    """Return the seconds and the CPU seconds an act takes."""
    started, used = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - started, time.process_time() - used


def run(folder: Path, orders: int, runs: int, limits: Limits) -> None:
    """Build, add and measure in a folder."""
    lake = Lake(folder=folder / "lake", memory=limits.memory, threads=limits.threads)
    customers = max(1, orders * 16 // 100)
    rows, (wall, cpu) = append(lake, generated(0, orders, customers))
    size = sum(file.bytes for file in lake.manifest().files) / 2**20
    print(f"lake: {rows:,} rows, {size:.0f} MiB, appended {rows / wall:,.0f} rows/s, {rows / cpu:,.0f} per CPU second")
    marts = Marts(folder=folder / "marts", currency=CURRENCY, limits=limits)
    told("marts from nothing", [timed(lambda: marts.rebuild(lake)) for _ in range(runs)])
    increments, refreshes = [], []
    for n in range(runs):
        increments.append(append(lake, generated(orders + n * INCREMENT, INCREMENT, customers))[1])
        refreshes.append(timed(lambda: marts.refresh(lake)))
    told(f"append {INCREMENT:,} orders to the lake", increments)
    told(f"marts after {INCREMENT:,} new orders", refreshes)
    told("publish a snapshot", [timed(marts.publish) for _ in range(runs)])
    print(f"mart file: {(marts.folder / WORK).stat().st_size / 2**20:.0f} MiB")
    ask(marts, runs)


def ask(marts: Marts, runs: int) -> None:
    """Time the questions of a dashboard on a snapshot; the first time pays for importing Ibis and compiling."""
    year = Period(date(2025, 1, 1), date(2026, 1, 1))
    with marts.open_snapshot() as con:
        questions: dict[str, Callable[[], object]] = {
            f"all {len(METRICS)} metrics": lambda: measure(con, METRICS),
            f"all {len(METRICS)} metrics of a year": lambda: measure(con, METRICS, period=year),
            "whole report": lambda: retention_report(con, period=None, store=None),
            "whole report of one store": lambda: retention_report(con, period=None, store="S1"),
        }
        for what, question in questions.items():
            told(f"{what}, first time", [timed(question)])
            told(what, [timed(question) for _ in range(runs)])


def main() -> None:
    """Parse what to run, say on what, run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    load = f"load {os.getloadavg()[0]:.1f} at start"
    print(f"{platform.platform()}, {os.cpu_count()} cores, {load}, Python {platform.python_version()}")
    print(f"duckdb {duckdb.__version__}, ibis {ibis.__version__}, sqlglot {version('sqlglot')}")
    print(f"{asked.orders:,} orders, memory_limit {asked.memory}, {asked.threads} threads")
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), asked.orders, asked.runs, Limits(memory=asked.memory, threads=asked.threads))
    print(
        f"peak resident memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB (generator included)"
    )


if __name__ == "__main__":
    main()
