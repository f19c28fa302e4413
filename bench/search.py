# SPDX-License-Identifier: Apache-2.0
"""Customer search on SQLite: time per first page, over made-up customers in six scripts.

    python bench/search.py [CUSTOMERS]

Makes a database in a temporary folder, imports the customers (and prints how fast), then measures each kind of query.
"""

import os
import platform
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

FIRST = [
    "Anita",
    "Ravi",
    "Sunita",
    "Arjun",
    "Priya",
    "Lakshmi",
    "Kiran",
    "Meena",
    "Vijay",
    "Deepa",
    "Aram",
    "Nare",
    "Hayk",
    "Gor",
    "Tigran",
    "Amit",
    "Sonal",
    "Rohit",
]
FIRST += ["अनिता", "रवि", "सुनीता", "प्रिया", "రవి", "లక్ష్మి", "అనిత", "അനിത", "ലക്ഷ്മി", "Անի", "Արամ", "Նարե"]
LAST = [
    "Sharma",
    "Patil",
    "Reddy",
    "Nair",
    "Iyer",
    "Khan",
    "Singh",
    "Menon",
    "Kulkarni",
    "Deshmukh",
    "Rao",
    "Das",
    "Mehta",
    "Joshi",
    "Sargsyan",
    "Petrosyan",
]
LAST += ["शर्मा", "पाटील", "రెడ్డి", "നായർ", "Սարգսյան", "Պետրոսյան"]
ROUNDS = 30
CHUNK = 5_000


def rows(count: int, random_: random.Random) -> "Iterator[CustomerRow]":
    """Make up customers: everybody a phone, a third an e-mail, a quarter a card."""
    for number in range(count):
        first, last = random_.choice(FIRST), random_.choice(LAST)
        held = [("phone", f"+91{random_.randrange(6 * 10**9, 10**10)}")]
        if number % 3 == 0:
            held.append(("email", f"person{number}@example.com"))
        if number % 4 == 0:
            held.append(("card", f"GOLD-{number:06}"))
        tags = ("vip",) if number % 997 == 0 else ()
        yield CustomerRow(tuple(held), name=f"{first} {last}", tags=tags)


def load(shop: "Business", count: int) -> None:
    """Import the customers and print how fast that went."""
    made = list(rows(count, random.Random(1)))
    started = time.perf_counter()
    for start in range(0, count, CHUNK):
        chunk = made[start : start + CHUNK]
        run_durably(lambda chunk=chunk: import_customers(shop, chunk, now=utc_now(), new_key=new_key))
    print(f"import: {count / (time.perf_counter() - started):,.0f} customers/s")


def measure(name: str, shop: "Business", **options: str) -> None:
    """Print the median and the worst time of a first page of 50."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        page = customer_list(shop, limit=50, **options)
        times.append((time.perf_counter() - started) * 1_000)
    print(f"{name:34} {statistics.median(times):7.1f} ms  worst {max(times):7.1f} ms  {len(page.customers):3} found")


def main(count: int) -> None:
    """Run everything once."""
    call_command("migrate", verbosity=0, skip_checks=True)
    print(platform.processor() or platform.machine(), platform.python_version(), "SQLite", sqlite3.sqlite_version)
    shop = Business.objects.create(
        name="Bench", country="IN", currency="INR", timezone="Asia/Kolkata", languages=["en"], created_at=utc_now()
    )
    load(shop, count)
    somebody = Identity.objects.of(shop).filter(kind="phone").order_by("id")[count // 2].value
    queries = {
        "whole phone": somebody[3:],
        "start of a phone": somebody[3:9],
        "middle of a phone": somebody[6:11],
        "card": "GOLD-000400",
        "rare part": "on4242@",
        "common first name": "anita",
        "first name, own script": "अनिता",
        "two words": "anita sharma",
        "two words, parts": "nita harm",
        "part that nearly all have": "example",
        "two characters": "ra",
        "one character": "a",
        "one rare character": "z",
        "nothing": "qqqqqq",
    }
    for name, text in queries.items():
        measure(name, shop, text=text)
    measure("list, newest first", shop)
    measure("list of a rare tag", shop, tag="vip")
    measure("list of no such tag", shop, tag="nobody has it")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="regulars-bench-") as folder:
        os.environ.update(REGULARS_HOME=folder, DJANGO_SETTINGS_MODULE="regulars.site.settings", DATABASE_URL="")
        sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
        import django

        django.setup()
        from django.core.management import call_command

        from regulars.customers.actions import import_customers
        from regulars.customers.importing import CustomerRow
        from regulars.customers.models import Identity
        from regulars.customers.queries import customer_list
        from regulars.database.transactions import run_durably
        from regulars.kernel.clock import utc_now
        from regulars.kernel.ids import new_key
        from regulars.tenancy.models import Business

        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
