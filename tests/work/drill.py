# SPDX-License-Identifier: Apache-2.0
"""The drill: a backup of a bank while it works, restored elsewhere, and what must hold there."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from conftest import empty_database
from flow.bank import Bank, Client, Ledger, play
from work.served import eventually

_COMMAND = "from regulars.cli.main import main; main()"


def regulars(bank: Bank, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command with the bank's settings."""
    command = [sys.executable, "-c", _COMMAND, *map(str, arguments)]
    return subprocess.run(command, env=bank.environment(), capture_output=True, text=True, timeout=600, check=False)


def back_up_under_load(
    bank: Bank, files: Sequence[Path], *, clients: int, answers: int
) -> tuple[Ledger, list[set[str]]]:
    """Let clients move points and make backups meanwhile, with so many answers before and after each; return what the
    clients know, and for each backup what was answered before it began.
    """
    is_over = threading.Event()
    answered: list[set[str]] = []

    def go_on(ledger: Ledger) -> None:
        enough = len(ledger.done) + answers
        assert eventually(lambda: len(ledger.done) >= enough)

    def back_up(ledger: Ledger) -> None:
        try:
            go_on(ledger)
            for file in files:
                with ledger.guard:
                    answered.append(set(ledger.done))
                made = regulars(bank, "backup", "--with-secrets", file)
                assert made.returncode == 0, made.stderr
                go_on(ledger)
        finally:
            is_over.set()

    ledger = play(bank, clients=clients, is_over=lambda _: is_over.is_set(), beside=back_up)
    assert (ledger.wrong, ledger.stumbles) == ([], 0), "no request fails because of a backup"
    return ledger, answered


@contextmanager
def restored_from(bank: Bank, file: Path, home: Path) -> Iterator[Bank]:
    """Restore a backup of the bank into an empty home and database, and verify it there."""
    home.mkdir()
    with empty_database(home / "regulars.sqlite3") as database:
        restored = _restore(bank, file, home, database)
        try:
            yield restored
        finally:
            restored.stop()


def _restore(bank: Bank, file: Path, home: Path, database: str) -> Bank:
    restored = Bank(home, database, token=bank.token, business=bank.business, customers=bank.customers)
    made = regulars(restored, "restore", file)
    assert made.returncode == 0, made.stderr
    assert "secret key" not in made.stdout
    verified = regulars(restored, "verify", "--json")
    assert verified.returncode == 0, verified.stdout
    (found,) = json.loads(verified.stdout).values()
    assert (found["is_right"], found["difference"], found["unsealed"]) == (True, "", 0)
    return restored


def balances(bank: Bank) -> dict[str, int]:
    """Return what the clients' members have."""
    found = bank.verified()["balances"]
    return {customer: found[customer] for customer in bank.customers}


def check_restored(restored: Bank, ledger: Ledger, before: set[str]) -> None:
    """The restored bank is the bank of one moment after the backup began, and goes on from there."""
    found = restored.verified()
    names = set(found["names"])
    assert before <= names <= set(ledger.done)
    assert balances(restored) == ledger.balances(names)
    answered: dict[str, list[bool]] = {}
    for name in ledger.done:
        answered.setdefault(name.rpartition("-")[0], []).append(name in names)
    for client, kept in answered.items():
        assert kept == sorted(kept, reverse=True), f"{client}: a later answer is there, an earlier one is not"

    restored.start()
    client = Client(restored)
    for name in names:
        kind, body = ledger.sent[name]
        status, answer = client.ask("POST", kind, body, key=name)
        assert (status in {200, 201}, answer) == (True, ledger.answers[name])
    purchase = {"customer": {"phone": "+919876543210"}, "lines": [{"sku": "S1", "amount_minor": 4_200}]}
    assert client.ask("POST", "orders", purchase, key="the next one")[0] == 201
    client.connection.close()
    assert restored.is_quiet(), "the jobs of the backup are done too"
    restored.stop()
    (first, *_) = restored.customers
    expected = ledger.balances(names)
    assert balances(restored) == expected | {first: expected[first] + 42}
