# SPDX-License-Identifier: Apache-2.0
"""Run benchmarks one after the other: `python -m bench` for all, `python -m bench earns imports` for some."""

import subprocess
import sys
from pathlib import Path

ALL = ("conditions", "receive", "imports", "earns", "stalls", "pages", "marts", "search")

if __name__ == "__main__":
    for name in sys.argv[1:] or ALL:
        print(f"== {name}", flush=True)
        subprocess.run([sys.executable, str(Path(__file__).parent / f"{name}.py")], check=True)
