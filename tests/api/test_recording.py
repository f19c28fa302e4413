# SPDX-License-Identifier: Apache-2.0
"""Recording through the door: what moves points, repeats, refusals."""

import pytest

from api.cast import ASHA, RAVI, a_caller, a_reward, a_shop, an_order
from regulars.facts.models import Fact

pytestmark = pytest.mark.django_db


def test_an_order_earns():
    response = a_caller().post("orders", an_order(10_050))

    assert response.status_code == 201
    assert (response.data["points_earned"], response.data["balance"]) == (100, 100)
    assert response.data["earnings"][0]["reasons"] == [
        {"is": "per_amount", "basis_minor": 10_050, "points": 1, "per_minor": 100}
    ]


def test_a_line_of_three_comes_back_piece_by_piece():
    caller = a_caller()
    line = {"sku": "TEA", "amount_minor": 10_000, "quantity": 3}
    caller.post("orders", {"external_id": "1", "customer": ASHA, "lines": [line]})

    returns = [caller.post("returns", {"order": "1", "lines": [{"line": 1, "quantity": 1}]}) for _ in range(4)]

    assert [answer.data.get("points_reversed") for answer in returns] == [33, 34, 33, None]
    assert (returns[3].status_code, returns[3].data["code"]) == (409, "returned_too_much")
    assert returns[3].data["detail"] == "Of “1” only 0 can still come back, not 1."


def test_what_was_spent_comes_back_with_the_goods():
    caller = a_caller()
    caller.post("enrolments", {"customer": ASHA})
    caller.post("adjustments", {"customer": ASHA, "points": 200, "reason": "from the old card"})

    bought = caller.post("orders", {**an_order(7_000), "external_id": "2", "points": 150}).data
    returned = caller.post("returns", {"order": "2"}).data

    assert (bought["points_earned"], bought["points_spent"], bought["balance"]) == (70, 150, 120)
    assert (returned["points_reversed"], returned["points_returned"], returned["balance"]) == (70, 150, 200)


def test_a_repeat_gets_the_first_answer():
    caller = a_caller()

    first = caller.post("orders", an_order(), idempotency_key="k1")
    again = caller.post("orders", an_order(), idempotency_key="k1")

    assert (first.status_code, again.status_code) == (201, 200)
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert again.data == first.data
    assert Fact.objects.filter(kind="order").count() == 1


def test_the_same_key_with_another_body_is_refused():
    caller = a_caller()
    first = caller.post("orders", an_order(), idempotency_key="k1").data

    other = caller.post("orders", an_order(20_000), idempotency_key="k1")

    assert (other.status_code, other.data["code"]) == (409, "key_reused")
    assert caller.balance(first["customer"]) == 100


def test_the_body_may_name_it_and_the_header_may_repeat_it():
    caller = a_caller()

    first = caller.post("orders", {**an_order(), "external_id": "bill-7"})
    again = caller.post("orders", an_order(), idempotency_key="bill-7")

    assert (again.status_code, again.data) == (200, first.data)


def test_two_names_are_refused():
    response = a_caller().post("orders", {**an_order(), "external_id": "a"}, idempotency_key="b")

    assert (response.status_code, response.data["code"]) == (409, "key_contradicts")


def test_no_name_is_refused():
    response = a_caller().ask("POST", "orders", an_order())

    assert (response.status_code, response.data["code"]) == (400, "key_missing")


def test_a_time_that_is_given_is_part_of_the_body():
    caller = a_caller()
    caller.post("orders", {**an_order(), "occurred_at": "2026-05-04T10:00:00+05:30"}, idempotency_key="k1")

    same = caller.post("orders", {**an_order(), "occurred_at": "2026-05-04T04:30:00Z"}, idempotency_key="k1")
    other = caller.post("orders", {**an_order(), "occurred_at": "2026-05-04T04:31:00Z"}, idempotency_key="k1")

    assert (same.status_code, other.status_code) == (200, 409)


def test_a_refused_order_changes_nothing():
    caller = a_caller()

    response = caller.post("orders", {**an_order(), "points": 10})

    assert (response.status_code, response.data["code"]) == (409, "insufficient_points")
    assert response["Content-Type"] == "application/problem+json"
    assert not Fact.objects.exists()
    assert caller.get("customers").data["items"] == []


