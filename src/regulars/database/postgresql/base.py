# SPDX-License-Identifier: Apache-2.0
"""The stock backend; foreign keys are checked at once, so that the schema fits databases without deferred constraints."""

from django.db.backends.postgresql import base, operations


class DatabaseOperations(operations.DatabaseOperations):
    """Foreign keys without DEFERRABLE."""

    def deferrable_sql(self) -> str:
        return ""


class DatabaseWrapper(base.DatabaseWrapper):
    """The stock wrapper with those operations."""

    ops_class = DatabaseOperations
