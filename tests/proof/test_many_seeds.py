# SPDX-License-Identifier: Apache-2.0
"""The simulator over many seeds."""

import os

import pytest

from flow.simulator import Simulation
from flow.test_simulator import check, the_seed_is_told

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite, pytest.mark.proof]

FIRST = int(os.environ.get("REGULARS_TEST_FIRST_SEED", "100"))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + 100), ids=lambda seed: f"seed_{seed}")
def test_shops_by_dice(seed: int) -> None:
    with the_seed_is_told(seed):
        simulation = Simulation(seed)
        simulation.run(1_000)
        check(simulation)
