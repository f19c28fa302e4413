# SPDX-License-Identifier: Apache-2.0
"""The stock backend; foreign keys are checked at once, so that the schema fits databases without deferred constraints."""

from django.db.backends.postgresql import base, operations
from django.db.backends.utils import CursorWrapper


class DatabaseOperations(operations.DatabaseOperations):
    """Foreign keys without DEFERRABLE."""

    def deferrable_sql(self) -> str:
        return ""


class DatabaseWrapper(base.DatabaseWrapper):
    """The stock wrapper with those operations."""

    ops_class = DatabaseOperations

    def preparing_cursor(self) -> CursorWrapper:
        """Return a cursor whose statements the server keeps prepared: planning one anew takes longer than a small batch of rows."""
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor = base.ServerBindingCursor(self.connection)  # type: ignore[call-arg]  # the stubs know no arguments
        return self._prepare_cursor(cursor)  # type: ignore[attr-defined,no-any-return]  # private of Django, unknown to its stubs
