# SPDX-License-Identifier: Apache-2.0
"""Who may do what: roles of people, scopes of machines, and the two doors that give out a business."""

import hmac
from base64 import b32decode, b32encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar
from uuid import UUID

from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.tenancy.actors import Actor, ActorKind
from regulars.tenancy.models import ApiKey, Business, Role, Staff, Store, User

_ALL = frozenset(Role)
_LEAD = frozenset({Role.OWNER, Role.MANAGER})
_OWNER = frozenset({Role.OWNER})
_MARKETING = _LEAD | {Role.MARKETER}
_SERVICE = _LEAD | {Role.SUPPORT}

PERMISSIONS: dict[str, frozenset[Role]] = {
    "customers.view": _ALL,
    "customers.enrol": _ALL - {Role.ANALYST},
    "customers.edit": _MARKETING | {Role.SUPPORT},
    "customers.merge": _LEAD,
    "facts.record": _SERVICE | {Role.CASHIER},
    "points.adjust": _SERVICE,
    "rewards.view": _ALL,
    "rewards.edit": _MARKETING,
    "rewards.redeem": _SERVICE | {Role.CASHIER},
    "program.view": _ALL,
    "program.edit": _MARKETING,
    "program.publish": _LEAD,
    "insight.view": _MARKETING | {Role.ANALYST},
    "import.run": _LEAD,
    "staff.manage": _OWNER,
    "stores.manage": _LEAD,
    "keys.manage": _OWNER,
    "webhooks.manage": _LEAD,
    "audit.view": _LEAD,
    "jobs.manage": _LEAD,
    "backups.manage": _OWNER,
}

PERMISSION_NAMES: dict[str, str] = {
    "customers.view": gettext_noop("look up customers"),
    "customers.enrol": gettext_noop("make somebody known or a member"),
    "customers.edit": gettext_noop("change what is known of customers"),
    "customers.merge": gettext_noop("make two customers one"),
    "facts.record": gettext_noop("record purchases and returns"),
    "points.adjust": gettext_noop("correct points"),
    "rewards.view": gettext_noop("look at the rewards"),
    "rewards.edit": gettext_noop("change the rewards"),
    "rewards.redeem": gettext_noop("give rewards out"),
    "program.view": gettext_noop("look at the program"),
    "program.edit": gettext_noop("change the draft of the program"),
    "program.publish": gettext_noop("publish the program"),
    "insight.view": gettext_noop("look at the figures"),
    "import.run": gettext_noop("import files"),
    "staff.manage": gettext_noop("say who works here"),
    "stores.manage": gettext_noop("change the business and its stores"),
    "keys.manage": gettext_noop("give out API keys"),
    "webhooks.manage": gettext_noop("manage webhooks"),
    "audit.view": gettext_noop("read the audit log"),
    "jobs.manage": gettext_noop("see to failed jobs"),
    "backups.manage": gettext_noop("see to backups"),
}

SCOPES: dict[str, str] = {
    "customers:read": gettext_noop("Look up customers, their balances and what they hold."),
    "customers:write": gettext_noop("Create and change customers."),
    "orders:read": gettext_noop("Read recorded purchases, returns and visits."),
    "orders:write": gettext_noop("Record purchases, returns, visits and other facts; quote and cancel them."),
    "points:write": gettext_noop("Adjust, transfer, hold and settle points."),
    "rewards:read": gettext_noop("Read the catalogue of rewards."),
    "rewards:write": gettext_noop("Take rewards for members and use them."),
    "program:read": gettext_noop("Read the program and its versions."),
    "program:write": gettext_noop("Change and publish the program."),
    "catalog:write": gettext_noop("Create stores."),
    "events:read": gettext_noop("Read the feed of events."),
    "webhooks:write": gettext_noop("Manage webhook endpoints and replay deliveries."),
}

TOKEN_PREFIX = "rk"  # noqa: S105 - what every token begins with is no secret
_ID_LENGTH, _SECRET_LENGTH = 26, 43
_CACHE_S = 2.0
_CACHE_MAX = 10_000


class NotAllowed(RegularsError):
    """The person or key is known but may not do this."""

    code = "not_allowed"
    status = 403
    text = gettext_noop("You may not do this: it needs “%(permission)s”. Ask an owner of the business.")
    words: ClassVar[Mapping[str, Mapping[str, str]]] = {"permission": PERMISSION_NAMES}


class NoBusiness(RegularsError):
    """The person works in no business, or not in this one."""

    code = "no_business"
    status = 403
    text = gettext_noop("You are not among the staff of this business. Ask an owner to add you.")


