# SPDX-License-Identifier: Apache-2.0
import re
from collections.abc import Iterator
from hashlib import sha256

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from regulars.kernel.ids import new_key
from regulars.tenancy import actions
from regulars.tenancy.access import BadToken, NotAllowed, authenticate_token, forget_tokens
from regulars.tenancy.actors import SYSTEM, ActorKind
from regulars.tenancy.limits import RateLimiter, TooManyRequests
from regulars.tenancy.models import ApiKey, AuditEntry
from tenancy.cast import NOW, a_business


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    forget_tokens()
    yield
    forget_tokens()


def a_key() -> tuple[ApiKey, str]:
    return actions.create_api_key(a_business(), name="Till", scopes=["orders:write"], actor=SYSTEM, now=NOW)


@pytest.mark.django_db
def test_the_token_is_shown_once_and_only_its_digest_kept() -> None:
    key, token = a_key()

    assert re.fullmatch(r"rk_[a-z2-7]{26}_[A-Za-z0-9_-]{43}", token)
    assert bytes(ApiKey.objects.get().digest) == sha256(token[30:].encode()).digest()
    assert token[30:] not in str(AuditEntry.objects.values())
    holder = authenticate_token(token, monotonic=Clock())
    assert (holder.key_id, holder.business_id, holder.scopes) == (key.pk, key.business_id, {"orders:write"})
    assert (holder.actor.kind, holder.actor.id) == (ActorKind.API_KEY, key.pk)
    with pytest.raises(NotAllowed, match="points:write"):
        holder.check("points:write")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: t[:-1],
        lambda t: t[:-1] + "!",
        lambda t: "rk_" + "a" * 26 + t[29:],
        lambda t: "",
        lambda t: t.replace("rk_", "sk_"),
        lambda t: "rk_" + "é" * 26 + t[29:],
    ],
)
def test_any_other_token_is_refused_alike(spoil) -> None:
    _, token = a_key()

    with pytest.raises(BadToken) as caught:
        authenticate_token(spoil(token), monotonic=Clock())
    assert caught.value.message == BadToken().message


@pytest.mark.django_db
def test_a_token_is_looked_up_every_two_seconds() -> None:
    _, token = a_key()
    clock = Clock()

    def queries_of_next_use() -> int:
        with CaptureQueriesContext(connection) as queries:
            authenticate_token(token, monotonic=clock)
        return len(queries)

    assert [queries_of_next_use(), queries_of_next_use()] == [1, 0]
    clock.now += 1.99
    assert queries_of_next_use() == 0
    clock.now += 0.01
    assert queries_of_next_use() == 1


@pytest.mark.django_db
def test_a_revocation_elsewhere_holds_after_two_seconds() -> None:
    key, token = a_key()
    clock = Clock()
    authenticate_token(token, monotonic=clock)
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=NOW)  # as another process does it

    authenticate_token(token, monotonic=clock)
    clock.now += 2
    with pytest.raises(BadToken):
        authenticate_token(token, monotonic=clock)


@pytest.mark.usefixtures("commits")
def test_a_revocation_here_holds_at_once_and_is_traced_once() -> None:
    key, token = a_key()
    authenticate_token(token, monotonic=Clock())

    actions.revoke_api_key(key, actor=SYSTEM, now=NOW)
    actions.revoke_api_key(key, actor=SYSTEM, now=NOW)

    with pytest.raises(BadToken):
        authenticate_token(token, monotonic=Clock())
    assert AuditEntry.objects.filter(verb="api_key.revoked").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("scopes", [[], ["orders:write", "everything"]])
def test_scopes_are_chosen_from_the_list(scopes: list[str]) -> None:
    with pytest.raises(actions.BadScope, match="orders:write"):
        actions.create_api_key(a_business(), name="Till", scopes=scopes, actor=SYSTEM, now=NOW)


def test_a_bucket_empties_and_fills_evenly() -> None:
    clock, key = Clock(), new_key()
    limiter = RateLimiter(60, monotonic=clock)

    assert [limiter.take(key).remaining for _ in range(3)] == [59, 58, 57]
    assert limiter.take(key, 57).headers == {
        "RateLimit-Limit": "60",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "60",
    }
    refused = limiter.take(key, 5)
    assert (refused.is_allowed, refused.remaining, refused.reset_s) == (False, 0, 5)
    with pytest.raises(TooManyRequests, match="in 1 seconds"):
        limiter.check(key)
    clock.now += 2
    assert limiter.check(key).remaining == 1
    clock.now += 3_600
    assert limiter.take(key).remaining == 59
    assert limiter.take(new_key()).remaining == 59


@pytest.mark.django_db
def test_the_audit_log_is_written_once() -> None:
    a_key()

    for change in (lambda: AuditEntry.objects.update(reason="x"), lambda: AuditEntry.objects.all().delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
