# SPDX-License-Identifier: Apache-2.0
"""Server time of the staff pages: each page so many times after the first, in process, without the network.

Run: python bench/pages.py, with REGULARS_HOME naming the folder of a shop; the demo is loaded where there is none.
Of several businesses the one with the most customers is measured.
"""

import os
import sys
import tempfile
import time

import django
from machine import describe, percentile

REPEATS = 60


def main() -> None:
    """Load the demo where it is missing, log in, time every page."""
    os.environ.setdefault("REGULARS_HOME", tempfile.mkdtemp(prefix="regulars-pages-"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "regulars.site.settings"
    django.setup()
    from django.core.management import call_command
    from django.db.models import Count
    from django.test import Client

    from regulars.customers.models import Customer
    from regulars.demo.load import load_demo
    from regulars.kernel.clock import utc_now
    from regulars.tenancy.models import User

    call_command("migrate", interactive=False, verbosity=0)
    if not User.objects.exists():
        load_demo(now=utc_now(), progress=lambda *_: None)
    (largest,) = Customer.objects.values_list("business").annotate(count=Count("pk")).order_by("-count")[0][:1]
    user = User.objects.filter(staff__business=largest, staff__role="owner").first()
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    customer = Customer.objects.of(largest).order_by("created_at").first()
    describe("django")
    paths = [
        "/",
        "/customers/",
        "/customers/?q=an",
        f"/customers/{customer.pk}/",
        "/program/",
        "/program/rewards/",
        "/retention/",
        "/imports/",
    ]
    for path in paths:
        times, busy = [], []
        answer = client.get(path)  # compiles its templates, once in the life of a server
        for _ in range(REPEATS):
            started, spent = time.perf_counter(), time.process_time()
            answer = client.get(path)
            times.append((time.perf_counter() - started) * 1000)
            busy.append((time.process_time() - spent) * 1000)
        print(
            f"{path:<60} {answer.status_code}  median {percentile(times, 0.5):.0f} ms, p95 {percentile(times, 0.95):.0f} ms, processor p95 {percentile(busy, 0.95):.0f} ms, {len(answer.content) / 1024:.0f} KB"
        )


if __name__ == "__main__":
    sys.exit(main())
