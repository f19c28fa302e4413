# SPDX-License-Identifier: Apache-2.0
"""The server is killed twenty times under load."""

import pytest

from flow.bank import Bank, check, play_with_kills
from flow.test_bank import bank

pytestmark = [pytest.mark.proof, pytest.mark.xdist_group("served")]

__all__ = ["bank"]


def test_killed_twenty_times(bank: Bank) -> None:
    ledger = play_with_kills(bank, kills=20)

    assert len(ledger.done) > 400
    check(bank, ledger)
