# SPDX-License-Identifier: Apache-2.0
"""Run the suite on SQLite, then once more what touches the database on PostgreSQL, where a server can be had.

Arguments go to pytest. The server is the one that REGULARS_TEST_POSTGRES names (its user must be allowed to create
databases), or a throwaway one.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from throwaway_postgres import exit_on_sigterm, throwaway_server

_NO_TESTS_COLLECTED = 5


@contextmanager
def server() -> Iterator[str | None]:
    """Yield the URL of the server that was named, else of a throwaway one, else None."""
    named = os.environ.get("REGULARS_TEST_POSTGRES")
    if named is None:
        with throwaway_server() as url:
            yield url
        return
    psycopg.connect(named, connect_timeout=5).close()
    yield named


def run_lane(lane: str, url: str | None, arguments: list[str]) -> int:
    """Run pytest in one lane and return its exit code."""
    environment = os.environ | {"REGULARS_TEST_LANE": lane} | ({"REGULARS_TEST_POSTGRES": url} if url else {})
    workers = os.environ.get("REGULARS_TEST_WORKERS", "2")
    command = [sys.executable, "-m", "pytest", "-n", workers, "--dist", "loadgroup", *arguments]
    print(f"tests on {'PostgreSQL' if lane == 'postgres' else 'SQLite'}", flush=True)
    return subprocess.run(command, check=False, env=environment).returncode


def main(arguments: list[str]) -> int:
    """Run the lanes; the first that fails ends the run."""
    exit_on_sigterm()
    with server() as url:
        if url is None and os.environ.get("REGULARS_TEST_STRICT") == "1":
            print("REGULARS_TEST_STRICT=1 asks for PostgreSQL, and there is no server", file=sys.stderr)
            return 1
        on_sqlite = run_lane("sqlite", url, arguments)
        if url is None or on_sqlite not in {0, _NO_TESTS_COLLECTED}:
            return on_sqlite
        on_postgres = run_lane("postgres", url, arguments)
        return on_sqlite if on_postgres == _NO_TESTS_COLLECTED else on_postgres


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except psycopg.OperationalError as error:
        sys.exit(f"REGULARS_TEST_POSTGRES names a server that does not answer: {error}")
