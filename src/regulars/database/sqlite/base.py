# SPDX-License-Identifier: Apache-2.0
"""One process, one lock, one file: writers queue in order instead of sleeping in SQLite's busy handler.

The lock is taken before BEGIN IMMEDIATE and given back after COMMIT or ROLLBACK; a write outside a transaction takes it for that
one statement. Reads never take it. Nothing outside this module sees it.
"""

import sqlite3
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import OperationalError
from django.db.backends.sqlite3 import base, operations, schema

from regulars.database.locks import FairLock
from regulars.database.sqlite.planning import tell_planner

_LOCK_TIMEOUT_S = 30.0
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
_locks: dict[str, FairLock] = {}

sqlite3.register_adapter(UUID, lambda key: key.bytes)


class DatabaseOperations(operations.DatabaseOperations):
    """Foreign keys are checked at once, as they are on every database this schema fits."""

    def deferrable_sql(self) -> str:
        return ""


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    """Foreign keys without DEFERRABLE, in new tables and new columns alike; and what the planner has to know of indexes."""

    sql_create_inline_fk = "REFERENCES %(to_table)s (%(to_column)s)"
    sql_create_column_inline_fk = sql_create_inline_fk

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        super().__exit__(exc_type, exc_value, traceback)
        if exc_type is None and not self.collect_sql:
            tell_planner(self.connection)


class Cursor(base.SQLiteCursorWrapper):
    """Django's cursor, which remembers how it wrote a statement for the driver."""

    def convert_query(self, query: str, *, param_names: Any = None) -> str:
        return super().convert_query(query, param_names=param_names) if param_names else _for_driver(query)


@lru_cache(maxsize=512)
def _for_driver(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class DatabaseWrapper(base.DatabaseWrapper):
    """The stock wrapper, writing in turn."""

    ops_class = DatabaseOperations
    SchemaEditorClass = DatabaseSchemaEditor

    def __init__(self, settings_dict: dict[str, Any], alias: str = "default") -> None:
        super().__init__(settings_dict, alias)
        self._holds_lock = False
        self.execute_wrappers.append(self._lock_single_write)

    def create_cursor(self, name: str | None = None) -> Any:  # noqa: ARG002 - Django's signature
        return self.connection.cursor(factory=Cursor)

    def read(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return all rows of a query, without the cursors of Django, which take longer than a small query."""
        if len(self.execute_wrappers) > 1 or self.queries_logged:  # somebody listens
            with self.cursor() as cursor:
                return list(cursor.execute(sql, params))
        self.ensure_connection()
        with self.wrap_database_errors:
            return list(self.connection.execute(_for_driver(sql), params))

    @property
    def _lock(self) -> FairLock:
        return _locks.setdefault(str(self.settings_dict["NAME"]), FairLock())

    def _take_lock(self) -> None:
        if not self._lock.acquire(_LOCK_TIMEOUT_S):
            raise OperationalError("database is locked: another writer has held it for 30 seconds")
        self._holds_lock = True

    def _give_lock(self) -> None:
        if self._holds_lock:
            self._holds_lock = False
            self._lock.release()

    def _lock_single_write(self, execute: Callable[..., Any], sql: str, *call: Any) -> Any:
        if self._holds_lock or self.in_atomic_block or not sql.lstrip()[:7].upper().startswith(_WRITES):
            return execute(sql, *call)
        self._take_lock()
        try:
            return execute(sql, *call)
        finally:
            self._give_lock()

    def _start_transaction_under_autocommit(self) -> None:
        self._take_lock()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # private of Django, unknown to its stubs
        except BaseException:
            self._give_lock()
            raise

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]  # private of Django, unknown to its stubs
        self._give_lock()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]  # private of Django, unknown to its stubs
        finally:
            self._give_lock()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]  # private of Django, unknown to its stubs
        finally:
            self._give_lock()
