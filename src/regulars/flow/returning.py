# SPDX-License-Identifier: Apache-2.0
"""Goods that came back and intakes taken back: reversed from the recorded decision, exactly, any number of times.

Per line and rule the amount reversed so far is always round-half-up(points × returned quantity ÷ quantity), so that any sequence
of partial returns equals one full return. Spent points go back to their lots in the same proportion.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from regulars.facts.store import StoredFact, StoredLine
from regulars.flow.batch import Batch, Item
from regulars.flow.earning import milli, order_situation, used_of
from regulars.flow.entitling import cancel_taken, unuse_codes
from regulars.flow.errors import AlreadyCancelled, NothingLeft, ReturnedTooMuch, UnknownLine, WrongKind
from regulars.flow.intake import Cancel, OrderLine, Return, ReturnLine
from regulars.flow.lasting import named_fact
from regulars.flow.standing import count_progress
from regulars.kernel.money import allocate, quantity_text, share_of_part
from regulars.ledger.book import Drawn, Negative, Posting, Side
from regulars.programs.decide import decide
from regulars.programs.outcomes import REVERSED, given
from regulars.programs.store import Member
from regulars.rewards.errors import AlreadyUsed


@dataclass(frozen=True, slots=True)
class Part:
    """How much of a sold line comes back: from `before` to `after` thousandths in all; `net_minor` is what was given back for it."""

    line: StoredLine
    before: int
    after: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class Unmatched:
    """What came back without a known sale."""

    line: ReturnLine
    quantity_milli: int
    net_minor: int


def apply_return(batch: Batch, item: Item) -> None:
    """Record a return; take back what the lines earned, give back what was spent on them."""
    intake = item.intake
    assert isinstance(intake, Return)
    if intake.order is None:
        parts, unmatched = _match(batch, item, intake.lines)
        amends = None
    else:
        order = named_fact(batch, item)
        if order.kind != "order":
            raise WrongKind(external_id=order.external_id, kind=order.kind)
        item.customer, amends = order.customer, order.key
        parts, unmatched = _parts_of(batch, order, intake.lines), []
    _book_return(batch, item, parts, unmatched, amends)


def _book_return(
    batch: Batch, item: Item, parts: Sequence[Part], unmatched: Sequence[Unmatched], amends: UUID | None
) -> None:
    total = -sum(part.net_minor for part in parts) - sum(one.net_minor for one in unmatched)
    batch.record(item, currency=batch.shop.currency, total_minor=total, amends=amends)
    _record_lines(batch, item, parts, unmatched)
    count_returned(batch, parts)
    if unmatched:
        item.tally.detail["unmatched_lines"] = [
            {"sku": one.line.sku, "quantity_milli": one.quantity_milli, "amount_minor": one.net_minor}
            for one in unmatched
        ]
    member = batch.members.get(item.customer) if item.customer else None
    if member is not None and batch.with_points:
        _reverse_all(batch, item, member, parts, unmatched)
        count_spend(batch, item, member, parts, unmatched)


def count_spend(
    batch: Batch, item: Item, member: Member, parts: Sequence[Part], unmatched: Sequence[Unmatched] = ()
) -> None:
    """Take what was paid off the progress of the day on which it was counted, where it was."""
    ladder = batch.program_now(item).program.ladder
    if ladder is None or ladder.metric != "spend_minor":
        return
    for part in parts:
        sale = batch.fact(part.line.fact)
        if sale is not None and sale.key in batch.decisions:
            count_progress(batch, item, member, -part.net_minor, sale.occurred_at)
    count_progress(batch, item, member, -sum(one.net_minor for one in unmatched), item.intake.occurred_at)


def count_returned(batch: Batch, parts: Sequence[Part]) -> None:
    """Note that parts of lines have come back."""
    for part in parts:
        so_far = batch.returned.get(part.line.key, (0, 0))[1]
        batch.returned[part.line.key] = (part.line.sold_milli, so_far + part.after - part.before)


def _reverse_all(
    batch: Batch, item: Item, member: Member, parts: Sequence[Part], unmatched: Sequence[Unmatched]
) -> None:
    """Reverse purchase by purchase, then what no purchase is known of; keep it as the decision of the return."""
    outcomes: list[dict[str, object]] = []
    for fact in dict.fromkeys(part.line.fact for part in parts):
        outcomes += reverse_order(batch, item, member, fact, [part for part in parts if part.line.fact == fact])
    if unmatched:
        outcomes += _reverse_unmatched(batch, item, member, unmatched)
    _decide_reversed(batch, item, outcomes)


def _decide_reversed(batch: Batch, item: Item, outcomes: list[dict[str, object]]) -> None:
    """Keep what an intake took back as its decision."""
    version = batch.timeline.at(item.intake.occurred_at) or batch.timeline.latest
    if outcomes and version:
        batch.new_decisions.append((item.fact, batch.shop.key, version, {}, outcomes))


def keep_reversed(batch: Batch, item: Item, outcomes: Sequence[dict[str, object]]) -> None:
    """Keep what an intake took back beside what it gave, so that each of its bookings has its outcome.

    Nothing is kept where nothing was decided: a decision says that a program has judged the purchase.
    """
    for fact, _, _, _, decided in reversed(batch.new_decisions):
        if fact == item.fact:
            decided.extend(outcomes)
            return


def _parts_of(batch: Batch, order: StoredFact, wanted: Sequence[ReturnLine]) -> list[Part]:
    """Return the parts of a named order: the lines asked for, or everything that has not come back."""
    lines = batch.lines[order.key]
    if not wanted:
        parts = parts_left(batch, order.key)
        if not parts:
            raise NothingLeft
        return parts
    taken: dict[UUID, int] = {}
    parts = []
    for one in wanted:
        left = milli(one.quantity)
        for line in _candidates(batch, lines, one):
            free = line.sold_milli - batch.returned_of(line) - taken.get(line.key, 0)
            quantity = min(free, left)
            if quantity > 0:
                parts.append(part_of(batch, line, quantity, already=taken.get(line.key, 0)))
                taken[line.key] = taken.get(line.key, 0) + quantity
                left -= quantity
        if left > 0:
            raise ReturnedTooMuch(
                line=one.line or one.sku,
                left=quantity_text(milli(one.quantity) - left),
                quantity=quantity_text(milli(one.quantity)),
            )
    return parts


def parts_left(batch: Batch, fact: UUID) -> list[Part]:
    """Return everything of a purchase that has not come back."""
    left = [(line, line.sold_milli - batch.returned_of(line)) for line in batch.lines[fact]]
    return [part_of(batch, line, quantity) for line, quantity in left if quantity > 0]


def _candidates(batch: Batch, lines: Sequence[StoredLine], wanted: ReturnLine) -> list[StoredLine]:
    if wanted.line is not None:
        found = [line for line in lines if line.position == wanted.line]
    else:
        product = batch.products.get(wanted.sku)
        found = [line for line in lines if product and line.product == product.id]
    if not found:
        raise UnknownLine(line=wanted.line or wanted.sku)
    return found


def part_of(batch: Batch, line: StoredLine, quantity: int, *, already: int = 0, net_minor: int | None = None) -> Part:
    """Return a quantity of a line as the part that comes back next."""
    before = batch.returned_of(line) + already
    after = before + quantity
    share = _target(line.net_minor, line, after) - _target(line.net_minor, line, before)
    return Part(line, before, after, share if net_minor is None else net_minor)


def _target(amount: int, line: StoredLine, returned: int) -> int:
    return share_of_part(amount, returned, line.sold_milli) if returned else 0


def _match(batch: Batch, item: Item, wanted: Sequence[ReturnLine]) -> tuple[list[Part], list[Unmatched]]:
    """Match lines that name no sale to the customer's latest unreturned purchases of the product, as far as they go."""
    parts: list[Part] = []
    unmatched: list[Unmatched] = []
    taken: dict[UUID, int] = {}
    for one in wanted:
        matched = _match_line(batch, one, _purchases(batch, item, one), taken)
        parts += matched
        left = milli(one.quantity) - sum(part.after - part.before for part in matched)
        if left > 0 or not matched:
            paid_back = sum(part.net_minor for part in matched)
            unmatched.append(Unmatched(one, left, 0 if one.amount_minor is None else one.amount_minor - paid_back))
    return parts, unmatched


