# SPDX-License-Identifier: Apache-2.0
"""Fixtures of this room."""

from pathlib import Path

import pytest
from django.test import Client

from outbox.simultaneous import commits
from regulars.catalog.store import seen_products
from regulars.tenancy.access import forget_tokens
from regulars.web import session
from web.cast import Shop, a_browser, a_running_shop

__all__ = ["commits"]


@pytest.fixture(autouse=True)
def a_quick_house(settings) -> None:
    """Passwords are hashed quickly, nothing is remembered from the test before, and static files have their folder."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if settings.STATIC_ROOT:
        Path(settings.STATIC_ROOT).mkdir(exist_ok=True)
    session.by_account.__init__(6, monotonic=session.monotonic)
    session.by_address.__init__(60, monotonic=session.monotonic)
    seen_products.__init__(age_max_s=1.5, entries_max=100_000)
    forget_tokens()


@pytest.fixture
def shop(db) -> Shop:
    return a_running_shop()


@pytest.fixture
def owner(shop: Shop) -> Client:
    return a_browser(shop.business)


@pytest.fixture
def record(shop: Shop) -> str:
    return f"/customers/{shop.asha.pk}/"
