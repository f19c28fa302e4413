# SPDX-License-Identifier: Apache-2.0
from django.db import migrations

from regulars.database.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("programs", "0001_initial")]
    operations = [AppendOnly(table) for table in ("programs_version", "programs_standing", "programs_decision", )]
