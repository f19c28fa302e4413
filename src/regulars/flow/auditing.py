# SPDX-License-Identifier: Apache-2.0
"""Which intakes the audit log keeps: what somebody corrected by hand, took back, or said of who is one person."""

from regulars.facts.models import Fact
from regulars.flow.batch import Batch, Item
from regulars.flow.intake import Adjustment, Cancel, Merge, Receipt, Transfer, Unmerge
from regulars.tenancy import audit
from regulars.tenancy.models import AuditEntry

VERBS: dict[type, str] = {
    Adjustment: "points.adjusted",
    Transfer: "points.transferred",
    Cancel: "facts.cancelled",
    Merge: "customers.merged",
    Unmerge: "customers.unmerged",
}


def entries_of(batch: Batch) -> list[AuditEntry]:
    """Return the entries of what a batch records; each is about its fact, so that whoever shows the fact finds who did it."""
    return [
        _entry(batch, item, item.receipt)
        for _, item in batch.new_facts
        if type(item.intake) in VERBS and item.receipt is not None
    ]


def _entry(batch: Batch, item: Item, receipt: Receipt) -> AuditEntry:
    fact = Fact(pk=item.fact, business_id=batch.shop.key)
    before, after = _change(item, receipt)
    reason = getattr(item.intake, "reason", "")
    return audit.entry_of(
        item.actor,
        VERBS[type(item.intake)],
        fact,
        now=batch.now,
        new_key=batch.new_key,
        before=before,
        after=after,
        reason=reason,
    )


def _change(item: Item, receipt: Receipt) -> tuple[dict[str, object], dict[str, object]]:
    """Return what was before and what is after, and for whom."""
    about: dict[str, object] = {"customer": receipt.customer}
    had: dict[str, object] = {}
    has: dict[str, object] = {}
    if item.balance_before is not None:
        had, has = {"points": item.balance_before}, {"points": receipt.balance}
    match item.intake:
        case Merge() | Unmerge() as intake:
            about = {"customer": receipt.detail["merged"]}
            moved = {"points": receipt.detail.get("points_moved", 0)}
            if isinstance(intake, Merge):
                return {}, {**about, "merged_into": receipt.customer, **moved}
            return {"merged_into": receipt.customer}, {**about, "merged_into": None, **moved}
        case Transfer():
            about["to"] = receipt.detail["to"]
        case Cancel() as intake:
            about["cancelled"] = intake.cancels
    return had, {**about, **has}
