# SPDX-License-Identifier: Apache-2.0
"""Fixtures of this room."""

import pytest

from customers.cast import a_shop
from outbox.simultaneous import commits
from regulars.tenancy.models import Business

__all__ = ["commits"]


@pytest.fixture
def shop(db: None) -> Business:
    """Open a shop in India."""
    return a_shop()
