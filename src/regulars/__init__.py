# SPDX-License-Identifier: Apache-2.0
"""Regulars: customer loyalty and retention on one set of facts. ARCHITECTURE.md is the map."""
