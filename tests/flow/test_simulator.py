# SPDX-License-Identifier: Apache-2.0
"""Whole shops by dice: whatever comes twice, late, in any order or into a crash, the points are those of a plain second reading."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from flow.again import check_decided_again
from flow.simulator import BERLIN, PUNE, Simulation, lots_of, open_shop, plain_points, points_by_phone, replay, seal
from regulars.facts.models import Fact
from regulars.flow.verifying import verify_books
from regulars.ledger.loading import progress_of
from regulars.programs.ladder import window_start
from regulars.programs.models import Membership
from regulars.programs.versions import program_of, timeline
from regulars.rewards.models import Offer
from regulars.tenancy.models import Business

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]

STEPS = 500
SEEDS = range(4)


@contextmanager
def the_seed_is_told(seed: int) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        error.add_note(f"seed {seed}: run it alone with -k 'seed_{seed}' or Simulation({seed})")
        raise


def check_progress(business: Business, now: datetime) -> None:
    """What was counted towards the ladder step by step is what the ledger sums up."""
    members = [
        m for m in Membership.objects.filter(business=business) if not m.progress_until or m.progress_until > now
    ]
    since = window_start(program_of(timeline(business.pk).latest).ladder, now, ZoneInfo(business.timezone))
    sums = progress_of(business.pk, [member.pk for member in members], "points", since)
    assert {m.pk: m.progress for m in members} == {m.pk: sums.get(m.pk, (0, None))[0] for m in members}


def check(simulation: Simulation) -> None:
    """Everything agrees: the plain reading, the ledger with itself, and a second shop that is told the same facts."""
    for shop, country in zip(simulation.shops, (PUNE, BERLIN), strict=True):
        expected = plain_points(shop.plain, simulation.now)
        assert points_by_phone(shop.business, simulation.now) == expected
        assert Offer.objects.get(business=shop.business).taken == shop.plain.taken

        recorded = Fact.objects.filter(business=shop.business).order_by("id").values_list("external_id", flat=True)
        assert list(recorded) == [intake.external_id for _, intake, _ in shop.journal]

        check_progress(shop.business, simulation.now)
        seal(shop.business)
        verified = verify_books(shop.business.pk)
        assert (verified.difference, verified.unsealed) == ("", 0)

        other = open_shop(country, "the same again")
        replay(shop, other)
        assert points_by_phone(other, simulation.now) == expected
        assert lots_of(other) == lots_of(shop.business)
        assert check_decided_again(shop.business) > 0


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"seed_{seed}")
def test_shops_by_dice(seed: int) -> None:
    with the_seed_is_told(seed):
        simulation = Simulation(seed)
        simulation.run(STEPS)
        check(simulation)


def test_the_dice_reach_what_is_dangerous() -> None:
    simulation = Simulation(7)
    simulation.run(STEPS)

    for shop in simulation.shops:
        assert shop.crashes > 5
        assert min(shop.repeats, shop.refusals) > 20
        assert len(shop.journal) > 80


def test_the_same_seed_gives_the_same_chain() -> None:
    def told(seed: int) -> list[object]:
        with transaction.atomic():
            simulation = Simulation(seed)
            simulation.run(150)
            for shop in simulation.shops:
                seal(shop.business)
            chains = [verify_books(shop.business.pk).chain_hash for shop in simulation.shops]
            points = [points_by_phone(shop.business, simulation.now) for shop in simulation.shops]
            transaction.set_rollback(True)
        return [chains, points]

    assert told(3) == told(3)
    assert told(3) != told(4)
