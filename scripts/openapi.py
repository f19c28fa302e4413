# SPDX-License-Identifier: Apache-2.0
"""Write docs/reference/openapi.json anew, after a change of the API."""

import os
import tempfile
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "regulars.site.settings"
os.environ["REGULARS_HOME"] = tempfile.mkdtemp(prefix="regulars-openapi-")
django.setup()

from regulars.api.openapi import document  # noqa: E402 - only now can it be loaded

target = Path(__file__).parents[1] / "docs" / "reference" / "openapi.json"
target.write_bytes(document())
print(f"wrote {target}")
