# SPDX-License-Identifier: Apache-2.0
"""Jobs that seal anew all that was recorded before seals were of commits, in the order in which it became visible.

What lots and holds were before they changed is not known of that time: they are sealed as they are.
"""

from uuid import uuid4

from django.db import migrations

_FACTS_MAX = 500


def seal_again(apps, schema_editor):
    Fact, Position = apps.get_model("facts", "Fact"), apps.get_model("facts", "FactPosition")
    for business in apps.get_model("tenancy", "Business").objects.values_list("pk", flat=True):
        placed = Position.objects.filter(business_id=business).order_by("position").values_list("fact_id", flat=True)
        waiting = Fact.objects.filter(business_id=business).exclude(pk__in=placed.order_by()).order_by("pk")
        accounts = _keys(apps, "ledger", "Account", business_id=business)
        group = []
        for keys in (placed, waiting.values_list("pk", flat=True)):
            for key in keys.iterator(chunk_size=_FACTS_MAX):
                group.append(key)
                if len(group) == _FACTS_MAX:
                    _enqueue(apps, business, group, accounts)
                    group, accounts = [], []
        if group:
            _enqueue(apps, business, group, accounts)


def _enqueue(apps, business, facts, accounts):
    transactions = _keys(apps, "ledger", "Transaction", fact__in=facts)
    holds = _keys(apps, "ledger", "Hold", business_id=business, fact__in=facts)
    commit = {
        "facts": facts,
        "decisions": _keys(apps, "programs", "Decision", fact__in=facts),
        "accounts": accounts,
        "transactions": transactions,
        "lots": _keys(apps, "ledger", "Lot", business_id=business, transaction__fact__in=facts),
        "allocations": _keys(apps, "ledger", "Allocation", entry__transaction__fact__in=facts),
        "holds": holds,
        "resolutions": _keys(apps, "ledger", "Resolution", hold__in=holds),
    }
    payload = {name: [f"{key.int:032X}" for key in keys] for name, keys in commit.items() if keys}
    at = apps.get_model("facts", "Fact").objects.get(pk=facts[0]).recorded_at
    apps.get_model("outbox", "Job").objects.create(
        id=uuid4(), business_id=business, kind="seal", payload={"key": f"{uuid4().int:032X}", **payload}, run_at=at, created_at=at
    )


def _keys(apps, room, model, **named):
    return list(apps.get_model(room, model).objects.filter(**named).order_by("pk").values_list("pk", flat=True))


class Migration(migrations.Migration):
    dependencies = [
        ("programs", "0002_append_only"),
        ("ledger", "0003_seals_of_commits"),
        ("outbox", "0002_append_only"),
    ]
    operations = [migrations.RunPython(seal_again, migrations.RunPython.noop)]
