# SPDX-License-Identifier: Apache-2.0
"""Decide everything again that a shop has recorded, from what its decisions kept."""

from regulars.catalog.models import Product
from regulars.facts.models import Line
from regulars.flow.deciding_again import decide_again
from regulars.programs.models import Decision
from regulars.programs.outcomes import DECIDED, given
from regulars.programs.queries import accounts_of
from regulars.programs.versions import compiled
from regulars.tenancy.models import Business


def check_decided_again(business: Business) -> int:
    """Every decision comes out as it was stored, also when the products are others today; return how many there were."""
    Product.objects.filter(business=business).update(category=None, earns_points=False)
    decisions = Decision.objects.filter(business=business, fact__kind__in=DECIDED).select_related("fact")
    for decision in decisions:
        lines = list(
            Line.objects.filter(fact=decision.fact_id).select_related("product__category").order_by("position")
        )
        told = {one.rule.id: one.points for one in accounts_of(decision.fact, decision, lines)}
        assert told == {rule.id: 0 for rule in compiled(decision.version_id).program.rules} | {
            one["rule"]: one["points"] for one in given(decision.outcomes)
        }
    pages = list(decide_again(business.pk))
    assert [one for _, told in pages for one in told] == []
    assert sum(count for count, _ in pages) == len(decisions)
    return len(decisions)
