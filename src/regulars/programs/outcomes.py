# SPDX-License-Identifier: Apache-2.0
"""Which outcome of a decision a booking comes from, and what led to the booking. Pure: recorded outcomes in.

A decision holds what its fact gave, and what it took back of earlier decisions; each outcome names its own booking.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

REVERSED = "reversed"
CANCELLED = "cancel"
CORRECTED = "correction"
_TAKES_BACK = {"reverse_earn", "reverse_spend", "reinstate"}
DECIDED = {"order", "visit", "event"}

Outcome = Mapping[str, Any]


def given(outcomes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the outcomes that a fact had by itself, without what it took back of others."""
    return [outcome for outcome in outcomes if outcome["outcome"] != REVERSED]


def outcome_behind(transaction: UUID, outcomes: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the outcome that a booking comes from; None where none was kept."""
    return next((outcome for outcome in outcomes if outcome.get("transaction") == str(transaction)), None)


def cause_of(booking: str, *, fact: UUID, kind: str, outcome: Outcome | None) -> str:
    """Return whether a booking is part of a cancellation or a correction; empty for all else.

    What a purchase takes back of itself had been returned before the purchase was decided, or decided anew.
    """
    if kind == "cancel":
        return CANCELLED
    is_own = outcome is not None and outcome.get("of") == str(fact)
    return CORRECTED if booking in _TAKES_BACK and kind in DECIDED and not is_own else ""


def reasons_told(outcome: Outcome | None, cause: str) -> list[dict[str, Any]]:
    """Return the reasons of an outcome that hold for its cause: only a return has a part that came back."""
    reasons: Sequence[dict[str, Any]] = outcome.get("reasons", ()) if outcome else ()
    return [reason for reason in reasons if not (cause and reason["is"] == "returned")]
