# SPDX-License-Identifier: Apache-2.0
"""The colours of the pages stay readable, on both grounds and in every shade of the heatmap."""

import re
from pathlib import Path

import pytest

CSS = Path(__file__).parents[2] / "assets" / "css"
TEXT_CONTRAST = 4.5


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def colours_of(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6})\b", block))


def palettes() -> list[dict[str, str]]:
    """Return the light palette, the dark one that is chosen, and the dark one of the device."""
    blocks = re.findall(r":root[^{,]*\{([^}]*--ground[^}]*)\}", (CSS / "tokens.css").read_text(encoding="utf-8"))
    return [colours_of(block) for block in blocks]


def mixed(accent: str, ground: str, share: float) -> str:
    """Mix two colours as `color-mix(in oklab, …)` does."""
    mixed_lab = [share * a + (1 - share) * g for a, g in zip(oklab(accent), oklab(ground), strict=True)]
    return from_oklab(mixed_lab)


def oklab(colour: str) -> list[float]:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return [
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    ]


def from_oklab(lab: list[float]) -> str:
    lightness, a, b = lab
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = [
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    ]
    channels = [min(1.0, max(0.0, c)) for c in linear]
    gamma = [12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055 for c in channels]
    return "#" + "".join(f"{round(c * 255):02x}" for c in gamma)


def heat_texts(accent: str, on_accent: str, *, ground: str, ink: str) -> list[float]:
    """Return the contrast of the number in each of the eight steps, as charts.css mixes them."""
    rules = re.findall(
        r"\.heat-(\d) \{ background: ([^;]+);( color)?", (CSS / "charts.css").read_text(encoding="utf-8")
    )
    assert len(rules) == 8
    ratios = []
    for _step, background, is_on_accent in rules:
        share = re.search(r"(\d+)%", background)
        shade = mixed(accent, ground, int(share[1]) / 100) if share else accent
        ratios.append(contrast(on_accent if is_on_accent else ink, shade))
    return ratios


def test_contrast_of_black_on_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert luminance("#ffffff") == pytest.approx(1)


def test_the_palette_reads_well_in_light_and_dark() -> None:
    light, *dark = palettes()
    assert dark == [dark[0]] * 2, "the dark palette stands twice and must be the same"
    for palette in (light, dark[0]):
        for name in ("ink", "ink-soft", "accent", "good", "warn", "bad"):
            for ground in ("ground", "paper"):
                assert contrast(palette[name], palette[ground]) >= TEXT_CONTRAST, (name, ground)
            if name in ("good", "warn", "bad", "accent"):
                tint = mixed(palette[name], palette["ground"], 0.12)
                assert contrast(palette[name], tint) >= TEXT_CONTRAST, (name, "on its own tint")
        assert contrast(palette["on-accent"], palette["accent"]) >= TEXT_CONTRAST
        assert contrast(palette["edge"], palette["ground"]) >= 3, "edges of inputs"
        ratios = heat_texts(palette["accent"], palette["on-accent"], ground=palette["ground"], ink=palette["ink"])
        assert min(ratios) >= TEXT_CONTRAST
