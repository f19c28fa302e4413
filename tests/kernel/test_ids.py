# SPDX-License-Identifier: Apache-2.0
"""Keys ascend, whatever the clock does."""

import os
import threading
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from regulars.kernel.ids import KeyMaker, key_of_bytes, new_key


@given(st.lists(st.integers(0, 50), min_size=1, max_size=300))
def test_keys_ascend_even_when_the_clock_goes_back(clock):
    ticks = iter(clock)
    make = KeyMaker(clock_ms=lambda: next(ticks), random_62=lambda: 0)

    keys = [make() for _ in clock]

    assert keys == sorted(set(keys))


def test_more_keys_than_a_millisecond_holds():
    make = KeyMaker(clock_ms=lambda: 1_000, random_62=lambda: 0)

    keys = [make() for _ in range(10_000)]

    assert keys == sorted(set(keys))


def test_they_are_uuids_of_version_seven_with_their_time():
    key = KeyMaker(clock_ms=lambda: 1_772_000_000_000, random_62=lambda: 2**62 - 1)()

    assert (key.version, key.variant) == (7, UUID(int=0x2 << 62).variant)
    assert key.int >> 80 == 1_772_000_000_000
    assert UUID(str(key)) == key == key_of_bytes(key.bytes)


def test_equal_clocks_and_dice_give_equal_keys():
    def keys() -> list[UUID]:
        make = KeyMaker(clock_ms=lambda: 5, random_62=lambda: 7)
        return [make() for _ in range(5)]

    assert keys() == keys()


def test_pools_of_threads_never_meet_and_each_ascends():
    made: list[list[UUID]] = []

    def make_many() -> None:
        take = new_key.pool(7)
        made.append([take() for _ in range(300)])

    threads = [threading.Thread(target=make_many) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(keys == sorted(keys) for keys in made)
    assert len({key for keys in made for key in keys}) == 1_800


def test_a_key_made_after_a_pool_was_opened_comes_after_its_keys():
    take = new_key.pool(10)
    first = take()

    assert first < new_key()


def test_processes_forked_from_one_never_make_the_same_key():
    numbers = {_drawn_by_a_child() for _ in range(2)} | {new_key().int & (1 << 62) - 1}

    assert len(numbers) == 3


def _drawn_by_a_child() -> int:
    """Return the random part of the first key a forked process makes."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writing, (new_key().int & (1 << 62) - 1).to_bytes(8))
        os._exit(0)
    os.waitpid(child, 0)
    drawn = os.read(reading, 8)
    os.close(reading)
    os.close(writing)
    return int.from_bytes(drawn)
