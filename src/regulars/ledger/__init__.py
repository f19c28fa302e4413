# SPDX-License-Identifier: Apache-2.0
"""Points as an accountant wants them: double entry, lots with their expiry, holds, and a sealed chain.

The only writer of points. Entries are never updated or deleted; a balance equals the sum of its entries and of its open lots.
Refuses to know why points move: a decision or a fact says that.
"""
