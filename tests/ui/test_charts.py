# SPDX-License-Identifier: Apache-2.0
"""Charts: geometry by hand, the table twin, and what the page shows."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.ui.charts import (
    Bar,
    Cell,
    HeatRow,
    HeatWords,
    LineFigure,
    Series,
    bar_chart,
    heat_step,
    heatmap,
    line_chart,
    sparkline,
    ticks_for,
)
from regulars.ui.templatetags.ui import chart


def whole(value: float) -> str:
    return f"{value:,.0f}"


def a_line_chart(**over: object) -> LineFigure:
    given = {
        "labels": ["Jan", "Feb", "Mar", "Apr"],
        "series": [
            Series(name="Came back", values=(0, 100, None, 200)),
            Series(name="A year before", values=(50, 50, 50, 50), is_before=True),
        ],
        "write": whole,
    } | over
    return line_chart("More came back", **given)


class Cells(HTMLParser):
    """Collect the texts of table cells, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.is_in_cell = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.is_in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self.is_in_cell = self.is_in_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.is_in_cell:
            self.rows[-1][-1] += data


def cells_of(html: str) -> list[list[str]]:
    parser = Cells()
    parser.feed(html)
    return parser.rows


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0], [0, 1]),
        ([3], [0, 1, 2, 3]),
        ([310, 502], [0, 200, 400, 600]),
        ([1000], [0, 250, 500, 750, 1000]),
        ([-20, 60], [-20, 0, 20, 40, 60]),
        ([7], [0, 2, 4, 6, 8]),
    ],
)
def test_ticks_are_round_and_hold_zero(values: list[float], ticks: list[float]) -> None:
    assert ticks_for(values, is_whole=True) == ticks


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=30))
def test_ticks_hold_every_value_in_few_steps(values: list[int]) -> None:
    ticks = ticks_for(values, is_whole=True)
    assert ticks[0] <= min(values)
    assert ticks[-1] >= max(values)
    assert 0 in ticks
    assert 2 <= len(ticks) <= 7


def test_a_line_breaks_where_a_value_is_missing() -> None:
    figure = a_line_chart()
    assert figure.ticks == ("0", "50", "100", "150", "200")
    assert figure.lines[0].path == "M125 1000L375 500M875 0L875 0"
    assert figure.lines[0].end == "M875 0h0"
    assert figure.lines[0].latest == "200"
    assert [line.style for line in figure.lines] == [1, 0]


def test_the_table_twin_equals_the_data() -> None:
    rows = cells_of(chart(a_line_chart()))
    assert [cell.strip() for cell in rows[0][1:]] == ["Came back", "A year before"]
    assert rows[1:] == [["Jan", "0", "50"], ["Feb", "100", "50"], ["Mar", "", "50"], ["Apr", "200", "50"]]


def test_last_year_is_dashed_and_this_year_is_not() -> None:
    html = chart(a_line_chart())
    assert html.count("line-before") == 2  # the line and its key
    assert html.count("line-1") == 2


def test_no_word_is_drawn_inside_a_stretched_shape() -> None:
    for figure in (a_line_chart(), sparkline([1, 2], text="Two months")):
        assert "<text" not in chart(figure)


def test_labels_thin_out_and_those_of_a_phone_are_among_those_of_a_desk() -> None:
    labels = [f"Jan {year}" for year in range(2000, 2030)]
    figure = a_line_chart(labels=labels, series=[Series(name="All", values=range(30))])
    first = [index for index, label in enumerate(figure.labels) if label.css == "is-first"]
    shown = [index for index, label in enumerate(figure.labels) if label.css != "is-hidden"]
    assert first == [0, 10, 20]
    assert shown == [0, 5, 10, 15, 20, 25]


@pytest.mark.parametrize("values", [(1, 2), (1, 2, 3, 4, 5)])
def test_a_series_of_another_length_is_refused(values: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="one value per label"):
        a_line_chart(series=[Series(name="Odd", values=values)])


def test_a_fourth_line_is_refused() -> None:
    with pytest.raises(ValueError, match="tell 3 lines apart"):
        a_line_chart(series=[Series(name=str(n), values=(1, 2, 3, 4)) for n in range(4)])


def test_bars_start_at_zero() -> None:
    figure = bar_chart("Coffee", bars=[Bar(label="Coffee", value=200), Bar(label="Cake", value=50)], write=whole)
    assert [bar.length for bar in figure.bars] == ["100%", "25%"]
    assert cells_of(chart(figure)) == [["Coffee", "", "200"], ["Cake", "", "50"]]
    with pytest.raises(ValueError, match="start at zero"):
        bar_chart("Change", bars=[Bar(label="Cake", value=-1)], write=whole)


def test_bars_of_nothing_are_empty_and_not_an_error() -> None:
    assert bar_chart("None", bars=[], write=whole).bars == ()
    assert bar_chart("None", bars=[Bar(label="Cake", value=0)], write=whole).bars[0].length == "0%"


def test_a_flat_sparkline_runs_in_the_middle() -> None:
    assert sparkline([5, 5], text="Even").path == "M250 500L750 500"
    assert sparkline([], text="Nothing").path == ""


@pytest.mark.parametrize(("share", "step"), [(0, 1), (0.12, 1), (0.125, 2), (0.5, 5), (0.99, 8), (1, 8), (1.5, 8)])
def test_heat_has_eight_steps(share: float, step: int) -> None:
    assert heat_step(share, full=1.0) == step


def test_a_heatmap_has_numbers_inside_blanks_and_marks_of_open_cells() -> None:
    rows = [
        HeatRow(
            label="Jan", size="180", cells=[Cell(share=0.68, text="68%"), Cell(share=0.1, text="10%", is_open=True)]
        ),
        HeatRow(label="Feb", size="187", cells=[None]),
    ]
    figure = heatmap("Stay", columns=["1", "2"], rows=rows, words=HeatWords(row="Joined", size="Members"))
    html = chart(figure)
    assert cells_of(html)[1:] == [["Jan", "180", "68%", "10%so far"], ["Feb", "187", "", ""]]
    assert re.findall(r"heat heat-\d(?: heat-open)?", html) == ["heat heat-6", "heat heat-1 heat-open"]
    assert "heatmap-key-open" in html


def test_the_same_data_draw_the_same_picture() -> None:
    assert chart(a_line_chart()) == chart(a_line_chart())


def test_names_are_escaped() -> None:
    html = chart(a_line_chart(series=[Series(name="<b>me", values=(1, 2, 3, 4))], labels=["<i>", "b", "c", "d"]))
    assert "<b>" not in html
    assert "<i>" not in html
