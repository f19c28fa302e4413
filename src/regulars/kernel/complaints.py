# SPDX-License-Identifier: Apache-2.0
"""What the reader of JSON complains of, as words that can be translated and the place that is meant. Pure."""

import re
from ast import literal_eval
from collections.abc import Mapping
from typing import Final

from regulars.kernel.errors import Saying, gettext_noop

_SHOWN_MAX = 200
_FORMS: Final = {
    r"^-?[0-9]{1,9}(\.[0-9]{1,3})?$": gettext_noop("a number with at most three decimals, like 0.35"),
    r"^[0-9]{1,9}(\.[0-9]{1,3})?$": gettext_noop("a number with at most three decimals, like 0.35"),
    "^[a-z0-9][a-z0-9_-]{0,38}$": gettext_noop("small letters a to z, digits, - and _, like silver-2"),
    "^[a-z0-9][a-z0-9_.-]{0,39}$": gettext_noop("small letters a to z, digits, - and _, like silver-2"),
    "^[a-z_]{0,40}$": gettext_noop("small letters a to z, digits, - and _, like silver-2"),
    "^[A-Za-z0-9_.-]{1,40}$": gettext_noop("letters a to z, digits, dots, - and _, like CHAI-5"),
    "^[A-Za-z0-9_-]+$": gettext_noop("the “next” of the part before"),
    "^https://": gettext_noop("an address that begins with https://"),
}
"""How a text is written that fits a pattern of the code, for people."""
_COMPLAINTS: Final = tuple(
    (re.compile(pattern, re.DOTALL), text)
    for pattern, text in (
        (
            r"Expected `(?P<expected>[^`]+)`, got `(?P<got>[^`]+)`",
            gettext_noop("Expected `%(expected)s`, got `%(got)s`"),
        ),
        (
            r"Expected `(?P<expected>[^`]+)` of length (?P<bound>[<>=]+ )?(?P<limit>\d+)(?:, got \d+)?",
            gettext_noop("Expected `%(expected)s` of length %(bound)s%(limit)s"),
        ),
        (
            r"Expected `(?P<expected>[^`]+)` (?P<bound>[<>=]+) (?P<limit>\S+)",
            gettext_noop("Expected `%(expected)s` %(bound)s %(limit)s"),
        ),
        (r"Expected `[^`]+` matching regex (?P<form>.*)", gettext_noop("Expected %(form)s")),
        (
            r"Expected `(?P<expected>[^`]+)` with a timezone component",
            gettext_noop("Expected `%(expected)s` with a time zone"),
        ),
        (r"Expected `(?P<expected>[^`]+)`", gettext_noop("Expected `%(expected)s`")),
        (r"Object missing required field `(?P<field>[^`]*)`", gettext_noop("it is missing")),
        (r"Object contains unknown field `(?P<field>.*)`", gettext_noop("it is not known here")),
        (r"Invalid (?:enum )?value (?P<value>.+)", gettext_noop("Invalid value %(value)s")),
        (r"Invalid UUID", gettext_noop("Invalid UUID")),
        (
            r"Invalid (?:RFC3339|ISO8601) encoded (?P<kind>\w+)",
            gettext_noop("Invalid `%(kind)s`, written as in RFC 3339"),
        ),
        (r"(?:Integer value|Number|Timestamp) (?:is )?out of range", gettext_noop("Number out of range")),
        (r"JSON is malformed: .*\(byte (?P<byte>\d+)\)", gettext_noop("JSON is malformed at byte %(byte)s")),
        (r"Input data was truncated", gettext_noop("JSON ends too early")),
        (r"(?:Invalid utf-8|'utf-8' codec|.*surrogates).*", gettext_noop("Text that is not UTF-8")),
        (r"maximum recursion depth exceeded.*", gettext_noop("Nested too deeply")),
    )
)


def read_complaint(error: Exception) -> tuple[str, Saying]:
    """Return the place in the document (`$` is the top) and what is wrong there."""
    what, _, place = str(error).partition(" - at `")
    place = place.rstrip("`") or "$"
    for pattern, text in _COMPLAINTS:
        if found := pattern.fullmatch(what):
            said = {key: (part or "")[:_SHOWN_MAX] for key, part in found.groupdict().items()}
            field = said.pop("field", "")
            return f"{place}.{field}" if field else place, Saying(text, **{**said, **_form(said), **_limit(said)})
    return place, Saying(gettext_noop("Another shape than expected"))


def _limit(said: Mapping[str, str]) -> dict[str, int]:
    return {"limit": int(said["limit"])} if said.get("limit", "").isdecimal() else {}


def _form(said: Mapping[str, str]) -> dict[str, Saying]:
    if "form" not in said:
        return {}
    return {"form": Saying(_FORMS.get(literal_eval(said["form"]), gettext_noop("a text written in another way")))}
