# SPDX-License-Identifier: Apache-2.0
"""Rewards, the program, stores, events and webhooks through the door."""

from dataclasses import replace

import pytest
from django.test import Client

from api.cast import ASHA, RULE, a_caller, a_reward, a_shop, an_order, seal_all
from outbox.simultaneous import at_the_same_time
from regulars.kernel.clock import utc_now
from regulars.programs.models import Version
from regulars.tenancy.actions import create_business
from regulars.tenancy.models import AuditEntry, WebhookDelivery

pytestmark = pytest.mark.django_db


def test_a_reward_is_offered_and_changed():
    caller = a_caller()
    made = a_reward(caller, stock=10)

    changed = caller.patch(
        f"rewards/{made['id']}", {"price": 60, "kind": "free_item", "value": {"sku": "TEA"}, "stock": None}
    ).data

    assert (made["value"], made["unit"], made["taken"]) == ({"amount_minor": 5_000}, "points", 0)
    assert changed == made | {"price": 60, "kind": "free_item", "value": {"sku": "TEA"}, "stock": None}
    assert caller.get("rewards").data["items"] == [changed] == [caller.get(f"rewards/{made['id']}").data]


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"code": "TEA50"}, 409, "offer_code_taken"),
        ({"name": {}}, 422, "bad_offer"),
        ({"value": {"percent": 10}}, 422, "bad_offer"),
        ({"value": {"amount_minor": 0}}, 422, "invalid_body"),
        ({"name": {"fr": "thé"}}, 422, "invalid_body"),
    ],
)
def test_a_reward_that_cannot_be_offered(more, status, code):
    caller = a_caller()
    a_reward(caller)
    body = {"code": "NEW", "name": {"en": "Tea"}, "kind": "amount_off", "value": {"amount_minor": 1}, "price": 1}

    response = caller.post("rewards", body | more)

    assert (response.status_code, response.data["code"]) == (status, code)
    assert len(caller.get("rewards").data["items"]) == 1


def test_a_program_is_drafted_and_published():
    caller = a_caller()
    double = {"rules": [RULE | {"gives": {"kind": "per_amount", "points": 2, "per_minor": 100}}]}

    draft = caller.put("program/draft", double)
    tag = caller.get("program/draft")["ETag"]
    published = caller.post("program/publish", {"note": "twice as many"}, if_match=tag)

    assert (draft.status_code, draft.data["based_on"]) == (200, 1)
    assert (published.status_code, published.data["number"], published.data["note"]) == (201, 2, "twice as many")
    assert [version["number"] for version in caller.get("program/versions").data["items"]] == [2, 1]
    assert caller.get("program").data | {"cautions": []} == published.data
    assert caller.post("orders", an_order()).data["points_earned"] == 200
    assert caller.get("program/draft").data["code"] == "no_draft"


def test_a_draft_is_warned_of_what_nobody_can_reach():
    caller = a_caller()
    reward = a_reward(caller)
    assert caller.get("program/draft/cautions").status_code == 404

    caller.put("program/draft", {"rules": [RULE], "unit": {"balance_max": reward["price"] - 1}})

    (caution,) = caller.get("program/draft/cautions").data["cautions"]
    assert (caution["code"], caution["about"]) == ("reward_above_maximum", reward["code"])


def test_who_publishes_is_warned_of_a_program_that_gives_nothing():
    caller = a_caller()
    caller.put("program/draft", {"rules": []})

    published = caller.post("program/publish", if_match=caller.get("program/draft")["ETag"])

    assert (published.status_code, [one["code"] for one in published.data["cautions"]]) == (201, ["nothing_earned"])


def test_what_was_not_read_is_not_published():
    caller = a_caller()
    caller.put("program/draft", {"rules": [RULE]})
    etag = caller.get("program/draft")["ETag"]
    caller.put("program/draft", {"rules": []})

    unread = caller.post("program/publish", {})
    refused = caller.post("program/publish", {}, if_match=etag)
    numbers = [version["number"] for version in caller.get("program/versions").data["items"]]
    published = caller.post("program/publish", {}, if_match=caller.get("program/draft")["ETag"])

    assert (unread.status_code, unread.data["code"]) == (428, "match_missing")
    assert (refused.status_code, refused.data["code"], numbers) == (412, "changed_meanwhile", [1])
    assert (published.status_code, published.data["program"]["rules"]) == (201, [])


@pytest.mark.usefixtures("commits")
def test_a_draft_is_published_once_however_many_publish_it_at_once():
    caller = a_caller()
    caller.put("program/draft", {"rules": [RULE]})
    before = Version.objects.count()

    def publish() -> int:
        answer = replace(caller, client=Client()).post("program/publish", if_match="*")
        return int(answer.status_code)

    answers = at_the_same_time(publish, times=6)

    assert sorted(answers) == [201, *[404] * 5]
    assert Version.objects.count() == before + 1


