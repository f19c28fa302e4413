# SPDX-License-Identifier: Apache-2.0
"""What is corrected, moved or taken back stands in the audit log: once, with its author, what was before and what is after."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from regulars.flow.intake import Adjustment, Cancel, Envelope, Intake, Transfer
from regulars.flow.receive import receive
from regulars.tenancy.actors import Actor, ActorKind
from regulars.tenancy.models import AuditEntry
from shop import ASHA, RAVI, Till, a_program, a_shop

pytestmark = pytest.mark.django_db
MANAGER = Actor(ActorKind.USER, UUID("01a20000-0000-7000-8000-000000000001"), "Meena")


def a_till(**unit: Any) -> Till:
    till = Till(a_shop(a_program(unit=unit)))
    till.sell(ASHA, 10_000, common={"external_id": "A"})
    till.sell(RAVI, 1_000)
    return till


def told(till: Till, verb: str) -> list[tuple[Any, Any]]:
    """Return the points before and after of each entry of a verb."""
    entries = AuditEntry.objects.of(till.business).filter(verb=verb).order_by("id")
    return [(one.before.get("points"), one.after.get("points")) for one in entries]


def test_each_entry_says_what_the_customer_had_and_has():
    till = a_till()
    till.take(*(Adjustment(**till.common(customer=ASHA), points=points, reason="slip") for points in (10, -5)))
    given = till.give(Transfer, ASHA, points=20, to=RAVI, reason="gift")
    till.give(Cancel, cancels="A")

    assert told(till, "points.adjusted") == [(100, 110), (110, 105)]
    assert told(till, "points.transferred") == [(105, 85)]
    assert told(till, "facts.cancelled") == [(85, 0)]
    entry = AuditEntry.objects.of(till.business).get(verb="points.transferred")
    assert (entry.object_id, entry.after["to"], entry.reason) == (given.fact, given.detail["to"], "gift")


@pytest.mark.parametrize(
    ("negative", "cancelled", "corrected"),
    [("clamp", [(40, 0)], (0, 40)), ("allow", [(40, -60)], (-60, 40)), ("refuse", [], (40, 140))],
)
def test_what_was_owed_is_no_balance_of_less_than_nothing(negative, cancelled, corrected):
    till = a_till(negative=negative)
    till.give(Adjustment, ASHA, points=-60, reason="spilt")
    till.give(Cancel, cancels="A")
    till.give(Adjustment, ASHA, points=100, reason="sorry")

    assert told(till, "facts.cancelled") == cancelled
    assert told(till, "points.adjusted") == [(100, 40), corrected]


def test_a_purchase_of_nobody_is_taken_back_without_points():
    till = a_till()
    till.sell(None, 500, common={"external_id": "N"})
    till.give(Cancel, cancels="N")

    entry = AuditEntry.objects.of(till.business).get(verb="facts.cancelled")
    assert (entry.before, entry.after) == ({}, {"customer": None, "cancelled": "N"})


def test_repeats_and_refusals_in_a_batch_leave_no_entry():
    till = a_till()
    good = [Adjustment(**till.common(customer=ASHA), points=1, reason="one") for _ in range(300)]
    bad = [Adjustment(**till.common(customer=ASHA), points=-9_000, reason="many") for _ in range(300)]
    mixed: list[Intake] = [one for three in zip(good, bad, good, strict=True) for one in three]

    for _ in range(2):
        receive(till.business, mixed, now=till.now, envelopes=[Envelope(MANAGER)] * len(mixed))

    entries = AuditEntry.objects.of(till.business).filter(verb="points.adjusted")
    assert set(entries.values_list("actor_kind", "actor_id", "reason")) == {("user", MANAGER.id, "one")}
    assert told(till, "points.adjusted") == [(100 + n, 101 + n) for n in range(300)]


def test_the_number_of_statements_does_not_grow_with_what_is_corrected():
    def heard(count: int) -> int:
        till, statements = a_till(), []

        def execute(run: Callable[..., Any], *call: Any) -> Any:
            statements.append(call[0])
            return run(*call)

        with connection.execute_wrapper(execute):
            till.take(*(Adjustment(**till.common(customer=ASHA), points=1, reason="one") for _ in range(count)))
        return sum("tenancy_auditentry" in statement for statement in statements)

    assert (heard(5), heard(400)) == (1, 1)
