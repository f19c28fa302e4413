# SPDX-License-Identifier: Apache-2.0
"""Sizes, names and shapes that keep every file readable in one sitting."""

import ast

import complexipy
import pytest

from architecture.tree import ROOT, SOURCE, classes, files, functions, length, modules, place, rooms, syntax

PROGRAM = [*modules(SOURCE), *modules(ROOT / "bench"), *modules(ROOT / "scripts")]
TESTS = modules(ROOT / "tests")
TEXTS = [
    path for end in ("py", "html", "css", "js", "json", "md", "po", "txt", "toml") for path in files(ROOT, f"*.{end}")
]
DRAWERS = {"utils", "helpers", "common", "base", "manager", "managers", "services", "misc"}
FRAMEWORK_NAMES = {
    "database/sqlite/base.py",
    "database/postgresql/base.py",
}  # Django looks for a backend in a module called base
BLOCKS = ast.If | ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith | ast.Try | ast.TryStar | ast.Match

FUNCTION_LINES_MAX = 60
TEST_LINES_MAX = 40
FILE_LINES_MAX = 600
CLASS_LINES_MAX = 250
TEMPLATE_LINES_MAX = 200
NESTING_MAX = 3
COGNITIVE_MAX = 15
DOCSTRING_SHARE_MAX = 0.12


def nesting(node: ast.AST, depth: int = 0) -> int:
    """Measure how deep blocks stand in blocks; an `elif` stands beside its `if`."""
    deepest = depth
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(
                child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
            ):
                continue
            is_elif = isinstance(node, ast.If) and name == "orelse" and isinstance(child, ast.If) and len(value) == 1
            deepest = max(deepest, nesting(child, depth + (isinstance(child, BLOCKS) and not is_elif)))
    return deepest


def docstring_lines(path) -> int:
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return sum(
        length(node.body[0])
        for node in ast.walk(syntax(path))
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None
    )


def line_count(path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


@pytest.mark.parametrize(
    ("paths", "limit"), [(PROGRAM, FUNCTION_LINES_MAX), (TESTS, TEST_LINES_MAX)], ids=["program", "tests"]
)
def test_functions_are_short(paths, limit):
    too_long = {
        f"{place(path, node)} {node.name}": length(node)
        for path in paths
        for node in functions(path)
        if length(node) > limit
    }

    assert too_long == {}


def test_files_are_short():
    assert {place(path): line_count(path) for path in PROGRAM + TESTS if line_count(path) > FILE_LINES_MAX} == {}


def test_classes_are_short():
    too_long = {
        f"{place(path, node)} {node.name}": length(node)
        for path in PROGRAM
        for node in classes(path)
        if length(node) > CLASS_LINES_MAX
    }

    assert too_long == {}


def test_templates_are_short():
    templates = [path for path in files(SOURCE) if "templates" in path.relative_to(SOURCE).parts]

    assert {place(path): line_count(path) for path in templates if line_count(path) > TEMPLATE_LINES_MAX} == {}


def test_blocks_are_shallow():
    too_deep = {
        f"{place(path, node)} {node.name}": nesting(node)
        for path in PROGRAM
        for node in functions(path)
        if nesting(node) > NESTING_MAX
    }

    assert too_deep == {}


def test_functions_are_easy_to_follow():
    measured = {path: complexipy.file_complexity(str(path)).functions for path in PROGRAM if line_count(path)}
    too_hard = {
        f"{place(path)} {one.name}": one.complexity
        for path, found in measured.items()
        for one in found
        if one.complexity > COGNITIVE_MAX
    }

    assert too_hard == {}


def test_no_drawers():
    drawers = [place(path) for path in PROGRAM + TESTS if path.stem in DRAWERS or path.parent.name in DRAWERS]

    assert [path for path in drawers if path.removeprefix("src/regulars/") not in FRAMEWORK_NAMES] == []


def test_rooms_say_what_they_own_and_pass_nothing_on():
    shapeless = [
        place(room / "__init__.py")
        for room in rooms()
        if len(syntax(room / "__init__.py").body) != 1 or not ast.get_docstring(syntax(room / "__init__.py"))
    ]

    assert shapeless == []


def test_first_line_names_the_licence():
    licence = "# SPDX-License-Identifier: Apache-2.0\n"

    assert [place(path) for path in PROGRAM if not path.read_text(encoding="utf-8").startswith(licence)] == []


def test_no_file_holds_two_versions_of_itself():
    """What a merge could not decide is left between such lines; a template with them is shown as it is."""
    marks = ("<<<<<<< ", ">>>>>>> ")
    found = [
        place(path) for path in TEXTS if any(line.startswith(marks) for line in path.read_text("utf-8").split("\n"))
    ]

    assert found == []


def test_docstrings_are_few():
    program = modules(SOURCE)

    assert sum(map(docstring_lines, program)) <= DOCSTRING_SHARE_MAX * sum(map(line_count, program))
