import os
import random
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.histories import CURRENCY, CUSTOMERS, DAYS, FIRST_DAY, STORES, Sold, order_rows, return_rows
from regulars.analytics import marts as marts_module
from regulars.analytics.lake import Lake
from regulars.analytics.marts import WORK, ExplorationTooSlow, Limits, Marts, NoMarts, deadline
from regulars.analytics.rollups import MARTS

ANI, BABKEN, CHITRA = CUSTOMERS[:3]
SMALL = Limits(memory="256MB", threads=1)


def marts_in(folder: Path, name: str = "marts") -> Marts:
    return Marts(folder=folder / name, currency=CURRENCY, limits=SMALL)


def contents(marts: Marts) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(marts.folder / WORK)) as con:
        return {mart: con.execute(f"SELECT * FROM {mart} ORDER BY ALL").fetchall() for mart in MARTS}


sales = st.builds(
    Sold,
    customer=st.sampled_from((None, *CUSTOMERS)),
    store=st.sampled_from(STORES),
    day=st.integers(0, DAYS - 1).map(lambda days: FIRST_DAY + timedelta(days=days)),
    net_minor=st.integers(0, 10**6),
    currency=st.sampled_from((CURRENCY, CURRENCY, "USD")),
)
steps = st.one_of(
    st.tuples(st.just("append"), st.lists(sales, max_size=8), st.lists(sales, max_size=3)),
    st.tuples(
        st.just("restate"),
        st.dictionaries(st.integers(0, 30), st.sampled_from((None, *CUSTOMERS)), max_size=3),
        st.dictionaries(st.sampled_from(CUSTOMERS[:3]), st.sampled_from((None, *CUSTOMERS[3:])), max_size=1),
    ),
    st.tuples(st.just("retract"), st.lists(st.integers(0, 30), max_size=3), st.none()),
    st.tuples(st.just("erase"), st.sampled_from(CUSTOMERS), st.none()),
    st.tuples(st.just("compact"), st.none(), st.none()),
    st.tuples(st.just("refresh"), st.none(), st.none()),
)


