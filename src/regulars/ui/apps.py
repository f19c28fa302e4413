# SPDX-License-Identifier: Apache-2.0
"""The Django application of the room; it has no tables."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Register templates, tags and static files."""

    name = "regulars.ui"
    label = "ui"
