# SPDX-License-Identifier: Apache-2.0
"""Whoever listens hears of every change of a customer's record, once, by the id alone, whichever door it came through."""

import random
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from api.cast import ASHA, a_caller, an_order, seal_all
from regulars.customers.models import Customer, Identity
from regulars.kernel.clock import utc_now
from regulars.outbox.models import Event, Job
from regulars.outbox.queries import events_after
from regulars.tenancy.models import Business
from regulars.tenancy.sender import Sender
from regulars.work.handlers import HANDLERS
from regulars.work.kinds import Context
from web.cast import a_browser

pytestmark = pytest.mark.django_db


def told(business: Business) -> list[tuple[UUID | None, dict[str, Any]]]:
    """Return whom the events of changed customers are about, with their data, in the order of the feed."""
    seal_all(business)
    return [
        (event.customer_id, event.payload) for event in events_after(business.pk, 0) if event.kind == "customer.changed"
    ]


def test_over_the_api():
    caller = a_caller()
    made = caller.post("customers", {"name": "Asha", "phone": "98765 43210"}).data["id"]
    caller.patch(f"customers/{made}", {"tags": ["regular"]})
    caller.patch(f"customers/{made}", {"tags": ["regular"]})
    caller.patch(f"customers/{made}", {"card": "C-7"})
    refused = caller.patch(f"customers/{made}", {"language": "??"})

    assert refused.status_code == 422
    assert told(caller.business) == [(UUID(made), {"customer": made})] * 3


def test_a_purchase_that_brings_an_identity():
    caller = a_caller()
    asha = caller.post("orders", an_order()).data["customer"]
    assert told(caller.business) == []  # whom a purchase makes known is told of by the purchase

    caller.post("orders", an_order(customer=ASHA | {"card": "C-7"}))
    caller.post("orders", an_order(customer=ASHA | {"card": "C-7"}))

    assert told(caller.business) == [(UUID(asha), {"customer": asha})]


def test_on_the_pages():
    caller = a_caller()
    made = caller.post("customers", {"name": "Asha", "phone": "98765 43210"}).data["id"]
    browser = a_browser(caller.business)
    record = f"/customers/{made}/"

    browser.post(f"{record}edit/", {"name": "Asha K.", "language": "mr", "birthday": "", "tags": "vip"})
    browser.post(f"{record}identities/", {"kind": "card", "value": "C-17"})
    card = Identity.objects.get(kind="card")
    browser.post(f"{record}identities/{card.pk}/remove/")

    assert told(caller.business) == [(UUID(made), {"customer": made})] * 4


def test_by_an_import(settings, tmp_path):
    settings.HOME = tmp_path
    caller = a_caller()
    asha = caller.post("customers", {"name": "Asha", "phone": "98765 43210"}).data["id"]
    browser = a_browser(caller.business)
    rows = "phone,name,tags\n9876543210,Asha,vip\n9876543211,Ravi,\n"
    for _ in range(2):
        file = SimpleUploadedFile("people.csv", rows.encode(), content_type="text/csv")
        address = browser.post("/imports/new/", {"subject": "customers", "file": file, "preset": ""}).headers[
            "Location"
        ]
        run = browser.post(
            address, {"column-phone": "phone", "column-name": "name", "column-tags": "tags", "source": "people"}
        ).headers["Location"]
        browser.post(f"{run}start/")
        job = Job.objects.get(kind="import")
        HANDLERS["import"].run(Context(now=utc_now(), random=random.random, sender=Sender()), job)
        job.delete()

    ravi = Customer.objects.get(name="Ravi").pk
    assert sorted(told(caller.business), key=str) == sorted(
        [(UUID(asha), {"customer": asha})] * 2 + [(ravi, {"customer": str(ravi)})], key=str
    )


def test_it_is_undone_with_the_change():
    caller = a_caller()
    asha = caller.post("customers", ASHA).data["id"]
    caller.post("customers", {"name": "Ravi", "card": "C-7"})

    taken = caller.patch(f"customers/{asha}", {"name": "Asha K.", "card": "C-7"})

    assert taken.data["code"] == "identity_taken"
    assert Event.objects.filter(kind="customer.changed", customer_id=asha).count() == 1
