# SPDX-License-Identifier: Apache-2.0
"""The lock that serves in order of arrival."""

import threading
import time

from regulars.database.locks import FairLock


def queue_up(lock: FairLock, count: int, served: list[int]) -> list[threading.Thread]:
    """Start threads that ask for the lock one after the other, each only once the one before stands in line."""

    def ask(number: int) -> None:
        assert lock.acquire(30)
        served.append(number)
        lock.release()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(count)]
    for place, thread in enumerate(threads, start=1):
        thread.start()
        while len(lock._waiting) < place:
            time.sleep(0)
    return threads


def test_whoever_came_first_is_served_first():
    lock, served = FairLock(), []
    assert lock.acquire(0)
    threads = queue_up(lock, 12, served)

    lock.release()

    for thread in threads:
        thread.join()
    assert served == list(range(12))
    assert lock.acquire(0), "free again"


def test_who_waits_too_long_leaves_the_line():
    lock = FairLock()
    assert lock.acquire(0)

    assert not lock.acquire(0.01)

    assert not lock._waiting
    lock.release()
    assert lock.acquire(0)


def test_nobody_behind_one_who_left_is_forgotten():
    lock, served = FairLock(), []
    assert lock.acquire(0)
    impatient = threading.Thread(target=lock.acquire, args=(0.05,))
    impatient.start()
    while not lock._waiting:
        time.sleep(0)
    impatient.join()
    threads = queue_up(lock, 2, served)

    lock.release()

    for thread in threads:
        thread.join()
    assert served == [0, 1]


def test_one_at_a_time():
    lock, inside, most = FairLock(), [0], [0]

    def work() -> None:
        for _ in range(200):
            assert lock.acquire(30)
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            inside[0] -= 1
            lock.release()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [1]
