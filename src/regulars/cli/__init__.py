# SPDX-License-Identifier: Apache-2.0
"""The command line: `regulars …`. Parses, calls an action or the flow, prints. Refuses rules of its own."""
