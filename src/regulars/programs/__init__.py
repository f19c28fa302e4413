# SPDX-License-Identifier: Apache-2.0
"""The loyalty program: what is promised (versions), what a fact is worth by it (decisions), and who stands where (tiers).

`decide` is pure: a fact, a version and a standing in, decisions with reasons out. Refuses to book: the ledger does.
"""
