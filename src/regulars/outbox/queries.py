# SPDX-License-Identifier: Apache-2.0
"""What waits, what failed for good, and the feed of events."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from regulars.outbox.commits import SEAL, Commit, commit_of
from regulars.outbox.events import FeedEvent
from regulars.outbox.models import FeedEntry, FeedHead, Job

EVENTS_MAX = 1_000
_COMMIT_LAG_MAX = timedelta(minutes=5)
_PAGE = 100


def waiting_commits(business_id: UUID) -> Iterator[list[Commit]]:
    """Yield the commits whose job to seal them is not done yet, page by page."""
    jobs = Job.objects.filter(business_id=business_id, kind=SEAL).order_by("id")
    page = list(jobs[:_PAGE])
    while page:
        yield [commit_of(job.payload) for job in page]
        page = list(jobs.filter(id__gt=page[-1].pk)[:_PAGE])


def events_after(business_id: UUID, position: int, limit: int = 100) -> list[FeedEvent]:
    """Return the events after a position, oldest first, at most `limit` (and at most 1,000)."""
    entries = (
        FeedEntry.objects.filter(business_id=business_id, position__gt=position)
        .select_related("event")
        .order_by("position")[: min(limit, EVENTS_MAX)]
    )
    return [_feed_event(entry) for entry in entries]


def feed_events(business_id: UUID, event_ids: Sequence[UUID]) -> dict[UUID, FeedEvent]:
    """Return those of the events that have their place in the feed, by id."""
    entries = FeedEntry.objects.filter(business_id=business_id, pk__in=event_ids).select_related("event")
    return {entry.pk: _feed_event(entry) for entry in entries}


def position_before(business_id: UUID, since: datetime) -> int:
    """Return a position before which no event was recorded at or after a moment, give or take how long a commit may
    lag.

    Searches by halves: positions have no gaps and ascend with time, but for transactions that were open beside each
    other.
    """
    margin = since - _COMMIT_LAG_MAX
    low, high = 0, feed_position(business_id)
    while low < high:
        middle = (low + high + 1) // 2
        entry = FeedEntry.objects.select_related("event").get(business_id=business_id, position=middle)
        if entry.event.recorded_at < margin:
            low = middle
        else:
            high = middle - 1
    return low


def feed_position(business_id: UUID) -> int:
    """Return the last position of a business's feed, 0 before the first event."""
    return FeedHead.objects.filter(pk=business_id).values_list("position", flat=True).first() or 0


def dead_letters(business_id: UUID | None) -> QuerySet[Job]:
    """Return the jobs that failed for good, the latest first; without a business, those of the installation itself."""
    return Job.objects.filter(state=Job.State.DEAD, business_id=business_id).order_by("-run_at", "-id")


def _feed_event(entry: FeedEntry) -> FeedEvent:
    event = entry.event
    return FeedEvent(
        id=event.pk,
        kind=event.kind,
        customer_id=event.customer_id,
        payload=event.payload,
        recorded_at=event.recorded_at,
        position=entry.position,
        customer_sequence=entry.customer_sequence,
    )
