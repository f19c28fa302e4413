# SPDX-License-Identifier: Apache-2.0
"""The writers of businesses, stores, people, keys and webhook endpoints. Each joins the caller's transaction and
leaves its trace.
"""

import secrets
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple
from uuid import UUID

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from regulars.kernel.errors import RegularsError, Saying, gettext_noop
from regulars.kernel.ids import new_key as make_key
from regulars.kernel.text import clean
from regulars.outbox import actions as outbox
from regulars.outbox.events import EVENT_TYPES
from regulars.tenancy import audit, places
from regulars.tenancy.access import SCOPES, digest_of, forget_tokens, token_of
from regulars.tenancy.actors import SYSTEM, Actor
from regulars.tenancy.addresses import AddressPolicy, check_url
from regulars.tenancy.models import ApiKey, Business, Role, Staff, Store, User, WebhookDelivery, WebhookEndpoint
from regulars.tenancy.sealing import seal

EVERY_KIND = "*"
WEBHOOK_PURPOSE = "webhook"
_SECRET_BYTES = 32
_CODE_MAX = 40


class BadName(RegularsError):
    """A name is empty."""

    code = "bad_name"
    status = 422
    text = gettext_noop("The %(what)s needs a name.")
    words: ClassVar = {
        "what": {
            "business": gettext_noop("business"),
            "store": gettext_noop("store"),
            "person": gettext_noop("person"),
            "key": gettext_noop("API key"),
        }
    }


class BadStoreCode(RegularsError):
    """A store code is malformed or taken."""

    code = "bad_store_code"
    status = 422
    text = gettext_noop(
        "“%(value)s” cannot be the code of a store: use up to 40 letters, digits, “-”, “_” or “.”, each code once."
    )


class BadEmail(RegularsError):
    """The e-mail address is malformed; it stays out of the message."""

    code = "bad_email"
    status = 422
    text = gettext_noop("This is not an e-mail address. Write it like name@shop.example.")


class EmailTaken(RegularsError):
    """Somebody logs in with this address already."""

    code = "email_taken"
    status = 409
    text = gettext_noop("Somebody logs in with this e-mail address already. Use another one.")


class WeakPassword(RegularsError):
    """The password is too easy to guess."""

    code = "weak_password"
    status = 422
    text = gettext_noop("The password is too weak: %(problem)s")


class AlreadyHired(RegularsError):
    """The person works in this business already."""

    code = "already_hired"
    status = 409
    text = gettext_noop("This person works in this business already. Change their role instead.")


class LastOwner(RegularsError):
    """Nobody would be left to manage the business."""

    code = "last_owner"
    status = 409
    text = gettext_noop("The business needs at least one owner. Make somebody else an owner first.")


class BadRole(RegularsError):
    """The role does not exist."""

    code = "bad_role"
    status = 422
    text = gettext_noop("“%(value)s” is not a role. Choose from %(allowed)s.")


class BadScope(RegularsError):
    """A scope does not exist, or none was chosen."""

    code = "bad_scope"
    status = 422
    text = gettext_noop("“%(value)s” is not a scope. Choose from %(allowed)s.")


class BadEventKind(RegularsError):
    """An event kind does not exist, or none was chosen."""

    code = "bad_event_kind"
    status = 422
    text = gettext_noop("“%(value)s” is not a kind of event. Choose “*” or from %(allowed)s.")


class EndpointRemoved(RegularsError):
    """The endpoint was removed."""

    code = "endpoint_removed"
    status = 409
    text = gettext_noop("This webhook endpoint was removed. Create a new one.")


def _checked_name(name: str, what: str) -> str:
    cleaned = clean(name)
    if not cleaned:
        raise BadName(what=what)
    return cleaned


def create_business(
    name: str,
    *,
    country: str,
    now: datetime,
    currency: str | None = None,
    timezone: str | None = None,
    languages: Sequence[str] | None = None,
) -> Business:
    """Create a business; what is not said follows from its country.

    Raises UnknownCountry, UnknownCurrency, UnknownTimezone (also where a country has several zones) or UnknownLanguage.
    """
    country = places.check_country(country)
    today = now.date()
    business = Business.objects.create(
        name=_checked_name(name, "business"),
        country=country,
        currency=places.check_currency(currency, today) if currency else places.currency_of(country, today),
        timezone=places.check_timezone(timezone, country) if timezone else places.timezone_of(country),
        languages=places.check_languages(list(languages)) if languages is not None else places.languages_of(country),
        created_at=now,
    )
    after = {field: getattr(business, field) for field in ("name", "country", "currency", "timezone", "languages")}
    audit.record(SYSTEM, "business.created", business, now=now, after=after)
    return business


