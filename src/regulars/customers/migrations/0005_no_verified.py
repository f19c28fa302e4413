# SPDX-License-Identifier: Apache-2.0
"""No door verifies an identity, so none ever was."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("customers", "0004_alias")]

    operations = [migrations.RemoveField("identity", "is_verified")]
