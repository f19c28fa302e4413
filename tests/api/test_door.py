# SPDX-License-Identifier: Apache-2.0
"""What every endpoint has in common: keys, allowance, tags, cursors, problems and their language."""

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from django.utils.translation import trans_real

from api.cast import ASHA, RAVI, a_caller, a_shop, an_order
from regulars.api import door
from regulars.api.endpoints import ENDPOINTS
from regulars.api.permissions import PERMISSIONS
from regulars.flow.errors import KeyReused
from regulars.kernel.clock import utc_now
from regulars.tenancy.access import SCOPES
from regulars.tenancy.actions import revoke_api_key
from regulars.tenancy.actors import SYSTEM
from regulars.tenancy.limits import RateLimiter
from regulars.tenancy.models import ApiKey

pytestmark = pytest.mark.django_db


def test_the_table_of_scopes_is_that_of_the_endpoints():
    assert set(PERMISSIONS) == {endpoint.name for endpoint in ENDPOINTS}
    assert set(PERMISSIONS.values()) <= set(SCOPES)


def test_a_search_finds_the_own_customers_only():
    a_caller().post("customers", ASHA)
    stranger = a_caller(a_shop("The Other"))

    assert stranger.get("customers?q=Asha").data["items"] == []


def test_names_of_facts_are_each_shop_s_own():
    a_caller().post("orders", {**an_order(), "external_id": "1"})
    stranger = a_caller(a_shop("The Other"))

    assert stranger.post("orders", {**an_order(), "external_id": "1"}).status_code == 201
    assert stranger.post("returns", {"order": "1", "order_source": "api"}).data["points_reversed"] == 100


def test_a_revoked_key_ends_at_once(django_capture_on_commit_callbacks):
    caller = a_caller()
    assert caller.get("stores").status_code == 200

    with django_capture_on_commit_callbacks(execute=True):
        revoke_api_key(ApiKey.objects.get(), actor=SYSTEM, now=utc_now())

    response = caller.get("stores")
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")


def test_a_key_has_an_allowance(monkeypatch):
    monkeypatch.setattr(door, "limiter", RateLimiter(2, monotonic=lambda: 0.0))
    caller = a_caller()

    answers = [caller.get("stores") for _ in range(3)]

    assert [(answer.status_code, answer["RateLimit-Remaining"]) for answer in answers] == [
        (200, "1"),
        (200, "0"),
        (429, "0"),
    ]
    assert (answers[2].data["code"], answers[2]["Retry-After"], answers[2]["RateLimit-Limit"]) == (
        "too_many_requests",
        "30",
        "2",
    )


def test_what_is_current_is_not_sent_again():
    caller = a_caller()
    first = caller.get("stores")

    again = caller.get("stores", if_none_match=first["ETag"])
    caller.post("stores", {"code": "main", "name": "Main"})
    changed = caller.get("stores", if_none_match=first["ETag"])

    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert (changed.status_code, len(changed.data["items"])) == (200, 1)


def test_head_is_get_without_the_body():
    caller = a_caller()

    response = caller.ask("HEAD", "stores")

    assert (response.status_code, response.content) == (200, b"")
    assert response["ETag"] == caller.get("stores")["ETag"]


def test_a_lost_update_is_refused():
    caller = a_caller()
    asha = caller.post("customers", ASHA).data["id"]
    tag = caller.get(f"customers/{asha}")["ETag"]
    caller.patch(f"customers/{asha}", {"name": "Asha K"}, if_match=tag)

    late = caller.patch(f"customers/{asha}", {"name": "Someone else"}, if_match=tag)

    assert (late.status_code, late.data["code"]) == (412, "changed_meanwhile")
    assert caller.get(f"customers/{asha}").data["name"] == "Asha K"


