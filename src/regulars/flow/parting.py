# SPDX-License-Identifier: Apache-2.0
"""Whether two who are one can be parted exactly: what was recorded meanwhile and touches what one of them had before."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import chain
from uuid import UUID

from regulars.facts import store as facts
from regulars.facts.store import StoredFact
from regulars.flow.batch import Batch
from regulars.ledger import loading as ledger
from regulars.programs import store as programs
from regulars.programs.store import StoredDecision
from regulars.programs.versions import compiled

_WAIT = timedelta(minutes=1)
"""How long before the moment of a merge somebody may have read the clock who was recorded after it."""


def find_entangled(batch: Batch, merged: UUID, survivor: UUID, merge: StoredFact, *, since: datetime) -> str:
    """Return why a merge cannot be undone exactly, in a word of `CannotPart`; nothing where it can, as far as records tell."""
    since -= _WAIT
    taken_back = facts.taken_back_since(batch.shop.key, merged, since, unless_by=merged)
    if any(kind not in {"return", "cancel"} for kind, _ in taken_back):
        return "corrected"
    if merged not in batch.members:
        return "joined" if programs.is_decided(batch.shop.key, merged) else ""
    if _counts(batch, {fact for _, fact in taken_back}) or _moved_wait(batch, survivor, merge, since):
        return "taken_back"
    if ledger.is_paid_by_other(batch.shop.key, survivor, batch.account_of(merged), since):
        return "paid_by_other"
    return ""


def _counts(batch: Batch, taken_back: set[UUID]) -> bool:
    """Tell whether any of these counted for a level or for a limit: what is taken off stays with who stayed."""
    decisions = programs.load_decisions(taken_back)
    if not decisions:
        return False
    ladders = [compiled(version).program.ladder for version, _ in batch.timeline.versions]
    is_ladder = any(ladder is not None and ladder.metric != "balance" for ladder in ladders)
    return is_ladder or bool(_windows(decisions.values()))


def _moved_wait(batch: Batch, survivor: UUID, merge: StoredFact, since: datetime) -> bool:
    """Tell whether what was taken back of who stayed had begun a wait that the merge has moved."""
    moved = {window for window in merge.payload.get("counted", ()) if window.endswith("/last")}
    if not moved:
        return False
    taken_back = facts.taken_back_since(batch.shop.key, survivor, since)
    return not moved.isdisjoint(_windows(programs.load_decisions({fact for _, fact in taken_back}).values()))


def _windows(decisions: Iterable[StoredDecision]) -> set[str]:
    outcomes = chain.from_iterable(decision.outcomes for decision in decisions)
    return {window for outcome in outcomes for window, _ in outcome.get("counted", ())}
