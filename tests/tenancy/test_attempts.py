# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

import pytest

from regulars.kernel.errors import RegularsError
from regulars.tenancy.attempts import (
    DELAYS_S,
    Outcome,
    Verdict,
    is_throttling,
    judge,
    next_attempt_at,
    retry_after_s,
)
from regulars.tenancy.sealing import SealBroken, seal, unseal

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE, HOUR = 60, 3_600


def test_the_schedule_is_that_of_standard_webhooks() -> None:
    hours = [2, 5, 10, 14, 20, 24]

    assert list(DELAYS_S) == [0, 5, 5 * MINUTE, 30 * MINUTE, *(hour * HOUR for hour in hours)]


@pytest.mark.parametrize(
    ("status", "attempts", "verdict"),
    [
        (200, 1, Verdict.DELIVERED),
        (204, 10, Verdict.DELIVERED),
        (301, 1, Verdict.TRY_AGAIN),
        (400, 1, Verdict.TRY_AGAIN),
        (410, 1, Verdict.GONE),
        (500, 9, Verdict.TRY_AGAIN),
        (500, 10, Verdict.GIVE_UP),
        (None, 3, Verdict.TRY_AGAIN),
        (None, 10, Verdict.GIVE_UP),
    ],
)
def test_only_2xx_is_success(status: int | None, attempts: int, verdict: Verdict) -> None:
    assert judge(Outcome(status=status), attempts) is verdict


@pytest.mark.parametrize("attempts", range(1, 10))
def test_delays_vary_by_a_fifth(attempts: int) -> None:
    earliest, latest = (
        next_attempt_at(Outcome(status=500), attempts, now=NOW, random=lambda chance=chance: chance) - NOW
        for chance in (0.0, 1.0)
    )

    assert earliest == timedelta(seconds=DELAYS_S[attempts] * 0.8)
    assert latest == timedelta(seconds=DELAYS_S[attempts] * 1.2)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("999999999999", 86_400),
        ("Sun, 22 Nov 2026 12:10:00 GMT", 600),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("Sun, 22 Nov 2099 11:00:00 GMT", 86_400),
        ("soon", 0),
        ("²", 0),
        ("-5", 0),
        ("", 0),
    ],
)
def test_retry_after_is_read_with_limits(header: str, seconds: int) -> None:
    assert retry_after_s(header, now=NOW) == seconds


def test_a_later_time_asked_for_is_kept_an_earlier_one_is_not() -> None:
    def pause(header: str) -> timedelta:
        return next_attempt_at(Outcome(status=429, retry_after=header), 1, now=NOW, random=lambda: 0.5) - NOW

    assert (pause("60"), pause("1")) == (timedelta(seconds=60), timedelta(seconds=5))


@pytest.mark.parametrize(("status", "expected"), [(429, True), (502, True), (504, True), (503, False), (None, False)])
def test_who_is_overloaded(status: int | None, expected: bool) -> None:
    assert is_throttling(Outcome(status=status)) is expected


def test_a_sealed_secret_opens_with_its_key_and_purpose_only() -> None:
    sealed = seal("whsec_abc", secret_key=b"k" * 50, purpose="webhook")

    assert b"whsec" not in sealed
    assert unseal(sealed, secret_key=b"k" * 50, purpose="webhook") == "whsec_abc"
    for secret_key, purpose in [(b"x" * 50, "webhook"), (b"k" * 50, "mail")]:
        with pytest.raises(SealBroken) as caught:
            unseal(sealed, secret_key=secret_key, purpose=purpose)
        assert isinstance(caught.value, RegularsError)
