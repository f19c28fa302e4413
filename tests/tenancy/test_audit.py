# SPDX-License-Identifier: Apache-2.0
from datetime import date
from uuid import UUID

import pytest

from regulars.outbox.models import Job
from regulars.tenancy import audit
from regulars.tenancy.actors import SYSTEM, Actor, ActorKind
from regulars.tenancy.models import AuditEntry
from tenancy.cast import NOW, a_business, a_store

KEY = UUID("01a20000-0000-7000-8000-000000000001")
ASHA = Actor(ActorKind.USER, KEY, "Asha")


@pytest.mark.django_db
def test_an_entry_says_who_did_what_to_which_row() -> None:
    business = a_business()
    store = a_store(business)

    audit.record(
        ASHA, "store.moved", store, now=NOW, before={"day": date(2026, 1, 2)}, after={"ids": {KEY}}, reason="rent"
    )

    entry = AuditEntry.objects.of(business).get(verb="store.moved")
    assert (entry.actor_kind, entry.actor_id, entry.object_kind, entry.object_id) == (
        "user",
        KEY,
        "tenancy.store",
        store.pk,
    )
    assert (entry.before, entry.after, entry.reason) == ({"day": "2026-01-02"}, {"ids": [str(KEY)]}, "rent")


@pytest.mark.django_db
@pytest.mark.parametrize("value", [{"nested": 1}, object(), [[1]], list(range(51))])
def test_values_are_scalars_and_short_lists(value: object) -> None:
    business = a_business()

    with pytest.raises(ValueError, match="audit log takes"):
        audit.record(SYSTEM, "business.changed", business, now=NOW, after={"what": value})


@pytest.mark.django_db
def test_a_row_of_nobody_needs_a_business() -> None:
    business, job = a_business(), Job(id=KEY)

    with pytest.raises(ValueError, match="does not say whose it is"):
        audit.record(SYSTEM, "job.discarded", job, now=NOW)
    audit.record(SYSTEM, "job.discarded", job, now=NOW, business_id=business.pk)
    assert AuditEntry.objects.of(business).filter(object_kind="outbox.job").exists()
