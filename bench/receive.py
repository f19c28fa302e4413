# SPDX-License-Identifier: Apache-2.0
"""What one purchase of one line costs `receive`, in process: in batches of 500 and in groups of 16, as the writer makes them;
and what their seal costs after the commit.

Processor time of this process and wall time per purchase, on SQLite; on PostgreSQL too behind
`python scripts/throwaway_postgres.py --durable`. Run: python bench/receive.py
"""

import gc
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime

from machine import describe, spread

MEMBERS = 5_000
ROUNDS = 5
SIZES = ((500, 4), (16, 60))
CLAIMED = 20


def seal(business) -> tuple[float, float]:
    """Seal what waits, in groups as the worker claims them; return processor and wall time."""
    from regulars.flow.sealing import seal_commits
    from regulars.outbox.models import Job

    payloads = list(Job.objects.filter(kind="seal").order_by("id").values_list("payload", flat=True))
    begun, started = time.process_time(), time.perf_counter()
    for start in range(0, len(payloads), CLAIMED):
        seal_commits(business.pk, payloads[start : start + CLAIMED])
    spent = time.process_time() - begun, time.perf_counter() - started
    Job.objects.filter(kind="seal").delete()
    return spent


def measure() -> None:
    """Set up a shop whose members are all known, and time purchases of theirs."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from regulars.customers.matching import CustomerRef
    from regulars.flow.intake import Order, OrderLine
    from regulars.flow.receive import receive
    from regulars.kernel.clock import utc_now
    from regulars.programs.actions import publish_program
    from regulars.programs.starter import SINCE_EVER, starter_program
    from regulars.tenancy.actions import create_business
    from regulars.tenancy.actors import SYSTEM

    call_command("migrate", interactive=False, verbosity=0)
    now, numbers = utc_now(), itertools.count()
    business = create_business("Bench", country="IN", now=now)
    publish_program(business, starter_program("INR"), valid_from=SINCE_EVER, actor=SYSTEM, now=now)

    def orders(count: int) -> list[Order]:
        at = datetime(2026, 11, 1, 10, tzinfo=UTC)
        return [
            Order(
                source="bench", external_id=str(number), occurred_at=at, customer=CustomerRef(external_id=f"C{number % MEMBERS}"),
                lines=[OrderLine(sku=f"S{number % 300}", amount_minor=12_500)],
            )
            for number in itertools.islice(numbers, count)
        ]  # fmt: skip

    receive(business, orders(MEMBERS), now=now)
    seal(business)
    connection.cursor().execute("ANALYZE" if connection.vendor == "postgresql" else "SELECT 1")
    gc.collect()
    gc.freeze()
    for size, count in SIZES:
        processor, wall, sealing, sealing_wall = [], [], [], []
        for _ in range(ROUNDS):
            batches = [orders(size) for _ in range(count)]
            begun, started = time.process_time(), time.perf_counter()
            for batch in batches:
                receive(business, batch, now=utc_now())
            processor.append((time.process_time() - begun) * 1e6 / (size * count))
            wall.append((time.perf_counter() - started) * 1e6 / (size * count))
            spent, waited = seal(business)
            sealing.append(spent * 1e6 / (size * count))
            sealing_wall.append(waited * 1e6 / (size * count))
        print(
            f"{connection.vendor:<10} groups of {size:>3}: {spread(processor)} µs of processor, {spread(wall)} µs of wall each;"
            f" their seal {spread(sealing)} and {spread(sealing_wall)} µs"
        )


if __name__ == "__main__":
    if "REGULARS_HOME" in os.environ and sys.argv[1:] == ["measure"]:
        measure()
    else:
        describe("django", "psycopg")
        for url in filter(None, ("sqlite", os.environ.get("REGULARS_TEST_POSTGRES"))):
            home = tempfile.mkdtemp(prefix="regulars-bench-")
            told = {"REGULARS_HOME": home, "DJANGO_SETTINGS_MODULE": "regulars.site.settings"}
            told["DATABASE_URL"] = "" if url == "sqlite" else url
            subprocess.run([sys.executable, __file__, "measure"], env={**os.environ, **told}, check=True)
            shutil.rmtree(home, ignore_errors=True)
