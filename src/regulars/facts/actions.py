# SPDX-License-Identifier: Apache-2.0
"""The writers of facts: what the path records, and the place in commit order, by which the lake reads."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from regulars.database.sql import insert_rows
from regulars.facts.store import ATTRIBUTIONS, FACTS, LINES, POSITIONS, RETURNED, NewFact, last_position, unplaced


def record_facts(
    business: UUID,
    facts: Sequence[tuple[NewFact, object]],
    *,
    lines: Sequence[tuple[Any, ...]],
    returned: Mapping[UUID, tuple[int, int]],
    attributions: Sequence[tuple[Any, ...]],
    recorded_at: datetime,
) -> None:
    """Record facts with the receipts that answer them, their lines, and whose facts turned out to be, given as rows of the tables.

    `returned` says by line (sold, more): what comes back is added up, and the table refuses more than was sold.
    """
    rows = [
        (
            fact.key, business, fact.kind, fact.source, fact.external_id, fact.revision, fact.body_digest, fact.customer, fact.store,
            fact.occurred_at, fact.local_day, recorded_at, fact.currency, fact.total_minor, fact.amends, fact.caused_by, fact.depth,
            fact.payload or {}, receipt,
        )
        for fact, receipt in facts
    ]  # fmt: skip
    insert_rows(FACTS, rows)
    insert_rows(LINES, lines)
    insert_rows(
        RETURNED,
        [(line, business, sold, more) for line, (sold, more) in returned.items()],
        on_conflict="(line_id) DO UPDATE SET quantity_milli = facts_returned.quantity_milli + excluded.quantity_milli",
    )
    insert_rows(ATTRIBUTIONS, attributions)


def number_facts(business: UUID, keys: Sequence[UUID]) -> int:
    """Give facts their places in commit order, in the order given; return how many were new. The caller holds the feed head."""
    fresh = unplaced(keys)
    first = last_position(business) + 1
    insert_rows(POSITIONS, [(key, business, first + place) for place, key in enumerate(fresh)])
    return len(fresh)
