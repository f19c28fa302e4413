# SPDX-License-Identifier: Apache-2.0
"""Who did something, by name."""

from collections.abc import Iterable
from uuid import UUID

from django.utils.translation import gettext

from regulars.tenancy.actors import ActorKind
from regulars.tenancy.models import ApiKey, AuditEntry, Business, User


def authors_of(business: Business, entries: Iterable[AuditEntry]) -> dict[UUID, str]:
    """Return for each entry who did it, by the entry's key: a person, an API key, or Regulars itself. Two queries at most."""
    entries = list(entries)
    keys = {kind: {one.actor_id for one in entries if one.actor_kind == kind and one.actor_id} for kind in ActorKind}
    names: dict[UUID | None, str] = {}
    if keys[ActorKind.USER]:
        names |= User.objects.filter(pk__in=keys[ActorKind.USER]).values_list("pk", "name")
    if keys[ActorKind.API_KEY]:
        own = ApiKey.objects.of(business).filter(pk__in=keys[ActorKind.API_KEY]).values_list("pk", "name")
        names |= {key: gettext("API key “%(name)s”") % {"name": name} for key, name in own}
    kinds = {ActorKind.API_KEY: gettext("an API key"), ActorKind.MEMBER: gettext("a member")}
    return {one.pk: names.get(one.actor_id) or kinds.get(ActorKind(one.actor_kind), "Regulars") for one in entries}
