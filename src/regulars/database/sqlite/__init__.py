# SPDX-License-Identifier: Apache-2.0
"""Django's SQLite backend with one fair write lock per database file and immediate foreign keys."""
