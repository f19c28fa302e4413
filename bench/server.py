# SPDX-License-Identifier: Apache-2.0
"""A served shop for benchmarks: a data folder of its own, an API key, `regulars serve` as a process."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SET_UP = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", interactive=False, verbosity=0)
from regulars.kernel.clock import utc_now
from regulars.programs.actions import publish_program
from regulars.programs.starter import SINCE_EVER, starter_program
from regulars.tenancy.access import SCOPES
from regulars.tenancy.actions import create_api_key, create_business, create_store, create_user, hire
from regulars.tenancy.actors import SYSTEM
now = utc_now()
business = create_business("Bench", country="IN", now=now)
create_store(business, code="main", name="Bench", actor=SYSTEM, now=now)
user = create_user("bench@example.com", name="Bench", password="bench-bench-bench", now=now)
hire(business, user=user, role="owner", actor=SYSTEM, now=now)
publish_program(business, starter_program("INR"), valid_from=SINCE_EVER, actor=SYSTEM, now=now)
print(create_api_key(business, name="bench", scopes=sorted(SCOPES), actor=SYSTEM, now=now)[1])
"""


@dataclass
class Served:
    """A running server: where it listens, a key for it, its process and data folder."""

    port: int
    token: str
    process: subprocess.Popen[bytes]
    environment: dict[str, str]

    def cpu_s(self) -> float:
        """Return the processor seconds that the server's processes have used so far."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            if self.process.pid in {int(fields[1]), int(stat.parent.name)}:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served_shop(set_up: str = _SET_UP, *, database: str = "") -> Iterator[Served]:
    """Set up a shop in a new data folder, or in the empty PostgreSQL database of a URL, and serve it until the block ends."""
    home, port = Path(tempfile.mkdtemp(prefix="regulars-bench-")), free_port()
    environment = {
        **os.environ, "REGULARS_HOME": str(home), "REGULARS_BIND": f"127.0.0.1:{port}", "DJANGO_SETTINGS_MODULE": "regulars.site.settings",
        "REGULARS_RATE_PER_MINUTE": "10000000", "DATABASE_URL": database,
    }  # fmt: skip
    made = subprocess.run([sys.executable, "-c", set_up], env=environment, check=True, capture_output=True, text=True)
    process = subprocess.Popen([str(Path(sys.executable).parent / "regulars"), "serve"], env=environment)
    try:
        _wait_for(port, process)
        yield Served(port, made.stdout.strip().splitlines()[-1], process, environment)
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(home, ignore_errors=True)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError("the server ended")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not come up")
