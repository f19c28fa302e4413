# SPDX-License-Identifier: Apache-2.0
"""Every kind of job that is enqueued by name has a handler."""

import ast

from architecture.test_docs import job_kinds
from architecture.tree import SOURCE, modules, place, syntax


def enqueued():
    """Yield the place and the kind of each `enqueue("kind", …)` and `actions.enqueue("kind", …)`."""
    for path in modules(SOURCE):
        for node in ast.walk(syntax(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "enqueue" and node.args:
                kind = node.args[0]
                if isinstance(kind, ast.Constant):
                    yield f"{place(path)}:{node.lineno}", kind.value


def test_every_enqueued_kind_has_a_handler():
    assert {where: kind for where, kind in enqueued() if kind not in job_kinds()} == {}
