# SPDX-License-Identifier: Apache-2.0
"""A shop with thousands of purchases is backed up again and again under load, and each backup is restored."""

from pathlib import Path

import pytest

from flow.bank import Bank, Client
from flow.test_bank import bank
from work.drill import back_up_under_load, check_restored, restored_from

pytestmark = [pytest.mark.proof, pytest.mark.xdist_group("served")]

__all__ = ["bank"]

PURCHASES, BACKUPS = 20_000, 4


def fill(bank: Bank) -> None:
    """Let strangers buy, so that a backup takes a while."""
    client = Client(bank)
    for start in range(0, PURCHASES, 5_000):
        items = [
            {
                "kind": "order",
                "source": "history",
                "external_id": str(number),
                "occurred_at": "2026-03-01T10:00:00Z",
                "customer": {"external_id": f"C{number % 3_000}"},
                "lines": [{"sku": f"S{number % 300}", "amount_minor": 1_000}],
            }
            for number in range(start, start + 5_000)
        ]
        status, answer = client.ask("POST", "batch", items)
        assert status == 200, answer
    client.connection.close()


def test_backed_up_again_and_again_under_load(bank: Bank, tmp_path: Path) -> None:
    fill(bank)
    files = [tmp_path / f"backup-{number}.tar.gz" for number in range(BACKUPS)]

    ledger, answered = back_up_under_load(bank, files, clients=16, answers=100)

    bank.stop()
    for file, before in zip(files, answered, strict=True):
        with restored_from(bank, file, tmp_path / f"restored-from-{file.stem}") as restored:
            check_restored(restored, ledger, before)
