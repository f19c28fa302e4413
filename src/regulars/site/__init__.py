# SPDX-License-Identifier: Apache-2.0
"""Wiring only: environment, settings, addresses, the entry points for servers."""
