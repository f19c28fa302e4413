# SPDX-License-Identifier: Apache-2.0
import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from standardwebhooks import Webhook, WebhookVerificationError

from regulars.kernel.clock import utc_now
from regulars.kernel.ids import new_key
from regulars.outbox.actions import number_events
from regulars.outbox.models import Job
from regulars.outbox.store import EventRow, insert_events
from regulars.tenancy import actions, webhooks
from regulars.tenancy.actors import SYSTEM
from regulars.tenancy.addresses import AddressPolicy
from regulars.tenancy.attempts import DELAYS_S
from regulars.tenancy.models import AuditEntry, Business, WebhookDelivery, WebhookEndpoint
from regulars.tenancy.sender import Sender
from regulars.work.handlers import HANDLERS
from regulars.work.worker import Worker
from tenancy.cast import a_business
from work.far_side import FarSide, far_side

START = utc_now().replace(microsecond=0)  # receivers refuse timestamps that are off by five minutes
ANITA = new_key()
HERE = AddressPolicy(is_loopback_allowed=True)


class Clock:
    now = START

    def __call__(self) -> datetime:
        return self.now


class Shop:
    """A shop that tells endpoints of its orders, with a clock that jumps to the next thing to do."""

    def __init__(self, far: FarSide) -> None:
        self.far, self.clock, self.business = far, Clock(), a_business()
        self.be_patient(15)

    def be_patient(self, seconds: float) -> None:
        """Begin anew with a sender that waits so long for an answer."""
        sender = Sender(HERE, timeout_s=seconds)
        handlers = {"webhook": HANDLERS["webhook"]}
        self.worker = Worker(handlers, clock=self.clock, chance=lambda: 0.5, sender=sender)

    def endpoint(self, path: str, *kinds: str) -> tuple[WebhookEndpoint, str]:
        return actions.create_endpoint(
            self.business,
            actions.EndpointTerms(self.far.url(path), kinds or ["*"]),
            policy=HERE,
            actor=SYSTEM,
            now=self.clock.now,
        )

    def orders(self, count: int = 1, kind: str = "order.recorded", **payload: object) -> None:
        rows = [
            EventRow(new_key(), self.business.pk, kind, ANITA, {"total_minor": 100 + n, **payload}, self.clock.now)
            for n in range(count)
        ]
        with transaction.atomic():
            insert_events(rows)
            events = number_events(self.business.pk, [row.id for row in rows])
            webhooks.plan_deliveries(self.business.pk, events, now=self.clock.now)

    def work(self, turns_max: int = 2_000) -> None:
        """Take turns until nothing is due and nothing is under way."""
        for _ in range(turns_max):
            moved = self.worker.step()
            if not moved and not self.worker._in_flight:
                return
            if not moved:
                time.sleep(0.002)
        raise AssertionError("never done")

    def jump(self) -> timedelta:
        """Go to the time of the next job; return how far that was."""
        before, self.clock.now = self.clock.now, Job.objects.order_by("run_at").values_list("run_at", flat=True)[0]
        return self.clock.now - before


@pytest.fixture
def shop(db: None) -> Iterator[Shop]:
    with far_side() as far:
        yield Shop(far)


def delivery_states() -> list[tuple[str, int, int | None]]:
    return sorted(WebhookDelivery.objects.values_list("state", "attempts", "last_status"))


def test_an_endpoint_is_told_what_it_asked_for(shop: Shop) -> None:
    _, secret = shop.endpoint("/in", "order.recorded")
    shop.orders(2)
    shop.orders(kind="tier.changed")

    shop.work()

    messages = [Webhook(secret).verify(body, headers) for _, headers, body in shop.far.received]
    assert sorted(message["position"] for message in messages) == [1, 2]
    message = min(messages, key=lambda each: each["position"])
    assert message == {
        "type": "order.recorded",
        "timestamp": START.isoformat().replace("+00:00", "Z"),
        "business": str(shop.business.pk),
        "customer": str(ANITA),
        "customer_sequence": 1,
        "position": 1,
        "data": {"total_minor": 100},
    }
    assert delivery_states() == [("delivered", 1, 200)] * 2
    assert not Job.objects.exists()
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 43 + "=").verify(shop.far.received[0][2], shop.far.received[0][1])


def test_a_failing_endpoint_is_tried_for_three_days_and_then_left(shop: Shop) -> None:
    endpoint, _ = shop.endpoint("/in")
    shop.far.answers["/in"] = 500
    shop.orders()

    shop.work()
    pauses = []
    while Job.objects.exists():
        pauses.append(shop.jump().total_seconds())
        shop.work()

    assert pauses == [float(delay) for delay in DELAYS_S[1:]]
    _, headers, bodies = zip(*shop.far.received, strict=True)
    assert (len(bodies), len(set(bodies))) == (10, 1)
    assert len({each["webhook-id"] for each in headers}) == 1
    assert len({each["webhook-timestamp"] for each in headers}) == 10
    assert delivery_states() == [("failed", 10, 500)]
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.disabled_reason) == ("disabled", "none of its deliveries succeeded in three days")


@pytest.mark.parametrize("behaviour", ["reset", "silence", "trickle", 301, 404])
def test_whatever_goes_wrong_is_tried_again(shop: Shop, behaviour: int | str) -> None:
    shop.endpoint("/in")
    shop.far.answers["/in"] = behaviour
    shop.be_patient(1)
    shop.orders()
    shop.work()
    assert [state for state, *_ in delivery_states()] == ["waiting"]

    shop.far.answers["/in"] = 200
    shop.be_patient(15)
    assert shop.jump() == timedelta(seconds=5)
    shop.work()

    assert delivery_states() == [("delivered", 2, 200)]


