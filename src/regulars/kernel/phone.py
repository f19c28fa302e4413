# SPDX-License-Identifier: Apache-2.0
"""Phone numbers: any way of writing in, E.164 out."""

import re
import unicodedata
from functools import lru_cache

import phonenumbers

from regulars.kernel.errors import RegularsError, gettext_noop

_INPUT_MAX = 40
_FLOAT_TAIL = re.compile(r"^(\+?\d{6,})\.0$")
_E164_MOBILE = re.compile(r"\+(?:91[6-9]\d{9}|374[1-9]\d{7})", re.ASCII)
_INDIAN_MOBILE = re.compile(r"[678]\d{9}|9[02-9]\d{8}", re.ASCII)
_SPREADSHEET_POWER = re.compile(r"^\d(\.\d+)?E\+?\d+$", re.IGNORECASE)


class BadPhone(RegularsError):
    """The text cannot be read as a phone number; the number itself is personal data and stays out of the message."""

    code = "bad_phone"
    status = 422
    text = gettext_noop(
        "The phone number (%(length)s characters) is not possible in %(country)s. Write it with its country code, like +91 98765 43210."
    )


@lru_cache(maxsize=20_000)
def normalise_phone(text: str, country: str) -> str:
    """Return a number in E.164, reading local forms as of the country (ISO 3166 two letters). Raises BadPhone.

    The commonest forms take a short way; a test proves that it leads where the long one does.
    """
    if _E164_MOBILE.fullmatch(text):
        return text
    if country == "IN" and _INDIAN_MOBILE.fullmatch(text):
        return f"+91{text}"
    cleaned = _plain(text)
    if len(cleaned) <= _INPUT_MAX and not _SPREADSHEET_POWER.match(cleaned):
        for candidate in (cleaned, f"+{cleaned}"):
            number = _parsed(candidate, country)
            is_sure = number is not None and phonenumbers.is_valid_number(number)
            is_likely = number is not None and candidate == cleaned and phonenumbers.is_possible_number(number)
            if number is not None and (is_sure or is_likely):
                return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    raise BadPhone(length=len(text), country=country)


def _plain(text: str) -> str:
    """Return text with any script's digits as 0 to 9, without marks of direction, quotes and the tail of a float."""
    normal = unicodedata.normalize("NFKC", text).strip()
    kept = [char for char in normal if unicodedata.category(char) != "Cf"]
    digits = [str(unicodedata.digit(char)) if unicodedata.category(char) == "Nd" else char for char in kept]
    return _FLOAT_TAIL.sub(r"\1", "".join(digits).lstrip("'"))


def _parsed(text: str, country: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None


def mask_phone(number: str) -> str:
    """Return a number with all but its last four digits hidden, for screens and logs."""
    return "•••• " + number[-4:]
