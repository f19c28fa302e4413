# SPDX-License-Identifier: Apache-2.0
"""Two shops, their keys, and a caller who speaks JSON with them."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.test import Client

from regulars.flow.sealing import seal_commits
from regulars.kernel.clock import utc_now
from regulars.outbox.models import Job
from regulars.programs.actions import publish_program
from regulars.programs.starter import SINCE_EVER
from regulars.tenancy.access import SCOPES
from regulars.tenancy.actions import create_api_key, create_business
from regulars.tenancy.actors import SYSTEM
from regulars.tenancy.models import Business
from regulars.tenancy.webhooks import plan_deliveries

RULE = {
    "id": "spend",
    "name": {"en": "A point per rupee"},
    "gives": {"kind": "per_amount", "points": 1, "per_minor": 100},
}
ASHA = {"phone": "98765 43210", "name": "Asha"}
RAVI = {"phone": "98765 43211", "name": "Ravi"}
_numbers = count(1)


@dataclass
class Caller:
    """Somebody with a key: sends JSON to one shop's API and reads the answers."""

    business: Business
    token: str
    client: Client = field(default_factory=Client)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send a request and return the response, with `data` its JSON."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {"authorization": f"Bearer {self.token}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        kind = sent.pop("content-type", "application/json")
        response = self.client.generic(method, f"/api/v1/{path}", content, content_type=kind, headers=sent)
        response.data = json.loads(response.content) if response.content else None
        return response

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """Send a POST that carries a name of its own, where it says none."""
        if "idempotency_key" not in headers and "external_id" not in (body or {}):
            headers["idempotency_key"] = f"key-{next(_numbers)}"
        return self.ask("POST", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.ask("PATCH", path, body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> Any:
        return self.ask("PUT", path, body, **headers)

    def balance(self, customer: str) -> int:
        return self.get(f"customers/{customer}/balance").data["total"]


def a_shop(name: str = "Chai Corner", *, rules: list[dict[str, Any]] | None = None, **program: Any) -> Business:
    business = create_business(name, country="IN", now=utc_now())
    publish_program(
        business,
        {"rules": [RULE] if rules is None else rules, **program},
        valid_from=SINCE_EVER,
        actor=SYSTEM,
        now=utc_now(),
    )
    return business


def a_caller(business: Business | None = None, *, scopes: list[str] | None = None, **program: Any) -> Caller:
    business = business or a_shop(**program)
    _, token = create_api_key(business, name="till", scopes=scopes or list(SCOPES), actor=SYSTEM, now=utc_now())
    return Caller(business, token)


def an_order(amount_minor: int = 10_000, *, customer: Any = ASHA, **more: Any) -> dict[str, Any]:
    return {"customer": customer, "lines": [{"sku": "TEA", "amount_minor": amount_minor}], **more}


def a_reward(caller: Caller, code: str = "TEA50", price: int = 50, **more: Any) -> dict[str, Any]:
    body = {
        "code": code,
        "name": {"en": "A free tea"},
        "kind": "amount_off",
        "value": {"amount_minor": 5_000},
        "price": price,
        **more,
    }
    response = caller.post("rewards", body)
    assert response.status_code == 201, response.data
    return response.data


def seal_all(business: Business) -> None:
    """Do what the worker does after each commit."""
    jobs = list(Job.objects.filter(kind="seal", business_id=business.pk).order_by("id"))
    plan_deliveries(business.pk, seal_commits(business.pk, [job.payload for job in jobs]), now=datetime.now(UTC))
    Job.objects.filter(pk__in=[job.pk for job in jobs]).delete()
