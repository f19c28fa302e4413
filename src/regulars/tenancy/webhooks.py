# SPDX-License-Identifier: Apache-2.0
"""Telling endpoints of events: plan deliveries, prepare each attempt, record its outcome, replay.

Signed and retried as Standard Webhooks asks. An event reaches an endpoint at least once: the message id and the body
stay the same over all attempts and replays, the timestamp is that of the attempt. `/events` has what even 75 hours
could not deliver.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.conf import settings
from standardwebhooks import Webhook

from regulars.kernel.digest import canonical
from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.kernel.ids import new_key
from regulars.outbox import actions as outbox
from regulars.outbox import queries as feed
from regulars.outbox.events import FeedEvent
from regulars.outbox.models import Job
from regulars.outbox.store import JobRow, insert_jobs
from regulars.tenancy import audit
from regulars.tenancy.actions import EVERY_KIND, WEBHOOK_PURPOSE, EndpointRemoved, disable_endpoint
from regulars.tenancy.actors import Actor
from regulars.tenancy.attempts import Outcome, Verdict, is_throttling, judge, next_attempt_at
from regulars.tenancy.models import WebhookDelivery, WebhookEndpoint
from regulars.tenancy.scope import BusinessQuerySet
from regulars.tenancy.sealing import unseal
from regulars.tenancy.sender import Request

JOB_KIND = "webhook"
BODY_MAX = 20_000
REPLAY_MAX = 10_000
KEPT_DAYS = 30
_SWEEP_MAX = 5_000
_PAGE = 500
_ERROR_MAX = 200
_State = WebhookDelivery.State


class EndpointStopped(RegularsError):
    """Nothing is delivered to an endpoint that is not active."""

    code = "endpoint_stopped"
    status = 409
    text = gettext_noop("This webhook endpoint is stopped. Resume it first.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt at a delivery, ready to be sent: which it is and what goes out."""

    delivery_id: UUID
    attempts: int
    request: Request


def plan_deliveries(business_id: UUID, event_ids: Sequence[UUID], *, now: datetime) -> int:
    """Write a delivery and its job for each active endpoint that wants each event; return how many.

    Joins the transaction that gave the events their places.
    """
    if not event_ids:
        return 0
    endpoints = list(WebhookEndpoint.objects.of(business_id).filter(state=WebhookEndpoint.State.ACTIVE))
    events = feed.feed_events(business_id, event_ids) if endpoints else {}
    return sum(
        _plan(endpoint, [events[key] for key in event_ids if wants(endpoint, events[key].kind)], now=now)
        for endpoint in endpoints
    )


def wants(endpoint: WebhookEndpoint, kind: str) -> bool:
    """Tell whether an endpoint asked for a kind of event."""
    return EVERY_KIND in endpoint.event_kinds or kind in endpoint.event_kinds


def _plan(endpoint: WebhookEndpoint, events: Sequence[FeedEvent], *, now: datetime) -> int:
    known = set(_deliveries(endpoint, [event.id for event in events]).values_list("event_id", flat=True))
    fresh = [_delivery(endpoint, event, now=now) for event in events if event.id not in known]
    if fresh:
        WebhookDelivery.objects.bulk_create(fresh)
        _enqueue(endpoint, [delivery.pk for delivery in fresh if delivery.state == _State.WAITING], now=now)
    return len(fresh)


def _delivery(endpoint: WebhookEndpoint, event: FeedEvent, *, now: datetime) -> WebhookDelivery:
    is_small = len(body_of(event, endpoint.business_id)) < BODY_MAX
    return WebhookDelivery(
        id=new_key(),
        business_id=endpoint.business_id,
        endpoint=endpoint,
        event_id=event.id,
        state=_State.WAITING if is_small else _State.FAILED,
        last_error="" if is_small else f"larger than {BODY_MAX} bytes: read it from /events",
        created_at=now,
    )


def _deliveries(endpoint: WebhookEndpoint, event_ids: Sequence[UUID]) -> BusinessQuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.of(endpoint.business_id).filter(endpoint=endpoint, event_id__in=event_ids)


def _enqueue(
    endpoint: WebhookEndpoint, delivery_ids: Iterable[UUID], *, now: datetime, run_at: datetime | None = None
) -> None:
    start = max(run_at or now, endpoint.throttled_until or now)
    rows = [
        JobRow(new_key(), endpoint.business_id, JOB_KIND, {"delivery": key}, start, now, endpoint.pk)
        for key in delivery_ids
    ]
    insert_jobs(rows)


