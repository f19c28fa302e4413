# SPDX-License-Identifier: Apache-2.0
"""Fixtures of this room: only its addresses behind the middleware that could touch them, and nothing remembered from the test before."""

import pytest

from outbox.simultaneous import commits
from regulars.api import door
from regulars.catalog.store import seen_products
from regulars.tenancy.access import forget_tokens

__all__ = ["commits"]


@pytest.fixture(autouse=True)
def only_this_door(settings) -> None:
    settings.ROOT_URLCONF = "api.addresses"
    settings.MIDDLEWARE = [
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ]
    forget_tokens()
    door._businesses.clear()


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    seen_products.__init__(age_max_s=1.5, entries_max=100_000)
