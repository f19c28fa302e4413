# SPDX-License-Identifier: Apache-2.0
"""No search looked through it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [migrations.RemoveField("product", "search_text")]
