# SPDX-License-Identifier: Apache-2.0
"""Events and their places are written once."""

from django.db import migrations

from regulars.database.append_only import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("outbox", "0001_initial")]
    operations = [AppendOnly("outbox_event"), AppendOnly("outbox_feedentry")]
