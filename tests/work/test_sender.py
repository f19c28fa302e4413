# SPDX-License-Identifier: Apache-2.0
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from regulars.tenancy.addresses import AddressPolicy
from regulars.tenancy.attempts import Outcome
from regulars.tenancy.sender import Request, Sender
from work.far_side import far_side

HERE = AddressPolicy(is_loopback_allowed=True, resolve=lambda host, port: ["127.0.0.1"])


def send(url: str, sender: Sender | None = None) -> Outcome:
    request = Request(url=url, body=b"{}", headers={"content-type": "application/json"})
    return (sender or Sender(HERE, timeout_s=0.6)).send(request)


@pytest.mark.parametrize("status", [200, 204, 400, 410, 503])
def test_the_answer_is_the_outcome(status: int) -> None:
    with far_side() as far:
        far.answers["/in"] = status
        far.headers["Retry-After"] = "9"

        assert send(far.url("/in")) == Outcome(status=status, retry_after="9")
        assert far.received[0][1]["host"] == f"127.0.0.1:{far.port}"


def test_a_redirect_is_not_followed() -> None:
    with far_side() as far:
        far.answers["/in"] = 307
        far.headers["Location"] = far.url("/elsewhere")

        assert send(far.url("/in")).status == 307
        assert [path for path, _, _ in far.received] == ["/in"]


@pytest.mark.parametrize("behaviour", ["silence", "trickle"])
def test_time_is_limited_however_it_is_wasted(behaviour: str) -> None:
    with far_side() as far:
        far.answers["/in"] = behaviour

        assert send(far.url("/in")) == Outcome(error="no answer within 0.6 seconds")


def test_a_broken_connection_is_an_outcome() -> None:
    with far_side() as far:
        far.answers["/in"] = "reset"

        assert send(far.url("/in")) in (Outcome(error="ReadError"), Outcome(error="RemoteProtocolError"))


def test_nobody_listening_is_an_outcome() -> None:
    with far_side() as far:
        closed = far.url("/in")

    assert send(closed) == Outcome(error="ConnectError")


def test_an_inner_address_is_never_called() -> None:
    with far_side() as far:
        outcome = send(f"https://hooks.example:{far.port}/", Sender(AddressPolicy(resolve=HERE.resolve)))

        assert outcome.status is None
        assert "private or reserved network" in outcome.error
        assert far.received == []


def test_the_second_answer_of_a_name_is_never_asked_for() -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    policy = AddressPolicy(is_loopback_allowed=True, resolve=lambda host, port: next(answers))
    with far_side() as far:
        assert send(f"http://rebind.example:{far.port}/in", Sender(policy)).status == 200
        assert far.received[0][1]["host"] == f"rebind.example:{far.port}"


def _certificate(folder: Path, name: str) -> Path:
    key = generate_private_key(SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    signed = (
        builder.not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + signed.public_bytes(Encoding.PEM)
    )
    return path


def test_the_certificate_must_carry_the_name_that_was_typed(tmp_path: Path) -> None:
    pem = _certificate(tmp_path, "hooks.example")
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(pem)
    sender = Sender(HERE, tls=ssl.create_default_context(cafile=str(pem)), timeout_s=5)

    with far_side(server_side) as far:
        assert send(f"https://hooks.example:{far.port}/in", sender).status == 200
        assert send(f"https://other.example:{far.port}/in", sender) == Outcome(error="ConnectError")
        assert len(far.received) == 1
