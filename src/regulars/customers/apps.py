# SPDX-License-Identifier: Apache-2.0
"""Django's name for this room."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """The room and its label."""

    name = "regulars.customers"
    label = "customers"