class BadToken(RegularsError):
    """The API key is unknown, malformed or revoked; the answer is the same for all three."""

    code = "bad_api_key"
    status = 401
    text = gettext_noop(
        "The API key is not valid. Send “Authorization: Bearer rk_…” with a key that has not been revoked."
    )


@dataclass(frozen=True, slots=True)
class StaffAccess:
    """A person at work in one business: the role says what they may do, the stores where."""

    business: Business
    user: User
    role: Role
    stores: tuple[Store, ...]

    def may(self, permission: str) -> bool:
        """Tell whether the role has a permission of PERMISSIONS."""
        return self.role in PERMISSIONS[permission]

    def check(self, permission: str) -> None:
        """Raise NotAllowed without the permission."""
        if not self.may(permission):
            raise NotAllowed(permission=permission)

    @property
    def actor(self) -> Actor:
        """Return the person as the audit log knows them."""
        return Actor(ActorKind.USER, self.user.pk, self.user.name)


def access_business(user: User, business_id: UUID | None = None) -> StaffAccess:
    """Return a person's access to a business, or to the first one they work in. The only way for pages to get a
    business.

    Raises NoBusiness alike for a business that does not exist and one where they do not work.
    """
    rows = Staff.objects.select_related("business", "store").filter(user_id=user.pk, is_active=True)
    if business_id is not None:
        rows = rows.of(business_id)
    staff = rows.order_by("business_id").first() if user.is_active else None
    if staff is None:
        raise NoBusiness
    stores = (
        (staff.store,)
        if staff.store
        else tuple(Store.objects.of(staff.business_id).filter(is_active=True).order_by("code"))
    )
    return StaffAccess(staff.business, user, Role(staff.role), stores)


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """A machine behind a key: whose data it may touch and what it may do there."""

    business_id: UUID
    key_id: UUID
    name: str
    scopes: frozenset[str]

    def check(self, scope: str) -> None:
        """Raise NotAllowed without the scope."""
        if scope not in self.scopes:
            raise NotAllowed(permission=scope)

    @property
    def actor(self) -> Actor:
        """Return the key as the audit log knows it."""
        return Actor(ActorKind.API_KEY, self.key_id, self.name)


def token_of(key_id: UUID, secret: str) -> str:
    """Write a token: `rk_`, the key's id in 26 letters and digits, `_`, the secret in 43."""
    return f"{TOKEN_PREFIX}_{b32encode(key_id.bytes).decode().rstrip('=').lower()}_{secret}"


def digest_of(secret: str) -> bytes:
    """Return what is kept of a secret: its SHA-256. The secret is random, so nothing slower is needed."""
    return sha256(secret.encode()).digest()


def _parse(token: str) -> tuple[UUID, str]:
    prefix, _, rest = token.partition("_")
    written_id, _, secret = rest.partition("_")
    if prefix != TOKEN_PREFIX or len(written_id) != _ID_LENGTH or len(secret) != _SECRET_LENGTH:
        raise BadToken
    try:
        return UUID(bytes=b32decode(written_id.upper() + "======")), secret
    except ValueError:
        raise BadToken from None


_seen: dict[bytes, tuple[KeyHolder, float]] = {}


def authenticate_token(token: str, *, monotonic: Callable[[], float]) -> KeyHolder:
    """Return who is behind a token. Raises BadToken.

    A token is looked up at most every two seconds by each process, so a revocation holds everywhere two seconds later
    at most.
    """
    fingerprint = sha256(token.encode()).digest()
    known = _seen.get(fingerprint)
    if known and monotonic() < known[1]:
        return known[0]
    now = monotonic()
    try:
        holder = _look_up(token)
    except BadToken:
        _seen.pop(fingerprint, None)
        raise
    if len(_seen) >= _CACHE_MAX:
        _seen.clear()
    _seen[fingerprint] = holder, now + _CACHE_S
    return holder


def _look_up(token: str) -> KeyHolder:
    key_id, secret = _parse(token)
    key = ApiKey.objects.filter(pk=key_id, revoked_at=None).first()
    expected = bytes(key.digest) if key else bytes(32)
    if not hmac.compare_digest(digest_of(secret), expected) or key is None:
        raise BadToken
    return KeyHolder(key.business_id, key.pk, key.name, frozenset(key.scopes))


def forget_tokens() -> None:
    """Empty this process's memory of tokens: a revocation here holds here at once."""
    _seen.clear()
