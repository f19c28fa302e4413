# SPDX-License-Identifier: Apache-2.0
"""Start the served program in processes of its own, and look at it from outside."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """
import os, sys
from regulars.kernel.errors import RegularsError
from regulars.site.environment import read_environment
from regulars.cli.supervisor import serve
try:
    serve(read_environment(os.environ).bind)
except RegularsError as error:
    sys.exit(error.message)
"""
PATIENCE_S = 40.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(condition: Callable[[], bool], *, within_s: float = PATIENCE_S) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


class Served:
    """A served program: its main process, its port, what it says."""

    def __init__(self, home: Path, database: str, port: int) -> None:
        self.port = port
        self.log = home / f"log-{self.port}"
        environment = {
            **os.environ,
            "REGULARS_HOME": str(home),
            "DATABASE_URL": database,
            "REGULARS_BIND": f"127.0.0.1:{self.port}",
            "DJANGO_SETTINGS_MODULE": "work.served_settings",
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}",
        }
        with self.log.open("wb") as log:
            self.main = subprocess.Popen(
                [sys.executable, "-c", PROGRAM], env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def get(self, page: str, timeout_s: float = 10) -> str:
        """Return what a page says; raises OSError or HTTPException when there is no whole answer."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            client.request("GET", page)
            answer = client.getresponse()
            text = answer.read().decode()
        finally:
            client.close()
        if answer.status >= 400:
            raise OSError(f"{page}: {answer.status}\n{self.log.read_text()}")
        return text

    def answers(self) -> bool:
        try:
            return bool(self.get("/process", timeout_s=1))
        except (OSError, http.client.HTTPException):
            return False

    def starts(self) -> "Served":
        assert eventually(self.answers), self.log.read_text()
        return self

    def worker(self) -> int:
        """Return the process that answers."""
        return int(self.get("/process").split()[0])

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.main.pid}/task/{self.main.pid}/children").read_text()
        return [int(child) for child in children.split()]

    def interrupt(self) -> int:
        """Press Ctrl-C in its terminal and return its exit code."""
        os.killpg(self.main.pid, signal.SIGINT)
        return self.main.wait(PATIENCE_S)

    def stop(self) -> int:
        self.main.send_signal(signal.SIGTERM)
        return self.main.wait(PATIENCE_S)

    def kill(self) -> None:
        self.main.kill()
        self.main.wait(PATIENCE_S)


@contextmanager
def serving(home: Path, database: str, *, port: int | None = None) -> Iterator[Served]:
    """Start the program and end it, whatever happens in between."""
    served = Served(home, database, port or free_port())
    try:
        yield served
    finally:
        if served.main.poll() is None:
            served.kill()
