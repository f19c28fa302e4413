# SPDX-License-Identifier: Apache-2.0
"""Every test that GUARANTEES.md names exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.findall(r"`(tests/[\w/]+\.py)::([\w:]+)`", (ROOT / "GUARANTEES.md").read_text())


def names_in(file: Path) -> set[str]:
    """Return functions, classes and their methods, and what is bound at the top, as pytest names them."""
    found: set[str] = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
        if isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def test_there_are_guarantees() -> None:
    assert len(NAMED) > 40


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED)))
def test_the_named_test_exists(file: str, name: str) -> None:
    assert name in names_in(ROOT / file)
    assert "test" in name.lower()
