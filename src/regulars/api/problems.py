# SPDX-License-Identifier: Apache-2.0
"""What goes wrong, as RFC 9457 says it: one shape for every error of this door, in the caller's language."""

from functools import lru_cache, partial

from django.conf import settings
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header
from msgspec import Struct

from regulars.flow.intake import Refusal, Scalar
from regulars.kernel.errors import RegularsError, Saying, gettext_noop, tell_again
from regulars.ui import format as write

MEDIA_TYPE = "application/problem+json"
_LANGUAGES = frozenset(code for code, _ in settings.LANGUAGES)
_DEFAULT_LANGUAGE = "en"


class UnknownPath(RegularsError):
    """There is nothing at this address."""

    code = "unknown_path"
    status = 404
    text = gettext_noop("There is nothing at %(path)s. The addresses are listed at /api/v1/openapi.json.")


class MethodNotAllowed(RegularsError):
    """The address exists, and this cannot be done with it."""

    code = "method_not_allowed"
    status = 405
    text = gettext_noop("%(method)s is not possible here. Use one of: %(allowed)s.")


class BadMediaType(RegularsError):
    """The body is not said to be JSON."""

    code = "bad_media_type"
    status = 415
    text = gettext_noop("“%(value)s” is not understood. Send JSON with the header “Content-Type: application/json”.")


class BodyTooLarge(RegularsError):
    """The body is larger than this address takes."""

    code = "body_too_large"
    status = 413
    text = gettext_noop("The body has more than %(limit)s bytes. Send less at a time.")


class BadJson(RegularsError):
    """The body is not JSON."""

    code = "bad_json"
    status = 400
    text = gettext_noop("The body cannot be read as JSON: %(problem)s.")


class InvalidBody(RegularsError):
    """The body is JSON of another shape."""

    code = "invalid_body"
    status = 422
    text = gettext_noop("The body is wrong at %(path)s: %(problem)s.")


class InvalidParameter(RegularsError):
    """A parameter of the address or a header has another shape."""

    code = "invalid_parameter"
    status = 422
    text = gettext_noop("The parameter %(name)s is wrong: %(problem)s.")


class BadCharacter(RegularsError):
    """A text holds the character NUL."""

    code = "bad_character"
    status = 422
    text = gettext_noop("A text holds the character NUL (U+0000), which cannot be kept. Leave it out.")


class MomentOutOfRange(RegularsError):
    """A moment lies outside the calendar of the program."""

    code = "moment_out_of_range"
    status = 422
    text = gettext_noop("%(name)s cannot be %(value)s: the year lies between %(earliest)s and %(latest)s.")


class KeyMissing(RegularsError):
    """What moves value needs a name, so that a repeat is recognised."""

    code = "key_missing"
    status = 400
    text = gettext_noop("Send the header “Idempotency-Key” or the field “external_id”, so that a repeat is recognised.")


class KeyContradicts(RegularsError):
    """One request has two names."""

    code = "key_contradicts"
    status = 409
    text = gettext_noop(
        "The header “Idempotency-Key” and the field “external_id” differ. Send one of them, or the same in both."
    )


class ChangedMeanwhile(RegularsError):
    """Somebody else has changed it since it was read."""

    code = "changed_meanwhile"
    status = 412
    text = gettext_noop("It has changed since you read it. Read it again, then send your change with its new ETag.")


class MatchMissing(RegularsError):
    """It is not said what was read before the change."""

    code = "match_missing"
    status = 428
    text = gettext_noop(
        "Send the header “If-Match” with the ETag of what you read: what has changed since is not touched."
    )


class InternalError(RegularsError):
    """A fault of the program; the log has the details."""

    code = "internal_error"
    status = 500
    text = gettext_noop("Something went wrong on our side. Try again; if it stays so, look into the log of the server.")


class Busy(RegularsError):
    """The answer did not come in time, so the outcome is unknown."""

    code = "busy"
    status = 503
    text = gettext_noop(
        "The server is busy and the outcome is unknown. Send the same again: what was done is not done twice."
    )


class Refused(Exception):
    """The path refused an intake."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.text)
        self.refusal = refusal


class Problem(Struct, frozen=True):
    """An error. `code` is stable; `detail` is a sentence in the language of Accept-Language; `data` holds its values."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    data: dict[str, Scalar]


@lru_cache(maxsize=1_000)
def language_of(accept_language: str) -> str:
    """Return the language of the product that a header of Accept-Language likes best, English where it likes none."""
    for wish, _ in parse_accept_lang_header(accept_language.lower()):
        if wish.partition("-")[0] in _LANGUAGES:
            return wish.partition("-")[0]
    return _DEFAULT_LANGUAGE


def problem_of(error: RegularsError, language: str) -> Problem:
    """Return an error as a problem in a language."""
    with translation.override(language):
        data = {key: _plain(value) for key, value in error.data.items()}
        return _problem(
            error.code, error.status, error.told(translation.gettext, partial(write.count, language=language)), data
        )


def problem_of_refusal(refusal: Refusal, language: str) -> Problem:
    """Return a refusal of the path as a problem in a language."""
    with translation.override(language):
        said = tell_again(
            refusal.code,
            refusal.text,
            refusal.data,
            translation.gettext,
            number=partial(write.count, language=language),
        )
    return _problem(refusal.code, refusal.status, said, refusal.data)


def _plain(value: object) -> Scalar:
    if isinstance(value, Saying):
        return value.told(translation.gettext)
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _problem(code: str, status: int, detail: str, data: dict[str, Scalar]) -> Problem:
    return Problem(f"urn:regulars:problem:{code}", code.replace("_", " ").capitalize(), status, code, detail, data)
