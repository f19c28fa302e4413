# SPDX-License-Identifier: Apache-2.0
"""Durable single earns over HTTP: alone, and beside page writes, reads and the job drain. Batches of 10,000. Quotes.

Run: python bench/earns.py [seconds]; on PostgreSQL too behind: python scripts/throwaway_postgres.py --durable.
"""

import http.client
import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Callable

import psycopg
from clients import load, request
from machine import describe, percentile, spread
from server import Served, served_shop

ROUNDS = 3
CONNECTIONS = 32
MEMBERS = 5_000


def earn_requests(token: str, prefix: str):
    """Return a function that makes the next purchase: one line, one of five thousand members."""
    numbers = itertools.count()

    def next_request() -> bytes:
        number = next(numbers)
        body = {
            "customer": {"external_id": f"C{number % MEMBERS}"},
            "lines": [{"sku": f"S{number % 300}", "amount_minor": 12_500}],
        }
        return request("POST", "/api/v1/orders", token, json.dumps(body).encode(), key=f"{prefix}-{number}")

    return next_request


def quote_requests(token: str):
    """Return a function that makes the next quote."""
    numbers = itertools.count()

    def next_request() -> bytes:
        body = {
            "customer": {"external_id": f"C{next(numbers) % MEMBERS}"},
            "lines": [{"sku": "S1", "amount_minor": 12_500}],
        }
        return request("POST", "/api/v1/quotes", token, json.dumps(body).encode())

    return next_request


def open_loop(shop: Served, stop: threading.Event, per_second: float, method: str, latencies: list[float]) -> None:
    """Send page-like requests at a steady rate, each timed from when it was due."""
    link = http.client.HTTPConnection("127.0.0.1", shop.port)
    numbers, started = itertools.count(), time.perf_counter()
    headers = {"Authorization": f"Bearer {shop.token}", "Content-Type": "application/json"}
    while not stop.is_set():
        number = next(numbers)
        due = started + number / per_second
        time.sleep(max(due - time.perf_counter(), 0))
        if method == "POST":
            body = json.dumps({"name": f"Visitor {number}", "card": f"B{time.time_ns()}"})
            link.request("POST", "/api/v1/customers", body, headers)
        else:
            link.request("GET", "/api/v1/customers?limit=25", headers=headers)
        answer = link.getresponse()
        answer.read()
        latencies.append((time.perf_counter() - due) * 1000)


def measure(
    shop: Served, name: str, connections: int, seconds: float, requests: Callable[[int], Callable[[], bytes]]
) -> None:
    """Run a closed loop for some rounds and print what it came to, with what the server's processes spent on each request."""
    outcomes, costs = [], []
    for round_ in range(ROUNDS):
        before = shop.cpu_s()
        outcomes.append(load(shop.port, connections, seconds, requests(round_)))
        costs.append((shop.cpu_s() - before) * 1e6 / len(outcomes[-1].latencies_ms))
    rates = [outcome.rate for outcome in outcomes]
    tails = [percentile(outcome.latencies_ms, 0.99) for outcome in outcomes]
    print(
        f"{name:<44} {spread(rates):>28} /s   p99 {spread(tails, 1)} ms   server {spread(costs)} µs   {outcomes[-1].statuses}"
    )


def run(shop: Served, seconds: float) -> None:
    """Run all phases."""
    warm_up(shop)
    measure(shop, "earns alone, 32 connections", CONNECTIONS, seconds, lambda i: earn_requests(shop.token, f"alone{i}"))
    writes: list[float] = []
    reads: list[float] = []
    stop = threading.Event()
    beside = [
        threading.Thread(target=open_loop, args=(shop, stop, 20, "POST", writes)),
        threading.Thread(target=open_loop, args=(shop, stop, 20, "GET", reads)),
    ]
    for thread in beside:
        thread.start()
    measure(
        shop,
        "earns beside 20 writes/s, 20 reads/s",
        CONNECTIONS,
        seconds,
        lambda i: earn_requests(shop.token, f"beside{i}"),
    )
    stop.set()
    for thread in beside:
        thread.join()
    print(
        f"  page writes p95 {percentile(writes, 0.95):.0f} ms, worst {max(writes):.0f} ms; reads p95 {percentile(reads, 0.95):.0f} ms, worst {max(reads):.0f} ms"
    )
    for connections in (8, CONNECTIONS):
        measure(shop, f"quotes, {connections} connections", connections, seconds, lambda _: quote_requests(shop.token))
    rates = [send_batch(shop, f"batch{round_}") for round_ in range(ROUNDS)]
    print(f"{'batches of 10,000 one-line orders':<44} {spread(rates):>28} orders/s")


def warm_up(shop: Served) -> None:
    """Make all members known; PostgreSQL then looks at its tables, as it does by itself within a minute."""
    send_batch(shop, "warm")
    if url := shop.environment["DATABASE_URL"]:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ANALYZE")
    load(shop.port, CONNECTIONS, 3, earn_requests(shop.token, "warm"))


def send_batch(shop: Served, tag: str) -> float:
    """Send 10,000 one-line orders in one request and return how many were durable per second."""
    items = [
        {
            "kind": "order", "source": tag, "external_id": str(number), "occurred_at": "2026-11-01T10:00:00Z",
            "customer": {"external_id": f"C{number % MEMBERS}"}, "lines": [{"sku": f"S{number % 300}", "amount_minor": 12_500}],
        }
        for number in range(10_000)
    ]  # fmt: skip
    link = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=300)
    headers = {"Authorization": f"Bearer {shop.token}", "Content-Type": "application/json"}
    body, started = json.dumps(items), time.perf_counter()
    link.request("POST", "/api/v1/batch", body, headers)
    answer = link.getresponse()
    answer.read()
    assert answer.status == 200, answer.status
    return 10_000 / (time.perf_counter() - started)


if __name__ == "__main__":
    describe("django", "granian", "msgspec", "psycopg")
    duration = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    for url in filter(None, ("sqlite", os.environ.get("REGULARS_TEST_POSTGRES"))):
        print(f"-- {'SQLite' if url == 'sqlite' else 'PostgreSQL, a worker process for each core'}")
        with served_shop(database="" if url == "sqlite" else url) as served:
            run(served, duration)
