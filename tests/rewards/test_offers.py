# SPDX-License-Identifier: Apache-2.0
"""What an offer may say, and what it is worth at the till."""

from typing import Any

import pytest

from regulars.rewards.actions import BadOffer, OfferCodeTaken, OfferTerms, change_offer, create_offer
from regulars.rewards.models import Offer
from regulars.tenancy.actors import SYSTEM
from regulars.tenancy.models import AuditEntry
from shop import NOON, a_shop

pytestmark = pytest.mark.django_db


def terms(**over: Any) -> OfferTerms:
    worth = {"code": "TEA", "name": {"en": "Tea"}, "kind": "amount_off", "value": {"amount_minor": 4_000}, "price": 40}
    return OfferTerms(**{**worth, **over})


@pytest.mark.parametrize(
    ("path", "over"),
    [
        ("code", {"code": ""}),
        ("code", {"code": "x" * 41}),
        ("name", {"name": {"en": "  "}}),
        ("price", {"price": -1}),
        ("valid_days", {"valid_days": 0}),
        ("stock", {"stock": -1}),
        ("per_member_max", {"per_member_max": 0}),
        ("kind", {"kind": "a gift"}),
        ("value", {"value": {"percent": 10}}),
        ("value", {"value": {"amount_minor": 0}}),
    ],
)
def test_what_an_offer_cannot_say(path, over):
    business = a_shop()

    with pytest.raises(BadOffer) as refusal:
        create_offer(business, terms(**over), actor=SYSTEM, now=NOON)

    assert str(refusal.value.data["path"]).startswith(path)
    assert not Offer.objects.filter(business=business).exists()


def test_a_code_names_one_offer_of_a_business():
    business = a_shop()
    create_offer(business, terms(), actor=SYSTEM, now=NOON)
    create_offer(a_shop(), terms(), actor=SYSTEM, now=NOON)

    with pytest.raises(OfferCodeTaken):
        create_offer(business, terms(), actor=SYSTEM, now=NOON)


def test_a_change_is_kept_with_what_was_before():
    offer = create_offer(a_shop(), terms(), actor=SYSTEM, now=NOON)

    change_offer(offer, terms(price=50), actor=SYSTEM, now=NOON)

    entry = AuditEntry.objects.filter(business=offer.business).latest("id")
    assert (entry.before["price"], entry.after["price"]) == (40, 50)