def _match_line(batch: Batch, wanted: ReturnLine, sold: Sequence[StoredLine], taken: dict[UUID, int]) -> list[Part]:
    """Return the parts of sold lines that one returned line takes up; `taken` counts what earlier ones took."""
    parts: list[Part] = []
    left, amount_left = milli(wanted.quantity), wanted.amount_minor
    for line in sold:
        already = taken.get(line.key, 0)
        take = min(line.sold_milli - batch.returned_of(line) - already, left)
        if take > 0:
            net = None if amount_left is None else share_of_part(amount_left, take, left)
            parts.append(part_of(batch, line, take, already=already, net_minor=net))
            taken[line.key] = already + take
            left -= take
            amount_left = None if amount_left is None or net is None else amount_left - net
    return parts


def _purchases(batch: Batch, item: Item, wanted: ReturnLine) -> list[StoredLine]:
    product = batch.products.get(wanted.sku)
    if product is None or item.customer is None:
        return []
    return batch.purchases.get((item.customer, product.id), [])


def _record_lines(batch: Batch, item: Item, parts: Sequence[Part], unmatched: Sequence[Unmatched]) -> None:
    rows: list[tuple[UUID | None, int, int, UUID | None]]
    rows = [(part.line.product, part.before - part.after, -part.net_minor, part.line.key) for part in parts]
    rows += [(batch.product_key(one.line.sku), -one.quantity_milli, -one.net_minor, None) for one in unmatched]
    for position, (product, quantity, net, original) in enumerate(rows, start=1):
        batch.new_lines.append(
            (batch.new_key(), batch.shop.key, item.fact, position, product, quantity, net, 0, original)
        )


