# SPDX-License-Identifier: Apache-2.0
"""Nobody could choose a primary identity, so none was; those that resolve come first, then the earliest."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("customers", "0002_search")]

    operations = [
        migrations.RemoveConstraint("identity", "identity_primary"),
        migrations.RemoveField("identity", "is_primary"),
    ]