def test_two_who_draft_do_not_overwrite_each_other():
    caller = a_caller()
    caller.put("program/draft", {"rules": [RULE]})
    tag = caller.get("program/draft")["ETag"]

    mine = caller.put("program/draft", {"rules": []}, if_match=tag)
    theirs = caller.put("program/draft", {"rules": [RULE]}, if_match=tag)

    assert (mine.status_code, theirs.status_code, theirs.data["code"]) == (200, 412, "changed_meanwhile")
    assert caller.get("program/draft").data["program"]["rules"] == []


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"rules": [RULE, RULE]}, "bad_program"),
        ({"rules": [RULE | {"when": {"field": "no.such"}}]}, "bad_condition"),
        ({"rules": [], "unit": {"expiry": {"kind": "date", "day": "9999-12-31"}}}, "bad_program"),
        ({"rules": [{"id": "a"}]}, "invalid_body"),
    ],
)
def test_a_draft_that_cannot_be_published_is_not_kept(document, code):
    caller = a_caller()

    response = caller.put("program/draft", document)

    assert (response.status_code, response.data["code"]) == (422, code)
    assert caller.get("program/draft").status_code == 404


def test_a_shop_without_program():
    caller = a_caller(create_business("New", country="IN", now=utc_now()))

    assert caller.get("program").data["code"] == "nothing_published"
    assert caller.post("program/publish", if_match="*").data["code"] == "no_draft"
    assert caller.post("orders", an_order()).data["points_earned"] == 0


def test_a_store_is_opened():
    caller = a_caller()

    made = caller.post("stores", {"code": "main", "name": "Main street"})
    twice = caller.post("stores", {"code": "main", "name": "Again"})

    assert (made.status_code, made.data["timezone"]) == (201, "Asia/Kolkata")
    assert (twice.status_code, twice.data["code"]) == (422, "bad_store_code")
    assert caller.post("orders", {**an_order(), "store": "main"}).status_code == 201


def test_events_are_read_in_order_from_where_one_stopped():
    caller = a_caller()
    for _ in range(2):
        caller.post("orders", an_order())
        seal_all(caller.business)

    first = caller.get("events?limit=3").data
    rest = caller.get(f"events?after={first['after']}").data
    nothing = caller.get(f"events?after={rest['after']}").data

    events = first["items"] + rest["items"]
    assert [(event["kind"], event["position"], event["customer_sequence"]) for event in events] == [
        ("program.published", 1, None),
        ("order.recorded", 2, 1),
        ("member.enrolled", 3, 2),
        ("order.recorded", 4, 3),
    ]
    assert events[1]["payload"]["points_earned"] == 100
    assert nothing == {"items": [], "after": 4}


def test_a_webhook_is_made_changed_and_removed():
    caller = a_caller()
    made = caller.post("webhooks", {"url": "https://shop.example/hook", "event_kinds": ["order.recorded"]}).data
    path = f"webhooks/{made['id']}"

    paused = caller.patch(path, {"state": "paused"}).data
    active = caller.patch(path, {"state": "active", "event_kinds": ["*", "order.recorded"]}).data
    shown = caller.get("webhooks").data["items"]

    assert made["secret"].startswith("whsec_")
    assert (paused["state"], active["state"], active["event_kinds"]) == ("paused", "active", ["*"])
    assert shown == [active]
    assert "secret" not in active
    assert caller.ask("DELETE", path).status_code == 204
    assert caller.get(path).data["code"] == "unknown_webhook"
    assert AuditEntry.objects.filter(verb="webhook_endpoint.removed", actor_kind="api_key").count() == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "http://shop.example/", "event_kinds": ["*"]}, "invalid_body"),
        ({"url": "https://127.0.0.1/", "event_kinds": ["*"]}, "bad_address"),
        ({"url": "https://user:pass@shop.example/", "event_kinds": ["*"]}, "bad_address"),
        ({"url": "https://shop.example/", "event_kinds": ["no.such"]}, "invalid_body"),
        ({"url": "https://shop.example/", "event_kinds": []}, "invalid_body"),
    ],
)
def test_a_webhook_that_cannot_be(body, code):
    response = a_caller().post("webhooks", body)

    assert (response.status_code, response.data["code"]) == (422, code)


def test_deliveries_are_seen_and_sent_again():
    caller = a_caller()
    hook = caller.post("webhooks", {"url": "https://shop.example/hook", "event_kinds": ["order.recorded"]}).data["id"]
    caller.post("orders", an_order())
    seal_all(caller.business)
    (delivery,) = caller.get(f"webhooks/{hook}/deliveries").data["items"]
    WebhookDelivery.objects.update(state="failed", attempts=9, last_status=500)

    again = caller.post(f"webhooks/{hook}/deliveries/{delivery['id']}/replay")
    since = caller.post(f"webhooks/{hook}/replay", {"since": "2026-01-01T00:00:00Z"})

    assert (delivery["state"], delivery["attempts"]) == ("waiting", 0)
    assert (again.status_code, again.data["state"], again.data["attempts"], again.data["last_status"]) == (
        202,
        "waiting",
        0,
        None,
    )
    assert (since.status_code, since.data) == (202, {"events": 0})


def test_nothing_is_sent_again_to_a_stopped_webhook():
    caller = a_caller()
    hook = caller.post("webhooks", {"url": "https://shop.example/hook", "event_kinds": ["*"]}).data["id"]
    caller.patch(f"webhooks/{hook}", {"state": "paused"})

    response = caller.post(f"webhooks/{hook}/replay", {"since": "2026-01-01T00:00:00Z"})

    assert (response.status_code, response.data["code"]) == (409, "endpoint_stopped")


def test_the_unit_of_a_reward_is_that_of_the_program():
    caller = a_caller(a_shop(unit={"code": "beans"}))

    assert a_reward(caller)["unit"] == "beans"
    assert caller.post("orders", an_order(customer=ASHA)).data["earnings"][0]["unit"] == "beans"
