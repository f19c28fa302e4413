# SPDX-License-Identifier: Apache-2.0
"""receive(): the one door for everything that moves points or money.

A batch is loaded, decided in memory and written in one durable transaction; a batch larger than a chunk is answered after its last
chunk is durable: answered means recorded. A refused intake changes nothing and does not disturb its neighbours.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import repeat
from uuid import UUID
from zoneinfo import ZoneInfo

from regulars.database.turns import Turn, run_in_turn
from regulars.flow.adjusting import apply_adjustment, apply_closing, apply_transfer
from regulars.flow.automatic import take_at_once
from regulars.flow.batch import Batch, Item, Shop
from regulars.flow.claiming import apply_claim, apply_enrolment
from regulars.flow.correcting import return_again, take_back_revision
from regulars.flow.earning import apply_event, apply_order, apply_visit
from regulars.flow.entitling import apply_redemption, apply_use
from regulars.flow.holding import apply_hold, apply_settle, apply_void
from regulars.flow.intake import (
    BARE,
    Adjustment,
    Cancel,
    ClaimReceipt,
    Closing,
    Enrolment,
    Envelope,
    Event,
    HoldPoints,
    Intake,
    Merge,
    Order,
    PendingChange,
    Receipt,
    Redemption,
    Return,
    SettleHold,
    Transfer,
    Unmerge,
    UseEntitlement,
    Visit,
    VoidHold,
)
from regulars.flow.lasting import apply_pending_change
from regulars.flow.load import answer_again, load, refuse
from regulars.flow.merging import apply_merge, apply_unmerge
from regulars.flow.returning import apply_cancel, apply_return
from regulars.flow.save import make_receipt, save
from regulars.kernel.digest import digest
from regulars.kernel.errors import RegularsError
from regulars.kernel.ids import new_key as key_maker
from regulars.ledger.merging import MergingBook
from regulars.tenancy.actors import Actor
from regulars.tenancy.models import Business

CHUNK = 400

APPLY: dict[type, Callable[[Batch, Item], None]] = {
    Order: apply_order,
    Return: apply_return,
    Visit: apply_visit,
    Event: apply_event,
    Enrolment: apply_enrolment,
    HoldPoints: apply_hold,
    SettleHold: apply_settle,
    VoidHold: apply_void,
    Redemption: apply_redemption,
    UseEntitlement: apply_use,
    Cancel: apply_cancel,
    Adjustment: apply_adjustment,
    Transfer: apply_transfer,
    PendingChange: apply_pending_change,
    ClaimReceipt: apply_claim,
    Closing: apply_closing,
    Merge: apply_merge,
    Unmerge: apply_unmerge,
}


class _RefusedMidway(Exception):
    def __init__(self, place: int, error: RegularsError) -> None:
        super().__init__(place)
        self.place = place
        self.error = error


def receive(
    business: Business,
    intakes: Sequence[Intake],
    *,
    now: datetime,
    envelopes: Sequence[Envelope] | None = None,
    with_points: bool = True,
    new_key: Callable[[], UUID] | None = None,
) -> list[Receipt]:
    """Record intakes and what follows from them; return a receipt for each, in order, once all is durable.

    Inside an open transaction the work joins it. `with_points=False` records facts only: nobody is enrolled and nothing is earned.
    Refusals are in the receipts (`refusal`), never raised. `envelopes` say who sent each, else Regulars itself did; a door that fills
    in the time says by them what a repeat must have in common with the first.
    """
    sent = [
        (intake, envelope.actor, envelope.digest or digest(intake))
        for intake, envelope in zip(intakes, envelopes or repeat(BARE, len(intakes)), strict=True)
    ]
    chunks = [sent[start:end] for start, end in _chunks(intakes)]
    make_keys = key_maker.pool if new_key is None else lambda: new_key
    works = [
        partial(_receive_chunk, business, chunk, now=now, with_points=with_points, make_keys=make_keys)
        for chunk in chunks
    ]
    apart = [any(_looks_back(intake) for intake, *_ in chunk) for chunk in chunks]
    return [receipt for receipts in run_in_turn(works, apart=apart) for receipt in receipts]


def _looks_back(intake: Intake) -> bool:
    """Tell whether an intake may be about something that the chunk before it records; a plain purchase or visit is not."""
    return (
        not isinstance(intake, Order | Visit)
        or intake.revision > 0
        or (isinstance(intake, Order) and bool(intake.codes))
    )


def _chunks(intakes: Sequence[Intake]) -> Iterator[tuple[int, int]]:
    """Yield where chunks begin and end. Who is one person stays the same within a chunk: what changes it is one of its own."""
    start = 0
    for place, intake in enumerate(intakes):
        is_alone = isinstance(intake, Merge | Unmerge)
        if start < place and (is_alone or place - start == CHUNK):
            yield start, place
            start = place
        if is_alone:
            yield place, place + 1
            start = place + 1
    if start < len(intakes):
        yield start, len(intakes)


def _receive_chunk(
    business: Business,
    intakes: Sequence[tuple[Intake, Actor, bytes]],
    turn: Turn,
    *,
    now: datetime,
    with_points: bool,
    make_keys: Callable[[], Callable[[], UUID]],
) -> list[Receipt]:
    new_key = make_keys()
    shop = Shop(business.pk, business.currency, ZoneInfo(business.timezone))
    refused: dict[int, RegularsError] = {}
    while True:
        items = [
            Item(place, intake, body, new_key(), actor=actor) for place, (intake, actor, body) in enumerate(intakes)
        ]
        for place, error in refused.items():
            refuse(items[place], error)
        batch = Batch(shop, now, new_key, items, MergingBook(now=now, new_key=new_key), with_points=with_points)
        load(batch, business)
        try:
            _apply_all(batch)
        except _RefusedMidway as signal:
            refused[signal.place] = signal.error
            continue
        turn.may_write()
        # What is written later has later keys: by that of its job a chunk is sealed in its turn.
        batch.new_key = make_keys()
        save(batch, business)
        return [item.receipt for item in items if item.receipt is not None]


def _apply_all(batch: Batch) -> None:
    for item in batch.items:
        if item.receipt is None:
            _apply(batch, item)
    for item, first in batch.repeats:
        _answer_repeat_within(item, first)


def _apply(batch: Batch, item: Item) -> None:
    """Apply one item. A refusal after something was moved, or somebody was made known, starts the batch over without it."""
    before = batch.mark()
    try:
        if batch.remembers:
            take_back_revision(batch, item)
        APPLY[type(item.intake)](batch, item)
        if item.corrects is not None:
            return_again(batch, item)
        take_at_once(batch, item)
    except RegularsError as error:
        if batch.mark() != before or batch.has_made_known(item):
            raise _RefusedMidway(item.place, error) from error
        refuse(item, error)
        return
    item.receipt = make_receipt(batch, item)


def _answer_repeat_within(item: Item, first: Item) -> None:
    assert first.receipt is not None, "the first of its name is answered before its repeats"
    if first.receipt.refusal is not None and first.digest == item.digest:
        item.receipt = first.receipt
    else:
        answer_again(item, first.digest, first.receipt)
