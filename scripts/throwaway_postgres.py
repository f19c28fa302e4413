# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server that lives as long as this process: own folder, free loopback port, random password.

    python scripts/throwaway_postgres.py COMMAND [ARGUMENT …]

runs COMMAND with the server's address in REGULARS_TEST_POSTGRES. PostgreSQL refuses root: started by root, it runs as
the user `postgres`.
"""

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_START_LIMIT_S = 60
_STOP_LIMIT_S = 20
_CARELESS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}  # what it held is thrown away
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "300",
    "log_min_messages": "fatal",
}
_PR_SET_PDEATHSIG = 1


def installation() -> Path | None:
    """Return the folder of the newest PostgreSQL programs installed by Debian, if any."""
    found = [initdb.parent for initdb in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda folder: int(folder.parent.name), default=None)


def _unprivileged() -> dict[str, Any] | None:
    """Return what starts a process as a user that PostgreSQL accepts; None when root has no such user."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        return None
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _initialise(programs: Path, folder: Path, password: str, identity: dict[str, Any]) -> None:
    password_file = folder / "password"
    password_file.write_text(password)
    if identity:
        shutil.chown(folder, identity["user"], identity["group"])
        shutil.chown(password_file, identity["user"], identity["group"])
    command = [programs / "initdb", "--pgdata", folder / "data", "--username=regulars", f"--pwfile={password_file}"]
    options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run([*command, *options], check=True, cwd=folder, stdout=subprocess.DEVNULL, **identity)


def _start(
    programs: Path, folder: Path, settings: dict[str, Any], identity: dict[str, Any]
) -> "subprocess.Popen[bytes]":
    """Start the server in a session of its own: Ctrl-C reaches the tests first, then this process stops the server."""
    options = [f"--{name}={value}" for name, value in settings.items()]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", *options],
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - this program has one thread
            **identity,
        )


def _wait_until_ready(programs: Path, port: int, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    probe = [programs / "pg_isready", "--quiet", "--host=127.0.0.1", f"--port={port}"]
    while subprocess.run(probe, check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
        time.sleep(0.1)


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.send_signal(signal.SIGINT)
    try:
        server.wait(_STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@contextmanager
def throwaway_server(*, is_durable: bool = False) -> Iterator[str | None]:
    """Start a server, yield its URL, stop and delete it at the end; yield None where PostgreSQL is not installed."""
    programs, identity = installation(), _unprivileged()
    if programs is None or identity is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="regulars-postgres-"))
    try:
        password, port = secrets.token_hex(16), _free_port()
        _initialise(programs, folder, password, identity)
        settings = {**_SETTINGS, **({} if is_durable else _CARELESS), "port": port, "unix_socket_directories": folder}
        server = _start(programs, folder, settings, identity)
        try:
            _wait_until_ready(programs, port, server, folder / "log")
            yield f"postgresql://regulars:{password}@127.0.0.1:{port}/postgres"
        finally:
            _stop(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def exit_on_sigterm() -> None:
    """Leave through the context managers when asked to stop, so that the server stops too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def main(command: list[str]) -> int:
    """Run a command beside a throwaway server; after --durable, one that keeps what it has answered."""
    exit_on_sigterm()
    is_durable = command[:1] == ["--durable"]
    command = command[is_durable:]
    with throwaway_server(is_durable=is_durable) as url:
        if url is None:
            print("no PostgreSQL programs under /usr/lib/postgresql, or no user to run them as", file=sys.stderr)
            return 1
        return subprocess.run(command, check=False, env=os.environ | {"REGULARS_TEST_POSTGRES": url}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
