# SPDX-License-Identifier: Apache-2.0
"""The repository as these tests see it: its files, its syntax trees, its rooms and their layers, its tables."""

import ast
import configparser
import os
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from django.apps import apps
from django.db.models import Model

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "regulars"
NOT_OURS = re.compile(r"\.git|\.venv|\.hypothesis|\..*_cache|__pycache__|node_modules|var|build|dist")

type_of_function = ast.FunctionDef | ast.AsyncFunctionDef


def files(folder: Path, pattern: str = "*") -> list[Path]:
    """List the files below a folder that belong to the repository."""
    found = []
    for place_in_tree, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not NOT_OURS.fullmatch(name)]
        found += [Path(place_in_tree, name) for name in names if fnmatch(name, pattern)]
    return sorted(found)


def modules(folder: Path) -> list[Path]:
    """List the Python files below a folder, without migrations: Django writes those."""
    return [path for path in files(folder, "*.py") if "migrations" not in path.parts]


@cache
def syntax(path: Path) -> ast.Module:
    """Parse a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(path: Path) -> Iterator[type_of_function]:
    """Yield every function and method of a file, nested ones too."""
    for node in ast.walk(syntax(path)):
        if isinstance(node, type_of_function):
            yield node


def classes(path: Path) -> Iterator[ast.ClassDef]:
    """Yield every class of a file."""
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.ClassDef):
            yield node


def length(node: ast.stmt) -> int:
    """Count the lines from `def` or `class` to the last."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def place(path: Path, node: ast.stmt | None = None) -> str:
    """Name a place as an editor can open it."""
    return str(path.relative_to(ROOT)) + (f":{node.lineno}" if node else "")


def rooms() -> list[Path]:
    """List the folders of the rooms."""
    return [path.parent for path in sorted(SOURCE.glob("*/__init__.py"))]


def layers() -> list[list[str]]:
    """Read the rooms from the import contract, the highest layer first; rooms of one layer are neighbours."""
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    lines = contracts["importlinter:contract:rooms"]["layers"].split("\n")
    return [[room.strip(" ()") for room in re.split("[|:]", line)] for line in lines if line.strip()]


def heights() -> dict[str, int]:
    """Map each room to the height of its layer."""
    return {room: height for height, layer in enumerate(reversed(layers())) for room in layer}


def tables() -> list[type[Model]]:
    """List the models of our rooms, with the tables that many-to-many fields make."""
    ours = [config for config in apps.get_app_configs() if config.name.startswith("regulars.")]
    return [model for config in ours for model in config.get_models(include_auto_created=True)]


def room_of(model: type[Model]) -> str:
    """Name the room of a model; for a model of Django's, its application."""
    return model.__module__.removeprefix("regulars.").split(".")[0]
