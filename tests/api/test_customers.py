# SPDX-License-Identifier: Apache-2.0
"""Customers through the door: made, found, changed, their balance, statement and rewards."""

import pytest

from api.cast import ASHA, RAVI, a_caller, a_reward, an_order

pytestmark = pytest.mark.django_db


def test_a_customer_is_made_found_and_changed():
    caller = a_caller()
    body = {
        "name": "अनिता",
        "phone": "98765 43210",
        "email": "Anita@Example.com",
        "birthday": "1990-04-27",
        "tags": ["staff"],
    }

    made = caller.post("customers", body).data
    found = caller.get("customers?q=anita").data["items"]
    changed = caller.patch(f"customers/{made['id']}", {"birthday": None, "tags": ["regular"], "card": "C-7"}).data

    assert found == [made]
    assert {(one["kind"], one["value"]) for one in made["identities"]} == {
        ("phone", "+919876543210"),
        ("email", "anita@example.com"),
    }
    assert (changed["name"], changed["birthday"], changed["tags"]) == ("अनिता", None, ["regular"])
    assert ("card", "C-7") in {(one["kind"], one["value"]) for one in changed["identities"]}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "empty_customer"),
        ({"phone": "12"}, 422, "bad_phone"),
        ({"name": "A", "birthday": "2090-01-01"}, 422, "bad_birthday"),
        ({"name": "A", "language": "??"}, 422, "bad_language"),
        ({"phone": ASHA["phone"]}, 409, "identity_taken"),
        ({"name": "A", "tags": [""]}, 422, "invalid_body"),
    ],
)
def test_a_customer_that_cannot_be_made(body, status, code):
    caller = a_caller()
    caller.post("customers", ASHA)

    response = caller.post("customers", body)

    assert (response.status_code, response.data["code"]) == (status, code)


def test_a_balance_says_what_can_be_used_and_what_is_next():
    unit = {"expiry": {"kind": "after", "months": 12}}
    ladder = {"levels": [{"code": "base", "name": {"en": "B"}}, {"code": "gold", "name": {"en": "G"}, "at_least": 250}]}
    caller = a_caller(unit=unit, ladder=ladder)
    asha = caller.post("orders", an_order()).data["customer"]
    caller.post("holds", {"customer": ASHA, "points": 30})

    balance = caller.get(f"customers/{asha}/balance").data

    assert [balance[name] for name in ("unit", "total", "available", "pending", "held", "owed")] == [
        "points",
        100,
        70,
        0,
        30,
        0,
    ]
    assert [balance[name] for name in ("is_member", "tier", "progress", "next_tier", "missing")] == [
        True,
        "base",
        100,
        "gold",
        150,
    ]
    assert [one["points"] for one in balance["ending"]] == [70]


def test_who_is_no_member_has_nothing():
    caller = a_caller()
    asha = caller.post("customers", ASHA).data["id"]

    balance = caller.get(f"customers/{asha}/balance").data

    assert (balance["is_member"], balance["total"], balance["enrolled_at"]) == (False, 0, None)


def test_a_statement_says_why():
    caller = a_caller()
    asha = caller.post("orders", {**an_order(10_550), "external_id": "1"}).data["customer"]
    caller.post("adjustments", {"customer": ASHA, "points": -5, "reason": "counted twice"})
    caller.post("returns", {"order": "1"})

    rows = caller.get(f"customers/{asha}/statement").data["items"]

    assert [(row["kind"], row["points"], row["rule"]) for row in rows] == [
        ("reverse_earn", -100, "spend"),
        ("adjust", -5, ""),
        ("earn", 105, "spend"),
    ]
    assert rows[2]["text"] == "Earned: A point per rupee (1 point for every ₹1 of ₹105.50)"
    assert rows[2]["reasons"] == [{"is": "per_amount", "basis_minor": 10_550, "points": 1, "per_minor": 100}]
    assert rows[1]["text"] == "Corrected by staff (counted twice)"
    assert (
        rows[0]["text"] == "Taken back after a return: A point per rupee (the part that came back of 105 points earned)"
    )


