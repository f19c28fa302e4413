# SPDX-License-Identifier: Apache-2.0
"""A backup of the served program, restored: nothing that was answered before it is missing, and the work goes on."""

import http.client
import urllib.parse
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from flow.bank import Bank, Client
from flow.test_bank import bank
from lanes import LANE
from work.drill import back_up_under_load, check_restored, regulars, restored_from
from work.far_side import far_side

pytestmark = pytest.mark.xdist_group("served")

__all__ = ["bank"]


def ask(bank: Bank, method: str, path: str, body: object = None, key: str = "") -> tuple[int, Any]:
    """Ask the API once."""
    client = Client(bank)
    answer = client.ask(method, path, body, key)
    client.connection.close()
    return answer


def buy(bank: Bank, name: str) -> int:
    """Let the first member buy for ₹10; return the status."""
    purchase = {"customer": {"phone": "+919876543210"}, "lines": [{"sku": "S1", "amount_minor": 1_000}]}
    return ask(bank, "POST", "orders", purchase, name)[0]


def get(bank: Bank, page: str, cookies: str = "", form: dict[str, str] | None = None) -> http.client.HTTPResponse:
    """Open a page as a browser with those cookies would, or send a form to it."""
    link = http.client.HTTPConnection("127.0.0.1", bank.port, timeout=20)
    body = urllib.parse.urlencode(form) if form else None
    headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
    link.request("POST" if form else "GET", page, body, headers)
    answer = link.getresponse()
    answer.read()
    link.close()
    return answer


def log_in(bank: Bank) -> str:
    """Log Meera in and return where she gets to."""
    token = SimpleCookie(get(bank, "/login/").headers["Set-Cookie"])["csrftoken"].value
    form = {"email": "meera@shop.example", "password": "puran-poli-and-ghee", "csrfmiddlewaretoken": token}
    return str(get(bank, "/login/", f"csrftoken={token}", form).headers["Location"])


def test_a_backup_under_load_is_restored_whole(bank: Bank, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    ledger, (before,) = back_up_under_load(bank, [file], clients=6, answers=40)
    bank.stop()

    with restored_from(bank, file, tmp_path / "elsewhere") as restored:
        check_restored(restored, ledger, before)


def test_a_shop_that_is_there_is_not_lost_by_a_restore(bank: Bank, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    assert regulars(bank, "backup", file).returncode == 0
    assert buy(bank, "after the backup") == 201

    unasked = regulars(bank, "restore", file)
    while_it_runs = regulars(bank, "restore", "--replace", file)

    assert (unasked.returncode, while_it_runs.returncode) == (1, 1)
    assert "Say --replace to put it aside" in unasked.stderr
    assert "Another Regulars is working on" in while_it_runs.stderr
    assert buy(bank, "still there") == 201
    bank.stop()
    assert set(bank.verified()["names"]) == {"after the backup", "still there"}

    replaced = regulars(bank, "restore", "--replace", file)

    assert replaced.returncode == 0, replaced.stderr
    assert bank.verified()["names"] == []
    aside = "own.sqlite3.before-*" if LANE == "sqlite" else "database.before-*"
    assert len(list(bank.home.glob(aside))) == 1


_BEFORE = """
import json, sys, django
django.setup()
from uuid import UUID
from django.test import Client
from regulars.customers.matching import CustomerRef
from regulars.kernel.clock import utc_now
from regulars.outbox.actions import claim
from regulars.tenancy.actions import EndpointTerms, create_endpoint, create_user, hire
from regulars.tenancy.actors import SYSTEM
from regulars.tenancy.addresses import AddressPolicy
from regulars.tenancy.models import Business
from regulars.work.drain import do_waiting
from shop import Till
business, now = Business.objects.get(pk=UUID(sys.argv[1])), utc_now()
user = create_user("meera@shop.example", name="Meera", password="puran-poli-and-ghee", now=now)
hire(business, user=user, role="owner", actor=SYSTEM, now=now)
browser = Client(SERVER_NAME="localhost")
browser.post("/login/", {"email": "meera@shop.example", "password": "puran-poli-and-ghee"})
do_waiting({"seal"})
policy = AddressPolicy(is_loopback_allowed=True)
_, secret = create_endpoint(business, EndpointTerms(sys.argv[2], ["order.recorded"]), policy=policy, actor=SYSTEM, now=now)
till = Till(business, source="counter", now=now)
who = CustomerRef(phone="+919876543210")
till.sell(who, 1_000)
do_waiting({"seal"})
till.sell(who, 2_000)
leased = claim(now=utc_now(), kinds=["seal", "webhook"], lease_s=86_400)
print(json.dumps({"session": browser.cookies["sessionid"].value, "secret": secret, "leased": sorted({job.kind for job in leased})}))
"""

_WORK = """
import json, time, django
django.setup()
from regulars.outbox.models import Job
from regulars.tenancy.addresses import AddressPolicy
from regulars.tenancy.sender import Sender
from regulars.work.handlers import HANDLERS
from regulars.work.worker import Worker
worker = Worker({kind: HANDLERS[kind] for kind in ("seal", "webhook")}, sender=Sender(AddressPolicy(is_loopback_allowed=True)))
until = time.monotonic() + 30
waiting = Job.objects.filter(kind__in=["seal", "webhook"])
while waiting.exists() and time.monotonic() < until:
    worker.step()
    time.sleep(0.01)
print(json.dumps(waiting.count()))
"""


def test_jobs_keys_logins_and_webhooks_go_on_after_a_restore(bank: Bank, tmp_path: Path) -> None:
    assert bank.is_quiet(), "what was sold before the webhook existed is not told to it"
    bank.stop()
    file = tmp_path / "backup.tar.gz"
    with far_side() as far:
        made = bank.run(_BEFORE, bank.business, far.url("/in"))
        assert made["leased"] == ["seal", "webhook"]
        assert regulars(bank, "backup", "--with-secrets", file).returncode == 0
        with restored_from(bank, file, tmp_path / "elsewhere") as restored:
            assert restored.run(_WORK) == 0, "what was leased in the backup is taken up at once"
            restored.start()
            check_doors(restored, made["session"])

    told = {headers["webhook-id"]: Webhook(made["secret"]).verify(body, headers) for _, headers, body in far.received}
    first, second = sorted(told.values(), key=lambda each: each["position"])
    assert [first["data"]["points_earned"], second["data"]["points_earned"]] == [10, 20]
    assert second["customer_sequence"] == first["customer_sequence"] + 1


def check_doors(restored: Bank, session: str) -> None:
    """Keys and log-ins work as they did, and the feed goes on without a gap."""
    assert buy(restored, "the next one") == 201
    assert get(restored, "/", f"sessionid={session}").status == 200
    assert get(restored, "/", "sessionid=somebody-else").status == 302
    assert log_in(restored) == "/"
    assert restored.is_quiet()
    events = ask(restored, "GET", "events?limit=1000")[1]["items"]
    assert [event["position"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["payload"]["external_id"] == "the next one"
