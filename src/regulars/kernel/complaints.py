# SPDX-License-Identifier: Apache-2.0
"""What the reader of JSON complains of, as words that can be translated and the place that is meant. Pure."""

import re
from typing import Final

from regulars.kernel.errors import Saying, gettext_noop

_SHOWN_MAX = 200
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
        (
            r"Expected `(?P<expected>[^`]+)` matching regex '(?P<pattern>.*)'",
            gettext_noop("Expected `%(expected)s` matching the pattern %(pattern)s"),
        ),
        (
            r"Expected `(?P<expected>[^`]+)` with a timezone component",
            gettext_noop("Expected `%(expected)s` with a time zone"),
        ),
        (r"Expected `(?P<expected>[^`]+)`", gettext_noop("Expected `%(expected)s`")),
        (
            r"Object missing required field `(?P<field>[^`]*)`",
            gettext_noop("Object missing required field `%(field)s`"),
        ),
        (r"Object contains unknown field `(?P<field>.*)`", gettext_noop("Object contains unknown field `%(field)s`")),
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
    for pattern, text in _COMPLAINTS:
        if found := pattern.fullmatch(what):
            return place.rstrip("`") or "$", Saying(
                text, **{key: (part or "")[:_SHOWN_MAX] for key, part in found.groupdict().items()}
            )
    return place.rstrip("`") or "$", Saying(gettext_noop("Another shape than expected"))
