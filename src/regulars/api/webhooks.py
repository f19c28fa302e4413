# SPDX-License-Identifier: Apache-2.0
"""Webhook endpoints, what was delivered to them, and sending it again."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db import transaction
from msgspec import UNSET, Meta, Struct, UnsetType

from regulars.api.endpoint import Answer, Call, Endpoint, Nothing, Page
from regulars.api.intakes import Moment, check_moment
from regulars.api.pages import PageQuery, latest_first
from regulars.database.transactions import run_durably
from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.outbox.events import EVENT_TYPES
from regulars.tenancy.actions import (
    EVERY_KIND,
    EndpointTerms,
    change_endpoint,
    create_endpoint,
    pause_endpoint,
    remove_endpoint,
)
from regulars.tenancy.addresses import PUBLIC_ONLY, URL_MAX
from regulars.tenancy.models import WebhookDelivery, WebhookEndpoint
from regulars.tenancy.webhooks import replay_delivery, replay_since, resume_endpoint

Url = Annotated[str, Meta(pattern="^https://", max_length=URL_MAX, extra_json_schema={"format": "uri"})]
EventKind = Literal[(EVERY_KIND, *EVENT_TYPES)]  # type: ignore[valid-type]  # the kinds stand in one place
EventKinds = Annotated[list[EventKind], Meta(min_length=1, max_length=50)]


class UnknownWebhook(RegularsError):
    """There is no such endpoint, or it was removed."""

    code = "unknown_webhook"
    status = 404
    text = gettext_noop("There is no webhook endpoint %(webhook)s. Create it first, or check the id.")


class UnknownDelivery(RegularsError):
    """The endpoint has no such delivery."""

    code = "unknown_delivery"
    status = 404
    text = gettext_noop("This webhook endpoint has no delivery %(delivery)s. Deliveries are kept for thirty days.")


class NewWebhook(Struct, frozen=True, forbid_unknown_fields=True):
    """An address to tell of events: a public https one, and the kinds it wants ("*" is every kind)."""

    url: Url
    event_kinds: EventKinds


class WebhookChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What to change; what is left out stays. Going back to "active" sends what waits."""

    url: Url | UnsetType = UNSET
    event_kinds: EventKinds | UnsetType = UNSET
    state: Literal["active", "paused"] | UnsetType = UNSET


class Webhook(Struct, frozen=True, omit_defaults=True):
    """A webhook endpoint. `secret` is shown once, in the answer that creates it."""

    id: UUID
    url: str
    event_kinds: list[str]
    state: str
    disabled_reason: str
    created_at: datetime
    secret: str | UnsetType = UNSET


class Delivery(Struct, frozen=True):
    """One event on its way to one endpoint, with the outcome of its last attempt."""

    id: UUID
    event: UUID
    state: str
    attempts: int
    last_status: int | None
    last_error: str
    last_attempt_at: datetime | None
    created_at: datetime


class Replay(Struct, frozen=True, forbid_unknown_fields=True):
    """Since when events are to be sent again."""

    since: Moment


class Replayed(Struct, frozen=True):
    """How many events are sent again."""

    events: int


def _webhook(row: WebhookEndpoint, secret: str | UnsetType = UNSET) -> Webhook:
    return Webhook(row.pk, row.url, row.event_kinds, row.state, row.disabled_reason, row.created_at, secret)


def _find(call: Call[Any, Any]) -> WebhookEndpoint:
    rows = WebhookEndpoint.objects.of(call.business).exclude(state=WebhookEndpoint.State.REMOVED)
    found = rows.filter(pk=call.path["id"]).first()
    if found is None:
        raise UnknownWebhook(webhook=call.path["id"])
    return found


def list_webhooks(call: Call[None, PageQuery]) -> Answer:
    """List the endpoints, the latest first."""
    rows = WebhookEndpoint.objects.of(call.business).exclude(state=WebhookEndpoint.State.REMOVED)
    return latest_first(call, rows, _webhook)


def make_webhook(call: Call[NewWebhook, Nothing]) -> Answer:
    """Create an endpoint; only this answer holds its secret."""
    body = call.body
    row, secret = run_durably(
        lambda: create_endpoint(
            call.business,
            EndpointTerms(body.url, body.event_kinds),
            policy=PUBLIC_ONLY,
            actor=call.holder.actor,
            now=call.now,
        )
    )
    return Answer(_webhook(row, secret), 201)


def get_webhook(call: Call[None, Nothing]) -> Answer:
    """Return one endpoint."""
    return Answer(_webhook(_find(call)))


