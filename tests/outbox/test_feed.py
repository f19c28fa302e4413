# SPDX-License-Identifier: Apache-2.0
import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, transaction

from outbox.simultaneous import at_the_same_time
from regulars.kernel.ids import new_key
from regulars.outbox import actions, queries
from regulars.outbox.events import EVENT_TYPES
from regulars.outbox.models import Event, FeedEntry
from regulars.outbox.store import EventRow, insert_events

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHOP, OTHER_SHOP = uuid4(), uuid4()
ANITA, BABKEN = uuid4(), uuid4()


def some_events(business: UUID, *customers: UUID | None, at: datetime = NOW) -> list[UUID]:
    rows = [EventRow(new_key(), business, "order.recorded", who, {"total_minor": 5}, at) for who in customers]
    insert_events(rows)
    return [row.id for row in rows]


def number(business: UUID, events: list[UUID]) -> list[UUID]:
    with transaction.atomic():
        return actions.number_events(business, events)


@pytest.mark.django_db
def test_events_are_placed_in_the_order_given() -> None:
    first, second, third, fourth = some_events(SHOP, ANITA, BABKEN, ANITA, None)

    number(SHOP, [second, first])
    placed = number(SHOP, [fourth, third])

    feed = queries.events_after(SHOP, 0)
    assert placed == [fourth, third]
    assert [(event.id, event.position, event.customer_sequence) for event in feed] == [
        (second, 1, 1),
        (first, 2, 1),
        (fourth, 3, None),
        (third, 4, 2),
    ]
    assert queries.events_after(SHOP, 2, 1) == [feed[2]]
    assert queries.feed_position(SHOP) == 4


@pytest.mark.django_db
def test_an_event_has_one_place_however_often_it_is_given() -> None:
    events = some_events(SHOP, ANITA)

    assert len(number(SHOP, [*events, *events])) == 1
    assert number(SHOP, events) == []
    assert queries.feed_position(SHOP) == 1


@pytest.mark.django_db
def test_each_business_counts_for_itself() -> None:
    mine, theirs = some_events(SHOP, ANITA), some_events(OTHER_SHOP, ANITA)

    assert number(SHOP, mine + theirs) == mine
    assert number(OTHER_SHOP, theirs) == theirs
    assert [event.position for event in queries.events_after(OTHER_SHOP, 0)] == [1]
    assert queries.feed_position(uuid4()) == 0


@pytest.mark.django_db
def test_the_feed_can_be_entered_at_a_moment() -> None:
    for hour in range(10):
        number(SHOP, some_events(SHOP, ANITA, at=NOW + timedelta(hours=hour)))

    position = queries.position_before(SHOP, NOW + timedelta(hours=7))

    assert position == 7
    assert queries.position_before(SHOP, NOW - timedelta(days=1)) == 0
    assert queries.position_before(SHOP, NOW + timedelta(days=1)) == 10


@pytest.mark.usefixtures("commits")
def test_two_runners_leave_neither_gap_nor_double() -> None:
    batches = [some_events(SHOP, ANITA, BABKEN, None) for _ in range(8)]
    turn = itertools.count()

    at_the_same_time(lambda: number(SHOP, batches[next(turn)] + batches[0]), times=8)

    feed = queries.events_after(SHOP, 0)
    assert [event.position for event in feed] == list(range(1, 25))
    for customer in (ANITA, BABKEN):
        assert [event.customer_sequence for event in feed if event.customer_id == customer] == list(range(1, 9))


@pytest.mark.django_db
@pytest.mark.parametrize("model", [Event, FeedEntry])
def test_events_and_places_are_never_changed(model: type[Event] | type[FeedEntry]) -> None:
    number(SHOP, some_events(SHOP, ANITA))

    for change in (
        lambda: model.objects.update(business_id=OTHER_SHOP),
        lambda: model.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


def test_every_kind_of_event_is_described() -> None:
    assert all(kind.count(".") == 1 and text.endswith(".") for kind, text in EVENT_TYPES.items())