def test_points_are_held_and_settled():
    caller = a_caller()
    caller.post("orders", an_order())
    hold = caller.post("holds", {"customer": ASHA, "points": 60}).data["detail"]["hold"]

    settled = caller.post(f"holds/{hold}/settle", {"points": 40})
    voided = caller.post(f"holds/{hold}/void")

    assert (settled.data["points_spent"], settled.data["balance"]) == (40, 60)
    assert (voided.status_code, voided.data["code"]) == (409, "hold_resolved")


def test_a_reward_is_taken_and_its_code_is_shown_again():
    caller = a_caller()
    caller.post("orders", an_order())
    a_reward(caller)

    taken = caller.post("redemptions", {"customer": ASHA, "offer": "TEA50"}, idempotency_key="r1")
    again = caller.post("redemptions", {"customer": ASHA, "offer": "TEA50"}, idempotency_key="r1")

    assert (taken.status_code, taken.data["points_spent"]) == (201, 50)
    assert again.data["detail"]["code"] == taken.data["detail"]["code"]
    assert taken.data["detail"]["code"] not in str(Fact.objects.values_list("receipt", "payload"))


def test_a_code_is_used_on_an_order_exactly_once():
    caller = a_caller()
    caller.post("orders", an_order())
    a_reward(caller)
    code = caller.post("redemptions", {"customer": ASHA, "offer": "TEA50"}).data["detail"]["code"]

    first = caller.post("orders", {**an_order(5_000), "codes": [code.lower()]})
    second = caller.post("orders", {**an_order(5_000), "codes": [code]})

    assert first.data["detail"]["rewards"][0]["value"] == {"amount_minor": 5_000}
    assert (second.status_code, second.data["code"]) == (409, "already_used")


def test_a_reward_is_given_back_by_its_key():
    caller = a_caller()
    asha = caller.post("orders", an_order()).data["customer"]
    a_reward(caller)
    taken = caller.post("redemptions", {"customer": ASHA, "offer": "TEA50"}).data["detail"]["entitlement"]

    response = caller.post(f"redemptions/{taken}/cancel")

    assert response.status_code == 201
    assert caller.balance(asha) == 100
    assert caller.get(f"customers/{asha}/rewards").data["items"][0]["state"] == "cancelled"


def test_a_reserved_reward_is_used_by_its_key():
    caller = a_caller()
    asha = caller.post("orders", an_order()).data["customer"]
    a_reward(caller)
    taken = caller.post("redemptions", {"customer": ASHA, "offer": "TEA50", "is_reserved": True}).data["detail"][
        "entitlement"
    ]

    used = caller.post(f"redemptions/{taken}/use")

    assert (used.status_code, used.data["points_spent"], caller.balance(asha)) == (201, 50, 50)


def test_an_order_is_cancelled():
    caller = a_caller()
    asha = caller.post("orders", {**an_order(), "external_id": "1"}).data["customer"]

    caller.post("cancellations", {"cancels": "1"})

    assert caller.balance(asha) == 0
    assert caller.get("orders/api/1").data["cancelled_by"] is not None


def test_points_move_to_another_member():
    caller = a_caller()
    caller.post("orders", an_order())
    ravi = caller.post("enrolments", {"customer": RAVI}).data["customer"]

    moved = caller.post("transfers", {"customer": ASHA, "to": RAVI, "points": 30, "reason": "a gift"})

    assert (moved.data["balance"], caller.balance(ravi)) == (70, 30)


def test_pending_points_are_activated():
    caller = a_caller(a_shop(unit={"pending": {"kind": "event", "event": "delivered"}}))
    asha = caller.post("orders", {**an_order(), "external_id": "1"}).data["customer"]

    before = caller.get(f"customers/{asha}/balance").data["available"]
    caller.post("activations", {"of": "1"})

    assert (before, caller.get(f"customers/{asha}/balance").data["available"]) == (0, 100)


@pytest.mark.parametrize(
    ("path", "body"), [("visits", {}), ("events", {"name": "reviewed", "properties": {"stars": 5}})]
)
def test_other_facts_earn_what_their_rules_give(path, body):
    on = {"visits": {"on": "visit"}, "events": {"on": "event", "event": "reviewed"}}[path]
    caller = a_caller(rules=[{"id": "r", "name": {"en": "r"}, "gives": {"kind": "fixed", "points": 5}, **on}])

    assert caller.post(path, {"customer": ASHA, **body}).data["points_earned"] == 5
