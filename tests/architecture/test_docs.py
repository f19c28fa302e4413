# SPDX-License-Identifier: Apache-2.0
"""What a user can set, run, meet as an error or receive stands in docs/reference, and nothing else does."""

import importlib
import pkgutil
import re

import click
import pytest

import regulars
from architecture.tree import ROOT
from regulars.kernel.errors import RegularsError

REFERENCE = ROOT / "docs" / "reference"


def found(place: str, default):
    """Return what `module:name` holds, or the default while there is no such module."""
    module, _, name = place.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if not module.startswith(str(error.name)):
            raise
        return default


def settings() -> set[str]:
    return set(found("regulars.site.environment:SETTINGS", {}))


def commands(group: click.Command | None = None, path: str = "regulars") -> set[str]:
    group = group or found("regulars.cli.commands:app", None)
    if not isinstance(group, click.Group):
        return {path} if group else set()
    shown = {name: command for name, command in group.commands.items() if not command.hidden}
    return set().union(*(commands(command, f"{path} {name}") for name, command in shown.items()))


def subclasses(parent: type) -> set[type]:
    return {parent}.union(*map(subclasses, parent.__subclasses__()))


def error_codes() -> set[str]:
    for module in pkgutil.walk_packages(regulars.__path__, "regulars."):
        if ".migrations" not in module.name and not module.name.endswith((".__main__", ".wsgi")):
            importlib.import_module(module.name)
    return {error.code for error in subclasses(RegularsError) if error.__module__.startswith("regulars.")}


def job_kinds() -> set[str]:
    return set(found("regulars.work.handlers:HANDLERS", {}))


def event_types() -> set[str]:
    return set(found("regulars.outbox.events:EVENT_TYPES", ()))


DOCUMENTED = {
    "settings.md": settings,
    "cli.md": commands,
    "errors.md": error_codes,
    "jobs.md": job_kinds,
    "webhooks.md": event_types,
}


def text_of(document: str) -> str:
    path = REFERENCE / document
    return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.mark.parametrize("document", DOCUMENTED)
def test_everything_is_documented(document):
    text = text_of(document)

    assert sorted(name for name in DOCUMENTED[document]() if f"`{name}`" not in text) == []


def test_no_setting_is_documented_that_does_not_exist():
    documented = set(re.findall(r"\bREGULARS_[A-Z_]+\b|\bDATABASE_[A-Z_]+\b", text_of("settings.md")))

    assert documented - settings() == set()


@pytest.mark.parametrize("document", ["errors.md", "jobs.md", "webhooks.md"])
def test_no_row_is_left_of_what_is_gone(document):
    """Each row or heading of these documents begins with the name that it documents."""
    documented = set(re.findall(r"^(?:\| *|#+ *)`([^`]+)`", text_of(document), re.MULTILINE))

    assert documented - DOCUMENTED[document]() == set()
