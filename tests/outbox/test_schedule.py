# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from outbox.simultaneous import at_the_same_time
from regulars.outbox import actions
from regulars.outbox.models import Job, Schedule
from regulars.outbox.schedule import Daily, Every, Recurrence, next_run

KOLKATA, YEREVAN, BERLIN = ZoneInfo("Asia/Kolkata"), ZoneInfo("Asia/Yerevan"), ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PLAN: dict[str, Recurrence] = {"sweep": Every(600), "closing": Daily(3)}
SHOP, CAFE = uuid4(), uuid4()
ZONES: dict[UUID, ZoneInfo] = {SHOP: KOLKATA, CAFE: YEREVAN}


@pytest.mark.parametrize(
    ("recurrence", "zone", "now", "expected"),
    [
        (Every(600), KOLKATA, "2026-11-22T12:00", "2026-11-22T12:10"),
        (Daily(3), KOLKATA, "2026-11-22T12:00", "2026-11-22T21:30"),
        (Daily(3), KOLKATA, "2026-11-22T21:30", "2026-11-23T21:30"),
        (Daily(3), KOLKATA, "2026-11-22T21:29", "2026-11-22T21:30"),
        (Daily(3), YEREVAN, "2026-11-22T12:00", "2026-11-22T23:00"),
        (Daily(2), BERLIN, "2026-03-28T12:00", "2026-03-29T01:00"),  # 02:00 does not exist that night
        (Daily(2), BERLIN, "2026-10-24T12:00", "2026-10-25T00:00"),  # 02:00 comes twice: the first one
        (Daily(2), BERLIN, "2026-10-25T00:00", "2026-10-26T01:00"),
    ],
)
def test_next_run(recurrence: Recurrence, zone: ZoneInfo, now: str, expected: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)

    assert next_run(recurrence, moment, zone) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.django_db
def test_the_plan_gets_its_rows_once() -> None:
    actions.plan_schedule(PLAN, ZONES, now=NOW)
    actions.plan_schedule(PLAN, ZONES, now=NOW + timedelta(days=1))

    rows = Schedule.objects.values_list("kind", "business_id", "next_run_at")
    assert set(rows) == {
        ("sweep", UUID(int=0), NOW),
        ("closing", SHOP, datetime(2026, 11, 22, 21, 30, tzinfo=UTC)),
        ("closing", CAFE, datetime(2026, 11, 22, 23, tzinfo=UTC)),
    }


@pytest.mark.django_db
def test_a_kind_that_left_the_plan_goes() -> None:
    actions.plan_schedule(PLAN, ZONES, now=NOW)
    actions.plan_schedule({"sweep": Every(600)}, ZONES, now=NOW)

    assert Schedule.objects.get().kind == "sweep"


@pytest.mark.django_db
def test_what_is_due_becomes_one_job_and_comes_back() -> None:
    actions.plan_schedule(PLAN, ZONES, now=NOW)
    tonight = datetime(2026, 11, 22, 22, tzinfo=UTC)

    assert actions.enqueue_due(PLAN, ZONES, now=tonight) == 2
    assert actions.enqueue_due(PLAN, ZONES, now=tonight) == 0

    jobs = Job.objects.values_list("kind", "business_id", "payload")
    assert sorted(jobs, key=str) == [
        ("closing", SHOP, {"due_at": "2026-11-22T21:30:00Z"}),
        ("sweep", None, {"due_at": "2026-11-22T12:00:00Z"}),
    ]
    assert Schedule.objects.get(business_id=SHOP).next_run_at == datetime(2026, 11, 23, 21, 30, tzinfo=UTC)


@pytest.mark.django_db
def test_a_standstill_of_days_gives_one_job() -> None:
    actions.plan_schedule(PLAN, {SHOP: KOLKATA}, now=NOW)

    actions.enqueue_due(PLAN, {SHOP: KOLKATA}, now=NOW + timedelta(days=9))

    assert Job.objects.filter(kind="closing").count() == 1


@pytest.mark.usefixtures("commits")
def test_many_schedulers_make_one_job() -> None:
    actions.plan_schedule(PLAN, {}, now=NOW)

    made = at_the_same_time(lambda: actions.enqueue_due(PLAN, {}, now=NOW), times=6)

    assert sorted(made) == [0, 0, 0, 0, 0, 1]
    assert Job.objects.count() == 1
