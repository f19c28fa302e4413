# SPDX-License-Identifier: Apache-2.0
"""Nothing writes behind the reader's back: no signals, no receivers, no overridden writes."""

import ast

from architecture.tree import SOURCE, classes, modules, place, syntax, tables

SIGNAL_MODULES = {
    "django.dispatch",
    "django.core.signals",
    "django.db.models.signals",
    "django.db.backends.signals",
    "django.test.signals",
}
WRITES = {
    "save",
    "delete",
    "save_base",
    "bulk_create",
    "bulk_update",
    "update",
    "create",
    "get_or_create",
    "update_or_create",
}


def imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module:
        return {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return set()


def test_no_signals():
    users = [
        place(path, node)
        for path in modules(SOURCE)
        for node in ast.walk(syntax(path))
        if imported(node) & SIGNAL_MODULES
    ]

    assert users == []


def test_no_overridden_writes():
    written = {name for model in tables() for name in WRITES if name in vars(model)}

    assert written == set()


def test_query_sets_hide_no_writes():
    overriding = [
        f"{place(path, statement)} {node.name}.{statement.name}"
        for path in modules(SOURCE)
        for node in classes(path)
        if any("QuerySet" in ast.unparse(parent) or "Manager" in ast.unparse(parent) for parent in node.bases)
        for statement in node.body
        if isinstance(statement, ast.FunctionDef) and statement.name in WRITES
    ]

    assert overriding == []