def _negative(batch: Batch, item: Item) -> Negative:
    return Negative(batch.program_now(item).program.unit.negative)


def reverse_order(
    batch: Batch, item: Item, member: Member, fact: UUID, parts: Sequence[Part]
) -> list[dict[str, object]]:
    """Reverse what the parts of one purchase earned, rule by rule, and give back what was spent on them; return the outcomes."""
    decision = batch.decisions.get(fact)
    outcomes = given(decision.outcomes) if decision else ()
    stored = [found for outcome in outcomes if (found := _reverse_outcome(batch, item, member, outcome, parts))]
    _give_back(batch, item, member, fact, parts)
    return stored


def _reverse_outcome(
    batch: Batch, item: Item, member: Member, outcome: Mapping[str, Any], parts: Sequence[Part]
) -> dict[str, object] | None:
    """Reverse what parts of one purchase got by one rule; return it as an outcome, None where it was nothing."""
    if not parts:
        return None
    fact = parts[0].line.fact
    lines, per_line = batch.lines[fact], outcome["per_line"]
    places = {line.key: place for place, line in enumerate(lines)}
    carried = outcome.get("carried") or [0] * len(lines)
    _debit_carry(batch, member, outcome, sum(_between(carried[places[part.line.key]], part) for part in parts))
    amounts = [_between(per_line[places[part.line.key]], part) for part in parts]
    if not sum(amounts) or _is_called_off(batch, outcome):
        return None
    transaction = _reverse(batch, item, member, sum(amounts), outcome)
    so_far = [_target(amount, line, batch.returned_of(line)) for amount, line in zip(per_line, lines, strict=True)]
    _uncount(batch, member, sum(amounts), outcome, is_whole=sum(so_far) == outcome["points"])
    return _reversed(outcome, [-amount for amount in amounts], fact, transaction)


def _reversed(outcome: Mapping[str, Any], per_line: list[int], fact: UUID, transaction: UUID) -> dict[str, object]:
    """Return what was taken back of an outcome as an outcome of its own."""
    return {
        "rule": outcome["rule"],
        "outcome": REVERSED,
        "points": sum(per_line),
        "per_line": per_line,
        "of": str(fact),
        "transaction": str(transaction),
        "reasons": [{"is": "returned", "points": outcome["points"]}],
    }


def _uncount(batch: Batch, member: Member, amount: int, outcome: Mapping[str, Any], *, is_whole: bool) -> None:
    """Give back what an outcome used of its rule's limits: points as they are reversed, times and waits when all of them are."""
    for window, used in outcome.get("counted", ()):
        if window.endswith("#"):
            _count_less(batch, member, window, used if is_whole else 0)
        elif window.endswith("/last"):
            is_latest = used_of(batch, member.customer, window) == outcome["at"]
            _count_less(batch, member, window, used if is_whole and is_latest else 0)
        elif "/carry/" not in window:
            _count_less(batch, member, window, amount)


def _count_less(batch: Batch, member: Member, window: str, amount: int) -> None:
    batch.used[member.customer, window] = batch.used.get((member.customer, window), 0) - amount


def _debit_carry(batch: Batch, member: Member, outcome: Mapping[str, Any], carried: int) -> None:
    """Take back what the returned part of a purchase added to the carry of its rule."""
    for window, _ in outcome.get("counted", ()):
        if "/carry/" in window:
            _count_less(batch, member, window, carried)


def _between(amount: int, part: Part) -> int:
    return _target(amount, part.line, part.after) - _target(amount, part.line, part.before)


