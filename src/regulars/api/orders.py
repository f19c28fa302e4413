# SPDX-License-Identifier: Apache-2.0
"""Recorded purchases with what became of them, stores, and the feed of events."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from regulars.api.endpoint import Answer, Call, Endpoint, Nothing, Page
from regulars.api.words import Outcome, words_for, write_account, write_outcome
from regulars.customers.store import aliases_of
from regulars.database.transactions import run_durably
from regulars.facts.models import Attribution, Fact, Line
from regulars.facts.store import find_amending
from regulars.flow.errors import UnknownFact
from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.outbox.events import FeedEvent
from regulars.outbox.queries import EVENTS_MAX, events_after
from regulars.programs.outcomes import DECIDED, given
from regulars.programs.queries import accounts_of, decisions_of
from regulars.programs.versions import program_of
from regulars.tenancy.actions import create_store
from regulars.tenancy.models import Store
from regulars.tenancy.places import UnknownTimezone

_POSITION_MAX = 2**62


class UnknownFactId(RegularsError):
    """No fact has this id."""

    code = "unknown_fact_id"
    status = 404
    text = gettext_noop("Nothing is recorded under %(fact)s. Use the id that was answered when it was recorded.")


class OrderedLine(Struct, frozen=True):
    """One line of a purchase, how much of it has come back, and what it earned."""

    position: int
    sku: str
    quantity_milli: int
    amount_minor: int
    discount_minor: int
    returned_milli: int
    points: int


class RecordedOrder(Struct, frozen=True):
    """A purchase as recorded. `cancelled_by` is the fact that took it back; `version` the number of the program that decided."""

    fact: UUID
    source: str
    external_id: str
    revision: int
    occurred_at: datetime
    recorded_at: datetime
    local_day: date
    customer: UUID | None
    store: str
    currency: str
    total_minor: int
    points_paid: int
    cancelled_by: UUID | None
    version: int | None
    lines: list[OrderedLine]
    outcomes: list[Outcome]


class Explained(Struct, frozen=True):
    """Why a fact brought the points that it brought, and why no others.

    `rules` are all rules of the version that decided it, in its order, judged by the standing of that moment: `tier` and `balance`
    before the fact. Of what takes points back they are the rules whose points it took. Nothing was decided (`version` null) where
    nobody was named, or nobody who was a member.
    """

    fact: UUID
    kind: str
    occurred_at: datetime
    version: int | None
    tier: str
    balance: int
    rules: list[Outcome]


class KnownStore(Struct, frozen=True):
    """A place or channel where customers buy."""

    id: UUID
    code: str
    name: str
    timezone: str
    is_active: bool


class NewStore(Struct, frozen=True, forbid_unknown_fields=True):
    """A store to open; its code is what tills and files say. Without a zone it has that of the business."""

    code: Annotated[str, Meta(pattern="^[A-Za-z0-9_.-]{1,40}$")]
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    timezone: Annotated[str, Meta(min_length=1, max_length=64)] | None = None


class FeedQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """From where on the feed is read."""

    after: Annotated[
        int, Meta(ge=0, le=_POSITION_MAX, description="The `position` of the last event that you have.")
    ] = 0
    limit: Annotated[int, Meta(ge=1, le=EVENTS_MAX, description="How many at most.")] = 100


class Feed(Struct, frozen=True):
    """Events in the order in which they became visible. `after` is where the next request goes on, also when nothing is new."""

    items: list[FeedEvent]
    after: int


def get_order(call: Call[None, Nothing]) -> Answer:
    """Return the latest revision of a purchase with what became of it."""
    source, external_id = call.path["source"], call.path["external_id"]
    orders = Fact.objects.of(call.business).filter(source=source, external_id=external_id, kind="order")
    fact = orders.select_related("store").order_by("-revision").first()
    if fact is None:
        raise UnknownFact(source=source, external_id=external_id)
    decision = decisions_of(call.business, [fact.pk]).get(fact.pk)
    outcomes = given(decision.outcomes) if decision else []
    per_line = [sum(points) for points in zip(*(outcome["per_line"] for outcome in outcomes), strict=True)]
    lines = list(
        Line.objects.of(call.business).filter(fact=fact).select_related("product", "returned").order_by("position")
    )
    claimed = Attribution.objects.of(call.business).filter(fact=fact).order_by("-at", "-id").first()
    program = program_of(decision.version_id) if decision else None
    with words_for(call.business, call.language, program) as words:
        written = [write_outcome(one, words) for one in outcomes]
    return Answer(
        RecordedOrder(
            fact=fact.pk,
            source=fact.source,
            external_id=fact.external_id,
            revision=fact.revision,
            occurred_at=fact.occurred_at,
            recorded_at=fact.recorded_at,
            local_day=fact.local_day,
            customer=_owner(call, claimed.customer_id if claimed else fact.customer_id),
            store=fact.store.code if fact.store else "",
            currency=fact.currency,
            total_minor=fact.total_minor,
            points_paid=int(fact.payload.get("points", 0)),
            cancelled_by=find_amending(call.business.pk, [fact.pk], "cancel").get(fact.pk),
            version=decision.version.number if decision else None,
            lines=[_line(line, points) for line, points in zip(lines, per_line or [0] * len(lines), strict=True)],
            outcomes=written,
        )
    )


def _owner(call: Call[None, Nothing], customer: UUID | None) -> UUID | None:
    """Return whose a purchase is: who stayed, where the customer was merged."""
    return aliases_of(call.business.pk, [customer]).get(customer, customer) if customer else None


def explain_fact(call: Call[None, Nothing]) -> Answer:
    """Return what each rule came to when a fact was decided, recomputed from what the decision kept."""
    fact = Fact.objects.of(call.business).filter(pk=call.path["id"]).first()
    if fact is None:
        raise UnknownFactId(fact=str(call.path["id"]))
    decision = decisions_of(call.business, [fact.pk]).get(fact.pk)
    if decision is None:
        return Answer(Explained(fact.pk, fact.kind, fact.occurred_at, None, "", 0, []))
    with words_for(call.business, call.language, program_of(decision.version_id)) as words:
        if fact.kind in DECIDED:
            lines = Line.objects.of(call.business).filter(fact=fact).select_related("product__category")
            accounts = accounts_of(fact, decision, list(lines.order_by("position")))
            rules = [write_account(one, words) for one in accounts]
        else:
            rules = [write_outcome(one, words) for one in decision.outcomes]
    number, inputs = decision.version.number, decision.inputs
    return Answer(
        Explained(fact.pk, fact.kind, fact.occurred_at, number, inputs.get("tier", ""), inputs.get("balance", 0), rules)
    )


def _line(line: Line, points: int) -> OrderedLine:
    returned = line.returned.quantity_milli if hasattr(line, "returned") else 0
    sku = line.product.sku if line.product else ""
    return OrderedLine(line.position, sku, line.quantity_milli, line.net_minor, line.discount_minor, returned, points)


def _store(store: Store) -> KnownStore:
    return KnownStore(store.pk, store.code, store.name, store.timezone, store.is_active)


def list_stores(call: Call[None, Nothing]) -> Answer:
    """List the stores by their codes."""
    return Answer(Page([_store(store) for store in Store.objects.of(call.business).order_by("code")]))


def open_store(call: Call[NewStore, Nothing]) -> Answer:
    """Open a store."""
    body = call.body
    if body.timezone is not None and not body.timezone.isascii():
        raise UnknownTimezone(value=body.timezone[:40], allowed=call.business.timezone)
    made = run_durably(
        lambda: create_store(
            call.business, code=body.code, name=body.name, timezone=body.timezone, actor=call.holder.actor, now=call.now
        )
    )
    return Answer(_store(made), 201)


def list_events(call: Call[None, FeedQuery]) -> Answer:
    """List events after a position."""
    items = events_after(call.business.pk, call.query.after, call.query.limit)
    return Answer(Feed(items, items[-1].position if items else call.query.after))


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        name="get_order",
        method="GET",
        path="orders/<str:source>/<path:external_id>",
        about="Return a recorded purchase: its lines, what has come back, and what it earned and why.",
        run=get_order,
        answer=RecordedOrder,
        tag="Recording",
    ),
    Endpoint(
        name="explain_fact",
        method="GET",
        path="facts/<uuid:id>/explanation",
        about="Say of every rule why a purchase, visit or event brought its points, or why not.",
        run=explain_fact,
        answer=Explained,
        tag="Recording",
    ),
    Endpoint(
        name="list_stores",
        method="GET",
        path="stores",
        about="List the stores.",
        run=list_stores,
        answer=Page[KnownStore],
        tag="Stores",
    ),
    Endpoint(
        name="create_store",
        method="POST",
        path="stores",
        about="Open a store.",
        run=open_store,
        body=NewStore,
        answer=KnownStore,
        tag="Stores",
        statuses=(201,),
    ),
    Endpoint(
        name="list_events",
        method="GET",
        path="events",
        about="Read the feed of events after a position.",
        run=list_events,
        query=FeedQuery,
        answer=Feed,
        tag="Events",
    ),
)
