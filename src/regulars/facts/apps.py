# SPDX-License-Identifier: Apache-2.0
"""Django's name for this room."""

from django.apps import AppConfig


class FactsConfig(AppConfig):
    """The room and its label."""

    name = "regulars.facts"
    label = "facts"
