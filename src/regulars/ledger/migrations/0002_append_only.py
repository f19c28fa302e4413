# SPDX-License-Identifier: Apache-2.0
from django.db import migrations

from regulars.database.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [AppendOnly(table) for table in ("ledger_transaction", "ledger_entry", "ledger_allocation", "ledger_seal", )]