def told(caller, customer) -> list[tuple[int, str]]:
    rows = caller.get(f"customers/{customer}/statement").data["items"]
    return [(row["points"], row["text"]) for row in rows]


def tea(external_id: str, amount_minor: int, **more: object) -> dict[str, object]:
    lines = [{"sku": "TEA", "amount_minor": amount_minor}]
    return {"external_id": external_id, "customer": ASHA, "lines": lines, **more}


def test_a_return_over_two_sales_tells_each_by_what_it_had_earned():
    caller = a_caller()
    asha = caller.post("orders", tea("1", 5_000)).data["customer"]
    caller.post("orders", tea("2", 2_000))

    caller.post("returns", {"customer": ASHA, "lines": [{"sku": "TEA", "quantity": 2}]})

    assert told(caller, asha) == [
        (-50, "Taken back after a return: A point per rupee (the part that came back of 50 points earned)"),
        (-20, "Taken back after a return: A point per rupee (the part that came back of 20 points earned)"),
        (20, "Earned: A point per rupee (1 point for every ₹1 of ₹20)"),
        (50, "Earned: A point per rupee (1 point for every ₹1 of ₹50)"),
    ]


def test_a_cancelled_order_is_not_told_as_a_return():
    caller = a_caller()
    asha = caller.post("orders", tea("1", 5_000)).data["customer"]

    caller.post("cancellations", {"cancels": "1"})

    assert told(caller, asha) == [
        (-50, "Taken back: A point per rupee"),
        (50, "Earned: A point per rupee (1 point for every ₹1 of ₹50)"),
    ]


def test_a_corrected_order_tells_what_was_taken_back_and_what_came_back_from_it():
    caller = a_caller()
    asha = caller.post("orders", tea("1", 10_000)).data["customer"]
    half = {"order": "1", "lines": [{"line": 1, "quantity": "0.5"}]}
    caller.post("returns", half)

    caller.post("orders", tea("1", 5_000, revision=1))

    assert told(caller, asha) == [
        (-25, "Taken back after a return: A point per rupee (the part that came back of 50 points earned)"),
        (50, "Earned: A point per rupee (1 point for every ₹1 of ₹50)"),
        (-50, "Taken back for a correction: A point per rupee"),
        (-50, "Taken back after a return: A point per rupee (the part that came back of 100 points earned)"),
        (100, "Earned: A point per rupee (1 point for every ₹1 of ₹100)"),
    ]
    order = caller.get("orders/api/1").data
    assert [(one["outcome"], one["points"]) for one in order["outcomes"]] == [("fired", 50)]


def test_a_correction_of_a_correction_takes_back_only_what_the_latter_gave():
    caller = a_caller()
    asha = caller.post("orders", tea("1", 10_000)).data["customer"]

    for revision, amount in ((1, 5_000), (2, 3_000)):
        caller.post("orders", tea("1", amount, revision=revision))

    assert [points for points, _ in told(caller, asha)] == [30, -50, 50, -100, 100]


def test_a_correction_taken_back_is_not_told_as_another():
    caller = a_caller()
    asha = caller.post("orders", tea("1", 5_000)).data["customer"]
    caller.post("adjustments", {"external_id": "A", "customer": ASHA, "points": -5, "reason": "counted twice"})
    caller.post("adjustments", {"external_id": "B", "customer": ASHA, "points": 7, "reason": "a present"})

    for name in ("A", "B"):
        caller.post("cancellations", {"cancels": name})

    assert told(caller, asha)[:4] == [
        (-7, "Taken back"),
        (5, "Given back"),
        (7, "Corrected by staff (a present)"),
        (-5, "Corrected by staff (counted twice)"),
    ]


def test_a_statement_goes_on():
    caller = a_caller()
    answers = [caller.post("orders", an_order(100 * number)) for number in (1, 2, 3)]
    asha = answers[0].data["customer"]

    first = caller.get(f"customers/{asha}/statement?limit=2").data
    second = caller.get(f"customers/{asha}/statement?limit=2&cursor={first['next']}").data

    assert [row["points"] for row in first["items"] + second["items"]] == [3, 2, 1]
    assert second["next"] is None


