# SPDX-License-Identifier: Apache-2.0
"""The program's settings with a few pages of the tests' own instead of the application's."""

from regulars.site.settings import *  # noqa: F403 - settings are taken over as they are

ROOT_URLCONF = "work.served_pages"
MIDDLEWARE: list[str] = []
