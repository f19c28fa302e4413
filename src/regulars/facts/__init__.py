# SPDX-License-Identifier: Apache-2.0
"""What happened: purchases, returns, visits and everything else that moves points or is worth remembering.

Facts are append-only and idempotent for ever by (source, external id, revision). Refuses to draw conclusions from them.
"""
