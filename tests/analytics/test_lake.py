import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.histories import CUSTOMERS, Sold, order_rows, return_rows
from regulars.analytics import lake as lake_module
from regulars.analytics import manifest as manifest_module
from regulars.analytics.lake import TABLES, BadRows, Lake, OutOfStep, Row, connect_to, rows_of
from regulars.analytics.manifest import RESTATED_MAX, LakeDamaged

ANI, BABKEN, CHITRA = CUSTOMERS[:3]
INDIA = timezone(timedelta(hours=5, minutes=30))
SALES = [Sold(ANI, "north", date(2024, 1, 3), 1_000), Sold(BABKEN, None, date(2024, 1, 4), 700)]
MORE = [Sold(ANI, "north", date(2024, 2, 3), 500), Sold(None, "north", date(2024, 2, 4), 100)]


def fact(n: int) -> str:
    return f"{n:032x}"


def a_lake(folder: Path) -> Lake:
    lake = Lake(folder=folder / "lake")
    lake.append({"orders": order_rows(SALES)}, after=0, watermark=10)
    lake.append({"orders": order_rows(MORE, first=2), "returns": return_rows([], first=9)}, after=10, watermark=20)
    return lake


def rows_in(lake: Lake, table: str, columns: str = "* EXCLUDE (batch)") -> list[Row]:
    with lake.reading() as manifest, connect_to(lake.folder, memory="256MB", threads=1) as con:
        rows = rows_of(table, lake.folder, manifest.of(table))
        return con.execute(f"SELECT {columns} FROM ({rows}) ORDER BY fact_id").fetchall()


def owners(lake: Lake) -> list[str | None]:
    return [owner for (owner,) in rows_in(lake, "orders", "customer_id")]


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
amounts = st.integers(-(2**63), 2**63 - 1)
instants = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from([UTC, INDIA]))
ids = st.uuids()


@settings(max_examples=settings.default.max_examples // 3)
@given(
    orders=st.lists(
        st.tuples(
            ids, st.none() | ids, st.none() | texts, texts, instants, st.dates(), texts, amounts, st.just("order")
        ),
        max_size=6,
        unique_by=lambda row: row[0],
    )
)
def test_rows_come_back_as_they_went_in(orders: list[Row]) -> None:
    with TemporaryDirectory() as folder:
        lake = Lake(folder=Path(folder))
        lake.append({"orders": iter(orders)}, after=0, watermark=1)

        stored = rows_in(lake, "orders")

    expected = [
        (row[0].hex, row[1].hex if row[1] else None, row[2], row[3], utc(row[4]), *row[5:])  # type: ignore[attr-defined, arg-type]
        for row in orders
    ]
    assert stored == sorted(expected, key=lambda row: row[0])


def utc(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


def test_an_empty_lake_has_every_table(tmp_path: Path) -> None:
    lake = Lake(folder=tmp_path)

    assert lake.manifest().watermark == 0
    assert [rows_in(lake, table) for table in TABLES] == [[], [], [], []]


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("orders", ("no id", None, None, "till", "2024-01-01T00:00:00Z", "2024-01-01", "AMD", 1, "order")),
        ("orders", (fact(9), None, None, "till", "2024-01-01T00:00:00Z", None, "AMD", 1, "order")),
        ("orders", (fact(9), None, None, "till", "2024-13-01T00:00:00Z", "2024-01-01", "AMD", 1, "order")),
        ("orders", (fact(9), None, None, "till", "2024-01-01T00:00:00Z", "2024-01-01", "AMD", 1)),
        ("returns", (fact(9), None, None, None, "2024-01-01T00:00:00Z", "2024-01-01", None, 1, "AMD")),
        ("visits", (fact(9),)),
    ],
    ids=["id", "missing cell", "instant", "short row", "positive return", "table"],
)
def test_a_row_that_does_not_fit_changes_nothing(table: str, row: Row, tmp_path: Path) -> None:
    lake = a_lake(tmp_path)
    before = lake.manifest()

    with pytest.raises(BadRows):
        lake.append({"orders": order_rows(SALES, first=7), table: [row]}, after=20, watermark=30)

    assert lake.manifest() == before
    assert len(rows_in(lake, "orders")) == 4


def test_a_stretch_of_the_feed_is_written_once(tmp_path: Path) -> None:
    lake = a_lake(tmp_path)

    with pytest.raises(OutOfStep):
        lake.append({"orders": order_rows(MORE, first=2)}, after=10, watermark=20)

    assert lake.manifest().watermark == 20
    assert len(rows_in(lake, "orders")) == 4


def test_a_claimed_sale_moves_to_its_customer(tmp_path: Path) -> None:
    lake = a_lake(tmp_path)

    manifest = lake.restate(facts={fact(3): CHITRA})
    again = lake.restate(facts={fact(99): CHITRA})

    assert owners(lake) == [ANI, BABKEN, ANI, CHITRA]
    assert manifest.restated[-1].customers == (None, CHITRA)
    assert manifest.watermark == 20
    assert again == manifest


def test_a_merged_customer_takes_all_rows_along(tmp_path: Path) -> None:
    lake = a_lake(tmp_path)
    lake.append({"returns": return_rows([Sold(ANI, None, date(2024, 3, 1), -5)], first=9)}, after=20, watermark=21)

    manifest = lake.restate(facts={fact(0): None}, customers={ANI: BABKEN})

    assert owners(lake) == [None, BABKEN, BABKEN, None]
    assert rows_in(lake, "returns", "customer_id") == [(BABKEN,)]
    assert set(manifest.restated[-1].customers) == {None, ANI, BABKEN}


