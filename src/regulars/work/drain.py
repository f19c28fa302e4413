# SPDX-License-Identifier: Apache-2.0
"""Do the waiting work of some kinds now, in this process: what a command needs done before it reads."""

from collections.abc import Collection

from regulars.work.handlers import HANDLERS
from regulars.work.worker import Worker


def do_waiting(kinds: Collection[str]) -> int:
    """Run the due jobs of some quick kinds until none is left; return how many. Another process may do some of them
    beside.
    """
    worker = Worker({kind: HANDLERS[kind] for kind in kinds})
    done = 0
    while moved := worker.step():
        done += moved
    return done