def _is_called_off(batch: Batch, outcome: Mapping[str, Any]) -> bool:
    """Tell whether the points of an outcome waited in vain and were taken back already."""
    lots = batch.book.line_of(UUID(outcome["lot"])) if outcome.get("lot") else []
    return any(lot.is_called_off for lot in lots)


def _reverse(batch: Batch, item: Item, member: Member, amount: int, outcome: Mapping[str, Any]) -> UUID:
    """Take back an amount that an outcome gave and return the booking; one without a lot was never credited, only computed."""
    lot, transaction = outcome.get("lot"), outcome.get("transaction")
    stored = batch.book.lots.get(UUID(lot)) if lot else None
    counted_at = stored.occurred_at if stored else item.intake.occurred_at
    ladder = batch.program_now(item).program.ladder
    counts = ladder is not None and ladder.metric == "points_earned"
    posting = Posting(
        fact=item.fact, kind="reverse_earn", occurred_at=item.intake.occurred_at, rule=outcome["rule"],
        reverses=UUID(transaction) if transaction else None, counts_at=counted_at if counts else None,
    )  # fmt: skip
    own = frozenset({UUID(lot)}) if lot else frozenset()
    reversal = batch.book.reverse_credit(
        batch.account_of(member.customer), amount, posting, negative=_negative(batch, item), own=own
    )
    item.tally.reversed += amount
    if reversal.shortfall:
        missing = item.tally.detail.get("shortfall", 0)
        assert isinstance(missing, int), "the shortfall adds up"
        item.tally.detail["shortfall"] = missing + reversal.shortfall
    if counts:
        count_progress(batch, item, member, -amount, counted_at)
    return reversal.transaction


def _reverse_unmatched(
    batch: Batch, item: Item, member: Member, unmatched: Sequence[Unmatched]
) -> list[dict[str, object]]:
    """Reverse what such goods would earn by the program version of the day, whatever else was earned; return the outcomes."""
    version = batch.version_at(item.intake.occurred_at)
    if version is None:
        return []
    lines = [OrderLine(one.line.sku, one.net_minor) for one in unmatched]
    situation = order_situation(batch, item, member, lines, [one.quantity_milli for one in unmatched])
    stored: list[dict[str, object]] = []
    for outcome in decide(version[1], replace(situation, balance=0, used={})):
        _debit_carry(batch, member, {"counted": outcome.counted}, sum(outcome.carried))
        if outcome.points:
            transaction = _reverse(batch, item, member, outcome.points, {"rule": outcome.rule})
            per_line = [-amount for amount in outcome.per_line]
            stored.append(
                {
                    "rule": outcome.rule,
                    "outcome": REVERSED,
                    "points": -outcome.points,
                    "per_line": per_line,
                    "transaction": str(transaction),
                    "reasons": [*outcome.reasons],
                }
            )
    return stored


def _give_back(batch: Batch, item: Item, member: Member, fact: UUID, parts: Sequence[Part]) -> None:
    """Give back the share of the points that the purchase was paid with."""
    drawn = batch.drawn.get(fact)
    lines = batch.lines[fact]
    paid = batch.points_paid(fact)
    if not drawn or not paid:
        return
    shares = allocate(paid, [max(line.net_minor, 0) for line in lines])
    share_of = {line.key: share for line, share in zip(lines, shares, strict=True)}
    amount = sum(_between(share_of[part.line.key], part) for part in parts)
    _give_back_points(batch, item, member, fact, amount)


def _give_back_points(batch: Batch, item: Item, member: Member, fact: UUID, amount: int) -> None:
    left = amount
    for place, (transaction, parts) in enumerate(batch.drawn.get(fact, [])):
        posting = Posting(
            fact=item.fact, kind="reverse_spend", occurred_at=item.intake.occurred_at, reverses=transaction
        )
        given = batch.book.give_back(
            batch.account_of(member.customer), left, posting, parts, grace_until=batch.grace_until(item)
        )
        batch.drawn[fact][place] = (transaction, _less(parts, given))
        item.tally.returned += given
        left -= given


def _less(drawn: Sequence[Drawn], given: int) -> list[Drawn]:
    """Return what can still be given back after some was, last drawn first."""
    left: list[Drawn] = []
    for origin in reversed(drawn):
        part = min(origin.amount, given)
        given -= part
        if origin.amount > part:
            left.append(Drawn(origin.lot, origin.amount - part))
    return left[::-1]