def test_a_voided_order_leaves_with_its_lines(tmp_path: Path) -> None:
    lake = a_lake(tmp_path)
    lines = [(fact(n), 1, "tea", None, 1_000, 100) for n in (0, 1)]
    lake.append({"order_lines": lines}, after=20, watermark=21)

    manifest = lake.retract([fact(0), fact(3)])

    assert owners(lake) == [BABKEN, ANI]
    assert rows_in(lake, "order_lines", "fact_id") == [(fact(1),)]
    assert manifest.restated[-1].customers == (None, ANI)


def test_an_erased_customer_is_in_no_file(tmp_path: Path) -> None:
    lake = a_lake(tmp_path)
    lake.restate(facts={fact(1): ANI})
    before = lake.manifest()

    manifest = lake.rewrite_without(ANI)

    assert owners(lake) == [None, None, None, None]
    assert manifest.epoch == before.epoch + 1
    assert [path for path in lake.folder.iterdir() if ANI.encode() in path.read_bytes()] == []
    assert lake.rewrite_without(ANI) == manifest


def test_too_much_to_follow_asks_for_a_rebuild(tmp_path: Path) -> None:
    manifest = a_lake(tmp_path).manifest()

    many = manifest.with_restated(tuple(map(fact, range(RESTATED_MAX + 1))))

    assert (many.epoch, many.restated) == (manifest.epoch + 1, ())


def test_small_files_become_one(tmp_path: Path) -> None:
    lake = a_lake(tmp_path)
    before = rows_in(lake, "orders", "*")

    manifest = lake.compact(small_files_max=1)

    assert [(file.rows, file.first_batch, file.last_batch) for file in manifest.files] == [(4, 1, 2)]
    assert rows_in(lake, "orders", "*") == before
    assert [path.name for path in lake.folder.glob("*.parquet")] == [manifest.files[0].name]
    assert lake.compact(small_files_max=1) == manifest


def test_a_missing_file_is_an_error_and_not_a_smaller_number(tmp_path: Path) -> None:
    lake = a_lake(tmp_path)
    next(lake.folder.glob("orders-*.parquet")).unlink()

    with pytest.raises(LakeDamaged, match="misses orders"):
        lake.append({}, after=20, watermark=21)


@pytest.mark.parametrize("content", ["", "{}x", '{"format": 2}'])
def test_a_damaged_manifest_is_an_error(content: str, tmp_path: Path) -> None:
    lake = a_lake(tmp_path)
    (lake.folder / "manifest.json").write_text(content)

    with pytest.raises(LakeDamaged):
        lake.manifest()


class PowerCut(Exception):
    """Stands for the machine going off."""


CHANGES: dict[str, Callable[[Lake], object]] = {
    "append": lambda lake: lake.append({"orders": order_rows(SALES, first=7)}, after=20, watermark=30),
    "restate": lambda lake: lake.restate(facts={fact(3): CHITRA}, customers={ANI: BABKEN}),
    "retract": lambda lake: lake.retract([fact(0)]),
    "erase": lambda lake: lake.rewrite_without(ANI),
    "compact": lambda lake: lake.compact(small_files_max=1),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_crash_leaves_the_state_before_or_after(change: str, tmp_path: Path) -> None:
    pristine = a_lake(tmp_path / "pristine")
    before = pristine.manifest()
    undisturbed = copied(pristine, tmp_path / "undisturbed")
    CHANGES[change](undisturbed)
    outcomes = set()
    has_crashed, step = True, 0
    while has_crashed:
        step += 1
        lake = copied(pristine, tmp_path / str(step))
        with pytest.MonkeyPatch.context() as patch:
            has_crashed = crashes(partial(CHANGES[change], lake), patch, step)
        is_before = lake.manifest() == before
        outcomes.add("before" if is_before else "after")
        if is_before:
            CHANGES[change](lake)
        lake.retract([])

        assert rows_in(lake, "orders") == rows_in(undisturbed, "orders")
        assert {path.name for path in lake.folder.glob("*.parquet")} == {file.name for file in lake.manifest().files}

    assert outcomes == {"before", "after"}
    assert step > 6


def copied(lake: Lake, folder: Path) -> Lake:
    shutil.copytree(lake.folder, folder)
    return Lake(folder=folder)


def crashes(act: Callable[[], object], patch: pytest.MonkeyPatch, step: int) -> bool:
    """Act with the power cut before the nth use of stable storage; tell whether there were so many."""
    uses = 0

    def cut_before(original: Callable[..., object]) -> Callable[..., object]:
        def use(*args: object, **kwargs: object) -> object:
            nonlocal uses
            uses += 1
            if uses == step:
                raise PowerCut
            return original(*args, **kwargs)

        return use

    patch.setattr(lake_module, "sync", cut_before(lake_module.sync))
    patch.setattr(manifest_module, "sync", cut_before(manifest_module.sync))
    patch.setattr(manifest_module.os, "replace", cut_before(manifest_module.os.replace))
    patch.setattr(Path, "unlink", cut_before(Path.unlink))
    try:
        act()
    except PowerCut:
        return True
    return False