def test_gone_is_gone(shop: Shop) -> None:
    endpoint, _ = shop.endpoint("/in")
    shop.far.answers["/in"] = 410
    shop.orders()
    shop.work()
    shop.orders()

    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.disabled_reason) == ("disabled", "it answered 410 Gone")
    assert delivery_states() == [("failed", 1, 410)]
    assert AuditEntry.objects.filter(verb="webhook_endpoint.disabled").count() == 1


def test_an_overloaded_endpoint_is_left_alone_for_as_long_as_it_asks(shop: Shop) -> None:
    shop.endpoint("/in")
    shop.far.answers["/in"], shop.far.headers["Retry-After"] = 429, "120"
    shop.orders(30)
    shop.work()
    asked = len(shop.far.received)
    shop.orders()
    shop.work()

    assert 0 < asked == len(shop.far.received) <= 4
    shop.far.answers["/in"] = 200
    assert shop.jump() == timedelta(seconds=120)
    shop.work()
    assert [state for state, *_ in delivery_states()] == ["delivered"] * 31


def test_one_dead_endpoint_delays_no_other(shop: Shop) -> None:
    shop.endpoint("/dead")
    shop.endpoint("/alive")
    shop.far.answers["/dead"] = "silence"
    shop.be_patient(2)
    shop.orders(100)

    turns = 0
    while len(shop.far.bodies("/alive")) < 100 and turns < 20_000:
        turns += 1
        if not shop.worker.step():
            time.sleep(0.001)

    assert len(shop.far.bodies("/alive")) == 100
    assert len(shop.far.bodies("/dead")) <= 8
    positions = [json.loads(body)["customer_sequence"] for body in shop.far.bodies("/alive")]
    assert sorted(positions) == list(range(1, 101))
    WebhookEndpoint.objects.filter(url__endswith="/dead").update(state="removed")
    shop.work()


def test_a_pause_holds_what_waits_and_resuming_sends_it(shop: Shop) -> None:
    endpoint, _ = shop.endpoint("/in")
    shop.orders(2)
    actions.pause_endpoint(endpoint, actor=SYSTEM, now=START)
    shop.orders()
    shop.work()
    assert shop.far.received == []
    with pytest.raises(webhooks.EndpointStopped):
        webhooks.replay_since(endpoint, since=START, actor=SYSTEM, now=START)

    assert webhooks.resume_endpoint(endpoint, actor=SYSTEM, now=START) == 2
    shop.work()
    assert len(shop.far.received) == 2
    assert webhooks.replay_since(endpoint, since=START, actor=SYSTEM, now=START) == 3
    shop.work()

    assert len({headers["webhook-id"] for _, headers, _ in shop.far.received}) == 3
    assert delivery_states() == [("delivered", 1, 200)] * 3


def test_a_removed_endpoint_gets_nothing_and_cannot_come_back(shop: Shop) -> None:
    endpoint, _ = shop.endpoint("/in")
    shop.orders()
    actions.remove_endpoint(endpoint, actor=SYSTEM, now=START)
    shop.work()

    assert shop.far.received == []
    assert delivery_states() == [("failed", 0, None)]
    for come_back in (webhooks.resume_endpoint, actions.pause_endpoint):
        with pytest.raises(actions.EndpointRemoved):
            come_back(endpoint, actor=SYSTEM, now=START)


def test_a_single_delivery_is_sent_again(shop: Shop) -> None:
    shop.endpoint("/in")
    shop.orders()
    shop.work()

    for _ in range(2):  # the second time it waits already
        webhooks.replay_delivery(WebhookDelivery.objects.get(), actor=SYSTEM, now=START)
    shop.work()

    assert len(shop.far.received) == 2
    assert shop.far.received[0][2] == shop.far.received[1][2]
    assert AuditEntry.objects.filter(verb="webhook_delivery.replayed").count() == 1


def test_what_is_too_large_is_not_sent(shop: Shop) -> None:
    shop.endpoint("/in")
    shop.orders(note="x" * webhooks.BODY_MAX)
    shop.work()

    assert shop.far.received == []
    assert "read it from /events" in WebhookDelivery.objects.get().last_error


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"event_kinds": []}, actions.BadEventKind),
        ({"event_kinds": ["order.eaten"]}, actions.BadEventKind),
        ({"url": "https://10.0.0.1/"}, webhooks.RegularsError),
    ],
)
def test_a_wrong_endpoint_is_refused(shop: Shop, wrong: dict[str, Any], error: type[Exception]) -> None:
    terms = actions.EndpointTerms("https://hooks.example/", ["*"])._replace(**wrong)

    with pytest.raises(error):
        actions.create_endpoint(shop.business, terms, policy=HERE, actor=SYSTEM, now=START)
    assert not WebhookEndpoint.objects.exists()


def test_old_deliveries_are_swept(shop: Shop) -> None:
    shop.endpoint("/in")
    shop.orders()
    shop.work()

    assert webhooks.sweep_deliveries(now=START + timedelta(days=29)) == 0
    assert webhooks.sweep_deliveries(now=START + timedelta(days=31)) == 1


def test_businesses_do_not_hear_of_each_other(shop: Shop) -> None:
    other = a_business("Dosa Point")
    shop.endpoint("/in")
    mine, shop.business = shop.business, other
    shop.orders()
    shop.work()

    assert shop.far.received == []
    assert isinstance(mine, Business)
