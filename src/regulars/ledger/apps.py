# SPDX-License-Identifier: Apache-2.0
"""Django's name for this room."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The room and its label."""

    name = "regulars.ledger"
    label = "ledger"
