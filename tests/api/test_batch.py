# SPDX-License-Identifier: Apache-2.0
"""Many intakes in one request: a result each, in order; what is refused does not disturb the rest."""

import pytest

from api.cast import ASHA, RAVI, a_caller, an_order
from regulars.api.permissions import BATCH_SCOPES
from regulars.facts.models import Fact

pytestmark = pytest.mark.django_db


def test_good_and_bad_together():
    caller = a_caller()
    batch = [
        {"kind": "order", "external_id": "1", **an_order()},
        {"kind": "order", "external_id": "2", **an_order(), "store": "nowhere"},
        {"kind": "adjustment", "external_id": "3", "customer": {"phone": "12"}, "points": 5, "reason": "a gift"},
        {"kind": "return", "external_id": "4", "order": "1"},
        {"kind": "order", "external_id": "1", **an_order()},
        {"kind": "order", "external_id": "1", **an_order(1)},
        {"kind": "enrolment", "external_id": "5", "customer": RAVI},
    ]

    response = caller.post("batch", batch)

    results = response.data["results"]
    assert response.status_code == 200
    assert [result["status"] for result in results] == [201, 422, 422, 201, 200, 409, 201]
    assert [result.get("problem", {}).get("code") for result in results[1:3]] == ["unknown_store", "bad_phone"]
    assert (results[3]["receipt"]["points_reversed"], results[4]["receipt"]) == (100, results[0]["receipt"])
    assert Fact.objects.count() == 3


def test_a_batch_can_be_sent_again():
    caller = a_caller()
    batch = [{"kind": "order", "external_id": str(number), **an_order()} for number in range(20)]

    first, again = caller.post("batch", batch), caller.post("batch", batch)

    assert {result["status"] for result in first.data["results"]} == {201}
    assert {result["status"] for result in again.data["results"]} == {200}
    assert [one["receipt"] for one in again.data["results"]] == [one["receipt"] for one in first.data["results"]]


def test_one_by_one_and_in_a_batch_are_the_same():
    caller = a_caller()
    single = caller.post("orders", {**an_order(), "external_id": "1"}).data

    (result,) = caller.post("batch", [{"kind": "order", "external_id": "1", **an_order()}]).data["results"]

    assert (result["status"], result["receipt"]) == (200, single)


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ({"kind": "closing", "external_id": "1"}, "$[1].kind"),
        ({"kind": "order", "external_id": "1"}, "$[1].lines: it is missing"),
        ({"kind": "visit"}, "$[1].external_id: it is missing"),
    ],
)
def test_an_item_of_another_shape_refuses_the_whole(item, says):
    response = a_caller().post("batch", [{"kind": "visit", "external_id": "0", "customer": ASHA}, item])

    assert (response.status_code, response.data["code"]) == (422, "invalid_body")
    assert says in response.data["detail"]
    assert not Fact.objects.exists()


def test_a_batch_asks_for_the_scope_of_every_kind():
    caller = a_caller(scopes=["orders:write"])
    gift = {"kind": "adjustment", "external_id": "2", "customer": ASHA, "points": 5, "reason": "a gift"}

    response = caller.post("batch", [{"kind": "visit", "external_id": "1", "customer": ASHA}, gift])

    assert (response.status_code, response.data["data"]) == (403, {"permission": BATCH_SCOPES["adjustment"]})
    assert not Fact.objects.exists()


def test_vouchers_show_their_code_in_a_batch_too():
    caller = a_caller()
    caller.post("orders", an_order())
    caller.post("rewards", {"code": "TEA", "name": {"en": "Tea"}, "kind": "perk", "price": 10})

    (result,) = caller.post(
        "batch", [{"kind": "redemption", "external_id": "1", "customer": ASHA, "offer": "TEA"}]
    ).data["results"]

    assert len(result["receipt"]["detail"]["code"]) == 16
