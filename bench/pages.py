# SPDX-License-Identifier: Apache-2.0
"""Server time of the staff pages on the demo shop: each page so many times, in process, without the network.

Run: python bench/pages.py, with REGULARS_HOME naming a folder where `regulars demo` has loaded its shops (made when missing).
"""

import contextlib
import os
import sys
import tempfile
import time

import django
from machine import describe, percentile

REPEATS = 20


def main() -> None:
    """Load the demo where it is missing, log in, time every page."""
    os.environ.setdefault("REGULARS_HOME", tempfile.mkdtemp(prefix="regulars-pages-"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "regulars.site.settings"
    django.setup()
    from django.core.management import call_command
    from django.test import Client

    from regulars.customers.models import Customer
    from regulars.demo.load import DemoLoaded, load_demo
    from regulars.kernel.clock import utc_now
    from regulars.tenancy.models import User

    call_command("migrate", interactive=False, verbosity=0)
    with contextlib.suppress(DemoLoaded):
        load_demo(now=utc_now(), progress=lambda *_: None)
    user = User.objects.order_by("created_at").first()
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    customer = Customer.objects.of(user.staff.first().business_id).order_by("created_at").first()
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
        times = []
        for _ in range(REPEATS):
            started = time.perf_counter()
            answer = client.get(path)
            times.append((time.perf_counter() - started) * 1000)
        print(
            f"{path:<60} {answer.status_code}  median {percentile(times, 0.5):.0f} ms, p95 {percentile(times, 0.95):.0f} ms, {len(answer.content) / 1024:.0f} KB"
        )


if __name__ == "__main__":
    sys.exit(main())
