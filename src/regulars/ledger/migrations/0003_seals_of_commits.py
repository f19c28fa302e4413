# SPDX-License-Identifier: Apache-2.0
"""Seals of commits in place of seals of transactions, and what changes lots and ends holds as rows that stay.

The seals of the first format go: they said nothing of owners, terms, decisions and facts. `programs.0003` asks for new ones.
"""

import django.db.models.deletion
import regulars.database.keys
from django.db import migrations, models

from regulars.database.append_only import AppendOnly

_RESOLVED = """INSERT INTO ledger_resolution (hold_id, business_id, fact_id, state, at)
SELECT id, business_id, fact_id, state, COALESCE(resolved_at, expires_at) FROM ledger_hold WHERE state <> 'open'"""


def _business():
    return models.ForeignKey(
        db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenancy.business"
    )


def _fact():
    return models.ForeignKey(
        db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="facts.fact"
    )


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_append_only")]
    operations = [
        migrations.DeleteModel("Seal"),
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("id", regulars.database.keys.KeyField(primary_key=True, serialize=False)),
                ("business_id", regulars.database.keys.KeyField()),
                ("position", models.BigIntegerField()),
                ("format", models.PositiveSmallIntegerField()),
                ("commit", models.JSONField()),
                ("marks", models.BinaryField()),
                ("chain_hash", models.BinaryField(max_length=32)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(models.F("business_id"), models.F("position"), name="seal_position")
                ],
            },
        ),
        migrations.CreateModel(
            name="LotChange",
            fields=[
                ("id", regulars.database.keys.KeyField(primary_key=True, serialize=False)),
                ("available_at", models.DateTimeField(null=True)),
                ("waits_until", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("had_available_at", models.DateTimeField(null=True)),
                ("had_waits_until", models.DateTimeField(null=True)),
                ("had_expires_at", models.DateTimeField(null=True)),
                ("expiry", models.JSONField(null=True)),
                ("had_expiry", models.JSONField(null=True)),
                ("business", _business()),
                ("fact", _fact()),
                ("lot", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.lot")),
            ],
            options={"indexes": [models.Index(fields=["lot"], name="lotchange_lot")]},
        ),
        migrations.CreateModel(
            name="Resolution",
            fields=[
                ("hold", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="resolution", serialize=False, to="ledger.hold")),
                ("state", models.CharField(choices=[("open", "open"), ("settled", "settled"), ("voided", "voided"), ("expired", "expired")], max_length=7)),
                ("at", models.DateTimeField()),
                ("business", _business()),
                ("fact", _fact()),
            ],
            options={"abstract": False},
        ),
        migrations.RunSQL(_RESOLVED, migrations.RunSQL.noop),
        *[AppendOnly(table) for table in ("ledger_seal", "ledger_lotchange", "ledger_resolution")],
    ]