def prepare(jobs: Sequence[Job], *, now: datetime) -> dict[UUID, Attempt]:
    """Load what the jobs are about and return what to send, by job; a job that is left out needs no sending now."""
    by_delivery = {UUID(job.payload["delivery"]): job for job in jobs}
    rows = WebhookDelivery.objects.select_related("endpoint").filter(pk__in=list(by_delivery), state=_State.WAITING)
    ready = sorted((row for row in rows if _may_send(row.endpoint, now)), key=lambda row: row.business_id)
    attempts = {}
    for business_id, group in groupby(ready, key=lambda row: row.business_id):
        deliveries = list(group)
        events = feed.feed_events(business_id, [delivery.event_id for delivery in deliveries])
        for delivery in deliveries:
            request = _request(delivery.endpoint, events[delivery.event_id], now=now)
            job = by_delivery[delivery.pk]
            attempts[job.pk] = Attempt(delivery_id=delivery.pk, attempts=delivery.attempts, request=request)
    return attempts


def _may_send(endpoint: WebhookEndpoint, now: datetime) -> bool:
    is_throttled = endpoint.throttled_until is not None and endpoint.throttled_until > now
    return endpoint.state == WebhookEndpoint.State.ACTIVE and not is_throttled


def body_of(event: FeedEvent, business_id: UUID) -> bytes:
    """Return the body of an event's message: the same bytes each time."""
    return canonical(
        {
            "type": event.kind,
            "timestamp": event.recorded_at,
            "business": business_id,
            "customer": event.customer_id,
            "customer_sequence": event.customer_sequence,
            "position": event.position,
            "data": event.payload,
        }
    )


def _request(endpoint: WebhookEndpoint, event: FeedEvent, *, now: datetime) -> Request:
    body = body_of(event, endpoint.business_id)
    secret = unseal(bytes(endpoint.secret_sealed), secret_key=settings.SECRET_KEY.encode(), purpose=WEBHOOK_PURPOSE)
    headers = {
        "content-type": "application/json",
        "user-agent": "Regulars-Webhooks",
        "webhook-id": str(event.id),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(msg_id=str(event.id), timestamp=now, data=body.decode()),
    }
    return Request(url=endpoint.url, body=body, headers=headers)


def record(
    job: Job, attempt: Attempt | None, outcome: Outcome | None, *, now: datetime, random: Callable[[], float]
) -> None:
    """Write how an attempt ended and what follows from it, in the transaction that finishes the job.

    Without an attempt the endpoint is stopped or throttled: a stopped one gets its deliveries back when it is resumed.
    """
    if attempt is None or outcome is None:
        _postpone(UUID(job.payload["delivery"]), now=now)
        return
    attempts = attempt.attempts + 1
    verdict = judge(outcome, attempts)
    states = {Verdict.DELIVERED: _State.DELIVERED, Verdict.TRY_AGAIN: _State.WAITING}
    rows = WebhookDelivery.objects.filter(pk=attempt.delivery_id, state=_State.WAITING, attempts=attempt.attempts)
    is_ours = rows.update(
        state=states.get(verdict, _State.FAILED),
        attempts=attempts,
        last_status=outcome.status,
        last_error=outcome.error[:_ERROR_MAX],
        last_attempt_at=now,
    )
    if is_ours and verdict is not Verdict.DELIVERED:
        delivery = WebhookDelivery.objects.select_related("endpoint").get(pk=attempt.delivery_id)
        _follow_up(delivery, verdict, outcome, now=now, random=random)


def _postpone(delivery_id: UUID, *, now: datetime) -> None:
    delivery = WebhookDelivery.objects.select_related("endpoint").filter(pk=delivery_id, state=_State.WAITING).first()
    if delivery and delivery.endpoint.state == WebhookEndpoint.State.ACTIVE:
        _enqueue(delivery.endpoint, [delivery.pk], now=now)


def _follow_up(
    delivery: WebhookDelivery, verdict: Verdict, outcome: Outcome, *, now: datetime, random: Callable[[], float]
) -> None:
    endpoint = delivery.endpoint
    if endpoint.state != WebhookEndpoint.State.ACTIVE:
        return
    if verdict is Verdict.GONE:
        disable_endpoint(endpoint, reason="it answered 410 Gone", now=now)
    elif verdict is Verdict.TRY_AGAIN:
        again_at = next_attempt_at(outcome, delivery.attempts, now=now, random=random)
        if is_throttling(outcome):
            _throttle(endpoint, until=again_at)
        _enqueue(endpoint, [delivery.pk], now=now, run_at=again_at)
    elif not _answered_since(endpoint, delivery.created_at):
        disable_endpoint(endpoint, reason="none of its deliveries succeeded in three days", now=now)


