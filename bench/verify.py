# SPDX-License-Identifier: Apache-2.0
"""What `regulars verify` takes on a long journal: a shop of 50,000 members whose purchases are sealed, then every row read again.

Run: python bench/verify.py [entries], by default a million; on SQLite. What REGULARS_HOME holds: python bench/verify.py verify [quick].
"""

import itertools
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime

from machine import describe

MEMBERS = 50_000
BATCH = 500


def fill(entries: int) -> None:
    """Record and seal purchases until the journal is as long as wanted: two entries each."""
    import django

    django.setup()
    from django.core.management import call_command

    from regulars.customers.matching import CustomerRef
    from regulars.flow.intake import Order, OrderLine
    from regulars.flow.receive import receive
    from regulars.kernel.clock import utc_now
    from regulars.outbox.commits import SEAL
    from regulars.programs.actions import publish_program
    from regulars.programs.starter import SINCE_EVER, starter_program
    from regulars.tenancy.actions import create_business
    from regulars.tenancy.actors import SYSTEM
    from regulars.work.drain import do_waiting

    call_command("migrate", interactive=False, verbosity=0)
    now, numbers = utc_now(), itertools.count()
    business = create_business("Bench", country="IN", now=now)
    publish_program(business, starter_program("INR"), valid_from=SINCE_EVER, actor=SYSTEM, now=now)
    at = datetime(2026, 11, 1, 10, tzinfo=UTC)
    for batch in range(entries // 2 // BATCH):
        orders = [
            Order(
                source="bench", external_id=str(number), occurred_at=at, customer=CustomerRef(external_id=f"C{number % MEMBERS}"),
                lines=[OrderLine(sku=f"S{number % 300}", amount_minor=12_500)],
            )
            for number in itertools.islice(numbers, BATCH)
        ]  # fmt: skip
        receive(business, orders, now=now)
        if batch % 20 == 19:
            do_waiting({SEAL})
    do_waiting({SEAL})


def verify(*words: str) -> None:
    """Verify the books of every business and print what it took; `quick` decides nothing again."""
    import django

    django.setup()
    from regulars.flow.verifying import verify_books
    from regulars.tenancy.models import Business

    begun, started = time.process_time(), time.perf_counter()
    for business in Business.objects.order_by("created_at"):
        found = verify_books(business.pk, is_quick="quick" in words)
        told = f"{found.entries:,} entries, {found.seals:,} seals, {found.decisions:,} decided again"
        print(f"{told}, difference “{found.difference}”")
    spent, waited = time.process_time() - begun, time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{' '.join(words) or 'whole'}: {spent:.1f} s of processor, {waited:.1f} s of wall, {peak:.0f} MB at most")


if __name__ == "__main__":
    if "REGULARS_HOME" in os.environ and sys.argv[1:2] == ["fill"]:
        fill(int(sys.argv[2]))
    elif "REGULARS_HOME" in os.environ and sys.argv[1:2] == ["verify"]:
        verify(*sys.argv[2:])
    else:
        describe("django")
        home = tempfile.mkdtemp(prefix="regulars-bench-")
        told = {
            **os.environ,
            "REGULARS_HOME": home,
            "DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "regulars.site.settings",
        }
        subprocess.run([sys.executable, __file__, "fill", *(sys.argv[1:] or ["1000000"])], env=told, check=True)
        for words in ([], ["quick"]):
            subprocess.run([sys.executable, __file__, "verify", *words], env=told, check=True)
        shutil.rmtree(home, ignore_errors=True)