def create_store(
    business: Business, *, code: str, name: str, actor: Actor, now: datetime, timezone: str | None = None
) -> Store:
    """Create a store, in the zone of the business unless said otherwise. Raises BadStoreCode or UnknownTimezone."""
    code = code.strip()
    if not 0 < len(code) <= _CODE_MAX or not all(char.isalnum() or char in "-_." for char in code):
        raise BadStoreCode(value=code[:_CODE_MAX])
    zone = places.check_timezone(timezone, business.country) if timezone else business.timezone
    try:
        with transaction.atomic():
            store = Store.objects.create(business=business, code=code, name=_checked_name(name, "store"), timezone=zone)
    except IntegrityError:
        raise BadStoreCode(value=code) from None
    audit.record(actor, "store.created", store, now=now, after={"code": code, "name": store.name, "timezone": zone})
    return store


def change_store(store: Store, *, name: str, is_active: bool, actor: Actor, now: datetime) -> Store:
    """Rename, close or open a store; its code stays, since tills and files say it."""
    before = {"name": store.name, "is_active": store.is_active}
    store.name, store.is_active = _checked_name(name, "store"), is_active
    store.save(update_fields=["name", "is_active"])
    audit.record(
        actor, "store.changed", store, now=now, before=before, after={"name": store.name, "is_active": is_active}
    )
    return store


def create_user(email: str, *, name: str, password: str | None, now: datetime, language: str = "en") -> User:
    """Create a person who can log in; without a password they cannot until one is set.

    Raises BadEmail, EmailTaken, WeakPassword or UnknownLanguage.
    """
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise BadEmail from None
    (language,) = places.check_languages([language])
    user = User(email=address, name=_checked_name(name, "person"), language=language, created_at=now)
    if password is not None:
        check_password_strength(password, user)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:
        raise EmailTaken from None
    return user


def check_password_strength(password: str, user: User) -> None:
    """Raise WeakPassword, naming the first problem."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        is_short = error.error_list[0].code == "password_too_short"
        text = gettext_noop("it is too short.") if is_short else gettext_noop("it is too common.")
        raise WeakPassword(problem=Saying(text)) from None


def change_password(user: User, *, password: str) -> None:
    """Set a new password; sessions made with the old one end. Raises WeakPassword."""
    check_password_strength(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])


def change_language(user: User, *, language: str) -> None:
    """Set the language of a person's screens. Raises UnknownLanguage."""
    (user.language,) = places.check_languages([language])
    user.save(update_fields=["language"])


def _checked_role(role: str) -> Role:
    if role not in Role.values:
        raise BadRole(value=role[:20], allowed=", ".join(Role.values))
    return Role(role)


def hire(
    business: Business, *, user: User, role: str, actor: Actor, now: datetime, store: Store | None = None
) -> Staff:
    """Let a person work in a business, in all stores or in one; somebody dismissed earlier comes back. Raises
    AlreadyHired.
    """
    role = _checked_role(role)
    staff, is_new = Staff.objects.get_or_create(
        business=business, user=user, defaults={"role": role, "store": store, "is_active": True}
    )
    if not is_new:
        revived = (
            Staff.objects.of(business)
            .filter(pk=staff.pk, is_active=False)
            .update(role=role, store=store, is_active=True)
        )
        if revived != 1:
            raise AlreadyHired
        staff.refresh_from_db()
    audit.record(actor, "staff.hired", staff, now=now, after={"role": role, "store": store and store.pk})
    return staff


def change_role(staff: Staff, *, role: str, actor: Actor, now: datetime, store: Store | None = None) -> Staff:
    """Give a person another role, in all stores or in one. Raises LastOwner."""
    role = _checked_role(role)
    locked = _locked_staff(staff, is_staying_owner=role == Role.OWNER)
    before = {"role": locked.role, "store": locked.store_id}
    locked.role, locked.store = role, store
    locked.save(update_fields=["role", "store"])
    audit.record(
        actor, "staff.role_changed", locked, now=now, before=before, after={"role": role, "store": locked.store_id}
    )
    return locked


def dismiss(staff: Staff, *, actor: Actor, now: datetime) -> None:
    """End a person's work in a business; their trace in the audit log stays. Raises LastOwner."""
    locked = _locked_staff(staff, is_staying_owner=False)
    locked.is_active = False
    locked.save(update_fields=["is_active"])
    audit.record(actor, "staff.dismissed", locked, now=now, before={"role": locked.role}, after={"is_active": False})


def _locked_staff(staff: Staff, *, is_staying_owner: bool) -> Staff:
    rows = Staff.objects.of(staff.business_id).filter(is_active=True).select_for_update().order_by("id")
    owners = list(rows.filter(role=Role.OWNER))
    if [owner.pk for owner in owners] == [staff.pk] and not is_staying_owner:
        raise LastOwner
    return rows.get(pk=staff.pk)


def create_api_key(
    business: Business,
    *,
    name: str,
    scopes: Sequence[str],
    actor: Actor,
    now: datetime,
    new_key: Callable[[], UUID] = make_key,
) -> tuple[ApiKey, str]:
    """Create a key and return it with its token, which nobody can see again. Raises BadScope."""
    for scope in scopes or ("",):
        if scope not in SCOPES:
            raise BadScope(value=scope[:40], allowed=", ".join(SCOPES))
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    key = ApiKey.objects.create(
        id=new_key(),
        business=business,
        name=_checked_name(name, "key"),
        digest=digest_of(secret),
        scopes=sorted(set(scopes)),
        created_at=now,
    )
    audit.record(actor, "api_key.created", key, now=now, after={"name": key.name, "scopes": key.scopes})
    return key, token_of(key.pk, secret)


