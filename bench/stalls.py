# SPDX-License-Identifier: Apache-2.0
"""How long a single write may have to wait: beside saturated earns, a batch of 10,000, a backup; and after a kill.

Run: python bench/stalls.py [seconds]. With DATABASE_URL=postgresql://… it runs on PostgreSQL (an empty database).
"""

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from clients import load
from earns import CONNECTIONS, MEMBERS, earn_requests, open_loop
from machine import describe, percentile, spread
from server import Served, served_shop

ROUNDS = 3
BETWEEN_KILLS_S = 6.0  # a worker that dies twice within 5.5 seconds ends the server: it would not get up a third time
BESIDE_A_BATCH = 16
WRITERS, WRITES_PER_S = 40, 20  # so many that a slow answer delays no other
LIMIT_MS = 250


def beside_writes(shop: Served, work: Callable[[], object]) -> list[float]:
    """Do something beside 20 page-like writes a second and return the latencies of these in milliseconds."""
    latencies: list[float] = []
    stop = threading.Event()
    each = (shop, stop, WRITES_PER_S / WRITERS, "POST", latencies)
    writers = [threading.Thread(target=open_loop, args=each) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
        time.sleep(1 / WRITES_PER_S)
    work()
    stop.set()
    for writer in writers:
        writer.join()
    return latencies


def report(name: str, latencies: list[list[float]]) -> None:
    """Print p95 and the worst of each round against the limit."""
    worst = [max(one) for one in latencies]
    verdict = "within" if max(worst) <= LIMIT_MS else "OVER"
    tails = spread([percentile(one, 0.95) for one in latencies])
    print(f"{name:<46} p95 {tails:>16} ms, worst {spread(worst):>18} ms: {verdict} {LIMIT_MS}", flush=True)


def saturated(shop: Served, seconds: float) -> None:
    """Measure page writes beside as many earns as the machine takes."""
    rates = []

    def earn(round_: int) -> Callable[[], None]:
        requests = earn_requests(shop.token, f"stall{round_}")
        return lambda: rates.append(load(shop.port, CONNECTIONS, seconds, requests).rate)

    writes = [beside_writes(shop, earn(round_)) for round_ in range(ROUNDS)]
    report(f"page writes beside {spread(rates)} earns/s", writes)


def send_batch(shop: Served, name: str) -> float:
    """Send 10,000 one-line orders as one request and return the seconds it took."""
    items = [
        {
            "kind": "order", "source": "batch", "external_id": f"{name}-{number}", "occurred_at": "2026-11-01T10:00:00Z",
            "customer": {"external_id": f"C{number % MEMBERS}"}, "lines": [{"sku": f"S{number % 300}", "amount_minor": 12_500}],
        }
        for number in range(10_000)
    ]  # fmt: skip
    body = json.dumps(items)
    link = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=300)
    started = time.perf_counter()
    headers = {"Authorization": f"Bearer {shop.token}", "Content-Type": "application/json"}
    link.request("POST", "/api/v1/batch", body, headers)
    assert link.getresponse().status == 200
    link.close()
    return time.perf_counter() - started


def beside_a_batch(shop: Served) -> None:
    """Measure page writes and single earns beside a batch of 10,000."""
    alone = send_batch(shop, "alone")
    writes, earns, took = [], [], []
    for round_ in range(ROUNDS):

        def work(round_: int = round_) -> None:
            batch = threading.Thread(target=lambda: took.append(send_batch(shop, f"b{round_}")))
            batch.start()
            requests = earn_requests(shop.token, f"beside{round_}")
            earns.append(load(shop.port, BESIDE_A_BATCH, alone, requests).latencies_ms)
            batch.join()

        writes.append(beside_writes(shop, work))
    report(f"page writes beside a batch of {spread(took, 1)} s", writes)
    report("single earns beside it, 16 connections", earns)


def beside_a_backup(shop: Served) -> None:
    """Measure page writes beside a backup, with earns from eight connections."""
    writes, took = [], []
    for round_ in range(ROUNDS):

        def work(round_: int = round_) -> None:
            with tempfile.TemporaryDirectory() as folder:
                command = [str(Path(sys.executable).parent / "regulars"), "backup", str(Path(folder) / "backup.tar.gz")]
                started = time.perf_counter()
                process = subprocess.Popen(command, env=shop.environment, stdout=subprocess.DEVNULL)
                while process.poll() is None:
                    load(shop.port, 8, 0.5, earn_requests(shop.token, f"backup{round_}-{time.time_ns()}"))
                assert process.returncode == 0
                took.append(time.perf_counter() - started)

        writes.append(beside_writes(shop, work))
    report(f"page writes beside a backup of {spread(took, 1)} s", writes)


def after_a_kill(shop: Served) -> None:
    """Measure how long after kill -9 of every worker the server answers again."""
    pauses = []
    for _ in range(ROUNDS):
        children = Path(f"/proc/{shop.process.pid}/task/{shop.process.pid}/children").read_text()
        for child in children.split():
            os.kill(int(child), signal.SIGKILL)
        started = time.perf_counter()
        while not answers(shop):
            assert shop.process.poll() is None, "the server ended"
            time.sleep(0.01)
        pauses.append(time.perf_counter() - started)
        time.sleep(BETWEEN_KILLS_S)
    print(f"{'kill -9 of all workers: answers again after':<46} {spread(pauses, 2)} s (limit 3 s)")


def answers(shop: Served) -> bool:
    """Tell whether a request is answered."""
    link = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=5)
    try:
        link.request("GET", "/api/v1/openapi.json")
        return link.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()


if __name__ == "__main__":
    describe("django", "granian", "msgspec", "psycopg")
    with served_shop() as served:
        length = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
        load(served.port, CONNECTIONS, 3, earn_requests(served.token, "warm"))
        saturated(served, length)
        beside_a_batch(served)
        beside_a_backup(served)
        after_a_kill(served)
