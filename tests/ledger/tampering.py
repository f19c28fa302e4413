# SPDX-License-Identifier: Apache-2.0
"""Changes of rows past the program and its triggers, as somebody with the database in hand can make them."""

from uuid import UUID

from django.db import connection


def change(*statements: str) -> None:
    """Change rows past the triggers, as somebody with the file in hand can."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%append-only%'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
            cursor.execute("PRAGMA defer_foreign_keys = ON")
        else:
            cursor.execute("SET LOCAL session_replication_role = replica")  # neither triggers nor foreign keys
        for statement in statements:
            cursor.execute(statement)


def some(table: str, column: str = "id", where: str = "TRUE") -> tuple[str, UUID]:
    """Return the first row of a table as a condition, and the key that is told."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} WHERE {where} ORDER BY {column} LIMIT 1")
        (key,) = cursor.fetchone()
    key = UUID(bytes=key) if isinstance(key, bytes) else key
    return f"{column} = {literal(key)}", key


def literal(key: UUID) -> str:
    return f"X'{key.hex}'" if connection.vendor == "sqlite" else f"'{key}'"


def latest(table: str, column: str = "id") -> UUID:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} ORDER BY {column} DESC LIMIT 1")
        (key,) = cursor.fetchone()
    return UUID(bytes=key) if isinstance(key, bytes) else key
