# SPDX-License-Identifier: Apache-2.0
"""Mappings for files of known shapes, one JSON document each."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from regulars.connectors.mapping import BadMapping, Mapping, Subject, parse_mapping
from regulars.kernel.errors import Saying, gettext_noop


def preset_names() -> list[str]:
    """Return the names of the presets."""
    return sorted(
        entry.name.removesuffix(".json") for entry in files(__name__).iterdir() if entry.name.endswith(".json")
    )


@cache
def load_preset(name: str) -> Mapping:
    """Return a preset. Raises BadMapping with the names there are."""
    if name not in preset_names():
        raise BadMapping(
            problem=Saying(
                gettext_noop("there is no preset “%(name)s”. There are %(names)s."),
                name=name[:40],
                names=", ".join(preset_names()),
            )
        )
    return parse_mapping(files(__name__).joinpath(f"{name}.json").read_bytes())


def own_preset(header: Sequence[str], subject: Subject) -> Mapping | None:
    """Return the preset of the product's own export if a header has all of its columns."""
    preset = load_preset(f"generic_{subject}")
    names = {name for column in preset.columns.values() for name in column.names}
    return preset if names <= set(header) else None
