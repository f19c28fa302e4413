# SPDX-License-Identifier: Apache-2.0
"""The writers of facts besides the path itself: the place in commit order, by which the lake reads."""

from collections.abc import Sequence
from uuid import UUID

from regulars.facts.store import insert_positions, last_position, unplaced


def number_facts(business: UUID, keys: Sequence[UUID]) -> int:
    """Give facts their places in commit order, in the order given; return how many were new. The caller holds the feed head."""
    fresh = unplaced(keys)
    first = last_position(business) + 1
    insert_positions([(key, business, first + place) for place, key in enumerate(fresh)])
    return len(fresh)
