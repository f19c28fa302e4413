# SPDX-License-Identifier: Apache-2.0
"""Fixtures of this room."""

import pytest

from isolation.street import Street, a_street
from web.conftest import a_quick_house

__all__ = ["a_quick_house"]


@pytest.fixture
def street(db) -> Street:
    return a_street()
