# SPDX-License-Identifier: Apache-2.0
"""Every stored decision decided again, page by page: what differs is named by its fact and by what the customer knows it as."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from regulars.conditions.fact_fields import bought
from regulars.facts.store import load_amounts
from regulars.programs.again import decided_otherwise
from regulars.programs.inputs import Recorded
from regulars.programs.store import Decided, read_decided
from regulars.programs.versions import compiled


def decide_again(business: UUID) -> Iterator[tuple[int, list[str]]]:
    """Yield for each page of decisions how many were decided again, and those that come out otherwise."""
    for page in read_decided(business):
        lines = load_amounts(business, [decided.fact for decided in page])
        told = [_difference(decided, lines.get(decided.fact, ())) for decided in page]
        yield len(page), [one for one in told if one]


def _difference(decided: Decided, amounts: Sequence[tuple[int, int, int]]) -> str:
    """Product and category of a line are what the decision kept: what they are today decides nothing."""
    lines = [
        bought(sku="", category="", net_minor=net, quantity_milli=quantity, discount_minor=discount)
        for net, quantity, discount in amounts
    ]
    recorded = Recorded(kind=decided.kind, day=decided.day, at=decided.at, event=decided.event, lines=lines)
    otherwise = decided_otherwise(compiled(decided.version), decided.inputs, decided.outcomes, recorded)
    if not otherwise:
        return ""
    return f"programs_decision {decided.fact} of the {decided.kind} {decided.external_id} from {decided.source}: {otherwise}"