class Shop:
    """A lake under random changes beside a plain dict of what it should hold."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.orders: dict[int, Sold] = {}
        self.returns: dict[int, Sold] = {}
        self.next = 0

    def append(self, orders: list[Sold], returned: list[Sold]) -> None:
        returns = [Sold(s.customer, s.store, s.day, -s.net_minor, s.currency) for s in returned]
        rows = {
            "orders": order_rows(orders, first=self.next),
            "returns": return_rows(returns, first=self.next + len(orders)),
        }
        at = self.lake.manifest().watermark
        self.lake.append(rows, after=at, watermark=at + 1)
        self.orders |= dict(enumerate(orders, self.next))
        self.returns |= dict(enumerate(returns, self.next + len(orders)))
        self.next += len(orders) + len(returns)

    def restate(self, facts: dict[int, str | None], customers: dict[str, str | None]) -> None:
        self.lake.restate(facts={f"{n:032x}": customer for n, customer in facts.items()}, customers=customers)
        for kept in (self.orders, self.returns):
            for n, s in kept.items():
                owner = facts[n] if n in facts else customers.get(s.customer or "", s.customer)
                kept[n] = Sold(owner, s.store, s.day, s.net_minor, s.currency)

    def retract(self, facts: list[int], _: None) -> None:
        self.lake.retract(f"{n:032x}" for n in facts)
        for kept in (self.orders, self.returns):
            for n in facts:
                kept.pop(n, None)

    def erase(self, customer: str, _: None) -> None:
        self.restate({}, {customer: None})
        self.lake.rewrite_without(customer)

    def compact(self, *_: None) -> None:
        self.lake.compact(small_files_max=1)

    def days(self) -> list[tuple[object, ...]]:
        """What `customer_day` should hold."""
        sums: dict[tuple[str | None, date, str | None], list[int]] = {}
        for kept, at in ((self.orders, 1), (self.returns, 2)):
            for s in kept.values():
                if s.currency == CURRENCY:
                    row = sums.setdefault((s.customer, s.day, s.store), [0, 0, 0])
                    row[0] += at == 1
                    row[at] += s.net_minor
        return [(*key, *row) for key, row in sums.items()]


def plain(days: list[tuple[object, ...]]) -> set[tuple[object, ...]]:
    return {(customer and str(customer).replace("-", ""), *rest) for customer, *rest in days}


@settings(max_examples=settings.default.max_examples // 4)
@given(steps=st.lists(steps, max_size=10))
def test_refreshing_bit_by_bit_equals_building_at_once(steps: list[tuple[object, ...]]) -> None:
    with TemporaryDirectory() as folder:
        shop = Shop(Lake(folder=Path(folder) / "lake", memory="256MB", threads=1))
        marts = marts_in(Path(folder))
        for what, *how in steps:
            if what == "refresh":
                marts.refresh(shop.lake)
            else:
                getattr(shop, str(what))(*how)
        state = marts.refresh(shop.lake)
        at_once = marts_in(Path(folder), "at once")

        assert at_once.rebuild(shop.lake) == state
        assert contents(marts) == contents(at_once)
        assert plain(contents(marts)["customer_day"]) == plain(shop.days())
        assert state.other_currency_orders == sum(s.currency != CURRENCY for s in shop.orders.values())


def a_shop(folder: Path) -> Shop:
    shop = Shop(Lake(folder=folder / "lake"))
    shop.append([Sold(ANI, "north", date(2024, 1, 3), 1_000), Sold(BABKEN, None, date(2024, 1, 4), 700)], [])
    return shop


def test_a_crash_before_the_commit_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop, marts = a_shop(tmp_path), marts_in(tmp_path)
    before = marts.refresh(shop.lake), contents(marts)
    shop.append([Sold(ANI, "north", date(2024, 1, 3), 5)], [])

    with monkeypatch.context() as patch:
        patch.setattr(marts_module, "astuple", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            marts.refresh(shop.lake)

    assert (marts.state(), contents(marts)) == before
    marts.refresh(shop.lake)
    assert plain(contents(marts)["customer_day"]) == plain(shop.days())


def test_a_file_that_is_no_database_is_rebuilt(tmp_path: Path) -> None:
    shop, marts = a_shop(tmp_path), marts_in(tmp_path)
    expected = marts.refresh(shop.lake)
    (marts.folder / WORK).write_bytes(b"not a database, not even a little" * 500)

    assert marts.state() is None
    assert marts.refresh(shop.lake) == expected


def test_an_erased_customer_is_in_no_byte_of_the_marts(tmp_path: Path) -> None:
    shop, marts = a_shop(tmp_path), marts_in(tmp_path)
    marts.refresh(shop.lake)
    marts.publish()
    shop.erase(ANI, None)
    marts.refresh(shop.lake)
    marts.publish()

    with marts.open_snapshot() as con:
        known = con.execute("SELECT customer_id FROM customer").fetchall()
    assert plain(known) == {(BABKEN,)}
    id_bytes = bytes.fromhex(ANI)
    for path in marts.folder.iterdir():
        content = path.read_bytes() if path.is_file() else b""
        assert ANI.encode() not in content
        assert id_bytes[::-1] not in content


def test_another_currency_is_another_mart(tmp_path: Path) -> None:
    shop = a_shop(tmp_path)
    shop.append([Sold(ANI, "north", date(2024, 1, 5), 9, "USD")], [])
    marts_in(tmp_path).refresh(shop.lake)

    state = Marts(folder=tmp_path / "marts", currency="USD", limits=SMALL).refresh(shop.lake)

    assert state.other_currency_orders == 2
    assert [row[-2] for row in contents(marts_in(tmp_path))["customer"]] == [9]


def test_an_open_reader_keeps_its_snapshot(tmp_path: Path) -> None:
    shop, marts = a_shop(tmp_path), marts_in(tmp_path)
    with pytest.raises(NoMarts):
        marts.current()
    marts.refresh(shop.lake)
    first = marts.publish()

    with marts.open_snapshot() as old, marts.open_snapshot() as beside:
        shop.append([Sold(CHITRA, None, date(2024, 1, 9), 1)], [])
        marts.refresh(shop.lake)
        second = marts.publish()
        with marts.open_snapshot() as new:
            counts = [con.execute("SELECT count(*) FROM customer").fetchall() for con in (old, beside, new)]

    assert counts == [[(2,)], [(2,)], [(3,)]]
    assert (first.exists(), second.exists(), marts.current()) == (False, True, second)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('{folder}/secret')",
        "COPY customer TO '{folder}/out.csv'",
        "SET memory_limit = '99GB'",
        "DELETE FROM customer",
        "ATTACH '{folder}/other.duckdb'",
    ],
)
def test_a_snapshot_reaches_nothing_else(sql: str, tmp_path: Path) -> None:
    shop, marts = a_shop(tmp_path), marts_in(tmp_path)
    marts.refresh(shop.lake)
    marts.publish()
    (tmp_path / "secret").write_text("x")

    with marts.open_snapshot() as con, pytest.raises(duckdb.Error):
        con.execute(sql.format(folder=tmp_path)).fetchall()


def test_a_runaway_exploration_is_stopped_and_the_cursor_lives_on() -> None:
    with duckdb.connect() as con, con.cursor() as cursor:
        with pytest.raises(ExplorationTooSlow) as refusal, deadline(cursor, seconds=0.2):
            cursor.execute("SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b").fetchall()
        answer = cursor.execute("SELECT 42").fetchall()

    assert (refusal.value.code, refusal.value.status) == ("exploration_too_slow", 503)
    assert answer == [(42,)]


GROWING = """
import sys
from pathlib import Path
from analytics.histories import Sold, order_rows, CUSTOMERS, CURRENCY
from datetime import date, timedelta
from regulars.analytics.lake import Lake
from regulars.analytics.marts import Marts, Limits
folder = Path(sys.argv[1])
lake = Lake(folder=folder / "lake", threads=1)
marts = Marts(folder=folder / "marts", currency=CURRENCY, limits=Limits(memory="256MB", threads=1))
while True:
    at = lake.manifest().watermark
    sold = [Sold(CUSTOMERS[n % 6], None, date(2024, 1, 1) + timedelta(days=n % 90), n) for n in range(at, at + 20)]
    lake.append({"orders": order_rows(sold, first=at)}, after=at, watermark=at + 20)
    if at % 60 == 0:
        lake.compact(small_files_max=2)
    marts.refresh(lake)
    print(at + 20, flush=True)
"""


def test_killed_at_any_moment_nothing_is_lost_or_counted_twice(tmp_path: Path) -> None:
    chance = random.Random(7)
    for _ in range(4):
        growing = subprocess.Popen(
            [sys.executable, "-c", GROWING, str(tmp_path)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
        )
        assert growing.stdout
        growing.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.4))
        growing.send_signal(signal.SIGKILL)
        growing.communicate()

        lake, marts, at_once = Lake(folder=tmp_path / "lake"), marts_in(tmp_path), marts_in(tmp_path, "at once")
        watermark = marts.refresh(lake).watermark
        at_once.rebuild(lake)

        assert contents(marts) == contents(at_once)
        assert watermark > 0
        assert sum(row[3] for row in contents(marts)["customer_day"]) == watermark  # type: ignore[misc]
