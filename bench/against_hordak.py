# SPDX-License-Identifier: Apache-2.0
"""The same double entry, ours against django-hordak 2.0, alternating in one run on one PostgreSQL server (hordak knows no SQLite).

Ours alone books the same entry with its lot and guarded balance; a whole purchase adds fact, line, decision, event and job. Both in
batches of 100, and one by one.
Hordak books a transaction with two legs as its documentation says, one by one, as it has no batches. Run in an environment that has
django-hordak==2.0.0 beside Regulars: python scripts/throwaway_postgres.py --durable PYTHON bench/against_hordak.py
"""

import json
import os
import subprocess
import sys
import tempfile
from urllib.parse import urlsplit

import psycopg
from machine import describe, spread

ROUNDS = 5
OURS = 2_000
THEIRS = 300
_MEASURED = (
    "the same entry, in batches of 100",
    "the same entry, one by one",
    "whole purchases, in batches of 100",
    "whole purchases, one by one",
)

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
from datetime import timedelta
from regulars.database.transactions import run_durably
from regulars.facts.models import Fact
from regulars.kernel.ids import new_key
from regulars.ledger.actions import save_book
from regulars.ledger.book import Book, Posting, Side, Terms
from regulars.ledger.loading import load_accounts, load_shop_accounts
fact = Fact.objects.order_by("id").first()
members = list(Fact.objects.values_list("customer_id", flat=True).distinct())
terms = Terms(occurred_at=now, available_at=now, expires_at=now + timedelta(days=365))
def credit(owners):
    book = Book(now=now, new_key=new_key)
    load_accounts(book, business.pk, "points", owners)
    load_shop_accounts(book, business.pk, "points")
    for owner in owners:
        book.credit(book.account(Side.MEMBER, "points", owner), 100, Posting(fact=fact.pk, kind="earn", occurred_at=now), terms)
    save_book(book, business.pk)
for size, count in ((100, {OURS}), (1, {THEIRS})):
    started = time.perf_counter()
    for start in range(0, count, size):
        run_durably(lambda: credit([members[n % len(members)] for n in range(start, start + size)]))
    print(count / (time.perf_counter() - started))
for size, count in ((100, {OURS}), (1, {THEIRS})):
    made = orders(f"timed{{size}}", count)
    started = time.perf_counter()
    for start in range(0, len(made), size):
        receive(business, made[start:start + size], now=now)
    print(len(made) / (time.perf_counter() - started))
"""
_THEIRS = f"""
import json, os, time, django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "mptt", "hordak"], USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={{"default": {{"ENGINE": "django.db.backends.postgresql", **json.loads(os.environ["HORDAK"])}}}},
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


def _new_database(server: str, name: str) -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return server.rpartition("/")[0] + f"/{name}"


def _run(code: str, url: str) -> list[float]:
    parts = urlsplit(url)
    named = {
        "NAME": parts.path[1:],
        "USER": parts.username,
        "PASSWORD": parts.password,
        "HOST": parts.hostname,
        "PORT": parts.port,
    }
    with tempfile.TemporaryDirectory() as folder:
        told = {"REGULARS_HOME": folder, "DATABASE_URL": url, "HORDAK": json.dumps(named)}
        if code is _OURS:
            told["DJANGO_SETTINGS_MODULE"] = "regulars.site.settings"
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env={**os.environ, **told}, check=True, capture_output=True, text=True)
    return [float(line) for line in done.stdout.split()]


def main(server: str) -> None:
    """Alternate the two and print the ratios."""
    describe("django", "django-hordak", "psycopg")
    ours, theirs = [], []
    for round_ in range(ROUNDS):
        ours.append(_run(_OURS, _new_database(server, f"ours{round_}")))
        theirs += _run(_THEIRS, _new_database(server, f"theirs{round_}"))
    print(f"{'django-hordak, transactions one by one':<44} {spread(theirs)} /s")
    for name, rates in zip(_MEASURED, zip(*ours, strict=True), strict=True):
        ratios = [rate / hordak for rate, hordak in zip(rates, theirs, strict=True)]
        print(f"{name:<44} {spread(rates)} /s, ratio {spread(ratios, 1)}")


if __name__ == "__main__":
    main(os.environ["REGULARS_TEST_POSTGRES"])
