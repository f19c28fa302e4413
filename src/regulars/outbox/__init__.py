# SPDX-License-Identifier: Apache-2.0
"""Work that follows a commit: jobs, the schedule, and the frozen events that webhooks and the feed speak of.

Rows are written in the business transaction that causes them. Knows a business only by its key; refuses to know any
domain.
"""
