# SPDX-License-Identifier: Apache-2.0
"""Rewards taken, reserved, used and given back, through the path."""

from typing import Any
from uuid import UUID

import pytest

from regulars.flow.entitling import code_of
from regulars.flow.intake import Cancel, Closing, Order, OrderLine, Receipt, Redemption, SettleHold, UseEntitlement
from regulars.flow.verifying import verify_books
from regulars.rewards.actions import OfferTerms, change_offer, create_offer
from regulars.rewards.models import Entitlement, Offer
from regulars.tenancy.actors import SYSTEM
from shop import ASHA, RAVI, Till, a_program, a_shop

pytestmark = pytest.mark.django_db


def terms(**over: Any) -> OfferTerms:
    worth = {"code": "TEA", "name": {"en": "Tea"}, "kind": "amount_off", "value": {"amount_minor": 4_000}, "price": 40}
    return OfferTerms(**{**worth, **over})


def a_till(program: dict[str, Any] | None = None, **offer: Any) -> Till:
    """A till with a reward for 40 points, where Asha has 100."""
    till = Till(a_shop(program))
    create_offer(till.business, terms(**offer), actor=SYSTEM, now=till.now)
    till.sell(ASHA, 10_000)
    return till


def take(till: Till, **more: Any) -> Receipt:
    return till.give(Redemption, ASHA, offer="TEA", **more)


def code(receipt: Receipt) -> str:
    return code_of(UUID(str(receipt.detail["entitlement"])))


def refusal(receipt: Receipt) -> str:
    return receipt.refusal.code if receipt.refusal else ""


def offer(till: Till) -> Offer:
    return Offer.objects.get(business=till.business)


def test_taken_used_and_then_used_up():
    till = a_till()
    taken = take(till)
    used = till.sell(ASHA, 9_000, codes=[code(taken)])

    assert (taken.points_spent, taken.balance) == (40, 60)
    assert used.detail["rewards"] == [
        {"entitlement": taken.detail["entitlement"], "kind": "amount_off", "value": {"amount_minor": 4_000}}
    ]
    assert refusal(till.sell(ASHA, 9_000, codes=[code(taken)])) == "already_used"
    assert refusal(till.give(UseEntitlement, code=code(taken))) == "already_used"


def test_a_code_is_read_as_people_write_it():
    till = a_till()
    written = code(take(till)).lower().replace("-", " ").replace("0", "o").replace("1", "l")

    assert refusal(till.sell(ASHA, 9_000, codes=[written])) == ""


def test_a_wrong_code_gets_the_same_answer_whatever_is_wrong():
    till = a_till()
    others = code(take(till))

    answers = [till.sell(RAVI, 100, codes=[wrong]).refusal for wrong in (others, "7K3M-9QXT-2VHB-D", "no", "")]

    assert {(answer.code, answer.text, str(answer.data)) for answer in answers if answer} == {
        ("unknown_code", answers[0].text, "{}")
    }


def test_twice_in_one_batch_is_used_once():
    till = a_till()
    taken = take(till)

    receipts = till.take(*(UseEntitlement(**till.common(), code=code(taken)) for _ in range(2)))

    assert [refusal(receipt) for receipt in receipts] == ["", "already_used"]


def test_a_reserved_reward_holds_its_points_until_it_is_used():
    till = a_till()
    reserved = take(till, is_reserved=True)

    used = till.sell(ASHA, 100, codes=[code(reserved)])

    assert (reserved.points_spent, reserved.balance) == (0, 100)
    assert (used.points_spent, used.points_earned, used.balance) == (40, 1, 61)
    assert verify_books(till.business.pk).difference == ""


def test_an_unused_reservation_ends_and_piece_and_points_are_free_again():
    till = a_till(stock=1)
    reserved = take(till, is_reserved=True, ttl_s=600)
    assert refusal(take(till)) == "out_of_stock"
    till.wait(seconds=600)

    assert refusal(till.sell(ASHA, 100, codes=[code(reserved)])) == "out_of_time"
    till.give(Closing, ASHA)

    assert offer(till).taken == 0
    assert take(till).balance == 60


def test_an_unused_reward_is_given_back_with_its_points_and_its_piece():
    till = a_till(stock=1)
    taken = take(till)
    given = till.give(Cancel, cancels="0002")

    assert (given.points_returned, given.balance, offer(till).taken) == (40, 100, 0)
    assert refusal(till.sell(ASHA, 100, codes=[code(taken)])) == "already_used"
    assert refusal(till.give(Cancel, cancels="0002")) == "already_cancelled"