def test_a_list_goes_on_where_its_cursor_says():
    caller = a_caller()
    for number in range(5):
        caller.post("customers", {"name": f"Guest {number}"})

    seen, path = [], "customers?limit=2"
    while path:
        page = caller.get(path)
        seen += [customer["name"] for customer in page.data["items"]]
        path = page["Link"].split(">")[0].removeprefix("</api/v1/") if page.data["next"] else ""
        caller.post("customers", {"name": "A newcomer"})

    assert seen == [f"Guest {number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize("path", ["customers", "rewards", "webhooks", "program/versions"])
@pytest.mark.parametrize("cursor", ["nonsense", "YWJj", "_w"])
def test_a_made_up_cursor_is_refused(path, cursor):
    response = a_caller().get(f"{path}?cursor={cursor}")

    assert response.status_code in {200, 422}
    assert response.status_code == 200 or response.data["code"] == "bad_cursor"


DEEP = b'{"rules": [{"when": {"all": ' + b"[" * 3_000
PROBLEMS = [
    ("GET", "nothing/here", b"", {}, 404, "unknown_path", "/api/v1/nothing/here"),
    ("GET", "", b"", {}, 404, "unknown_path", "There is nothing at"),
    ("GET", "orders", b"", {}, 405, "method_not_allowed", "Use one of: POST, OPTIONS"),
    ("DELETE", "customers", b"", {}, 405, "method_not_allowed", "Use one of: GET, POST, HEAD, OPTIONS"),
    ("POST", "orders", b"<order/>", {"content_type": "text/xml"}, 415, "bad_media_type", "“text/xml” is not understood"),
    ("POST", "orders", b'{"lines": [}', {}, 400, "bad_json", "byte 11"),
    ("PUT", "program/draft", DEEP, {}, 400, "bad_json", "Nested too deeply"),
    ("POST", "orders", b"\xff", {}, 400, "bad_json", "cannot be read as JSON"),
    ("POST", "orders", b"", {}, 422, "invalid_body", "$.lines: it is missing"),
    ("POST", "orders", b'{"lines": [{"sku": "A", "amount_minor": "1"}]}', {}, 422, "invalid_body", "$.lines[0].amount_minor: Expec"),
    ("POST", "orders", b'{"lines": [{"sku": "A", "amount_minor": 1}], "total": 1}', {}, 422, "invalid_body", "$.total: it is not known"),
    ("POST", "orders", b'{"lines": [{"sku": "\\u0000", "amount_minor": 1}]}', {}, 422, "bad_character", "NUL"),
    ("POST", "orders", b" " * (2**21 + 1), {}, 413, "body_too_large", "2,097,152 bytes"),
    ("GET", "customers?phone=", b"", {}, 422, "invalid_parameter", "parameter phone is wrong: it is not known here"),
    ("GET", "customers?q=a&q=b", b"", {}, 422, "invalid_parameter", "parameter q is wrong: each can be given once"),
    ("GET", "customers?limit=201", b"", {}, 422, "invalid_parameter", "limit is wrong: Expected `int` <= 200"),
    ("GET", "customers?limt=2", b"", {}, 422, "invalid_parameter", "The parameter limt is wrong: it is not known here."),
    ("GET", "stores?x=1", b"", {}, 422, "invalid_parameter", "The parameter x is wrong: it is not known here."),
    ("GET", "customers?q=a&q=b", b"", {}, 422, "invalid_parameter", "each can be given once"),
    ("POST", "orders", b'{"lines": []}', {"idempotency_key": ""}, 422, "invalid_body", "length >= 1"),
    ("POST", "visits", b"{}", {"idempotency_key": "x" * 101}, 422, "invalid_parameter", "Idempotency-Key"),
    ("POST", "visits", b"{}", {"idempotency_key": ""}, 422, "invalid_parameter", "Idempotency-Key"),
]  # fmt: skip


@pytest.mark.parametrize("case", PROBLEMS, ids=lambda case: f"{case[1][:20]} {case[5]}")
def test_a_problem_says_what_is_wrong(case):
    method, path, body, headers, status, code, says = case
    response = a_caller().ask(method, path, body, **headers)

    assert (response.status_code, response.data["status"], response.data["code"]) == (status, status, code)
    assert response["Content-Type"] == "application/problem+json"
    assert says in response.data["detail"]
    assert response.data["type"] == f"urn:regulars:problem:{code}"


@pytest.mark.parametrize(
    ("language", "shape", "syntax", "state", "kind"),
    [
        ("hi", "`int` होना चाहिए, `str` है", "बाइट 11 पर JSON गलत है", "निपटाया गया", "फ़ोन"),
        ("mr", "`int` हवे, `str` आहे", "बाइट 11 इथे JSON चुकीचे आहे", "पूर्तता झालेले", "फोन"),
        ("te", "`int` ఉండాలి, `str` ఉంది", "బైట్ 11 వద్ద JSON తప్పు", "పూర్తయింది", "ఫోన్"),
        ("ml", "`int` വേണം, `str` ആണുള്ളത്", "ബൈറ്റ് 11-ൽ JSON തെറ്റാണ്", "തീർപ്പാക്കിയത്", "ഫോൺ"),
        ("hy", "պետք է լինի `int`, բայց `str` է", "JSON-ը սխալ է 11-րդ բայթում", "օգտագործված", "հեռախոս"),
    ],
)
def test_a_problem_has_no_english_words_in_another_language(language, shape, syntax, state, kind):
    caller = a_caller()
    caller.post("orders", an_order())
    hold = caller.post("holds", {"customer": ASHA, "points": 3}).data["detail"]["hold"]
    caller.post(f"holds/{hold}/settle", {})
    lines = {"lines": [{"sku": "A", "amount_minor": "1"}]}

    def said(method: str, path: str, body: object) -> str:
        problem = caller.ask(method, path, body, accept_language=language, idempotency_key=f"say-{path}-{method}").data
        assert problem["code"] in {"invalid_body", "bad_json", "hold_resolved", "identity_taken"}
        return problem["detail"]

    assert shape in said("POST", "orders", lines)
    assert syntax in said("POST", "orders", b'{"lines": [}')
    assert state in said("POST", f"holds/{hold}/settle", {})
    assert kind in said("POST", "customers", ASHA)


def test_what_is_not_allowed_names_what_is():
    caller = a_caller()

    assert caller.ask("PUT", "customers")["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert (caller.ask("OPTIONS", "customers").status_code, caller.ask("OPTIONS", "customers")["Allow"]) == (
        204,
        "GET, POST, HEAD, OPTIONS",
    )


def test_a_whole_number_may_be_written_as_a_decimal():
    response = a_caller().post("orders", {"lines": [{"sku": "A", "amount_minor": 100.0}], "customer": ASHA})

    assert response.data["points_earned"] == 1


def test_a_fault_shows_no_internals(monkeypatch):
    def fall_over(_holder):
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(door, "business_of", fall_over)
    response = a_caller().get("stores")

    assert (response.status_code, response.data["code"]) == (500, "internal_error")
    assert b"secret" not in response.content


def test_an_answer_that_does_not_come_in_time_says_so(monkeypatch):
    def wait_in_vain(_holder):
        raise TimeoutError

    monkeypatch.setattr(door, "business_of", wait_in_vain)
    response = a_caller().get("stores")

    assert (response.status_code, response.data["code"], response["Retry-After"]) == (503, "busy", "1")


@pytest.fixture
def hindi(settings, tmp_path):
    """Let Django know the text of two errors in Hindi."""
    folder = tmp_path / "hi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    catalog = Catalog(locale="hi")
    catalog.add(KeyReused.text, "%(source)s का “%(external_id)s” पहले दर्ज है।")
    catalog.add(door.UnknownPath.text, "%(path)s पर कुछ नहीं है।")
    with (folder / "django.mo").open("wb") as file:
        write_mo(file, catalog)
    settings.LOCALE_PATHS = [str(tmp_path)]
    trans_real._translations = {}
    yield
    trans_real._translations = {}


@pytest.mark.parametrize(
    ("accepts", "language", "says"),
    [
        ("hi-IN,hi;q=0.9,en;q=0.8", "hi", "api का “k” पहले दर्ज है।"),
        ("fr, hi;q=0.5", "hi", "api का “k” पहले दर्ज है।"),
        ("en", "en", "“k” of api was recorded before with other contents."),
        ("fr", "en", "“k” of api was recorded before"),
        ("", "en", "“k” of api was recorded before"),
    ],
)
def test_refusals_speak_the_caller_s_language(hindi, accepts, language, says):
    caller = a_caller()
    caller.post("visits", {"customer": ASHA}, idempotency_key="k")

    response = caller.post("visits", {"customer": RAVI}, idempotency_key="k", accept_language=accepts)

    assert response["Content-Language"] == language
    assert says in response.data["detail"]
    assert response.data["data"] == {"source": "api", "external_id": "k"}


def test_errors_of_the_door_speak_it_too(hindi):
    assert a_caller().get("x", accept_language="hi").data["detail"] == "/api/v1/x पर कुछ नहीं है।"


def test_a_key_is_not_looked_up_again_at_once(django_assert_num_queries):
    caller = a_caller()
    caller.get("stores")

    with django_assert_num_queries(1):
        caller.get("stores")
