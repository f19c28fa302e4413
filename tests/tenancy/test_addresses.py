# SPDX-License-Identifier: Apache-2.0
from collections.abc import Sequence

import pytest

from regulars.tenancy.addresses import AddressPolicy, BadAddress, check_url, route

PUBLIC = "93.184.216.34"


def answering(*addresses: str, loopback: bool = False) -> AddressPolicy:
    return AddressPolicy(is_loopback_allowed=loopback, resolve=lambda host, port: addresses)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/in",
        "ftp://hooks.example/in",
        "hooks.example/in",
        "https://",
        "https:///in",
        "https://hooks.example:99999/",
        "https://hooks.example:0/",
        "https://user:secret@hooks.example/",
        "https://hooks.example\\@127.0.0.1/",
        "https://hooks.example/a b",
        "https://hooks.example/\n",
        "https://քարտ.example/",
        "https://hooks.example/" + "x" * 500,
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
    ],
)
def test_addresses_that_are_refused_as_typed(url: str) -> None:
    with pytest.raises(BadAddress) as caught:
        check_url(url.replace("\n", "\x01"))
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    "answer",
    [
        *(
            "127.0.0.1",
            "127.8.8.8",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
        ),
        *("192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"),
    ],
)
def test_names_that_lead_inside_are_refused(answer: str) -> None:
    for answers in [(answer,), (PUBLIC, answer)]:
        with pytest.raises(BadAddress, match="private or reserved"):
            route("https://hooks.example/in", answering(*answers))


def test_unknown_names_are_refused() -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError

    with pytest.raises(BadAddress, match="not known"):
        route("https://hooks.example/in", AddressPolicy(resolve=unknown))


@pytest.mark.parametrize(
    ("url", "answer", "numeric", "host"),
    [
        ("https://hooks.example/in?a=1#x", PUBLIC, f"https://{PUBLIC}:443/in?a=1", "hooks.example"),
        ("https://Hooks.example:8443", "2606:4700::1111", "https://[2606:4700::1111]:8443", "Hooks.example:8443"),
    ],
)
def test_the_way_leads_to_the_judged_address(url: str, answer: str, numeric: str, host: str) -> None:
    way = route(url, answering(answer))

    assert (way.url, way.host_header, way.server_name) == (numeric, host, "hooks.example")


def test_loopback_only_where_a_test_allows_it() -> None:
    policy = answering("127.0.0.1", loopback=True)

    assert route("http://127.0.0.1:8080/in", policy).url == "http://127.0.0.1:8080/in"
    with pytest.raises(BadAddress):
        route("http://hooks.example/in", answering("10.0.0.1", loopback=True))
