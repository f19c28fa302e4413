# SPDX-License-Identifier: Apache-2.0
"""Purchases, visits and other events: recorded, decided by the program of their day, and credited."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from regulars.catalog.store import ProductInfo
from regulars.conditions.fact_fields import bought, when
from regulars.facts.store import StoredLine
from regulars.flow.batch import Batch, Item
from regulars.flow.entitling import use_code
from regulars.flow.intake import Earning, Event, Order, OrderLine, Visit
from regulars.flow.lasting import activate_awaited, named_fact
from regulars.flow.standing import count_activity, count_progress, tier_at
from regulars.kernel.money import parse_quantity
from regulars.ledger.book import Lot, Posting, Side, Terms
from regulars.programs.calendar import usable
from regulars.programs.decide import CompiledProgram, Outcome, Situation, decide
from regulars.programs.inputs import keep_inputs
from regulars.programs.store import Member, StoredDecision

Snapshot = dict[str, Any]


def milli(quantity: float | str) -> int:
    """Return a plain quantity in thousandths."""
    return quantity * 1000 if type(quantity) is int else parse_quantity(quantity)


def apply_order(batch: Batch, item: Item) -> None:
    """Record a purchase; spend the points it is paid with and use its codes; then decide what it earns."""
    intake = item.intake
    assert isinstance(intake, Order)
    total = sum(line.amount_minor for line in intake.lines)
    payload = {"points": intake.points} if intake.points else None
    batch.record(item, currency=batch.shop.currency, total_minor=total, payload=payload)
    quantities = [milli(line.quantity) for line in intake.lines]
    lines = _record_lines(batch, item, intake.lines, quantities)
    member = batch.enrol_if_automatic(item)
    if intake.points:
        batch.spend(item, batch.member_of(item).customer, intake.points)
    for code in intake.codes:
        use_code(batch, item, code)
    if member and batch.with_points:
        decide_order(batch, item, member, intake.lines, quantities)
        count_activity(batch, item, member)
    if item.customer in batch.order_counts:
        batch.order_counts[item.customer] += 1
    if batch.remembers:
        _remember(batch, item, lines)


def decide_order(
    batch: Batch, item: Item, member: Member, lines: Sequence[OrderLine], quantities: Sequence[int]
) -> None:
    """Decide what a purchase earns, and count what was spent where the ladder goes by money."""
    earn(batch, item, member, order_situation(batch, item, member, lines, quantities))
    ladder = batch.program_now(item).program.ladder
    if ladder and ladder.metric == "spend_minor":
        total = sum(line.amount_minor for line in lines)
        count_progress(batch, item, member, total, item.intake.occurred_at)


def _record_lines(batch: Batch, item: Item, lines: Sequence[OrderLine], quantities: Sequence[int]) -> list[StoredLine]:
    stored = []
    for position, (line, quantity) in enumerate(zip(lines, quantities, strict=True), start=1):
        key, product = batch.new_key(), batch.product_key(line.sku)
        batch.new_lines.append(
            (key, batch.shop.key, item.fact, position, product, quantity, line.amount_minor, line.discount_minor, None)
        )
        if batch.remembers:
            stored.append(
                StoredLine(key, item.fact, position, product, quantity, line.amount_minor, 0, line.discount_minor)
            )
    return stored


def _remember(batch: Batch, item: Item, lines: list[StoredLine]) -> None:
    """Let later intakes of this batch find the lines as if they were stored."""
    batch.lines[item.fact] = lines
    if item.customer:
        for line in lines:
            if line.product and line.quantity_milli > 0:
                batch.purchases.setdefault((item.customer, line.product), []).insert(0, line)


def apply_visit(batch: Batch, item: Item) -> None:
    """Record a visit and decide what it earns."""
    assert isinstance(item.intake, Visit)
    batch.record(item)
    _earn_without_lines(batch, item, "")


def apply_event(batch: Batch, item: Item) -> None:
    """Record an event, decide what it earns, and activate the points of the intake it names that wait for it."""
    intake = item.intake
    assert isinstance(intake, Event)
    about = named_fact(batch, item) if intake.of is not None else None
    item.customer = item.customer or (about.customer if about else None)
    batch.record(item, payload={"name": intake.name, "properties": intake.properties})
    _earn_without_lines(batch, item, intake.name)
    if about is not None:
        activate_awaited(batch, item, about)


def _earn_without_lines(batch: Batch, item: Item, event: str) -> None:
    member = batch.enrol_if_automatic(item)
    if member and batch.with_points:
        snapshot = _base_snapshot(batch, item, member, "event" if event else "visit")
        snapshot["lines"] = ()
        if isinstance(item.intake, Event):
            snapshot["event.name"] = event
            snapshot.update({f"event.properties.{key}": value for key, value in item.intake.properties.items()})
        earn(batch, item, member, _situation(batch, item, member, snapshot, earns=(), event=event))
        count_activity(batch, item, member)


def _base_snapshot(batch: Batch, item: Item, member: Member, kind: str) -> Snapshot:
    """Return the condition fields that every fact has."""
    intake, who = item.intake, item.who
    snapshot: Snapshot = {
        "fact.kind": kind,
        "fact.source": intake.source,
        "fact.store": item.store.code if item.store else None,
        "customer.is_member": True,
        "customer.tier": tier_at(batch, member, intake.occurred_at),
        **when(batch.local_of(item)),
    }
    if who is not None:
        snapshot["customer.language"] = who.language
        snapshot["customer.tags"] = who.tags
        snapshot["customer.is_birthday_month"] = (
            None if who.birthday is None else who.birthday.month == snapshot["fact.date"].month
        )
    if member.customer in batch.order_counts:
        snapshot["customer.order_count_before"] = batch.order_counts[member.customer]
    return snapshot


def bought_lines(
    lines: Sequence[OrderLine], products: Sequence[ProductInfo | None], quantities: Sequence[int]
) -> list[Snapshot]:
    """Return the values of the fields of lines, each in the category that its product has."""
    return [
        bought(
            sku=line.sku,
            category=product.category_code if product else line.category,
            net_minor=line.amount_minor,
            quantity_milli=quantity,
            discount_minor=line.discount_minor,
        )
        for line, product, quantity in zip(lines, products, quantities, strict=True)
    ]


def order_situation(
    batch: Batch, item: Item, member: Member, lines: Sequence[OrderLine], quantities: Sequence[int]
) -> Situation:
    """Return lines as the program sees a purchase of them."""
    snapshot = _base_snapshot(batch, item, member, "order")
    products = [batch.products.get(line.sku) for line in lines]
    snapshot["lines"] = bought_lines(lines, products, quantities)
    snapshot["order.total_minor"] = sum(line.amount_minor for line in lines)
    snapshot["order.currency"] = batch.shop.currency
    snapshot["order.line_count"] = len(lines)
    snapshot["order.quantity_milli"] = sum(quantities)
    return _situation(
        batch, item, member, snapshot, earns=[product is None or product.earns_points for product in products]
    )


def _situation(
    batch: Batch, item: Item, member: Member, snapshot: Snapshot, *, earns: Sequence[bool], event: str = ""
) -> Situation:
    used = {window: used_of(batch, member.customer, window) for window in batch.windows_of(item)}
    account = batch.book.accounts.get((member.customer, batch.unit, Side.MEMBER))
    return Situation(
        kind=str(snapshot["fact.kind"]), snapshot=snapshot, earns=earns, day=batch.day_of(item),
        at=int(item.intake.occurred_at.timestamp()), event=event, tier=snapshot["customer.tier"],
        balance=account.balance if account else 0, used=used,
    )  # fmt: skip


def used_of(batch: Batch, customer: UUID, window: str) -> int:
    """Return what a member has used of a counter, this batch included."""
    return batch.counters.get((customer, window), 0) + batch.used.get((customer, window), 0)


def earn(batch: Batch, item: Item, member: Member, situation: Situation) -> None:
    """Decide by the version of the day and credit what it gives; keep the decision with its reasons."""
    version = batch.version_at(item.intake.occurred_at)
    if version is None:
        return
    key, program = version
    outcomes = decide(program, situation)
    stored = [_credit(batch, item, member, program, outcome) for outcome in outcomes]
    batch.new_decisions.append((item.fact, batch.shop.key, key, keep_inputs(program, situation), stored))
    if batch.remembers:
        batch.decisions[item.fact] = StoredDecision(item.fact, key, stored)
    for outcome in outcomes:
        item.tally.earnings.append(
            Earning(outcome.rule, program.program.unit.code, outcome.points, outcome.outcome, list(outcome.reasons))
        )
        for window, more in outcome.counted:
            batch.used[member.customer, window] = batch.used.get((member.customer, window), 0) + more
    ladder = program.program.ladder
    if ladder and ladder.metric == "points_earned":
        count_progress(batch, item, member, sum(outcome.points for outcome in outcomes), item.intake.occurred_at)


def _credit(batch: Batch, item: Item, member: Member, program: CompiledProgram, outcome: Outcome) -> dict[str, object]:
    stored: dict[str, object] = {
        "rule": outcome.rule, "outcome": outcome.outcome, "points": outcome.points, "per_line": outcome.per_line,
        "reasons": outcome.reasons,
    }  # fmt: skip
    if outcome.points:
        lot = _credit_lot(batch, item, member, program, outcome)
        stored["lot"], stored["transaction"] = str(lot.key), str(lot.transaction)
    if outcome.counted:
        stored["counted"], stored["at"] = outcome.counted, int(item.intake.occurred_at.timestamp())
    if outcome.carried:
        stored["carried"] = outcome.carried
    return stored


def _credit_lot(batch: Batch, item: Item, member: Member, program: CompiledProgram, outcome: Outcome) -> Lot:
    """Credit the points of an outcome with the terms that rule, tier of the day and unit give them."""
    unit, occurred_at = program.program.unit, item.intake.occurred_at
    expiry = outcome.expiry or program.expiry_in(tier_at(batch, member, occurred_at))
    terms = usable(unit.pending, expiry, occurred_at, batch.shop.zone)
    counts = program.program.ladder is not None and program.program.ladder.metric == "points_earned"
    posting = Posting(
        fact=item.fact,
        kind="earn",
        occurred_at=occurred_at,
        rule=outcome.rule,
        counts_at=occurred_at if counts else None,
    )
    keeps_policy = terms.waits_for or expiry.kind == "inactivity"
    lot = batch.book.credit(
        batch.account_of(member.customer),
        outcome.points,
        posting,
        Terms(
            occurred_at=occurred_at, available_at=terms.available_at, expires_at=terms.expires_at, waits_for=terms.waits_for,
            waits_until=terms.waits_until, expiry=msgspec.to_builtins(expiry) if keeps_policy else None,
        ),
    )  # fmt: skip
    item.tally.earned += outcome.points
    if terms.available_at is None or terms.available_at > batch.now:
        item.tally.pending += outcome.points
    return lot
