# SPDX-License-Identifier: Apache-2.0
"""Whatever a file holds: no unhandled exception, every row accounted for, every error at its row, twice the same."""

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.builders import HEADER, NOW, a_business, a_mapping, a_setting
from regulars.connectors.actions import NewImport, run_import, start_run
from regulars.connectors.mapping import BadMapping, mapping_of
from regulars.connectors.orders import OrderReader
from regulars.connectors.proposals import mapping_from, propose_mapping
from regulars.connectors.reading import open_table
from regulars.connectors.rows import UnreadableFile
from regulars.connectors.runs import errors_of
from regulars.facts.models import Fact
from regulars.flow.receive import receive

GOOD = {
    "bill": st.integers(1, 9).map(str),
    "date": st.sampled_from(["2026-04-01", "2026-04-02 10:30", "2024-02-29"]),
    "item": st.sampled_from(["TEA", "BUN", ""]),
    "qty": st.sampled_from(["1", "2", "0.350", ""]),
    "total": st.sampled_from(["20", "1,234.50", "0", "₹ 15"]),
    "who": st.just(""),
    "what": st.sampled_from(["", "return"]),
}
NASTY = [
    "", "\0", "²", "5²", "🎂", "=1+1", "@x", "-1", "\t", "\ufeff", "29/02/2023", "2023-02-29", "9.88E+09", "9" * 400, "x" * 11_000,
    'a"b', '"', "a,b", "a;b", "l1\nl2", "١٢٣", "१२", "\ud7ff", "\u202e", "NULL", "1e9999", "'", "(", "-", "+", ".", "0x10",
]  # fmt: skip
CELL = st.sampled_from(NASTY) | st.text(max_size=30)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251", "cp1252"]


@st.composite
def tables(draw):
    """Rows of a till of which some cells are spoilt."""
    rows = draw(st.lists(st.fixed_dictionaries(GOOD), min_size=1, max_size=12))
    for _ in range(draw(st.integers(0, 4))):
        rows[draw(st.integers(0, len(rows) - 1))][draw(st.sampled_from(HEADER))] = draw(CELL)
    return [[row[name] for name in HEADER] for row in rows]


@st.composite
def files(draw):
    """Bytes of a table as some program writes it, now and then cut off."""
    out = io.StringIO()
    ending = draw(st.sampled_from(["\n", "\r\n"]))
    csv.writer(out, delimiter=draw(st.sampled_from(",;\t|")), lineterminator=ending).writerows(
        [HEADER, *draw(tables())]
    )
    content = out.getvalue().encode(draw(st.sampled_from(ENCODINGS)), "replace")
    return content[: draw(st.integers(0, len(content)))] if draw(st.booleans()) else content


def with_file(content, work):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        return work(path)


def read_all(path):
    table = open_table(path, scratch=path.parent)
    reader = OrderReader(a_mapping(), table.header, a_setting())
    rows = table.grouped(reader.group_column, path.parent)
    return [number for number, _, _ in table.rows()], list(reader.batches(rows))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(content=files() | st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_every_row_of_any_file_is_accounted_for(content):
    try:
        numbers, batches = with_file(content, read_all)
    except (UnreadableFile, BadMapping):
        return
    batched = [number for batch in batches for number, _, _ in batch.rows]
    assert sorted(batched) == sorted(numbers)
    for batch in batches:
        rows = {number for number, _, _ in batch.rows}
        assert set(batch.problems) in (set(), rows)
        assert not (batch.problems and batch.items)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(table=tables(), delimiter=st.sampled_from(",;\t|"))
def test_cells_arrive_as_they_were_written(table, delimiter):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([HEADER, *table])

    def read(path):
        return [list(cells) for _, cells, _ in open_table(path, scratch=path.parent).rows()]

    assert with_file(out.getvalue().encode(), read) == [row for row in table if any(row)]


@given(
    header=st.lists(st.text(max_size=30), min_size=1, max_size=8, unique=True),
    sample=st.lists(st.lists(CELL, max_size=8), max_size=5),
    subject=st.sampled_from(["orders", "customers", "products"]),
)
def test_any_header_gets_proposals(header, sample, subject):
    proposals = propose_mapping(header, sample, subject)

    assert (
        len({proposal.column for proposal in proposals})
        == len({proposal.target for proposal in proposals})
        == len(proposals)
    )
    if proposals:
        mapping_from(proposals, name="any", subject=subject)


@given(
    plain=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=10),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["name", "subject", "columns", "rules", "time", "column"]), inner, max_size=4
            )
        ),
    )
)
def test_any_mapping_is_one_or_says_why_not(plain):
    with pytest.raises(BadMapping):
        mapping_of(plain)


@pytest.mark.django_db
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(table=tables())
def test_importing_any_table_twice_changes_nothing(table, django_db_blocker):
    out = io.StringIO()
    csv.writer(out).writerows([HEADER, *table])
    shop = a_business()
    wanted = NewImport(subject="orders", file_name="f", mapping=a_mapping(), with_points=False)

    def imported(path):
        return run_import(start_run(shop, path, wanted, now=NOW), receive=receive, now=NOW)

    first, second = with_file(out.getvalue().encode(), lambda path: (imported(path), imported(path)))

    rows = sum(any(row) for row in table)
    assert first.counts["rows"] == second.counts["rows"] == rows
    assert second.counts["outcomes"].get("recorded", 0) == 0
    assert first.counts["outcomes"].get("recorded", 0) == Fact.objects.of(shop).count()
    assert first.counts["error_rows"] == second.counts["error_rows"]
    assert (errors_of(first) is None) == (first.counts["error_rows"] == 0)
