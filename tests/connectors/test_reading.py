# SPDX-License-Identifier: Apache-2.0
"""Files of every kind become the same rows of texts under the same numbers."""

import json
import zipfile
from datetime import datetime

import duckdb
import openpyxl
import pytest

from connectors.builders import a_file
from regulars.connectors import sheets
from regulars.connectors.reading import open_table, sniff_encoding
from regulars.connectors.rows import UnreadableFile, UnreadableRow, WideRow

PLAIN = "bill,name,total\n1,Asha,10\n2,Արամ,20\n"


def read(path):
    table = open_table(path, scratch=path.parent)
    return table.header, [
        (number, list(cells), type(problem).__name__ if problem else None) for number, cells, problem in table.rows()
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_encoding_delimiter_and_line_ending(tmp_path, encoding, delimiter, ending):
    path = a_file(tmp_path, PLAIN.replace(",", delimiter).replace("\n", ending), encoding=encoding)

    assert read(path) == (("bill", "name", "total"), [(2, ["1", "Asha", "10"], None), (3, ["2", "Արամ", "20"], None)])


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("Имя;Сумма\nТигран;12 500,00\n", "cp1251"), ("Name;Total\nJosé Müller;12,50\nRené;7,00\n", "cp1252")],
)
def test_cyrillic_and_western_code_pages_are_told_apart(tmp_path, text, encoding):
    path = a_file(tmp_path, text, encoding=encoding)

    assert sniff_encoding(path) == encoding
    assert read(path)[1][0][1] == text.splitlines()[1].split(";")


def test_a_late_byte_decides_against_utf8(tmp_path):
    path = tmp_path / "file.csv"
    path.write_bytes(b"bill,name\n" + b"1,Asha\n" * 200_000 + "2,Тигран\n".encode("cp1251"))

    assert sniff_encoding(path) == "cp1251"


def test_decimal_commas_do_not_make_a_delimiter(tmp_path):
    path = a_file(tmp_path, "a;b\n1,50;2,50\n3,50;4,50\n")

    assert read(path)[1] == [(2, ["1,50", "2,50"], None), (3, ["3,50", "4,50"], None)]


def test_title_lines_above_the_header_and_blank_lines_are_counted_but_left_out(tmp_path):
    path = a_file(tmp_path, "Sale report\nApril 2026\n\nbill,name,total\n1,Asha,10\n\n,,\n2,Ravi,20\n")

    assert read(path) == (("bill", "name", "total"), [(5, ["1", "Asha", "10"], None), (8, ["2", "Ravi", "20"], None)])


def test_headers_that_repeat_or_are_empty_can_be_told_apart(tmp_path):
    assert read(a_file(tmp_path, "Total, Total,,x\n1,2,3,4\n"))[0] == ("Total", "Total (2)", "column 3", "x")


def test_quoted_delimiters_line_breaks_and_quotes(tmp_path):
    path = a_file(tmp_path, 'a,b\n"x, y","two\nlines"\n"say ""hi""",\'\n')

    assert read(path)[1] == [(2, ["x, y", "two\nlines"], None), (3, ['say "hi"', "'"], None)]


def test_short_rows_are_filled_and_long_ones_named(tmp_path):
    path = a_file(tmp_path, "a,b,c\n1,2,3\n1\n1,2,3,,\n1,2,3,4\n")

    assert [problem for _, _, problem in read(path)[1]] == [None, None, None, "WideRow"]
    assert str(WideRow(cells=4, columns=3)).startswith("The row has 4 cells, the header 3.")


def test_an_open_quote_costs_its_own_row_only(tmp_path):
    path = a_file(tmp_path, 'a,b\n1,x\n2,"open\n3,y\n4,z\n')

    assert read(path)[1] == [
        (2, ["1", "x"], None),
        (3, ["2", '"open'], "UnreadableRow"),
        (4, ["3", "y"], None),
        (5, ["4", "z"], None),
    ]


def test_an_endless_cell_costs_its_own_row_only(tmp_path):
    path = a_file(tmp_path, f"a,b\n1,{'x' * 200_000}\n2,y\n")

    assert [(number, problem) for number, _, problem in read(path)[1]] == [(2, "UnreadableRow"), (3, None)]


def test_nul_and_emoji_are_texts(tmp_path):
    assert read(a_file(tmp_path, "a,b\nx\0y,🎂\n"))[1] == [(2, ["x\0y", "🎂"], None)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "empty"),
        (b"\x1f\x8b\x08\x00rest", "packed"),
        (b"<html></html>", "XML"),
        (b"[1, 2]", "JSON list"),
        (b"PAR1 broken", "Parquet"),
        (b"PK\x03\x04 broken", "workbook"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\n1,2\n", r"a picture \(PNG\), not a table\. Save the list"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", r"a picture \(JPEG\)"),
        (bytes(range(256)) * 4, "not a table of texts"),
        (b"x" * (2 << 20), "longer than a million"),
        (b"{}\n{}\n", "not JSON objects"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path, content, words):
    path = tmp_path / "file"
    path.write_bytes(content)

    with pytest.raises(UnreadableFile, match=words):
        open_table(path, scratch=tmp_path)


