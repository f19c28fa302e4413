# SPDX-License-Identifier: Apache-2.0
"""Fixtures of this room."""

from outbox.simultaneous import commits

__all__ = ["commits"]
