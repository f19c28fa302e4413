# SPDX-License-Identifier: Apache-2.0
"""Turn a business's colour into an accent that stays readable on both grounds."""

import re
from colorsys import hls_to_rgb, rgb_to_hls

from regulars.kernel.errors import RegularsError, gettext_noop

LIGHT_GROUND, DARK_GROUND = "#ffffff", "#151412"
INK_ON_LIGHT_ACCENT, INK_ON_DARK_ACCENT = "#ffffff", "#10150f"
# Text needs 4.5 (WCAG 2.2 AA); the lighter shades of the heatmap are mixed from the accent and still have to reach it.
CONTRAST_MIN = 7.0
LIGHTNESS_STEP = 0.01


class BadColour(RegularsError):
    """The text is not a colour."""

    code = "bad_colour"
    status = 422
    text = gettext_noop("“%(value)s” is not a colour. Write it like #17594a.")


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    red, green, blue = (_linear(channel) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def readable(colour: str, *, ground: str) -> str:
    """Darken or lighten a colour, keeping its hue, until it reads well on a ground."""
    hue, lightness, saturation = rgb_to_hls(*_channels(colour))
    step = -LIGHTNESS_STEP if luminance(ground) > 0.5 else LIGHTNESS_STEP
    while contrast(colour, ground) < CONTRAST_MIN and 0 <= lightness <= 1:
        lightness += step
        channels = hls_to_rgb(hue, min(1.0, max(0.0, lightness)), saturation)
        colour = "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)
    return colour


def accent_css(colour: str) -> str:
    """Return the stylesheet that brands a page with a colour like #17594a. Raises BadColour on anything else."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise BadColour(value=colour[:20])
    light, dark = readable(colour.lower(), ground=LIGHT_GROUND), readable(colour.lower(), ground=DARK_GROUND)
    on_light, on_dark = (
        f"--accent:{light};--on-accent:{INK_ON_LIGHT_ACCENT}",
        f"--accent:{dark};--on-accent:{INK_ON_DARK_ACCENT}",
    )
    return (
        f":root{{{on_light}}}\n"
        f':root[data-theme="dark"]{{{on_dark}}}\n'
        f'@media (prefers-color-scheme:dark){{:root:not([data-theme="light"]){{{on_dark}}}}}\n'
        f"@media print{{:root:root:root{{{on_light}}}}}\n"
    )