def test_json_lines(tmp_path):
    lines = [
        {"bill": 1, "who": {"phone": "+91", "name": None}, "total": 10.0, "paid": True, "tags": ["a"]},
        {"bill": 2, "total": 0.1 + 0.2, "unknown": 1},
    ]
    path = a_file(tmp_path, "\n".join(json.dumps(line) for line in lines) + "\n{broken\n\n[1]\n")

    header, rows = read(path)

    assert header == ("bill", "who.phone", "who.name", "total", "paid", "tags", "unknown")
    assert rows == [
        (1, ["1", "+91", "", "10", "true", '["a"]', ""], None),
        (2, ["2", "", "", "0.3", "", "", "1"], None),
        (3, [""] * 7, "UnreadableRow"),
        (5, [""] * 7, "UnreadableRow"),
    ]


def a_workbook(path, *rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_workbooks(tmp_path):
    path = a_workbook(
        tmp_path / "f.xlsx",
        ["bill", "date", "total", "name"],
        [1, datetime(2026, 4, 1, 9, 30), 10.0, "=1+1 is\ntwo"],
        [],
        ["2", datetime(2026, 4, 2), 0.1 + 0.2, None],
    )

    header, rows = read(path)

    assert header == ("bill", "date", "total", "name")
    assert rows == [
        (2, ["1", "2026-04-01 09:30:00", "10", ""], None),
        (4, ["2", "2026-04-02", "0.3", ""], None),
    ]


def test_a_workbook_that_unpacks_too_far_is_refused(tmp_path):
    path = a_workbook(tmp_path / "f.xlsx", ["a"], [1])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/bomb.bin", b"\0" * 100_000_001)

    with pytest.raises(UnreadableFile, match="too much"):
        open_table(path, scratch=tmp_path)


def test_a_workbook_with_a_row_beyond_all_rows_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "ROWS_MAX", 5_000)
    path = a_workbook(tmp_path / "f.xlsx", ["a", "b"], [1, 2])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = (
        parts[sheet]
        .replace(b'<row r="2"', b'<row r="999999999"')
        .replace(b'r="A2"', b'r="A999999999"')
        .replace(b'r="B2"', b'r="B999999999"')
    )
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)

    with pytest.raises(UnreadableFile, match="more than 5000 rows"):
        open_table(path, scratch=tmp_path)


def test_parquet(tmp_path):
    path = tmp_path / "f.parquet"
    values = "('A1', 1.5::DOUBLE, TIMESTAMP '2026-04-01 09:30:00', NULL), ('A2', 17850.0, NULL, 7::BIGINT)"
    columns = 't("bill ""no""", total, moment, who)'
    duckdb.sql(f"COPY (SELECT * FROM (VALUES {values}) AS {columns}) TO '{path}' (FORMAT parquet)")

    assert read(path) == (
        ('bill "no"', "total", "moment", "who"),
        [(1, ["A1", "1.5", "2026-04-01 09:30:00", ""], None), (2, ["A2", "17850.0", "", "7"], None)],
    )


SCATTERED = ["b", "a", "b", "c", "a", "b"]


def as_csv(folder):
    return a_file(folder, "bill,n\n" + "".join(f"{bill},{n}\n" for n, bill in enumerate(SCATTERED)))


def as_parquet(folder):
    path = folder / "f.parquet"
    values = ", ".join(f"('{bill}', {n})" for n, bill in enumerate(SCATTERED))
    duckdb.sql(f"COPY (SELECT * FROM (VALUES {values}) AS t(bill, n)) TO '{path}' (FORMAT parquet)")
    return path


@pytest.mark.parametrize("make", [as_csv, as_parquet])
def test_scattered_rows_come_together_in_the_order_of_the_first(tmp_path, make):
    table = open_table(make(tmp_path), scratch=tmp_path)

    assert (table.survey(0).rows, table.survey(0).is_grouped) == (6, False)
    assert table.survey(1).is_grouped
    assert [cells[1] for _, cells, _ in table.grouped(0, tmp_path)] == ["0", "2", "5", "1", "4", "3"]


def test_broken_rows_survive_the_sorting(tmp_path):
    table = open_table(a_file(tmp_path, 'bill,n\nb,1\na,2,3\nb,"x\na,4\n'), scratch=tmp_path)

    found = [(number, list(cells), type(problem)) for number, cells, problem in table.grouped(0, tmp_path)]

    assert found == [
        (2, ["b", "1"], type(None)),
        (4, ["b", '"x'], UnreadableRow),
        (3, ["a", "2", "3"], WideRow),
        (5, ["a", "4"], type(None)),
    ]
