# SPDX-License-Identifier: Apache-2.0
"""How rows reach the two databases: keys, the SQLite write lock, set-based SQL, append-only tables, durable transactions.

Owns no table. Knows Django and nothing of the domain; hides the differences of SQLite and PostgreSQL in one place.
"""
