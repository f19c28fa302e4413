# SPDX-License-Identifier: Apache-2.0
"""Tables whose rows are written once: triggers on both databases refuse UPDATE and DELETE."""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation

_SQLITE = """CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""
_POSTGRESQL_FUNCTION = """CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$"""
_POSTGRESQL = "CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"


class AppendOnly(Operation):
    """Migration operation: refuse UPDATE and DELETE on a table."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, table: str) -> None:
        self.table = table

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Change nothing of the models' state."""

    def database_forwards(self, _app: str, schema_editor: BaseDatabaseSchemaEditor, *_states: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(_POSTGRESQL_FUNCTION, params=None)
        template = _POSTGRESQL if schema_editor.connection.vendor == "postgresql" else _SQLITE
        for verb in ("UPDATE", "DELETE"):
            schema_editor.execute(template.format(table=self.table, verb=verb), params=None)

    def database_backwards(self, _app: str, schema_editor: BaseDatabaseSchemaEditor, *_states: Any) -> None:
        on_table = f" ON {self.table}" if schema_editor.connection.vendor == "postgresql" else ""
        for verb in ("UPDATE", "DELETE"):
            schema_editor.execute(f"DROP TRIGGER {self.table}_no_{verb}{on_table}", params=None)

    def describe(self) -> str:
        return f"Make {self.table} append-only"