def revoke_api_key(key: ApiKey, *, actor: Actor, now: datetime) -> None:
    """End a key: in this process at once, everywhere within two seconds. A key revoked earlier stays as it is."""
    if ApiKey.objects.of(key.business_id).filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
        audit.record(actor, "api_key.revoked", key, now=now, before={"scopes": key.scopes}, after={"revoked_at": now})
        transaction.on_commit(forget_tokens)


def _checked_kinds(kinds: Sequence[str]) -> list[str]:
    for kind in kinds or ("",):
        if kind != EVERY_KIND and kind not in EVENT_TYPES:
            raise BadEventKind(value=kind[:40], allowed=", ".join(EVENT_TYPES))
    return [EVERY_KIND] if EVERY_KIND in kinds else sorted(set(kinds))


class EndpointTerms(NamedTuple):
    """Where a webhook goes, and which kinds of events it is told of."""

    url: str
    event_kinds: Sequence[str]


def create_endpoint(
    business: Business,
    terms: EndpointTerms,
    *,
    policy: AddressPolicy,
    actor: Actor,
    now: datetime,
    new_key: Callable[[], UUID] = make_key,
) -> tuple[WebhookEndpoint, str]:
    """Create a webhook endpoint and return it with its secret (`whsec_…`), which is shown once. Raises BadAddress,
    BadEventKind.
    """
    secret = "whsec_" + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    endpoint = WebhookEndpoint.objects.create(
        id=new_key(),
        business=business,
        url=check_url(terms.url, policy),
        event_kinds=_checked_kinds(terms.event_kinds),
        secret_sealed=seal(secret, secret_key=settings.SECRET_KEY.encode(), purpose=WEBHOOK_PURPOSE),
        created_at=now,
    )
    after = {"url": endpoint.url, "event_kinds": endpoint.event_kinds}
    audit.record(actor, "webhook_endpoint.created", endpoint, now=now, after=after)
    return endpoint, secret


def change_endpoint(
    endpoint: WebhookEndpoint,
    *,
    url: str,
    event_kinds: Sequence[str],
    policy: AddressPolicy,
    actor: Actor,
    now: datetime,
) -> WebhookEndpoint:
    """Change where and what an endpoint is told; the secret stays. Raises BadAddress, BadEventKind or
    EndpointRemoved.
    """
    _check_not_removed(endpoint)
    before = {"url": endpoint.url, "event_kinds": endpoint.event_kinds}
    endpoint.url, endpoint.event_kinds = check_url(url, policy), _checked_kinds(event_kinds)
    endpoint.save(update_fields=["url", "event_kinds"])
    after = {"url": endpoint.url, "event_kinds": endpoint.event_kinds}
    audit.record(actor, "webhook_endpoint.changed", endpoint, now=now, before=before, after=after)
    return endpoint


def pause_endpoint(endpoint: WebhookEndpoint, *, actor: Actor, now: datetime) -> None:
    """Stop telling an endpoint; deliveries under way wait, later events are for `replay_since`. Raises
    EndpointRemoved.
    """
    _check_not_removed(endpoint)
    _stop_endpoint(endpoint, WebhookEndpoint.State.PAUSED, "", actor=actor, now=now)


def remove_endpoint(endpoint: WebhookEndpoint, *, actor: Actor, now: datetime) -> None:
    """Stop an endpoint for good and give up what still waits for it."""
    _stop_endpoint(endpoint, WebhookEndpoint.State.REMOVED, "", actor=actor, now=now)
    WebhookDelivery.objects.of(endpoint.business_id).filter(
        endpoint=endpoint, state=WebhookDelivery.State.WAITING
    ).update(state=WebhookDelivery.State.FAILED, last_error="the endpoint was removed")


def disable_endpoint(endpoint: WebhookEndpoint, *, reason: str, now: datetime) -> None:
    """Stop an endpoint that asked for it or that has not answered for days; resuming it is up to the business."""
    _stop_endpoint(endpoint, WebhookEndpoint.State.DISABLED, reason, actor=SYSTEM, now=now)


def _stop_endpoint(endpoint: WebhookEndpoint, state: str, reason: str, *, actor: Actor, now: datetime) -> None:
    before = {"state": endpoint.state}
    endpoint.state, endpoint.disabled_reason = state, reason
    endpoint.save(update_fields=["state", "disabled_reason"])
    outbox.drop(endpoint.pk)
    audit.record(
        actor, f"webhook_endpoint.{state}", endpoint, now=now, before=before, after={"state": state}, reason=reason
    )


def _check_not_removed(endpoint: WebhookEndpoint) -> None:
    if endpoint.state == WebhookEndpoint.State.REMOVED:
        raise EndpointRemoved
