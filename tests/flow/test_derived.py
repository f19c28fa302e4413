# SPDX-License-Identifier: Apache-2.0
"""Whatever is kept beside the facts and the ledger is compared with them: each row that says otherwise is named."""

from uuid import UUID

import pytest

from flow.uniting import merge
from ledger.tampering import change, literal
from regulars.customers.matching import CustomerRef
from regulars.customers.models import Alias
from regulars.flow.intake import Cancel, Redemption, UseEntitlement
from regulars.flow.verifying import verify_books
from regulars.programs.models import Counter, Membership
from regulars.rewards.actions import OfferTerms, create_offer
from regulars.rewards.models import Entitlement, Offer
from regulars.tenancy.actors import SYSTEM
from shop import ASHA, RAVI, SPEND, Till, a_program, a_shop

pytestmark = pytest.mark.django_db

LIMITED = {
    **SPEND, "id": "twice", "limits": [{"per": "month", "times": 5, "points": 1_000}], "gives": {"kind": "fixed", "points": 10},
}  # fmt: skip
LADDER = {
    "metric": "points_earned",
    "levels": [{"code": "a", "name": {"en": "A"}}, {"code": "b", "name": {"en": "B"}, "at_least": 150}],
}
MEENA = CustomerRef(phone="+919876543212", name="Meena")
TEA = OfferTerms(code="tea", name={"en": "Tea"}, kind="amount_off", value={"amount_minor": 4_000}, price=40)


@pytest.fixture
def till() -> Till:
    """A shop that has counted, taken back, raised, given rewards, taken one back, reserved one, and made two customers one."""
    till = Till(a_shop(a_program(SPEND, LIMITED, ladder=LADDER)))
    create_offer(till.business, TEA, actor=SYSTEM, now=till.now)
    till.sell(ASHA, 10_000, common={"external_id": "A"})
    till.sell(ASHA, 20_000)
    till.sell(RAVI, 5_000, common={"external_id": "R"})
    till.sell(MEENA, 3_000)
    till.take_back("A")
    till.give(Redemption, ASHA, offer="tea")
    till.give(
        UseEntitlement, ASHA, entitlement=UUID(str(till.give(Redemption, ASHA, offer="tea").detail["entitlement"]))
    )
    till.take(Redemption(**till.common(customer=ASHA, external_id="T"), offer="tea"))
    till.give(Cancel, None, cancels="T")
    till.give(Redemption, ASHA, offer="tea", is_reserved=True)
    assert merge(till).refusal is None
    return till


def differences(till: Till, *statements: str) -> list[str]:
    """Return what is told of the shop after somebody changed it past the program."""
    change(*statements)
    found = verify_books(till.business.pk)
    return [one for one in (found.difference, *found.others) if one]


def test_what_nobody_changed_agrees(till):
    assert differences(till) == []


def test_a_counter(till):
    counter = Counter.objects.get(business=till.business, window="twice/month/2026-03#", used=2)
    of = f"programs_counter {counter.customer_id}: twice/month/2026-03"

    assert differences(till, f"UPDATE programs_counter SET used = 1 WHERE id = {literal(counter.pk)}") == [
        f"{of}# is stored as 1, expected 2"
    ]
    assert differences(till, f"DELETE FROM programs_counter WHERE id = {literal(counter.pk)}") == [
        f"{of}# is stored as 0, expected 2"
    ]
    change(f"UPDATE programs_counter SET used = used + 980 WHERE customer_id = {literal(counter.customer_id)}")
    assert f"{of} is stored as 1000, expected 20" in differences(till)


@pytest.mark.parametrize(
    ("who", "column", "value", "told"),
    [
        (ASHA, "tier", "a", "tier is stored as a, expected b"),
        (MEENA, "tier", "b", "tier is stored as b, expected that in which members begin"),
        (ASHA, "progress", "9999", "progress is stored as 9999, expected 270"),
        (MEENA, "progress_until", None, "progress is stored as 40, expected 0"),
    ],
)  # fmt: skip
def test_a_standing(till, who, column, value, told):
    member = Membership.objects.get(customer__identities__value=who.phone)
    Membership.objects.filter(pk=member.pk).update(**{column: value})

    assert differences(till) == [f"programs_membership {member.pk}: {told}"]


def test_the_pieces_taken_of_an_offer(till):
    offer = Offer.objects.get(business=till.business)

    told = differences(till, "UPDATE rewards_offer SET taken = taken - 1")

    assert told == [f"rewards_offer {offer.pk}: taken is stored as 2, expected 3"]


@pytest.mark.parametrize(
    ("state", "other"),
    [("redeemed", "issued"), ("issued", "redeemed"), ("cancelled", "issued"), ("reserved", "redeemed")],
)
def test_the_state_of_a_reward(till, state, other):
    taken = Entitlement.objects.get(business=till.business, state=state)

    told = differences(till, f"UPDATE rewards_entitlement SET state = '{other}' WHERE id = {literal(taken.pk)}")

    assert f"rewards_entitlement {taken.pk}: state is stored as {other}, expected {state}" in told


@pytest.mark.parametrize("state", ["issued", "reserved"])
def test_what_a_reward_cost(till, state):
    taken = Entitlement.objects.get(business=till.business, state=state)

    told = differences(till, f"UPDATE rewards_entitlement SET price = 30 WHERE id = {literal(taken.pk)}")

    assert told == [f"rewards_entitlement {taken.pk}: price is stored as 30, expected 40"]


def test_a_merged_customer(till):
    alias = Alias.objects.get(business=till.business)
    stays, gone = alias.survivor_id, alias.customer_id
    meena = Membership.objects.get(customer__identities__value=MEENA.phone).pk

    moved = differences(till, f"UPDATE customers_alias SET survivor_id = {literal(meena)}")
    lost = differences(till, "DELETE FROM customers_alias")

    assert f"customers_alias {gone}: survivor is stored as {meena}, expected {stays}" in moved
    assert f"customers_alias {gone}: survivor is stored as nothing, expected {stays}" in lost
