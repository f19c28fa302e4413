# SPDX-License-Identifier: Apache-2.0
"""Every query on the path finds its rows by an index: none reads a whole table of facts or bookings."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from regulars.customers.matching import CustomerRef
from regulars.flow.entitling import code_of
from regulars.flow.intake import (
    Adjustment,
    Cancel,
    ClaimReceipt,
    Closing,
    Event,
    HoldPoints,
    Order,
    OrderLine,
    PendingChange,
    Redemption,
    Return,
    ReturnLine,
    SettleHold,
    Transfer,
    UseEntitlement,
    VoidHold,
)
from regulars.flow.nightly import close_day
from regulars.flow.sealing import seal_commits
from regulars.ledger.queries import balance_of, statement
from regulars.outbox.models import Job
from regulars.programs.actions import publish_program
from regulars.rewards.actions import OfferTerms, create_offer
from regulars.tenancy.actors import SYSTEM
from shop import ASHA, RAVI, SPEND, Till, a_program, a_shop

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]

GROWING = re.compile(r"^(facts|ledger|programs|outbox|customers|rewards|catalog)_")
SMALL = {
    "programs_version",
    "programs_draft",
    "rewards_offer",
    "catalog_category",
    "outbox_job",
    "outbox_feedhead",
}  # a few rows, or a queue that is emptied
_NAMED = re.compile(
    r'(?:FROM|JOIN)\s+"?(\w+)"?\s+(?:AS\s+)?"?(?!(?:WHERE|ON|INNER|LEFT|CROSS|JOIN|ORDER|GROUP|LIMIT)\b)(\w+)\b'
)
_WHOLE = re.compile(r"(?:SCAN|SEARCH(?= \w+ USING (?:COVERING )?INDEX \w+ \(business_id=\?\)$)) (\w+)")
LEVELS = [{"code": "a", "name": {"en": "A"}}, {"code": "b", "name": {"en": "B"}, "at_least": 5}]

TAKING = a_program(automatic=[{"offer": "TEA", "at_once": True}], ladder={"levels": LEVELS, "metric": "balance"})


class Listener:
    """Hear every query once, with its values."""

    def __init__(self) -> None:
        self.heard: dict[str, Any] = {}

    def __call__(self, run: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not many and sql.lstrip()[:6].upper() in {"SELECT", "WITH k", "UPDATE", "DELETE"}:
            self.heard.setdefault(re.sub(r"(\(?%s\)?, )+", "", sql), (sql, params))
        return run(sql, params, many, context)


def scans(sql: str, params: Any) -> list[str]:
    """Return the growing tables that a query reads from one end to the other, or all that the business has in them."""
    aliases = {alias: table for table, alias in _NAMED.findall(sql)}
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        steps = [detail for *_, detail in cursor.fetchall()]
    read = [found[1] for step in steps if (found := _WHOLE.match(step))]
    tables = [aliases.get(name, name) for name in read if not sql.endswith("ORDER BY position DESC LIMIT 1")]
    return [table for table in tables if GROWING.match(table) and table not in SMALL]


def live(till: Till) -> None:
    """Let everything happen that the path knows."""
    worth = {"amount_minor": 100}
    terms = OfferTerms(code="TEA", name={"en": "Tea"}, kind="amount_off", value=worth, price=10, per_member_max=9)
    create_offer(till.business, terms, actor=SYSTEM, now=till.now)
    till.sell(ASHA, 20_000, 5_000, common={"external_id": "A"})
    till.sell(RAVI, 20_000)
    crowd = [CustomerRef(card=f"CROWD{number}") for number in range(100)]
    till.take(*(Order(**till.common(customer=one), lines=[OrderLine("A", 100)]) for one in crowd))
    till.take(*(Return(**till.common(customer=one), lines=[ReturnLine(1, sku="A")]) for one in crowd))
    till.take(*(Closing(**till.common(customer=one)) for one in crowd))
    sold = till.sell(ASHA, 100, points=20, common={"external_id": "B"})
    till.take_back("A", [ReturnLine(1, line=2)])
    till.give(Return, ASHA, lines=[ReturnLine(1, sku="SKU1")])
    till.give(Adjustment, ASHA, points=200, reason="hello")
    till.give(Transfer, ASHA, to=RAVI, points=5, reason="a gift")
    till.give(Event, ASHA, name="review")
    for end in (SettleHold, VoidHold):
        till.give(end, hold=UUID(str(till.give(HoldPoints, ASHA, points=5).detail["hold"])))
    codes = [
        code_of(UUID(str(till.give(Redemption, ASHA, offer="TEA", is_reserved=reserved).detail["entitlement"])))
        for reserved in (True, False, False)
    ]
    till.take(
        Order(**till.common(customer=ASHA), lines=[OrderLine("A", 10)], codes=codes[:1]),
        UseEntitlement(**till.common(), code=codes[1]),
    )
    till.give(Cancel, cancels="B")
    till.give(PendingChange, of="A", is_cancelled=False)
    till.give(Closing, ASHA)
    jobs = list(Job.objects.filter(business_id=till.business.pk, kind="seal").order_by("id"))
    seal_commits(till.business.pk, [job.payload for job in jobs])
    till.wait(days=40)
    close_day(till.business, now=till.now)
    till.sell(ASHA, 100, common={"occurred_at": till.now.replace(year=2025)})
    assert sold.customer is not None
    balance_of(till.business, sold.customer, "points", now=till.now)
    statement(till.business, sold.customer, "points")


def live_on(till: Till) -> None:
    """Add a receipt that named nobody, and let rewards be taken and levels move by themselves."""
    till.sell(None, 100, 200, common={"external_id": "N"})
    till.take_back("N", [ReturnLine(1, line=1)])
    till.give(ClaimReceipt, ASHA, order="N")
    publish_program(till.business, TAKING, valid_from=till.now, actor=SYSTEM, now=till.now)
    till.sell(RAVI, 4_000)
    till.wait(days=1)
    close_day(till.business, now=till.now)


def a_till() -> Till:
    first = {"field": "customer.order_count_before", "is": "is", "value": 0}
    welcome = {"id": "welcome", "name": {"en": "Welcome"}, "gives": {"kind": "fixed", "points": 5}, "when": first}
    limited = {**SPEND, "limits": [{"per": "day", "points": 10_000}]}
    unit = {"expiry": {"kind": "after", "days": 30}}
    return Till(a_shop(a_program(limited, welcome, unit=unit, ladder={"levels": LEVELS, "months": 1})))


def test_no_query_reads_a_whole_table():
    till, listener = a_till(), Listener()
    with connection.execute_wrapper(listener):
        live(till)
        live_on(till)

    found = {sql: tables for sql, params in listener.heard.values() if (tables := scans(sql, params))}

    assert len(listener.heard) > 40, "the path was really heard"
    assert found == {}


def test_a_scan_would_be_seen():
    assert scans("SELECT * FROM facts_fact WHERE business_id = %s", [b""]) == ["facts_fact"]
    assert scans("SELECT * FROM facts_fact f WHERE f.total_minor = %s", [1]) == ["facts_fact"]
    assert scans("SELECT COUNT(*) FROM ledger_lot WHERE granted > %s", [1]) == ["ledger_lot"]


def test_the_number_of_statements_does_not_grow_with_the_batch():
    def heard(count: int) -> int:
        till, statements = a_till(), []

        def execute(run: Callable[..., Any], *call: Any) -> Any:
            statements.append(call[0])
            return run(*call)

        orders = [Order(**till.common(customer=ASHA), lines=[OrderLine(f"S{i % 3}", 900)]) for i in range(count)]
        with connection.execute_wrapper(execute):
            till.take(*orders)
        return len(statements)

    assert heard(100) == heard(5)
