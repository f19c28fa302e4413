# SPDX-License-Identifier: Apache-2.0
"""The book against its second reading, over thousands of histories that no run before has drawn."""

import pytest

from ledger.test_book_machine import TestBook

pytestmark = pytest.mark.proof

__all__ = ["TestBook"]
