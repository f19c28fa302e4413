# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from outbox.simultaneous import at_the_same_time
from regulars.kernel.errors import RegularsError
from regulars.kernel.ids import new_key
from regulars.outbox import actions, queries
from regulars.outbox.backoff import delay_s, describe
from regulars.outbox.models import Job
from regulars.outbox.store import JobRow, insert_jobs
from regulars.outbox.wake import listen, stop_listening

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class TooBusy(RegularsError):
    text = "The provider is busy until %(until)s."


def steady() -> float:
    return 0.5


def the_job() -> Job:
    return Job.objects.get()


@pytest.mark.django_db
def test_a_job_disappears_with_its_transaction() -> None:
    def fail() -> None:
        with transaction.atomic():
            actions.enqueue("greet", {"customer": uuid4()}, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not Job.objects.exists()


@pytest.mark.django_db
def test_a_job_keeps_what_it_was_given() -> None:
    business, customer = uuid4(), uuid4()

    key = actions.enqueue(
        "greet", {"customer": customer, "at": NOW}, now=NOW, business_id=business, run_at=NOW + SECOND
    )

    job = the_job()
    assert (job.pk, job.kind, job.business_id, job.run_at) == (key, "greet", business, NOW + SECOND)
    assert job.payload == {"customer": str(customer), "at": "2026-11-22T12:00:00Z"}


@pytest.mark.django_db
def test_claims_in_order_of_time_and_only_what_is_due() -> None:
    for name, offset in [("third", 0), ("first", -2), ("later", 1), ("second", -1)]:
        actions.enqueue("greet", {"name": name}, now=NOW, run_at=NOW + offset * SECOND)

    assert [job.payload["name"] for job in actions.claim(now=NOW, limit=2)] == ["first", "second"]
    assert [job.payload["name"] for job in actions.claim(now=NOW)] == ["third"]
    assert actions.claim(now=NOW) == []


@pytest.mark.django_db
def test_claims_only_the_kinds_asked_for_and_no_busy_target() -> None:
    busy, free = new_key(), new_key()
    rows = [JobRow(new_key(), None, "webhook", {}, NOW, NOW, target) for target in (busy, free, None)]
    insert_jobs([*rows, JobRow(new_key(), None, "greet", {}, NOW, NOW)])

    claimed = actions.claim(now=NOW, kinds=["webhook"], busy_targets=[busy])

    assert {job.target_id for job in claimed} == {free, None}


@pytest.mark.django_db
def test_a_lease_that_ended_gives_the_job_to_the_next() -> None:
    actions.enqueue("greet", {}, now=NOW)
    (first,) = actions.claim(now=NOW, lease_s=60)

    assert actions.claim(now=NOW + timedelta(seconds=59)) == []
    (second,) = actions.claim(now=NOW + timedelta(seconds=60))

    assert (first.pk, first.attempts, second.attempts) == (second.pk, 1, 2)
    with transaction.atomic():
        assert actions.hold([first]) == []
        assert actions.hold([second]) == [second]


@pytest.mark.django_db
def test_extending_keeps_a_lease() -> None:
    actions.enqueue("compute", {}, now=NOW)
    (job,) = actions.claim(now=NOW, lease_s=60)

    actions.extend(job, now=NOW + timedelta(seconds=50), lease_s=60)

    assert actions.claim(now=NOW + timedelta(seconds=100)) == []


@pytest.mark.django_db
def test_released_leases_are_free_at_once() -> None:
    actions.enqueue("greet", {}, now=NOW)
    (lost,) = actions.claim(now=NOW)

    assert actions.release_all_leases() == 1

    with transaction.atomic():
        assert actions.hold([lost]) == []
    assert len(actions.claim(now=NOW)) == 1


@pytest.mark.django_db
def test_a_job_given_back_was_never_claimed() -> None:
    actions.enqueue("greet", {}, now=NOW)

    actions.give_back(actions.claim(now=NOW))

    (again,) = actions.claim(now=NOW)
    assert again.attempts == 1


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 5), (2, 10), (3, 20), (7, 320), (10, 2_560), (11, 3_600), (40, 3_600)]
)
def test_pauses_double_up_to_an_hour(attempts: int, seconds: int) -> None:
    assert delay_s(attempts, random=steady) == seconds
    assert delay_s(attempts, random=lambda: 0.0) == pytest.approx(seconds * 0.8)
    assert delay_s(attempts, random=lambda: 1.0) == pytest.approx(seconds * 1.2)


@pytest.mark.django_db
def test_a_failed_job_waits_and_at_last_is_dead() -> None:
    actions.enqueue("greet", {}, now=NOW)
    (job,) = actions.claim(now=NOW)
    actions.retry(job, TooBusy(until="noon"), now=NOW, random=steady, attempts_max=2)

    waiting = the_job()
    assert (waiting.state, waiting.run_at, waiting.leased_until) == ("ready", NOW + timedelta(seconds=5), None)
    assert waiting.last_error == "TooBusy: The provider is busy until noon."

    later = NOW + timedelta(seconds=5)
    (job,) = actions.claim(now=later)
    actions.retry(job, KeyError("+91 98765 43210"), now=later, random=steady, attempts_max=2)

    dead = the_job()
    assert (dead.state, dead.last_error) == ("dead", "KeyError")
    assert actions.claim(now=later + timedelta(days=1)) == []


def test_nothing_personal_is_kept_of_an_error() -> None:
    assert describe(ValueError("Anita, +91 98765 43210")) == "ValueError"


@pytest.mark.django_db
def test_a_dead_job_can_run_again_or_be_discarded_once() -> None:
    business = uuid4()
    for _ in range(2):
        actions.enqueue("greet", {}, now=NOW, business_id=business)
    for job in actions.claim(now=NOW):
        actions.retry(job, KeyError(), now=NOW, random=steady, attempts_max=1)
    first, second = queries.dead_letters(business)
    assert not queries.dead_letters(None).exists()

    actions.run_again(first, now=NOW)
    actions.discard(second)

    assert [(job.pk, job.attempts) for job in actions.claim(now=NOW)] == [(first.pk, 1)]
    for stale in (lambda: actions.run_again(first, now=NOW), lambda: actions.discard(second)):
        with pytest.raises(actions.NotDead):
            stale()


@pytest.mark.django_db
def test_a_target_can_be_put_off_and_dropped_but_for_what_is_under_way() -> None:
    target = new_key()
    insert_jobs([JobRow(new_key(), None, "webhook", {}, NOW, NOW, target) for _ in range(3)])
    actions.claim(now=NOW, limit=1)

    assert actions.postpone(target, until=NOW + timedelta(hours=1)) == 2
    assert actions.claim(now=NOW) == []
    assert actions.drop(target) == 2
    assert Job.objects.count() == 1


@pytest.mark.usefixtures("commits")
def test_a_commit_rings_the_bell() -> None:
    bell = listen()
    with transaction.atomic():
        actions.enqueue("greet", {}, now=NOW)
        assert not bell.is_set()

    assert bell.is_set()
    stop_listening(bell)


@pytest.mark.usefixtures("commits")
def test_many_claimers_never_share_a_job() -> None:
    insert_jobs([JobRow(new_key(), None, "greet", {}, NOW, NOW) for _ in range(200)])

    def claim_all() -> list[Job]:
        mine: list[Job] = []
        while batch := actions.claim(now=NOW, limit=7):
            mine += batch
        return mine

    claimed = [job.pk for mine in at_the_same_time(claim_all, times=6) for job in mine]

    assert len(claimed) == len(set(claimed)) == 200
