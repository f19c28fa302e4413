# SPDX-License-Identifier: Apache-2.0
"""A bank on HTTP: the served program in processes of its own, clients that move points of a few hot members, and a model.

Clients name every request and send it again until it is answered; what was answered is written to a file that survives them.
"""

import http.client
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psycopg

from work.served import PATIENCE_S, PROGRAM, ROOT, eventually, free_port

MEMBERS = [{"phone": f"+91987654321{number}"} for number in range(8)]
PRELOAD = 300

_SETUP = """
import json, django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from flow.bank import MEMBERS, PRELOAD
from regulars.customers.matching import CustomerRef
from regulars.flow.intake import Adjustment, Order, OrderLine
from regulars.kernel.clock import utc_now
from regulars.tenancy.access import SCOPES
from regulars.tenancy.actions import create_api_key
from regulars.tenancy.actors import SYSTEM
from shop import Till, a_shop
till = Till(a_shop(), now=utc_now())
customers = []
for member in MEMBERS:
    who = CustomerRef(**member)
    till.sell(who, 0)
    customers.append(str(till.give(Adjustment, who, points=PRELOAD, reason="preload").customer))
_, token = create_api_key(till.business, name="bank", scopes=list(SCOPES), actor=SYSTEM, now=utc_now())
print(json.dumps({"business": str(till.business.pk), "token": token, "customers": customers}))
"""

_VERIFY = """
import json, sys, django
django.setup()
from uuid import UUID
from regulars.facts.models import Fact
from regulars.ledger.models import Account
from regulars.flow.verifying import verify_books
business = UUID(sys.argv[1])
found = verify_books(business)
accounts = Account.objects.filter(business=business, kind="member").values_list("customer_id", "balance")
names = Fact.objects.filter(business=business, source="api").values_list("external_id", flat=True)
print(json.dumps({
    "difference": found.difference, "unsealed": found.unsealed, "names": list(names),
    "balances": {str(customer): balance for customer, balance in accounts},
}))
"""


@dataclass
class Bank:
    """The served program on a database of its own, with one shop in it."""

    home: Path
    database: str
    port: int = field(default_factory=free_port)
    token: str = ""
    business: str = ""
    customers: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
            "REGULARS_HOME": str(self.home),
            "DATABASE_URL": self.database,
            "REGULARS_BIND": f"127.0.0.1:{self.port}",
            "REGULARS_RATE_PER_MINUTE": "1000000",
            "DJANGO_SETTINGS_MODULE": "regulars.site.settings",
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}",
        }

    def run(self, program: str, *arguments: str) -> Any:
        """Run a program beside the server and return what it prints as JSON."""
        command = [sys.executable, "-c", program, *arguments]
        run = subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=120, check=False)
        assert run.returncode == 0, run.stderr[-3_000:]
        return json.loads(run.stdout.splitlines()[-1])

    def open(self) -> "Bank":
        found = self.run(_SETUP)
        self.business, self.token, self.customers = found["business"], found["token"], found["customers"]
        return self

    def start(self) -> None:
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM], env=self.environment(), stdout=log, stderr=log, start_new_session=True
            )
        assert eventually(self.answers), (self.home / "log").read_text()[-3_000:]

    def answers(self) -> bool:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            client.request("GET", "/api/v1/openapi.json")
            return client.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            client.close()

    def workers(self) -> list[int]:
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(child) for child in children.split()]

    def kill(self) -> None:
        """Kill main process and worker with signal 9; both are gone when this returns."""
        assert self.process is not None
        workers = self.workers()
        self.process.kill()
        self.process.wait(PATIENCE_S)
        for worker in workers:
            assert eventually(lambda worker=worker: not Path(f"/proc/{worker}").exists())

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE_S)

    def unsealed(self) -> int:
        """Count the commits that wait for their seal, past the program."""
        query = "SELECT COUNT(*) FROM outbox_job WHERE kind = 'seal'"
        if self.database.startswith("sqlite"):
            with closing(sqlite3.connect(self.database.removeprefix("sqlite://"))) as reader:
                return int(reader.execute(query).fetchone()[0])
        with psycopg.connect(self.database) as reader:
            row = reader.execute(query).fetchone()
            return int(row[0]) if row else 0

    def is_quiet(self) -> bool:
        """Wait until the jobs have sealed everything."""
        return eventually(lambda: self.unsealed() == 0, within_s=90)

    def verified(self) -> Any:
        return self.run(_VERIFY, self.business)


