# SPDX-License-Identifier: Apache-2.0
"""The audit log in words: what was done, and each value that changed under its name, in the language in use."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.customers.models import Identity
from regulars.outbox.commits import SEAL
from regulars.outbox.events import EVENT_TYPES
from regulars.programs.words import Words
from regulars.rewards.models import Offer
from regulars.tenancy.access import SCOPES
from regulars.tenancy.models import AuditEntry, Role, WebhookDelivery, WebhookEndpoint
from regulars.ui.format import territory
from regulars.web.context import LANGUAGE_NAMES

JOBS = {
    SEAL: _("Seal the journal"),
    "backup": _("Make a backup"),
    "closing": _("Close the day"),
    "import": _("Import a file"),
    "webhook": _("Send a webhook"),
    "insights": _("Reckon the figures"),
    "uploads": _("Erase old uploads"),
    "sweep": _("Sweep out old deliveries"),
}
VERBS = {
    "api_key.created": _("API key made"),
    "api_key.revoked": _("API key revoked"),
    "backup.downloaded": _("Backup downloaded"),
    "business.created": _("Business created"),
    "customers.created": _("Customer made by hand"),
    "customers.identity_added": _("Contact of a customer added"),
    "customers.identity_removed": _("Contact of a customer removed"),
    "customers.profile_changed": _("Profile of a customer changed"),
    "customers.merged": _("Customer merged into another"),
    "customers.unmerged": _("Merge of a customer undone"),
    "facts.cancelled": _("Taken back"),
    "job.discarded": _("Job given up"),
    "job.run_again": _("Job run again"),
    "points.adjusted": _("Points corrected"),
    "points.transferred": _("Points moved"),
    "program.draft_discarded": _("Draft of the program thrown away"),
    "program.drafted": _("Draft of the program kept"),
    "program.published": _("Program published"),
    "reward.changed": _("Reward changed"),
    "reward.created": _("Reward created"),
    "staff.dismissed": _("Member of staff removed"),
    "staff.hired": _("Member of staff added"),
    "staff.password_set": _("Password of a member of staff set"),
    "staff.role_changed": _("Role of a member of staff changed"),
    "store.changed": _("Store changed"),
    "store.created": _("Store created"),
    "webhook_delivery.replayed": _("Delivery of a webhook sent again"),
    "webhook_endpoint.changed": _("Webhook changed"),
    "webhook_endpoint.created": _("Webhook created"),
    "webhook_endpoint.replayed": _("Events sent again to a webhook"),
    "webhook_endpoint.resumed": _("Webhook switched on again"),
}
FIELDS = {
    "birthday": _("Birthday"),
    "cancelled": _("Number"),
    "changed": _("Changed"),
    "code": _("Code"),
    "country": _("Country"),
    "currency": _("Currency"),
    "customer": _("Customer"),
    "event_kinds": _("Told of"),
    "events": _("Events"),
    "file": _("File"),
    "identities": _("How they are recognised"),
    "is_active": _("Active"),
    "kind": _("Kind"),
    "language": _("Speaks"),
    "languages": _("Languages"),
    "last_error": _("Error"),
    "merged_into": _("Merged into"),
    "name": _("Name"),
    "number": _("Version"),
    "points": _("Points"),
    "price": _("Points it costs"),
    "resolves": _("Stands for this person alone"),
    "revoked_at": _("Ended"),
    "role": _("Role"),
    "scopes": _("It may"),
    "since": _("From"),
    "state": _("State"),
    "stock": _("Pieces in all"),
    "store": _("Works in"),
    "tags": _("Tags"),
    "timezone": _("Time zone"),
    "to": _("To"),
    "url": _("Address"),
    "valid_from": _("From"),
}
"""What is recorded of a change, by the name under which it is recorded."""
_PLACES = {name: place for place, name in enumerate(dict.fromkeys(("customer", "code", "name", *FIELDS)))}
_CUSTOMERS = ("customer", "merged_into", "to")
_CODES: Mapping[str, Mapping[str, object]] = {
    "changed": FIELDS,
    "identities": dict(Identity.Kind.choices),
    "kind": {**JOBS, **dict(Identity.Kind.choices), **dict(Offer.Kind.choices)},
    "language": LANGUAGE_NAMES,
    "languages": LANGUAGE_NAMES,
    "role": dict(Role.choices),
    "state": {**dict(WebhookEndpoint.State.choices), **dict(WebhookDelivery.State.choices)},
}


def verb_text(entry: AuditEntry) -> str:
    """Say what was done."""
    return str(VERBS.get(entry.verb, entry.verb))


def customers_in(entries: Iterable[AuditEntry]) -> set[UUID]:
    """Return the keys of the customers that entries speak of."""
    values = [value for one in entries for said in (one.before, one.after) for value in _of_customers(said or {})]
    return {UUID(value) for value in values}


def _of_customers(said: Mapping[str, object]) -> list[str]:
    return [str(said[name]) for name in _CUSTOMERS if said.get(name)]


def change_texts(entry: AuditEntry, words: Words, names: Mapping[str, str]) -> list[str]:
    """Say what changed, one sentence for each value: from what, to what. `names` are those of stores and customers by their keys."""
    before, after = entry.before or {}, entry.after or {}
    say = _Values(words, names).text
    texts = []
    for name in sorted({*after, *before}, key=_place):
        said = {"field": FIELDS.get(name, name), "before": "", "after": ""}
        old, new = before.get(name), after.get(name)
        if name in before and name in after:
            if old != new:
                said |= {"before": say(name, old), "after": say(name, new)}
                texts.append(gettext("%(field)s: %(before)s → %(after)s") % said)
        elif new is not None or old is not None:
            said |= {"after": say(name, old if new is None else new)}
            texts.append(gettext("%(field)s: %(after)s") % said)
    return texts


def _place(name: str) -> tuple[int, str]:
    """Return where a field stands: a database may keep them in an order of its own."""
    return _PLACES.get(name, len(_PLACES)), name


_SENTENCES = {"event_kinds", "scopes"}  # each of their values is said in a sentence with its own full stop


class _Values:
    """Writes recorded values: codes by their words, moments in the business's zone."""

    def __init__(self, words: Words, names: Mapping[str, str]) -> None:
        self._words = words
        self._special: Mapping[str, Callable[[str], str]] = {
            "country": lambda code: territory(code, words.language),
            "event_kinds": lambda kind: gettext(EVENT_TYPES[kind]) if kind in EVENT_TYPES else gettext("everything"),
            "scopes": lambda scope: gettext(SCOPES.get(scope, scope)),
            **dict.fromkeys(("store", *_CUSTOMERS), lambda key: names.get(key, key)),
            **dict.fromkeys(("revoked_at", "since", "valid_from"), self._moment),
        }

    def text(self, name: str, value: object) -> str:
        if value is None:
            return gettext("all stores") if name == "store" else "–"
        if isinstance(value, list):
            between = " " if name in _SENTENCES else ", "
            return between.join(self.text(name, one) for one in value)
        if isinstance(value, bool):
            return gettext("yes") if value else gettext("no")
        if isinstance(value, int):
            return self._words.number(value)
        if name in self._special:
            return self._special[name](str(value))
        return str(_CODES.get(name, {}).get(str(value), value))

    def _moment(self, text: str) -> str:
        return self._words.moment(datetime.fromisoformat(text))
