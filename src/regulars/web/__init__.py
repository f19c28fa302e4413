# SPDX-License-Identifier: Apache-2.0
"""The staff app: pages that parse, call an action or the flow, and render. Refuses rules of its own."""