def change_webhook(call: Call[WebhookChange, Nothing]) -> Answer:
    """Change an endpoint, stop it, or let it go on."""
    body, actor = call.body, call.holder.actor

    def change() -> WebhookEndpoint:
        with transaction.atomic():
            row = _find(call)
            if body.url is not UNSET or body.event_kinds is not UNSET:
                url = row.url if body.url is UNSET else body.url
                kinds = row.event_kinds if body.event_kinds is UNSET else body.event_kinds
                change_endpoint(row, url=url, event_kinds=kinds, policy=PUBLIC_ONLY, actor=actor, now=call.now)
            if body.state == "active":
                resume_endpoint(row, actor=actor, now=call.now)
            elif body.state == "paused" and row.state != WebhookEndpoint.State.PAUSED:
                pause_endpoint(row, actor=actor, now=call.now)
            return row

    return Answer(_webhook(run_durably(change)))


def take_webhook_away(call: Call[None, Nothing]) -> Answer:
    """Stop an endpoint for good."""
    run_durably(lambda: remove_endpoint(_find(call), actor=call.holder.actor, now=call.now))
    return Answer(None, 204)


def list_deliveries(call: Call[None, PageQuery]) -> Answer:
    """List what was and will be delivered, the latest first."""
    return latest_first(call, WebhookDelivery.objects.of(call.business).filter(endpoint=_find(call)), _delivery)


def _delivery(row: WebhookDelivery) -> Delivery:
    return Delivery(
        row.pk,
        row.event_id,
        row.state,
        row.attempts,
        row.last_status,
        row.last_error,
        row.last_attempt_at,
        row.created_at,
    )


def send_again(call: Call[Nothing, Nothing]) -> Answer:
    """Send one delivery again."""

    def replay() -> WebhookDelivery:
        rows = WebhookDelivery.objects.of(call.business).select_related("endpoint").filter(endpoint=_find(call))
        delivery = rows.filter(pk=call.path["delivery"]).first()
        if delivery is None:
            raise UnknownDelivery(delivery=call.path["delivery"])
        replay_delivery(delivery, actor=call.holder.actor, now=call.now)
        delivery.refresh_from_db()
        return delivery

    return Answer(_delivery(run_durably(replay)), 202)


def send_all_again(call: Call[Replay, Nothing]) -> Answer:
    """Send every wanted event since a moment again, 10,000 at most."""
    since = check_moment("since", call.body.since)
    return Answer(
        Replayed(run_durably(lambda: replay_since(_find(call), since=since, actor=call.holder.actor, now=call.now))),
        202,
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        name="list_webhooks",
        method="GET",
        path="webhooks",
        about="List the webhook endpoints, the latest first.",
        run=list_webhooks,
        query=PageQuery,
        answer=Page[Webhook],
        tag="Webhooks",
    ),
    Endpoint(
        name="create_webhook",
        method="POST",
        path="webhooks",
        about="Create a webhook endpoint; only this answer holds its secret.",
        run=make_webhook,
        body=NewWebhook,
        answer=Webhook,
        tag="Webhooks",
        statuses=(201,),
    ),
    Endpoint(
        name="get_webhook",
        method="GET",
        path="webhooks/<uuid:id>",
        about="Return one webhook endpoint.",
        run=get_webhook,
        answer=Webhook,
        tag="Webhooks",
    ),
    Endpoint(
        name="change_webhook",
        method="PATCH",
        path="webhooks/<uuid:id>",
        about="Change a webhook endpoint, stop it, or let it go on.",
        run=change_webhook,
        body=WebhookChange,
        answer=Webhook,
        tag="Webhooks",
    ),
    Endpoint(
        name="remove_webhook",
        method="DELETE",
        path="webhooks/<uuid:id>",
        about="Remove a webhook endpoint for good.",
        run=take_webhook_away,
        answer=None,
        tag="Webhooks",
        statuses=(204,),
    ),
    Endpoint(
        name="list_deliveries",
        method="GET",
        path="webhooks/<uuid:id>/deliveries",
        about="List the deliveries of an endpoint, the latest first.",
        run=list_deliveries,
        query=PageQuery,
        answer=Page[Delivery],
        tag="Webhooks",
    ),
    Endpoint(
        name="replay_delivery",
        method="POST",
        path="webhooks/<uuid:id>/deliveries/<uuid:delivery>/replay",
        about="Send one delivery again.",
        run=send_again,
        body=Nothing,
        answer=Delivery,
        tag="Webhooks",
        statuses=(202,),
        refusals=(409,),
    ),
    Endpoint(
        name="replay_webhook",
        method="POST",
        path="webhooks/<uuid:id>/replay",
        about="Send every wanted event since a moment again, 10,000 at most.",
        run=send_all_again,
        body=Replay,
        answer=Replayed,
        tag="Webhooks",
        statuses=(202,),
        refusals=(409,),
    ),
)
