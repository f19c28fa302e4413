# SPDX-License-Identifier: Apache-2.0
"""Two customers made one over the API, and parted: once, whatever is sent again."""

import pytest

from api.cast import ASHA, RAVI, a_caller, an_order

pytestmark = pytest.mark.django_db


def two(caller) -> tuple[str, str]:
    """Let Asha and Ravi buy for ₹200 each, and return their keys."""
    first = caller.post("orders", an_order()).data
    second = caller.post("orders", an_order(external_id="second", customer=RAVI)).data
    return first["customer"], second["customer"]


def test_two_become_one_and_part():
    caller = a_caller()
    asha, ravi = two(caller)
    points = caller.get(f"customers/{ravi}/balance").data["total"]

    done = caller.post(f"customers/{asha}/merge", {"merged": {"id": ravi}}, idempotency_key="m1")
    again = caller.post(f"customers/{asha}/merge", {"merged": {"id": ravi}}, idempotency_key="m1")
    other = caller.post(f"customers/{asha}/merge", {"merged": ASHA}, idempotency_key="m1")

    assert (done.status_code, done.data["customer"], done.data["detail"]) == (
        201,
        asha,
        {"points_moved": points, "merged": ravi},
    )
    assert (again.status_code, again.data) == (200, done.data)
    assert (other.status_code, other.data["code"]) == (409, "key_reused")
    assert caller.get(f"customers/{ravi}").data["merged_into"] == asha
    assert caller.get(f"customers/{ravi}/balance").data["total"] == 2 * points
    assert [one["id"] for one in caller.get("customers").data["items"]] == [asha]
    assert caller.post("orders", an_order(external_id="third", customer=RAVI)).data["customer"] == asha
    assert caller.get("orders/api/second").data["customer"] == asha
    refused = caller.patch(f"customers/{ravi}", {"name": "R"})
    assert (refused.status_code, refused.data["code"]) == (409, "merged")

    parted = caller.post(f"customers/{asha}/unmerge", {"merged": ravi}, idempotency_key="u1")

    assert (parted.status_code, parted.data["detail"]["points_moved"]) == (201, points)
    assert caller.get(f"customers/{ravi}/balance").data["total"] == points
    assert caller.get(f"customers/{asha}/balance").data["total"] == 2 * points
    twice = caller.post(f"customers/{asha}/unmerge", {"merged": ravi}, idempotency_key="u2")
    assert (twice.status_code, twice.data["code"]) == (404, "not_merged")


def test_without_a_key_nothing_happens():
    caller = a_caller()
    asha, ravi = two(caller)

    refused = caller.ask("POST", f"customers/{asha}/merge", {"merged": {"id": ravi}})

    assert (refused.status_code, refused.data["code"]) == (400, "key_missing")
    assert caller.get(f"customers/{ravi}").data["merged_into"] is None


def test_what_cannot_be_parted_exactly_stays_one_and_says_why():
    caller = a_caller()
    asha, ravi = two(caller)
    caller.post(f"customers/{asha}/merge", {"merged": {"id": ravi}}, idempotency_key="m1")
    corrected = caller.post("orders", an_order(external_id="second", customer=RAVI, revision=1))
    assert (corrected.status_code, corrected.data["customer"]) == (201, asha)

    refused = caller.post(f"customers/{asha}/unmerge", {"merged": ravi}, idempotency_key="u1")

    assert (refused.status_code, refused.data["code"]) == (409, "cannot_part")
    assert "a purchase or an event from before the merge was corrected" in str(refused.data)
    assert caller.get(f"customers/{ravi}").data["merged_into"] == asha