def test_a_reservation_that_is_given_back_frees_its_points():
    till = a_till(stock=1)
    take(till, is_reserved=True)

    given = till.give(Cancel, cancels="0002")

    assert (given.balance, offer(till).taken) == (100, 0)
    assert refusal(till.sell(ASHA, 100, points=100)) == ""


def test_r16_only_a_refundable_and_unused_reward_is_given_back():
    kept, used = a_till(is_refundable=False), a_till()
    take(kept)
    used.give(UseEntitlement, code=code(take(used)))

    assert refusal(kept.give(Cancel, cancels="0002")) == "not_refundable"
    assert refusal(used.give(Cancel, cancels="0002")) == "already_used"
    assert kept.sell(ASHA, 0).balance == used.sell(ASHA, 0).balance == 60


def test_r13_a_cancelled_purchase_gives_its_voucher_back_and_returned_goods_do_not():
    till = a_till()
    taken = take(till)
    till.sell(ASHA, 9_000, codes=[code(taken)], common={"external_id": "A"})

    till.give(Cancel, cancels="A")

    assert Entitlement.objects.get(business=till.business).state == "issued"
    assert refusal(till.sell(ASHA, 9_000, codes=[code(taken)], common={"external_id": "B"})) == ""
    till.take_back("B")
    assert refusal(till.sell(ASHA, 9_000, codes=[code(taken)])) == "already_used"


def test_d44_a_reservation_keeps_its_price():
    till = a_till()
    reserved = take(till, is_reserved=True)
    change_offer(offer(till), terms(price=90), actor=SYSTEM, now=till.now)

    assert till.sell(ASHA, 0, codes=[code(reserved)]).points_spent == 40


def test_a_price_of_a_client_does_not_exist():
    """D25: a redemption names an offer, never a price."""
    assert "price" not in Redemption.__struct_fields__


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"stock": 0}, "out_of_stock"),
        ({"is_active": False}, "offer_paused"),
        ({"tiers": ("gold",)}, "tier_too_low"),
        ({"price": 101}, "insufficient_points"),
    ],
)
def test_why_a_reward_cannot_be_had(over, code):
    till = a_till(**over)

    assert refusal(take(till)) == code
    assert (till.sell(ASHA, 0).balance, offer(till).taken) == (100, 0)


def test_so_many_for_each_member():
    till = a_till(per_member_max=1)

    receipts = till.take(*(Redemption(**till.common(customer=ASHA), offer="TEA") for _ in range(2)))

    assert [refusal(receipt) for receipt in receipts] == ["", "member_limit_reached"]
    till.give(Cancel, cancels="0002")
    assert refusal(take(till)) == ""


def test_the_last_piece_of_a_batch_goes_to_the_first():
    till = a_till(stock=1)

    receipts = till.take(*(Redemption(**till.common(customer=ASHA), offer="TEA") for _ in range(2)))

    assert [refusal(receipt) for receipt in receipts] == ["", "out_of_stock"]
    assert (offer(till).taken, till.sell(ASHA, 0).balance) == (1, 60)


def test_a_voucher_lasts_through_its_last_day():
    till = a_till(valid_days=1)
    taken = take(till)
    till.now = till.now.replace(day=3, hour=18, minute=29)
    last_minute = till.give(UseEntitlement, code=code(taken))

    other = a_till(valid_days=1)
    late = code(take(other))
    other.now = other.now.replace(day=3, hour=18, minute=30)

    assert refusal(last_minute) == ""
    assert refusal(other.give(UseEntitlement, code=late)) == "out_of_time"


def test_r8_cancelling_a_purchase_that_used_a_reserved_reward_leaves_it_used():
    """Its points went with it; they come back as the points that the purchase was paid with do not."""
    till = a_till()
    reserved = take(till, is_reserved=True)
    till.sell(ASHA, 100, codes=[code(reserved)], common={"external_id": "A"})

    till.give(Cancel, cancels="A")

    assert Entitlement.objects.get(business=till.business).state == "redeemed"
    assert verify_books(till.business.pk).difference == ""


def test_what_is_earned_in_a_purchase_does_not_pay_for_it():
    till = Till(a_shop(a_program()))

    (receipt,) = till.take(Order(**till.common(customer=ASHA), lines=[OrderLine("A", 10_000)], points=50))

    assert refusal(receipt) == "insufficient_points"


def test_a_reservation_is_settled_by_using_it_only():
    till = a_till()
    reserved = take(till, is_reserved=True)

    settled = till.give(SettleHold, hold=UUID(str(reserved.detail["hold"])))

    assert refusal(settled) == "unknown_hold"
    assert refusal(till.sell(ASHA, 100, codes=[code(reserved)])) == ""
