# SPDX-License-Identifier: Apache-2.0
"""What every benchmark prints first, and how it sums up: the machine, the versions, how fast it is now, medians with their spread."""

import os
import platform
import sqlite3
import statistics
import time
from collections.abc import Sequence
from importlib.metadata import version


def describe(*packages: str) -> None:
    """Print the machine, the versions of packages, the load, and the time of a plain loop (it tells how busy neighbours are)."""
    started = time.process_time()
    for _ in range(5_000_000):
        pass
    loop_s = time.process_time() - started
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
    print(", ".join(f"{package} {version(package)}" for package in packages))
    print(f"load {os.getloadavg()[0]:.1f}; a loop of five million: {loop_s:.2f} s of CPU")


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Return a median with minimum and maximum."""
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lie."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
