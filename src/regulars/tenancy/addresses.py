# SPDX-License-Identifier: Apache-2.0
"""Where the program may be sent by what users type: public https addresses only, judged after the name is resolved.

The connection goes to the very address that was judged, so a name that answers differently the second time wins
nothing.
"""

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from regulars.kernel.errors import RegularsError, Saying, gettext_noop

URL_MAX = 500
_NAT64 = IPv6Network("64:ff9b::/96")
_Address = IPv4Address | IPv6Address


class BadAddress(RegularsError):
    """The address may not be called: not https, malformed, or not on the public internet."""

    code = "bad_address"
    status = 422
    text = gettext_noop("“%(value)s” cannot be called: %(problem)s Use a public address that begins with https://.")


def resolve_by_system(host: str, port: int) -> list[str]:
    """Ask the system's resolver for the addresses of a name."""
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """What is allowed beyond the public internet, and who resolves names: tests let loopback in, nobody else does."""

    is_loopback_allowed: bool = False
    resolve: Callable[[str, int], Sequence[str]] = resolve_by_system


PUBLIC_ONLY = AddressPolicy()


@dataclass(frozen=True, slots=True)
class Route:
    """Where to connect for an address: the judged numeric address, and the name that the certificate must carry."""

    url: str
    host_header: str
    server_name: str


def check_url(url: str, policy: AddressPolicy = PUBLIC_ONLY) -> str:
    """Return the address if its form is allowed; names are judged at each call, by `route`. Raises BadAddress."""
    url = url.strip()
    parts = _split(url)
    if parts.username or parts.password:
        raise BadAddress(value=_shown(url), problem=Saying(gettext_noop("it contains a user name or password.")))
    if parts.scheme != "https" and not (parts.scheme == "http" and policy.is_loopback_allowed):
        raise BadAddress(value=_shown(url), problem=Saying(gettext_noop("it does not begin with https://.")))
    if (literal := _literal(parts.hostname or "")) is not None:
        _judge(literal, url, policy)
    return url


def route(url: str, policy: AddressPolicy = PUBLIC_ONLY) -> Route:
    """Resolve the name of an address and judge every answer; return the way to the first. Raises BadAddress."""
    parts = _split(check_url(url, policy))
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        answers = [ip_address(answer.partition("%")[0]) for answer in policy.resolve(host, port)]
    except (OSError, UnicodeError):
        answers = []
    if not answers:
        raise BadAddress(value=_shown(url), problem=Saying(gettext_noop("its name is not known.")))
    for answer in answers:
        _judge(answer, url, policy)
    first = f"[{answers[0]}]" if answers[0].version == 6 else str(answers[0])
    numeric = parts._replace(netloc=f"{first}:{port}", fragment="").geturl()
    return Route(url=numeric, host_header=parts.netloc, server_name=host)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_complete = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_complete = False
    if not is_complete or len(url) > URL_MAX or not (url.isascii() and url.isprintable()) or " " in url or "\\" in url:
        raise BadAddress(value=_shown(url), problem=Saying(gettext_noop("it is not a complete address.")))
    return parts


def _literal(host: str) -> _Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _judge(address: _Address, url: str, policy: AddressPolicy) -> None:
    plain = _unwrapped(address)
    if plain.is_loopback and policy.is_loopback_allowed:
        return
    if not plain.is_global or plain.is_multicast or plain.is_reserved or plain.is_unspecified:
        raise BadAddress(value=_shown(url), problem=Saying(gettext_noop("it leads to a private or reserved network.")))


def _unwrapped(address: _Address) -> _Address:
    """Return the IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(address.packed[12:])
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


def _shown(url: str) -> str:
    """Return what a message may show of an address: no user, no password, no query."""
    return re.sub(r"//[^/]*@", "//", url.partition("?")[0])[:80]
