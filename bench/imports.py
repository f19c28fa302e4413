# SPDX-License-Identifier: Apache-2.0
"""Imports of history on SQLite: order lines to facts only, and orders of ten lines through the program; each in a process of its own.

Run: python bench/imports.py [orders]. Prints rates and the peak of resident memory.
"""

import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import describe, spread

ROUNDS = 3


def write_orders(path: Path, orders: int) -> int:
    """Write a file of orders of ten lines over two years, two thousand customers, four thousand products; return its lines."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["order", "time", "customer_id", "sku", "quantity", "amount"])
        for order in range(orders):
            day = order * 730 // orders
            moment = f"{2024 + day // 365}-{1 + day % 365 // 31:02}-{1 + day % 28:02} {9 + order % 10:02}:15"
            for line in range(10):
                writer.writerow(
                    [
                        f"A{order}",
                        moment,
                        f"C{order * 7 % 2000}",
                        f"S{(order * 10 + line) * 13 % 4000}",
                        1 + line % 3,
                        f"{1 + line}.50",
                    ]
                )
    return orders * 10


def run(path: Path, home: Path, *options: str) -> tuple[float, float, float]:
    """Import in a new data folder; return seconds, those of the processor, and the peak of memory in megabytes."""
    command = str(Path(sys.executable).parent / "regulars")
    environment = {**os.environ, "REGULARS_HOME": str(home)}
    subprocess.run(
        [command, "createbusiness", "Bench", "--country", "IN"], env=environment, check=True, capture_output=True
    )
    started, busy = time.perf_counter(), _processor_s()
    subprocess.run(
        [command, "import", "orders", str(path), *options],
        env=environment,
        check=True,
        capture_output=True,
    )
    seconds = time.perf_counter() - started
    return seconds, _processor_s() - busy, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    describe("django", "duckdb", "msgspec")
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.csv"
        lines = write_orders(path, orders)
        facts, through, peaks = [], [], []
        for round_ in range(ROUNDS):
            seconds, busy, peak = run(path, Path(folder) / f"facts{round_}", "--without-points")
            facts.append((lines / seconds, lines / busy))
            peaks.append(peak)
            seconds, busy, peak = run(path, Path(folder) / f"points{round_}")
            through.append((orders / seconds, orders / busy))
            peaks.append(peak)
    for what, rates in (("facts only, lines", facts), ("through the program, orders of ten lines", through)):
        wall, processor = zip(*rates, strict=True)
        print(f"{what}: {spread(list(wall))} a second; {spread(list(processor))} a second of the processor")
    print(f"peak {max(peaks):,.0f} MB")
