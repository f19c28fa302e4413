# SPDX-License-Identifier: Apache-2.0
"""Turn numbers into the geometry of charts: pure, and the same for the same input.

Shapes live in a box of 1000 × 1000 that the page stretches; lines keep their width and words are HTML, so nothing is
too small on a phone. Each figure carries its table twin. Colours are classes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil, floor, log10
from typing import ClassVar
from unicodedata import category

BOX = 1000
TICK_GAPS_MAX = 4
NARROW_PIXELS = 270
WIDE_PIXELS = 560
LETTER_PIXELS = 8
LETTERS_BETWEEN = 2
HEAT_STEPS = 8
LINE_STYLES = 3

Write = Callable[[float], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line: a value per label, None where there is none; `is_before` draws it dashed, as last year's."""

    name: str
    values: Sequence[float | None]
    is_before: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The same data as words: a header, and one row per label."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A drawn series; `style` is 1 to 3, or 0 for the dashed one."""

    name: str
    style: int
    path: str
    end: str
    latest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A word under the plot; `css` says on which widths it shows."""

    text: str
    css: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The column of one label, which answers the pointer with its values."""

    x: str
    width: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFigure:
    """A line chart ready to render; ticks run from the bottom to the top."""

    template: ClassVar[str] = "ui/chart_line.html"
    title: str
    about: str
    ticks: tuple[str, ...]
    grid: tuple[str, ...]
    zero: str
    lines: tuple[Line, ...]
    labels: tuple[Label, ...]
    bands: tuple[Band, ...]
    table: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar; a soft one stands back (the rest, last year's, the control)."""

    label: str
    value: float
    is_soft: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnBar:
    """A bar with its length in percent of the longest."""

    label: str
    text: str
    length: str
    is_soft: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BarFigure:
    """Horizontal bars from zero; it is a table itself."""

    template: ClassVar[str] = "ui/chart_bar.html"
    title: str
    about: str
    bars: tuple[DrawnBar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """A small line without axes; `text` says in words what it shows."""

    template: ClassVar[str] = "ui/chart_sparkline.html"
    path: str
    end: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A share from 0 to 1 with its text; an open cell's period is not over."""

    share: float
    text: str
    is_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatRow:
    """A cohort: its name, its size, and a cell per column, None where there is nothing yet."""

    label: str
    size: str
    cells: Sequence[Cell | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnCell:
    """A cell with its step from 1 to 8; 0 is blank."""

    step: int
    text: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnRow:
    """A row of the heatmap."""

    label: str
    size: str
    cells: tuple[DrawnCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatFigure:
    """A heatmap; it is a table itself."""

    template: ClassVar[str] = "ui/chart_heatmap.html"
    title: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[DrawnRow, ...]
    row_title: str
    size_title: str
    has_open: bool


Figure = LineFigure | BarFigure | Sparkline | HeatFigure


def _plain(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def nice_step(span: float, *, is_whole: bool) -> float:
    """Return the smallest of 1, 2, 2.5, 5 times a power of ten that covers a span in four gaps, whole if asked."""
    rough = span / TICK_GAPS_MAX
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))
    return max(1.0, float(ceil(step))) if is_whole else step


def ticks_for(values: Sequence[float], *, is_whole: bool) -> list[float]:
    """Return evenly spaced ticks that hold zero and every value."""
    low, high = min([0.0, *values]), max([0.0, *values])
    if low == high:
        high = 1.0
    step = nice_step(high - low, is_whole=is_whole)
    first, last = floor(low / step), ceil(high / step - 1e-9)
    return [round(index * step, 9) for index in range(first, last + 1)]


def _x(index: int, count: int) -> float:
    return (index + 0.5) / count * BOX


def _y(value: float, *, low: float, high: float) -> float:
    return BOX - (value - low) / (high - low) * BOX


def _path(spots: Sequence[tuple[float, float] | None]) -> str:
    """Join the spots, with a break where one is missing; a lone spot becomes a dot."""
    parts = []
    for is_there, run in groupby(spots, key=lambda spot: spot is not None):
        if is_there:
            words = [f"{_plain(spot[0])} {_plain(spot[1])}" for spot in run if spot is not None]
            parts.append("M" + "L".join(words if len(words) > 1 else words * 2))
    return "".join(parts)


def _end(spots: Sequence[tuple[float, float] | None]) -> str:
    last = next((spot for spot in reversed(spots) if spot is not None), None)
    return "" if last is None else f"M{_plain(last[0])} {_plain(last[1])}h0"


def _letters(text: str) -> int:
    """Count what takes room on a line: signs above and below a letter do not."""
    return sum(category(sign) != "Mn" for sign in text)


def _labels(texts: Sequence[str]) -> tuple[Label, ...]:
    """Show as many labels as fit: fewer on a phone, and those are among the ones on a desk."""
    letters = max(_letters(text) for text in texts) + LETTERS_BETWEEN
    wide = max(1, ceil(len(texts) * letters * LETTER_PIXELS / WIDE_PIXELS))
    narrow = wide * max(1, ceil(len(texts) * letters * LETTER_PIXELS / (NARROW_PIXELS * wide)))
    css = ["is-first" if i % narrow == 0 else "is-second" if i % wide == 0 else "is-hidden" for i in range(len(texts))]
    return tuple(Label(text=text, css=name) for text, name in zip(texts, css, strict=True))


def _written(value: float | None, write: Write) -> str:
    return "" if value is None else write(value)


def _bands(labels: Sequence[str], series: Sequence[Series], write: Write) -> tuple[Band, ...]:
    width = BOX / len(labels)
    bands = []
    for index, label in enumerate(labels):
        values = [f"{one.name} {_written(one.values[index], write)}" for one in series if one.values[index] is not None]
        bands.append(Band(x=_plain(index * width), width=_plain(width), text="\n".join([label, *values])))
    return tuple(bands)


def _line(series: Series, *, style: int, heights: Sequence[float | None], write: Write) -> Line:
    spots = [None if y is None else (_x(index, len(heights)), y) for index, y in enumerate(heights)]
    latest = next((value for value in reversed(series.values) if value is not None), None)
    return Line(name=series.name, style=style, path=_path(spots), end=_end(spots), latest=_written(latest, write))


def line_chart(
    title: str, *, labels: Sequence[str], series: Sequence[Series], write: Write, about: str = ""
) -> LineFigure:
    """Draw lines over evenly spaced labels, from zero; `write` puts a value into words.

    Raises ValueError where a series has not one value per label, or more than three are drawn solid.
    """
    _check_series(labels, series)
    known = [value for one in series for value in one.values if value is not None]
    ticks = ticks_for(known, is_whole=all(isinstance(value, int) for value in known))
    low, high = ticks[0], ticks[-1]
    solid = [one.name for one in series if not one.is_before]
    lines = []
    for one in series:
        style = 0 if one.is_before else solid.index(one.name) + 1
        heights = [None if value is None else _y(value, low=low, high=high) for value in one.values]
        lines.append(_line(one, style=style, heights=heights, write=write))
    rows = [(label, *(_written(one.values[i], write) for one in series)) for i, label in enumerate(labels)]
    return LineFigure(
        title=title,
        about=about,
        ticks=tuple(write(tick) for tick in ticks),
        grid=tuple(_plain(_y(tick, low=low, high=high)) for tick in ticks if tick != 0),
        zero=_plain(_y(0, low=low, high=high)),
        lines=tuple(lines),
        labels=_labels(labels),
        bands=_bands(labels, series, write),
        table=Table(header=tuple(one.name for one in series), rows=tuple(rows)),
    )


def _check_series(labels: Sequence[str], series: Sequence[Series]) -> None:
    if not labels or any(len(one.values) != len(labels) for one in series):
        raise ValueError("each series needs one value per label")
    if sum(not one.is_before for one in series) > LINE_STYLES:
        raise ValueError(f"a reader can tell {LINE_STYLES} lines apart, not more")


def bar_chart(title: str, *, bars: Sequence[Bar], write: Write, about: str = "") -> BarFigure:
    """Draw horizontal bars from zero. Raises ValueError on a negative value, which has no place there."""
    if any(bar.value < 0 for bar in bars):
        raise ValueError("bars start at zero; draw differences another way")
    longest = max((bar.value for bar in bars), default=0) or 1
    drawn = [
        DrawnBar(
            label=bar.label, text=write(bar.value), length=f"{_plain(100 * bar.value / longest)}%", is_soft=bar.is_soft
        )
        for bar in bars
    ]
    return BarFigure(title=title, about=about, bars=tuple(drawn))


def sparkline(values: Sequence[float | None], *, text: str) -> Sparkline:
    """Draw a line from its lowest to its highest value; `text` says what it shows."""
    known = [value for value in values if value is not None]
    low, high = min(known, default=0), max(known, default=0)
    flat = BOX / 2
    spots = [
        None if value is None else (_x(index, len(values)), flat if low == high else _y(value, low=low, high=high))
        for index, value in enumerate(values)
    ]
    return Sparkline(path=_path(spots), end=_end(spots), text=text)


def heat_step(share: float, *, full: float) -> int:
    """Return the step, 1 to 8, of a share where `full` and above take the darkest."""
    return min(HEAT_STEPS, max(1, floor(share / full * HEAT_STEPS) + 1))


def _drawn(cell: Cell | None, *, full: float) -> DrawnCell:
    if cell is None:
        return DrawnCell(step=0, text="", is_open=False)
    return DrawnCell(step=heat_step(cell.share, full=full), text=cell.text, is_open=cell.is_open)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatWords:
    """The words around a heatmap: what a row is, what its size counts, and the note under the title."""

    row: str
    size: str
    about: str = ""


def heatmap(
    title: str, *, columns: Sequence[str], rows: Sequence[HeatRow], words: HeatWords, full: float = 1.0
) -> HeatFigure:
    """Shade shares in eight steps; `full` takes the darkest. Missing cells at the end of a row stay blank."""
    drawn = []
    for row in rows:
        cells = [*row.cells, *[None] * (len(columns) - len(row.cells))]
        drawn.append(DrawnRow(label=row.label, size=row.size, cells=tuple(_drawn(cell, full=full) for cell in cells)))
    return HeatFigure(
        title=title,
        about=words.about,
        columns=tuple(columns),
        rows=tuple(drawn),
        row_title=words.row,
        size_title=words.size,
        has_open=any(cell.is_open for row in drawn for cell in row.cells),
    )
