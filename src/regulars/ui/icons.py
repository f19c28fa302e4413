# SPDX-License-Identifier: Apache-2.0
"""The icons: shapes on a 24 × 24 grid, drawn in the colour of the text beside them."""

import json
from pathlib import Path
from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

_SHAPES: Final[dict[str, str]] = json.loads(Path(__file__).with_name("icon_shapes.json").read_text(encoding="utf-8"))
ICON_NAMES: Final = frozenset(_SHAPES)


def draw_icon(name: str, *, label: str = "", css: str = "icon") -> SafeString:
    """Draw an icon; without a label it is hidden from screen readers. Raises KeyError on an unknown name."""
    # The shapes are our own file, written by the build from the icon set.
    shapes = mark_safe(_SHAPES[name])  # noqa: S308 - constant of the package, never user input
    if label:
        return format_html(
            '<svg class="{}" viewBox="0 0 24 24" role="img" aria-label="{}">{}</svg>', css, label, shapes
        )
    return format_html('<svg class="{}" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', css, shapes)
