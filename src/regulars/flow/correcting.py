# SPDX-License-Identifier: Apache-2.0
"""A later revision of an intake: the earlier one is taken back, the new one decided, and what had come back comes back again.

So the points stand as if the purchase had been recorded right from the start.
"""

from regulars.facts.store import StoredFact
from regulars.flow.batch import Batch, Item
from regulars.flow.entitling import unuse_codes
from regulars.flow.errors import Superseded, WrongKind
from regulars.flow.returning import (
    Part,
    count_returned,
    keep_reversed,
    part_of,
    parts_left,
    reverse_decision,
    reverse_order,
)
from regulars.flow.standing import count_progress

_CORRECTABLE = {"order", "visit", "event"}


def take_back_revision(batch: Batch, item: Item) -> None:
    """Take back the earlier revision, if there is one, before the new one is applied. Raises Superseded or WrongKind."""
    intake = item.intake
    earlier = batch.named.get((intake.source, intake.external_id))
    if earlier is None:
        return
    if earlier.revision >= intake.revision:
        raise Superseded(source=intake.source, external_id=intake.external_id, revision=earlier.revision)
    if earlier.kind not in _CORRECTABLE or earlier.kind != intake.__struct_config__.tag:
        raise WrongKind(external_id=earlier.external_id, kind=earlier.kind)
    item.corrects = earlier
    if earlier.key in batch.cancelled:
        return
    if earlier.kind == "order":
        _take_back_order(batch, item, earlier)
    else:
        item.taken_back = reverse_decision(batch, item, earlier)


def _take_back_order(batch: Batch, item: Item, earlier: StoredFact) -> None:
    parts = parts_left(batch, earlier.key)
    item.came_back = {
        line.position: (line.product, returned)
        for line in batch.lines[earlier.key]
        if (returned := batch.returned_of(line))
    }
    count_returned(batch, parts)
    unuse_codes(batch, item, earlier.key)
    if earlier.customer in batch.order_counts:
        batch.order_counts[earlier.customer] -= 1
    member = batch.members.get(earlier.customer) if earlier.customer else None
    if member is None or not batch.with_points:
        return
    item.taken_back = reverse_order(batch, item, member, earlier.key, parts)
    ladder = batch.program_now(item).program.ladder
    if ladder and ladder.metric == "spend_minor" and earlier.key in batch.decisions:
        count_progress(batch, item, member, -earlier.total_minor, earlier.occurred_at)


def return_again(batch: Batch, item: Item) -> None:
    """Let what of the earlier revision had come back come back from the new one, as far as it holds the same goods.

    What was taken back is kept beside what the new revision earned.
    """
    parts: list[Part] = []
    for position, (product, returned) in item.came_back.items():
        left = returned
        lines = sorted(batch.lines[item.fact], key=lambda line: line.position != position)
        for line in lines:
            already = sum(part.after - part.before for part in parts if part.line is line)
            quantity = min(line.sold_milli - already, left)
            if line.product == product and quantity > 0:
                parts.append(part_of(batch, line, quantity, already=already))
                left -= quantity
    count_returned(batch, parts)
    member = batch.members.get(item.customer) if item.customer else None
    if parts and member is not None and batch.with_points:
        item.taken_back += reverse_order(batch, item, member, item.fact, parts)
    keep_reversed(batch, item, item.taken_back)
