# SPDX-License-Identifier: Apache-2.0
from django.db import migrations

from regulars.database.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("facts", "0001_initial")]
    operations = [AppendOnly(table) for table in ("facts_fact", "facts_line", "facts_attribution", "facts_factposition", )]
