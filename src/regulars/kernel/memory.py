# SPDX-License-Identifier: Apache-2.0
"""How a long-lived process treats its memory."""

import atexit
import gc


def calm_collector() -> None:
    """Leave what is loaded now out of every garbage collection, and collect less often: batches make many short-lived objects."""
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # libraries that count their objects at the end find them then
    gc.set_threshold(50_000, 20, 100)
