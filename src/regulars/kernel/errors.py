# SPDX-License-Identifier: Apache-2.0
"""The one base of every error that a user can cause: a stable code, a status and a translatable text."""

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

Translate = Callable[[str], str]
Number = Callable[[int], str]
_NAMING = frozenset({"earliest", "latest", "line", "number", "revision", "row"})
"""Whole numbers under these names count nothing; they name a year, a line, a version, and are never grouped."""


def gettext_noop(message: str) -> str:
    """Mark a message for the catalogues without translating it; the door that shows it translates."""
    return message


class Saying:
    """Words among the data of an error: a message id with values of its own, translated with the error."""

    def __init__(self, text: str, **data: object) -> None:
        self.text = text
        self.data = data

    def told(self, translate: Translate, number: Number = str) -> str:
        """Return the words in a language, its counts as that writes them."""
        return translate(self.text) % {key: _told(key, value, translate, number) for key, value in self.data.items()}

    def __str__(self) -> str:
        return self.told(gettext_noop)


class RegularsError(Exception):
    """An operating error that names the cause, the value and the remedy.

    Subclasses stand beside the code that raises them and set `code` (stable, documented), `status` (of HTTP) and `text`
    (English message id with named placeholders, filled from the keyword data). No secret and no personal data goes in.
    Data are values that read the same in every language; what is a word is a code with its message id in `words`, by the
    name of the placeholder, or a Saying, or a tuple of them.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    text: ClassVar[str] = gettext_noop("Something went wrong.")
    words: ClassVar[Mapping[str, Mapping[str, str]]] = {}

    def __init__(self, **data: object) -> None:
        self.data = data
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """Return the English text with its values."""
        return self.told(gettext_noop)

    def told(self, translate: Translate, number: Number = str) -> str:
        """Return the text with its values in a language, its counts as that writes them."""
        return self.tell(self.data, translate, number)

    @classmethod
    def tell(cls, data: Mapping[str, object], translate: Translate, number: Number = str) -> str:
        """Return the text with values in a language. Raises KeyError if one is missing."""
        return translate(cls.text) % {key: cls._word(key, value, translate, number) for key, value in data.items()}

    @classmethod
    def _word(cls, key: str, value: object, translate: Translate, number: Number) -> object:
        known = cls.words.get(key, {})
        return (
            translate(known[value])
            if isinstance(value, str) and value in known
            else _told(key, value, translate, number)
        )


def _told(key: str, value: object, translate: Translate, number: Number) -> object:
    if isinstance(value, tuple):
        return ", ".join(str(_told(key, one, translate, number)) for one in value)
    if isinstance(value, int) and not isinstance(value, bool) and key not in _NAMING:
        return number(value)
    return value.told(translate, number) if isinstance(value, Saying) else value


def tell_again(
    code: str, english: str, data: Mapping[str, object], translate: Translate, *, number: Number = str
) -> str:
    """Return in another language what an error said that is known only by its code, its English text and its data."""
    for kind in _kinds_of(RegularsError):
        if kind.code == code and _english(kind, data) == english:
            return kind.tell(data, translate, number)
    return english


def _english(kind: type[RegularsError], data: Mapping[str, object]) -> str:
    try:
        return kind.tell(data, gettext_noop)
    except KeyError:
        return ""


def _kinds_of(parent: type[RegularsError]) -> Iterator[type[RegularsError]]:
    for child in parent.__subclasses__():
        yield child
        yield from _kinds_of(child)