def test_rewards_show_their_code_while_it_can_be_used():
    caller = a_caller()
    asha = caller.post("orders", an_order()).data["customer"]
    a_reward(caller, price=10)
    codes = [caller.post("redemptions", {"customer": ASHA, "offer": "TEA50"}).data["detail"]["code"] for _ in range(2)]
    caller.post("uses", {"code": codes[0]})

    rewards = caller.get(f"customers/{asha}/rewards").data["items"]

    assert [(one["state"], one["code"], one["name"]) for one in rewards] == [
        ("issued", codes[1], "A free tea"),
        ("redeemed", None, "A free tea"),
    ]


def test_an_order_shows_what_became_of_it():
    caller = a_caller()
    lines = [
        {"sku": "TEA", "amount_minor": 10_000, "quantity": 3},
        {"sku": "BUN", "amount_minor": 2_550, "discount_minor": 50},
    ]
    caller.post("orders", {"source": "till 1", "external_id": "A/7", "customer": ASHA, "lines": lines})
    caller.post("returns", {"source": "till 1", "order": "A/7", "lines": [{"line": 1, "quantity": 1}]})

    order = caller.get("orders/till%201/A%2F7").data

    assert [
        (line["sku"], line["quantity_milli"], line["returned_milli"], line["points"]) for line in order["lines"]
    ] == [
        ("TEA", 3_000, 1_000, 100),
        ("BUN", 1_000, 0, 25),
    ]
    assert (order["total_minor"], order["version"], order["cancelled_by"]) == (12_550, 1, None)
    assert order["outcomes"][0]["text"] == "1 point for every ₹1 of ₹125.50"


def test_an_order_that_is_not_there():
    response = a_caller().get("orders/api/none")

    assert (response.status_code, response.data["code"]) == (404, "unknown_fact")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"to": {}, "customer": ASHA, "points": 1, "reason": "a gift"}, "customer_needed"),
        ({"to": RAVI, "customer": ASHA, "points": 1, "reason": "a gift"}, "not_a_member"),
        ({"to": ASHA, "customer": ASHA, "points": 1, "reason": "a gift"}, "same_member"),
    ],
)
def test_points_do_not_move_to_nobody(body, code):
    caller = a_caller()
    asha = caller.post("orders", an_order()).data["customer"]

    assert caller.post("transfers", body).data["code"] == code
    assert caller.balance(asha) == 100


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"occurred_at": "0001-01-01T00:00:00+05:30"}, 422, "time_too_early"),
        ({"occurred_at": "1969-12-31T00:00:00Z"}, 422, "time_too_early"),
        ({"occurred_at": "9999-12-31T23:59:59-05:30"}, 422, "time_in_future"),
        ({"occurred_at": "2026-01-01T00:00:00"}, 422, "invalid_body"),
        ({"lines": [{"sku": "A", "amount_minor": 1, "quantity": 10**30}]}, 422, "invalid_body"),
        ({"lines": [{"sku": "A", "amount_minor": 1, "quantity": "1.2345"}]}, 422, "invalid_body"),
        ({"lines": [{"sku": "A", "amount_minor": 1, "quantity": 1e-7}]}, 422, "bad_quantity"),
    ],
)
def test_figures_out_of_this_world_are_refused(more, status, code):
    response = a_caller().post("orders", an_order() | more)

    assert (response.status_code, response.data["code"]) == (status, code)


def test_a_rule_that_gives_too_much_gives_nothing():
    rule = {"id": "mad", "name": {"en": "Mad"}, "gives": {"kind": "per_amount", "points": 10**9, "per_minor": 1}}

    order = a_caller(rules=[rule]).post("orders", an_order(10**15)).data

    assert (order["points_earned"], order["earnings"][0]["outcome"]) == (0, "blocked")
