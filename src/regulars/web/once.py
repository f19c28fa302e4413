# SPDX-License-Identifier: Apache-2.0
"""A key and a moment made when a form is rendered: sent twice, the form is one intake, and does nothing twice."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django import forms
from django.core import signing
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from regulars.kernel.ids import new_key

SALT = "regulars.web.once"
VALID_S = 86_400


@dataclass(frozen=True, slots=True)
class Once:
    """The name of an intake and when it happened."""

    key: str
    at: datetime


def new_once(now: datetime) -> str:
    """Return a signed key and moment for a hidden field."""
    return signing.dumps([str(new_key()), now.isoformat()], salt=SALT)


def read_once(text: str) -> Once:
    """Read a hidden field back. Raises BadSignature for one that is not ours or older than a day."""
    key, at = signing.loads(text, salt=SALT, max_age=VALID_S)
    return Once(str(UUID(key)), datetime.fromisoformat(at))


class OnceField(forms.CharField):
    """The hidden field; it cleans to a `Once`."""

    widget = forms.HiddenInput

    def clean(self, value: object) -> Once:
        """Return the key and moment. Raises ValidationError for an outdated form."""
        try:
            return read_once(str(value or ""))
        except signing.BadSignature:
            raise forms.ValidationError(_("This form is too old. Reload the page and fill it in again.")) from None


class OnceForm(forms.Form):
    """A form that counts once, however often it is sent."""

    once = OnceField()

    def clean(self) -> None:
        """Show above the form what is wrong with its hidden field."""
        for message in self.errors.pop("once", ()):
            self.add_error(None, message)


def once_in(request: HttpRequest, form: forms.Form) -> Once | None:
    """Return what a sent form is named by beside its fields; without it the form says that it is too old."""
    named = OnceForm(request.POST)
    if named.is_valid():
        once: Once = named.cleaned_data["once"]
        return once
    form.add_error(None, named.non_field_errors())
    return None
