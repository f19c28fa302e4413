# SPDX-License-Identifier: Apache-2.0
"""What the business reads about itself: the lake is filled here, marts are refreshed, and results stored for the pages.

Reads every room below and writes only its own results. Refuses to be a second truth: all of it can be computed again.
"""