def apply_cancel(batch: Batch, item: Item) -> None:
    """Take back an earlier intake: its lines come back whole, its points are reversed, its reward is given back."""
    intake = item.intake
    assert isinstance(intake, Cancel)
    fact = named_fact(batch, item)
    if fact.key in batch.cancelled:
        raise AlreadyCancelled(external_id=fact.external_id)
    undo = _CANCELS.get(fact.kind)
    if undo is None:
        raise WrongKind(external_id=fact.external_id, kind=fact.kind)
    item.customer = fact.customer
    if fact.customer in batch.members:
        item.balance_before = batch.balance_of(fact.customer)
    undo(batch, item, fact)
    batch.cancelled[fact.key] = item.fact
    batch.events.append(
        ("fact.cancelled", item.customer, {"fact": str(item.fact), "cancelled": str(fact.key), "kind": fact.kind})
    )


def _cancel_order(batch: Batch, item: Item, fact: StoredFact) -> None:
    _book_return(batch, item, parts_left(batch, fact.key), [], fact.key)
    unuse_codes(batch, item, fact.key)
    if fact.customer in batch.order_counts:
        batch.order_counts[fact.customer] -= 1


def _cancel_earning(batch: Batch, item: Item, fact: StoredFact) -> None:
    batch.record(item, amends=fact.key)
    _decide_reversed(batch, item, reverse_decision(batch, item, fact))


def reverse_decision(batch: Batch, item: Item, fact: StoredFact) -> list[dict[str, object]]:
    """Take back all that the decision of a fact gave; return the outcomes."""
    member = batch.members.get(fact.customer) if fact.customer else None
    decision = batch.decisions.get(fact.key)
    if member is None or decision is None:
        return []
    stored = []
    for outcome in given(decision.outcomes):
        if outcome["points"] and not _is_called_off(batch, outcome):
            transaction = _reverse(batch, item, member, outcome["points"], outcome)
            _uncount(batch, member, outcome["points"], outcome, is_whole=True)
            stored.append(_reversed(outcome, [-outcome["points"]], fact.key, transaction))
    return stored


def _cancel_redemption(batch: Batch, item: Item, fact: StoredFact) -> None:
    batch.record(item, amends=fact.key)
    cancel_taken(batch, item, fact.key)
    _give_back_all(batch, item, fact)


def _cancel_settled(batch: Batch, item: Item, fact: StoredFact) -> None:
    batch.record(item, amends=fact.key)
    _give_back_all(batch, item, fact)


def _cancel_use(batch: Batch, item: Item, fact: StoredFact) -> None:
    unuse_codes(batch, item, fact.key)
    if "rewards_given_back" not in item.tally.detail:
        raise AlreadyUsed(state="redeemed")
    batch.record(item, amends=fact.key)


def _give_back_all(batch: Batch, item: Item, fact: StoredFact) -> None:
    if fact.customer is not None and fact.key in batch.drawn:
        spent = sum(part.amount for _, parts in batch.drawn[fact.key] for part in parts)
        _give_back_points(batch, item, batch.members[fact.customer], fact.key, spent)


def _cancel_adjustment(batch: Batch, item: Item, fact: StoredFact) -> None:
    batch.record(item, amends=fact.key)
    member = batch.member_of(item)
    points, account = int(fact.payload["points"]), batch.account_of(member.customer)
    if points > 0:
        own = frozenset({UUID(fact.payload["lot"])}) if "lot" in fact.payload else frozenset()
        opened = next((batch.book.lots[key].transaction for key in own if key in batch.book.lots), None)
        posting = Posting(fact=item.fact, kind="adjust", occurred_at=item.intake.occurred_at, reverses=opened)
        reversal = batch.book.reverse_credit(
            account, points, posting, negative=_negative(batch, item), own=own, source=Side.ADJUSTED
        )
        item.tally.reversed += points
        if reversal.shortfall:
            item.tally.detail["shortfall"] = reversal.shortfall
        return
    for transaction, parts in batch.drawn.get(fact.key, []):
        posting = Posting(
            fact=item.fact, kind="reverse_spend", occurred_at=item.intake.occurred_at, reverses=transaction
        )
        item.tally.returned += batch.book.give_back(
            account, -points, posting, parts, source=Side.ADJUSTED, grace_until=batch.grace_until(item)
        )


_CANCELS = {
    "order": _cancel_order,
    "visit": _cancel_earning,
    "event": _cancel_earning,
    "redemption": _cancel_redemption,
    "settle": _cancel_settled,
    "use": _cancel_use,
    "adjustment": _cancel_adjustment,
}
