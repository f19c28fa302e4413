# SPDX-License-Identifier: Apache-2.0
"""Migrations stand on Django and the database room alone, so that old ones still run after the code has moved on."""

import ast

from architecture.tree import SOURCE, files, place, syntax


def ours(path):
    """Yield what a migration imports from the program."""
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("regulars"))
        if isinstance(node, ast.ImportFrom) and (node.level or str(node.module).startswith("regulars")):
            yield node.module or "."


def test_migrations_import_no_code_of_ours():
    migrations = [path for path in files(SOURCE, "*.py") if path.parent.name == "migrations"]
    leaning = [(place(path), name) for path in migrations for name in ours(path)]

    assert [(where, name) for where, name in leaning if not name.startswith("regulars.database")] == []
