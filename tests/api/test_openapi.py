# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document: committed as it is served, and kept by every answer that generated requests can provoke."""

import json

import pytest
import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, settings

from api.cast import ASHA, a_caller, a_reward, an_order, seal_all
from architecture.tree import ROOT
from regulars.api.intakes import KINDS
from regulars.api.openapi import document
from regulars.api.permissions import BATCH_SCOPES
from regulars.tenancy.access import SCOPES

COMMITTED = ROOT / "docs" / "reference" / "openapi.json"
SHAPE_CODES = {"bad_json", "invalid_body", "invalid_parameter"}


CONFIG = {
    "seed": 20_261_122,
    "generation": {"max-examples": 20, "deterministic": True},
    # 422 refuses as well what no schema can say, like a phone number that does not exist; `keeps_the_shape` does the rest.
    "checks": {
        "positive_data_acceptance": {
            "expected-statuses": ["2xx", "3xx", "400", "401", "403", "404", "409", "412", "422", "428"]
        },
        "missing_required_header": {"expected-statuses": ["401", "428"]},
    },
}


def application(environ, start_response):
    """Be the application with the settings of the moment."""
    return get_wsgi_application()(environ, start_response)


schema = schemathesis.openapi.from_dict(json.loads(document()), config=schemathesis.Config.from_dict(CONFIG))
schema.app = application


@pytest.fixture
def shop(db):
    """Open a shop with one of everything: a key to it, and what the paths can name. Requests leave the test's connection open."""
    caller = a_caller()
    order = caller.post("orders", {**an_order(), "external_id": "1"}).data
    taken = {"customer": ASHA, "offer": a_reward(caller)["code"]}
    hook = caller.post("webhooks", {"url": "https://shop.example/hook", "event_kinds": ["*"]}).data["id"]
    caller.post("visits", {"customer": ASHA})
    seal_all(caller.business)
    known = {
        "customers": order["customer"],
        "rewards": caller.get("rewards").data["items"][0]["id"],
        "holds": caller.post("holds", {"customer": ASHA, "points": 10}).data["detail"]["hold"],
        "redemptions": caller.post("redemptions", taken).data["detail"]["entitlement"],
        "webhooks": hook,
        "delivery": caller.get(f"webhooks/{hook}/deliveries").data["items"][0]["id"],
        "source": "api",
        "external_id": "1",
    }
    signals.request_started.disconnect(close_old_connections)  # the test client has just connected it again
    signals.request_finished.disconnect(close_old_connections)
    yield caller.token, known
    signals.request_started.connect(close_old_connections)
    signals.request_finished.connect(close_old_connections)


def test_the_committed_document_is_the_served_one():
    assert COMMITTED.read_bytes() == document(), "scripts/openapi.py writes it anew"


@pytest.mark.django_db
def test_the_document_needs_no_key():
    response = Client().get("/api/v1/openapi.json")

    assert (response.status_code, response["Content-Type"], response.content) == (200, "application/json", document())
    assert Client().get("/api/v1/openapi.json", headers={"if-none-match": response["ETag"]}).status_code == 304
    assert Client().post("/api/v1/openapi.json")["Allow"] == "GET, HEAD, OPTIONS"


def test_every_kind_of_a_batch_has_its_scope():
    kinds = {str(kind.__struct_config__.tag) for kind in KINDS}

    assert set(BATCH_SCOPES) == kinds
    assert set(BATCH_SCOPES.values()) <= set(SCOPES)


def keeps_the_shape(_context, response, case) -> None:
    """What the document allows is never refused as malformed."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code not in {400, 422}:
        return
    problem = json.loads(response.content)
    assert problem["code"] not in SHAPE_CODES, problem


@schema.parametrize()
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_described(case, shop):
    token, known = shop
    headers = {"Authorization": f"Bearer {token}"}
    case.call_and_validate(headers=headers, additional_checks=[keeps_the_shape])
    if case.path_parameters and case.meta.generation.mode.is_positive:
        here = known | {"id": known.get(case.path.split("/")[1])}
        case.path_parameters = {name: here[name] for name in case.path_parameters}
        case.call_and_validate(headers=headers, additional_checks=[keeps_the_shape])
