# SPDX-License-Identifier: Apache-2.0
"""The audit log is written once."""

from django.db import migrations

from regulars.database.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0001_initial")]
    operations = [AppendOnly("tenancy_auditentry")]
