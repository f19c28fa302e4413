# SPDX-License-Identifier: Apache-2.0
"""The index that search looks through.

SQLite: an FTS5 table of trigrams over `customers_searchrow`, both kept by triggers on the customer's own row, so that what is
erased there is gone here. The row number says in which order customers came and survives VACUUM. Each text begins with a word of
its business in capitals (search text has none), which narrows a search to it. Single-trigram postings (detail=none) are half the
size; the reader checks the text itself. PostgreSQL: a pg_trgm index on the column, and one on tags.
"""

import sqlite3

from django.db import migrations

_SQLITE = """
CREATE TABLE customers_searchrow (number INTEGER PRIMARY KEY, customer_id BLOB NOT NULL UNIQUE, text TEXT NOT NULL)
;;
CREATE VIRTUAL TABLE customers_search USING fts5(
    text, content='customers_searchrow', content_rowid='number', tokenize='trigram case_sensitive 1', detail=none, columnsize=0)
;;
CREATE TRIGGER customers_search_new AFTER INSERT ON customers_searchrow BEGIN
    INSERT INTO customers_search(rowid, text) VALUES (NEW.number, NEW.text);
END
;;
CREATE TRIGGER customers_search_gone AFTER DELETE ON customers_searchrow BEGIN
    INSERT INTO customers_search(customers_search, rowid, text) VALUES ('delete', OLD.number, OLD.text);
END
;;
CREATE TRIGGER customers_search_changed AFTER UPDATE OF text ON customers_searchrow BEGIN
    INSERT INTO customers_search(customers_search, rowid, text) VALUES ('delete', OLD.number, OLD.text);
    INSERT INTO customers_search(rowid, text) VALUES (NEW.number, NEW.text);
END
;;
CREATE TRIGGER customers_customer_search_new AFTER INSERT ON customers_customer BEGIN
    INSERT INTO customers_searchrow(customer_id, text)
    VALUES (NEW.id, 'B' || substr(hex(NEW.business_id), -2) || replace(' ' || NEW.search_text, ' ', '  '));
END
;;
CREATE TRIGGER customers_customer_search_gone AFTER DELETE ON customers_customer BEGIN
    DELETE FROM customers_searchrow WHERE customer_id = OLD.id;
END
;;
CREATE TRIGGER customers_customer_search_changed AFTER UPDATE OF search_text ON customers_customer
WHEN OLD.search_text <> NEW.search_text BEGIN
    UPDATE customers_searchrow SET text = 'B' || substr(hex(NEW.business_id), -2) || replace(' ' || NEW.search_text, ' ', '  ')
    WHERE customer_id = NEW.id;
END
"""
_SQLITE_UNDO = [
    "DROP TRIGGER customers_customer_search_new",
    "DROP TRIGGER customers_customer_search_gone",
    "DROP TRIGGER customers_customer_search_changed",
    "DROP TABLE customers_search",
    "DROP TABLE customers_searchrow",
]
_SECURE_DELETE = "INSERT INTO customers_search(customers_search, rank) VALUES ('secure-delete', 1)"
_SECURE_DELETE_SINCE = (3, 42, 0)
_POSTGRESQL = [
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX customers_search_trigrams ON customers_customer USING gin (search_text gin_trgm_ops)",
    "CREATE INDEX customers_tags ON customers_customer USING gin (tags jsonb_path_ops)",
]
_POSTGRESQL_UNDO = ["DROP INDEX customers_search_trigrams", "DROP INDEX customers_tags"]


def _run(schema_editor, statements):
    for statement in statements:
        schema_editor.execute(statement, params=None)


def make(apps, schema_editor):
    """Make the index of the database in use."""
    if schema_editor.connection.vendor == "postgresql":
        _run(schema_editor, _POSTGRESQL)
        return
    _run(schema_editor, _SQLITE.split(";;"))
    if sqlite3.sqlite_version_info >= _SECURE_DELETE_SINCE:
        _run(schema_editor, [_SECURE_DELETE])


def undo(apps, schema_editor):
    """Drop it."""
    _run(schema_editor, _POSTGRESQL_UNDO if schema_editor.connection.vendor == "postgresql" else _SQLITE_UNDO)


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial")]
    operations = [migrations.RunPython(make, undo)]
