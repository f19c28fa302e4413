# SPDX-License-Identifier: Apache-2.0
"""Decide everything again that a shop has recorded, from what its decisions kept."""

import json
from typing import Any

import msgspec

from regulars.catalog.models import Product
from regulars.facts.models import Line
from regulars.programs.decide import Outcome, decide
from regulars.programs.inputs import recall
from regulars.programs.models import Decision
from regulars.programs.outcomes import DECIDED, given
from regulars.programs.queries import accounts_of, recorded_in
from regulars.programs.versions import compiled
from regulars.tenancy.models import Business

TOLD = ("rule", "outcome", "points", "per_line", "reasons", "counted", "carried")


def check_decided_again(business: Business) -> int:
    """Every decision comes out as it was stored, also when the products are others today; return how many there were."""
    Product.objects.filter(business=business).update(category=None, earns_points=False)
    decisions = Decision.objects.filter(business=business, fact__kind__in=DECIDED).select_related("fact")
    for decision in decisions:
        lines = list(
            Line.objects.filter(fact=decision.fact_id).select_related("product__category").order_by("position")
        )
        outcomes = decide(compiled(decision.version_id), recall(decision.inputs, recorded_in(decision.fact, lines)))
        assert [_plain(one) for one in outcomes] == [
            {name: one[name] for name in TOLD if name in one} for one in given(decision.outcomes)
        ]
        told = {one.rule.id: one.points for one in accounts_of(decision.fact, decision, lines)}
        assert told == {rule.id: 0 for rule in compiled(decision.version_id).program.rules} | {
            one.rule: one.points for one in outcomes
        }
    return len(decisions)


def _plain(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as it is stored: without its counters where it moved none."""
    plain = json.loads(json.dumps(msgspec.to_builtins(outcome)))
    return {name: plain[name] for name in TOLD if plain[name] or name not in ("counted", "carried")}
