# SPDX-License-Identifier: Apache-2.0
"""The programming interface, version 1: parse, call an action or the flow, answer. Refuses rules of its own."""
