# SPDX-License-Identifier: Apache-2.0
"""A progress line for long commands: a bar with rate and time left on a terminal, a line every ten seconds elsewhere."""

import sys
import time
from typing import TextIO


class ProgressLine:
    """Show how far a long command is. Call it with what is done and the whole; `finish` ends the line, `clear` takes it away."""

    def __init__(self, label: str, out: TextIO = sys.stderr) -> None:
        self._label = label
        self._out = out
        self._is_terminal = out.isatty()
        self._started = time.monotonic()
        self._shown_at = 0.0 if self._is_terminal else self._started

    def __call__(self, done: int, total: int) -> None:
        """Show the state, at most ten times a second (or once in ten seconds where nobody watches)."""
        now = time.monotonic()
        if now - self._shown_at < (0.1 if self._is_terminal else 10.0):
            return
        self._shown_at = now
        self._write(done, total, now)

    def _write(self, done: int, total: int, now: float) -> None:
        rate = done / max(now - self._started, 0.001)
        left = f", {_span((total - done) / rate)} left" if rate and total > done else ""
        share = f"{100 * done // total} %" if total else ""
        bar = "█" * (20 * done // total if total else 0)
        text = f"{self._label} {bar:░<20} {share:>5} {done:,} of {total:,} · {rate:,.0f}/s{left}"
        self._out.write(f"\r{text:<78}" if self._is_terminal else f"{text}\n")
        self._out.flush()

    def finish(self, done: int, total: int) -> None:
        """Show the end."""
        self._write(done, total, time.monotonic())
        if self._is_terminal:
            self._out.write("\n")

    def clear(self) -> None:
        """Take the line away where it can be: what comes next says it all."""
        if self._is_terminal:
            self._out.write(f"\r{'':<78}\r")


def _span(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"
