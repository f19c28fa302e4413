# SPDX-License-Identifier: Apache-2.0
"""The set-based statements say the same on both databases: what goes in comes out."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from regulars.database.sql import (
    Table,
    fetch,
    insert_rows,
    key_param,
    keys_table,
    moment_param,
    one_of,
    to_day,
    to_json,
    to_key,
    to_moment,
    update_rows,
)
from regulars.kernel.ids import new_key

pytestmark = pytest.mark.django_db

COLUMNS = {
    "id": "uuid",
    "at": "timestamptz",
    "day": "date",
    "about": "jsonb",
    "mark": "bytea",
    "points": "bigint",
    "is_on": "boolean",
    "words": "text",
}
SAMPLE = Table("sample", COLUMNS)
_SQLITE_TYPES = {
    "uuid": "blob", "timestamptz": "datetime", "jsonb": "text", "bytea": "blob", "bigint": "bigint", "boolean": "bool", "date": "date",
    "text": "text",
}  # fmt: skip


def make_sample() -> None:
    is_postgres = connection.vendor == "postgresql"
    columns = ", ".join(f'"{name}" {kind if is_postgres else _SQLITE_TYPES[kind]}' for name, kind in COLUMNS.items())
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS sample")
        cursor.execute(f"CREATE TEMPORARY TABLE sample ({columns}, PRIMARY KEY (id), CHECK (points >= 0))")


@pytest.fixture(autouse=True)
def sample(db: None) -> None:
    make_sample()


def a_row(**over: Any) -> tuple[Any, ...]:
    row = {
        "id": new_key(),
        "at": datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC),
        "day": date(2026, 2, 28),
        "about": {"a": [1, None, "ह"], "b": {"c": True}},
        "mark": b"\x00\xff",
        "points": 7,
        "is_on": True,
        "words": "it's 100 % “fine”",
    }
    return tuple({**row, **over}.values())


def read(row: tuple[Any, ...]) -> tuple[Any, ...]:
    key, at, day, about, mark, points, is_on, words = row
    mark = None if mark is None else bytes(mark)
    is_on = None if is_on is None else bool(is_on)
    return (to_key(key), to_moment(at), to_day(day), to_json(about), mark, points, is_on, words)


def everything() -> list[tuple[Any, ...]]:
    return [read(row) for row in fetch("SELECT * FROM sample ORDER BY id", [])]


def test_what_goes_in_comes_out():
    rows = [a_row(), a_row(**dict.fromkeys(list(COLUMNS)[1:]))]

    assert insert_rows(SAMPLE, rows) == 2
    assert everything() == rows


def test_nothing_is_nothing():
    assert insert_rows(SAMPLE, []) == 0
    assert update_rows(SAMPLE, [], sets="points = 0") == 0


def test_a_moment_of_another_zone_is_the_same_moment():
    kolkata = timezone(timedelta(hours=5, minutes=30))

    insert_rows(SAMPLE, [a_row(at=datetime(2026, 3, 2, 17, 30, tzinfo=kolkata))])

    assert everything()[0][1] == datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def test_moments_sort_as_time_does():
    """A whole second is written without its fraction on SQLite, and still sorts before the next microsecond."""
    whole = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    moments = [
        whole,
        whole + timedelta(microseconds=1),
        whole + timedelta(seconds=1),
        whole - timedelta(microseconds=1),
    ]
    insert_rows(SAMPLE, [a_row(at=moment) for moment in moments])

    rows = fetch("SELECT at FROM sample ORDER BY at", [])
    later = fetch("SELECT COUNT(*) FROM sample WHERE at > %s", [moment_param(whole)])

    assert [to_moment(at) for (at,) in rows] == sorted(moments)
    assert later == [(2,)]


def test_on_conflict_keeps_or_adds():
    row = a_row(points=5)
    insert_rows(SAMPLE, [row])

    insert_rows(SAMPLE, [row, a_row()], on_conflict="DO NOTHING")
    insert_rows(SAMPLE, [row], on_conflict="(id) DO UPDATE SET points = sample.points + excluded.points")

    assert sorted(stored[5] for stored in everything()) == [7, 10]


def test_update_each_row_by_its_own_values_within_its_guard():
    rows = [a_row(points=points) for points in (10, 20, 30)]
    insert_rows(SAMPLE, rows)
    changes = Table("sample", {"id": "uuid", "more": "bigint", "now_at": "timestamptz", "now_about": "jsonb"})
    later = datetime(2027, 1, 1, tzinfo=UTC)

    done = update_rows(
        changes,
        [(rows[0][0], -10, later, {"x": 1}), (rows[1][0], -21, later, {}), (new_key(), 1, later, {})],
        sets="points = points + {more}, at = {now_at}, about = {now_about}",
        guard="points + {more} >= 0",
    )

    assert done == 1
    stored = {row[0]: (row[5], row[1], row[3]) for row in everything()}
    assert stored[rows[0][0]] == (0, later, {"x": 1})
    assert stored[rows[1][0]] == (20, rows[1][1], rows[1][3])


@pytest.mark.parametrize("place", [0, 1, 2, 4, 5, 7])
def test_one_of(place):
    rows = [
        a_row(
            points=number,
            words=f"w{number}",
            mark=bytes([number]),
            day=date(2026, 1, number + 1),
            at=datetime(2026, 1, number + 1, tzinfo=UTC),
        )
        for number in range(4)
    ]
    insert_rows(SAMPLE, rows)
    name, kind = list(COLUMNS.items())[place]

    condition, params = one_of(name, [rows[1][place], rows[3][place]], kind)
    found = fetch(f"SELECT points FROM sample WHERE {condition} ORDER BY points", params)

    assert found == [(1,), (3,)]
    condition, params = one_of(name, [], kind)
    assert fetch(f"SELECT points FROM sample WHERE {condition}", params) == []


def test_keys_table_drives_a_look_up():
    rows = [a_row(points=number, words=f"w{number}") for number in range(4)]
    insert_rows(SAMPLE, rows)
    wanted = [(rows[2][0], "w2"), (rows[3][0], "another"), (rows[0][0], "w0")]

    head, params = keys_table({"key": "uuid", "word": "text"}, wanted)
    found = fetch(
        f"{head} SELECT s.points FROM k CROSS JOIN sample s WHERE s.id = k.key AND s.words = k.word AND s.points >= %s",
        [*params, 1],
    )

    assert found == [(2,)]


def test_parameters_of_the_dialect():
    row = a_row()
    insert_rows(SAMPLE, [row])

    sql = "SELECT COUNT(*) FROM sample WHERE id = %s AND at = %s"
    params = [key_param(row[0]), moment_param(row[1])]

    assert fetch(sql, params) == [(1,)]
    assert key_param(None) is None


_text = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=6,
)


class AnyRow(TestCase):
    """Any row survives the way in and out."""

    @given(
        rows=st.lists(
            st.tuples(
                st.uuids(),
                st.none() | st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)),
                st.none() | st.dates(date(1900, 1, 1), date(2300, 1, 1)),
                st.dictionaries(_text, _json, max_size=3),
                st.binary(max_size=32),
                st.integers(0, 2**63 - 1),
                st.booleans(),
                _text,
            ),
            max_size=5,
            unique_by=lambda row: row[0],
        )
    )
    def test_round_trip(self, rows: list[tuple[UUID, Any]]) -> None:
        make_sample()
        insert_rows(SAMPLE, rows)

        assert {row[0]: row for row in everything()} == {row[0]: row for row in rows}
