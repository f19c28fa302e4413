# SPDX-License-Identifier: Apache-2.0
"""The same double entry, ours against django-hordak 2.0, alternating in one run on SQLite.

Ours books what a purchase books (fact, line, transaction, two entries, lot, decision, event, job) in batches of 100; hordak books a
transaction with two legs as its documentation says, one at a time, as it has no batches. Run in an environment that has
django-hordak==2.0.0 beside Regulars: python bench/against_hordak.py
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import describe, spread

ROUNDS = 5
OURS = 2_000
THEIRS = 300

_OURS = f"""
import time, django; django.setup()
from django.core.management import call_command
call_command("migrate", interactive=False, verbosity=0)
from regulars.customers.matching import CustomerRef
from regulars.flow.intake import Order, OrderLine
from regulars.flow.receive import receive
from regulars.kernel.clock import utc_now
from regulars.programs.actions import publish_program
from regulars.programs.starter import SINCE_EVER, starter_program
from regulars.tenancy.actions import create_business
from regulars.tenancy.actors import SYSTEM
now = utc_now()
business = create_business("Bench", country="IN", now=now)
publish_program(business, starter_program("INR"), valid_from=SINCE_EVER, actor=SYSTEM, now=now)
def orders(tag, count):
    return [Order(source=tag, external_id=str(n), occurred_at=now, customer=CustomerRef(external_id=f"C{{n % 500}}"),
                  lines=[OrderLine("S", 10_000)]) for n in range(count)]
receive(business, orders("warm", 500), now=now)
made = orders("timed", {OURS})
started = time.perf_counter()
for start in range(0, len(made), 100):
    receive(business, made[start:start + 100], now=now)
print(len(made) / (time.perf_counter() - started))
"""
_THEIRS = f"""
import os, time, django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "mptt", "hordak"], USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["HORDAK_DB"],
               "OPTIONS": {{"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"}}}}}},
)
django.setup()
from django.core.management import call_command
call_command("migrate", interactive=False, verbosity=0)
from django.db import transaction
from hordak.models import Account, Leg, Transaction
from hordak.utilities.currency import Balance
a = Account.objects.create(name="issued", code="1", currencies=["EUR"])
b = Account.objects.create(name="member", code="2", currencies=["EUR"])
started = time.perf_counter()
for n in range({THEIRS}):
    with transaction.atomic():
        booked = Transaction.objects.create(description=str(n))
        Leg.objects.create(transaction=booked, account=a, credit=Balance_money)
        Leg.objects.create(transaction=booked, account=b, debit=Balance_money)
print({THEIRS} / (time.perf_counter() - started))
""".replace(
    "from hordak.utilities.currency import Balance\n", "from moneyed import Money\nBalance_money = Money(1, 'EUR')\n"
)


def _run(code: str, extra: dict[str, str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "REGULARS_HOME": folder,
            "HORDAK_DB": str(Path(folder) / "hordak.sqlite3"),
            **extra,
        }
        done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    describe("django", "django-hordak")
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_run(_OURS, {"DJANGO_SETTINGS_MODULE": "regulars.site.settings"}))
        theirs.append(_run(_THEIRS, {}))
        time.sleep(0.2)
    print(
        f"Regulars {spread(ours)} /s, django-hordak {spread(theirs)} /s, ratio {spread([a / b for a, b in zip(ours, theirs, strict=True)], 1)}"
    )