def _throttle(endpoint: WebhookEndpoint, *, until: datetime) -> None:
    endpoint.throttled_until = max(until, endpoint.throttled_until or until)
    endpoint.save(update_fields=["throttled_until"])
    outbox.postpone(endpoint.pk, until=endpoint.throttled_until)


def _answered_since(endpoint: WebhookEndpoint, moment: datetime) -> bool:
    delivered = WebhookDelivery.objects.of(endpoint.business_id).filter(endpoint=endpoint, state=_State.DELIVERED)
    return delivered.filter(last_attempt_at__gte=moment).exists()


def resume_endpoint(endpoint: WebhookEndpoint, *, actor: Actor, now: datetime) -> int:
    """Tell a stopped endpoint again, beginning with the deliveries that wait; return how many. Raises
    EndpointRemoved.
    """
    if endpoint.state == WebhookEndpoint.State.REMOVED:
        raise EndpointRemoved
    if endpoint.state == WebhookEndpoint.State.ACTIVE:
        return 0
    before = {"state": endpoint.state}
    endpoint.state, endpoint.disabled_reason, endpoint.throttled_until = WebhookEndpoint.State.ACTIVE, "", None
    endpoint.save(update_fields=["state", "disabled_reason", "throttled_until"])
    rows = WebhookDelivery.objects.of(endpoint.business_id).filter(endpoint=endpoint, state=_State.WAITING)
    waiting = list(rows.order_by("id").values_list("pk", flat=True))
    _enqueue(endpoint, waiting, now=now)
    audit.record(actor, "webhook_endpoint.resumed", endpoint, now=now, before=before, after={"state": endpoint.state})
    return len(waiting)


def replay_delivery(delivery: WebhookDelivery, *, actor: Actor, now: datetime) -> None:
    """Send a finished delivery again, with all its attempts; one that still waits is left. Raises EndpointStopped."""
    _check_active(delivery.endpoint)
    rows = WebhookDelivery.objects.of(delivery.business_id).filter(pk=delivery.pk)
    if _reset(rows):
        _enqueue(delivery.endpoint, [delivery.pk], now=now)
        audit.record(actor, "webhook_delivery.replayed", delivery, now=now, before={"state": delivery.state})


def replay_since(endpoint: WebhookEndpoint, *, since: datetime, actor: Actor, now: datetime) -> int:
    """Send every wanted event recorded since a moment again, or for the first time; return how many, 10,000 at most.

    Raises EndpointStopped.
    """
    _check_active(endpoint)
    position, count = feed.position_before(endpoint.business_id, since), 0
    while count < REPLAY_MAX and (events := feed.events_after(endpoint.business_id, position, _PAGE)):
        position = events[-1].position
        wanted = [event for event in events if event.recorded_at >= since and wants(endpoint, event.kind)]
        count += _replay(endpoint, wanted, now=now)
    audit.record(actor, "webhook_endpoint.replayed", endpoint, now=now, after={"since": since, "events": count})
    return count


def _replay(endpoint: WebhookEndpoint, events: Sequence[FeedEvent], *, now: datetime) -> int:
    finished = _deliveries(endpoint, [event.id for event in events]).exclude(state=_State.WAITING)
    again = list(finished.values_list("pk", flat=True))
    _reset(WebhookDelivery.objects.of(endpoint.business_id).filter(pk__in=again))
    _enqueue(endpoint, again, now=now)
    return len(again) + _plan(endpoint, events, now=now)


def _reset(rows: BusinessQuerySet[WebhookDelivery]) -> int:
    return rows.exclude(state=_State.WAITING).update(state=_State.WAITING, attempts=0, last_status=None, last_error="")


def _check_active(endpoint: WebhookEndpoint) -> None:
    if endpoint.state != WebhookEndpoint.State.ACTIVE:
        raise EndpointStopped


def sweep_deliveries(*, now: datetime) -> int:
    """Delete finished deliveries that are older than thirty days, 5,000 at most; return how many."""
    old = WebhookDelivery.objects.filter(
        state__in=[_State.DELIVERED, _State.FAILED], created_at__lt=now - timedelta(days=KEPT_DAYS)
    )
    keys = list(old.order_by("created_at").values_list("pk", flat=True)[:_SWEEP_MAX])
    return WebhookDelivery.objects.filter(pk__in=keys).delete()[0]