class Client:
    """One connection that speaks JSON and never gives up."""

    def __init__(self, bank: Bank) -> None:
        self.bank = bank
        self.connection = http.client.HTTPConnection("127.0.0.1", bank.port, timeout=20)
        self.stumbles = 0

    def ask(self, method: str, path: str, body: object = None, key: str = "") -> tuple[int, Any]:
        """Send a request, again and again until there is an answer."""
        headers = {"Authorization": f"Bearer {self.bank.token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        deadline = time.monotonic() + 120
        while True:
            try:
                self.connection.request(method, f"/api/v1/{path}", json.dumps(body) if body else None, headers)
                answer = self.connection.getresponse()
                text = answer.read()
                return answer.status, json.loads(text)
            except (OSError, http.client.HTTPException, json.JSONDecodeError):
                self.connection.close()
                self.stumbles += 1
                assert time.monotonic() < deadline, "no answer for two minutes"
                time.sleep(0.02)


@dataclass
class Ledger:
    """What the clients know: what each name did, once it was answered, and whatever went wrong."""

    bank: Bank
    file: IO[str]
    done: dict[str, dict[int, int]] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)
    sent: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    repeats: int = 0
    refused: int = 0
    stumbles: int = 0

    def note(self, name: str, moved: dict[int, int], status: int, answer: Any) -> None:
        with self.guard:
            if status in {200, 201}:
                if name in self.answers and self.answers[name] != answer:
                    self.wrong.append(f"{name}: {answer} is not {self.answers[name]}")
                self.repeats += name in self.answers
                self.answers.setdefault(name, answer)
                self.done[name] = moved
                self.file.write(f"{name}\n")
                self.file.flush()
                os.fsync(self.file.fileno())
            elif status == 409 and answer["code"] == "insufficient_points":
                self.refused += 1
            else:
                self.wrong.append(f"{name}: {status} {answer}")

    def balances(self, names: Iterable[str] | None = None) -> dict[str, int]:
        """Return what every member has by the answers, to all names or to some."""
        points = [PRELOAD] * len(MEMBERS)
        for name in self.done if names is None else names:
            for place, amount in self.done[name].items():
                points[place] += amount
        return dict(zip(self.bank.customers, points, strict=True))


def _invent(rng: random.Random) -> tuple[str, dict[str, Any], dict[int, int]]:
    who, other = rng.sample(range(len(MEMBERS)), 2)
    customer, points = MEMBERS[who], rng.randint(1, 120)
    kind = rng.choice(["orders", "adjustments", "adjustments", "transfers"])
    if kind == "orders":
        lines = [{"sku": f"S{rng.randint(1, 5)}", "amount_minor": points * 100}]
        return kind, {"customer": customer, "lines": lines}, {who: points}
    if kind == "adjustments":
        return kind, {"customer": customer, "points": -points, "reason": "spent"}, {who: -points}
    body = {"customer": customer, "to": MEMBERS[other], "points": points, "reason": "a gift"}
    return kind, body, {who: -points, other: points}


def _move(ledger: Ledger, number: int, is_over: Callable[[int], bool]) -> None:
    rng, client, count = random.Random(number), Client(ledger.bank), 0
    sent: list[tuple[str, str, dict[str, Any], dict[int, int]]] = []
    while not is_over(count):
        if sent and rng.random() < 0.2:
            name, kind, body, moved = rng.choice(sent[-3:])
        else:
            kind, body, moved = _invent(rng)
            name = f"client-{number}-{count}"
            sent.append((name, kind, body, moved))
            ledger.sent[name] = kind, body
        ledger.note(name, moved, *client.ask("POST", kind, body, key=name))
        count += 1
    ledger.stumbles += client.stumbles
    client.connection.close()


def _read(ledger: Ledger, is_over: threading.Event) -> None:
    client = Client(ledger.bank)
    while not is_over.is_set():
        for customer in ledger.bank.customers:
            status, answer = client.ask("GET", f"customers/{customer}/balance")
            is_sound = status == 200 and 0 <= answer["available"] <= answer["total"] and answer["owed"] == 0
            if not is_sound:
                ledger.wrong.append(f"balance: {status} {answer}")
    client.connection.close()


def play(
    bank: Bank, *, clients: int, is_over: Callable[[int], bool], beside: Callable[[Ledger], None] = lambda _: None
) -> Ledger:
    """Let clients move points and a reader look on until they are done; do something beside them."""
    with (bank.home / "acknowledged").open("a") as file:
        ledger, no_more = Ledger(bank, file), threading.Event()
        reader = threading.Thread(target=_read, args=(ledger, no_more))
        movers = [threading.Thread(target=_move, args=(ledger, number, is_over)) for number in range(clients)]
        for thread in [reader, *movers]:
            thread.start()
        try:
            beside(ledger)
        finally:
            for mover in movers:
                mover.join()
            no_more.set()
            reader.join()
    return ledger


def play_with_kills(bank: Bank, *, kills: int) -> Ledger:
    """Kill the server that many times under load and start it again."""
    is_over = threading.Event()

    def kill(ledger: Ledger) -> None:
        try:
            for _ in range(kills):
                before = len(ledger.done)
                assert eventually(lambda before=before: len(ledger.done) >= before + 25, within_s=90)
                bank.kill()
                bank.start()
        finally:
            is_over.set()

    return play(bank, clients=8, is_over=lambda _: is_over.is_set(), beside=kill)


def check(bank: Bank, ledger: Ledger) -> None:
    """Nothing went wrong, nothing acknowledged is missing, nothing happened twice, and the books are right."""
    assert not ledger.wrong, ledger.wrong[:3]
    assert bank.is_quiet(), "all is sealed after a while"
    bank.stop()
    found = bank.verified()
    assert (found["difference"], found["unsealed"]) == ("", 0)
    assert found["balances"] == ledger.balances()
    assert sorted(found["names"]) == sorted(ledger.done)
    assert set((bank.home / "acknowledged").read_text().split()) == set(ledger.done)
    assert min(found["balances"].values()) >= 0
