# SPDX-License-Identifier: Apache-2.0
"""Whose data it is and who may touch it: businesses, stores, staff and roles, API keys, webhook endpoints, the audit
log.

Every table of a business carries it first in its unique indexes, and every query goes through `of(business)`. Refuses
to know customers, points or campaigns.
"""
