# SPDX-License-Identifier: Apache-2.0
"""What a profile may hold: tags, birthday, and the text that search looks through. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

import phonenumbers

from regulars.customers.matching import PHONE, IdentityKey
from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.kernel.text import clean, fold, search_text

TAGS_MAX: Final = 50
TAG_MAX: Final = 40
BIRTHDAY_MIN: Final = date(1900, 1, 1)


class BadTag(RegularsError):
    """A tag is blank or too long."""

    code = "bad_tag"
    status = 422
    text = gettext_noop("The tag “%(value)s” is blank or longer than %(limit)s characters. Shorten it.")


class TooManyTags(RegularsError):
    """More tags than one customer may carry."""

    code = "too_many_tags"
    status = 422
    text = gettext_noop("A customer can carry %(limit)s tags; this would be %(count)s. Take some away first.")


class BadBirthday(RegularsError):
    """The day cannot be a birthday; the day itself is personal data and stays out of the message."""

    code = "bad_birthday"
    status = 422
    text = gettext_noop("The birthday is in the future or before %(earliest)s. Write it like 1990-04-27, year first.")


def read_tags(tags: Iterable[str]) -> list[str]:
    """Return tags cleaned, once each whatever their case, in the order they came. Raises BadTag or TooManyTags."""
    kept: dict[str, str] = {}
    for tag in tags:
        text = clean(tag, TAG_MAX + 1)
        if not text or len(text) > TAG_MAX:
            raise BadTag(value=text, limit=TAG_MAX)
        kept.setdefault(fold(text), text)
    if len(kept) > TAGS_MAX:
        raise TooManyTags(limit=TAGS_MAX, count=len(kept))
    return list(kept.values())


def check_birthday(day: date | None, *, today: date) -> None:
    """Raise BadBirthday on a day that nobody alive was born on."""
    if day is not None and not BIRTHDAY_MIN <= day <= today:
        raise BadBirthday(earliest=BIRTHDAY_MIN.isoformat())


@lru_cache(maxsize=300)
def calling_code(country: str) -> str:
    """Return the calling code of a country with its plus: +91 for IN."""
    return f"+{phonenumbers.country_code_for_region(country)}"


def findable(identity: IdentityKey, country: str) -> str:
    """Return an identity as people type it: a phone of the own country by its national digits, others by all digits."""
    kind, value = identity
    return value.removeprefix(calling_code(country)).lstrip("+") if kind == PHONE else value


def search_words(name: str, identities: Sequence[IdentityKey], country: str) -> str:
    """Return the text by which a customer is found: name and identities, folded, in their own script and in Latin."""
    return search_text([name, *[findable(identity, country) for identity in identities]])
