# SPDX-License-Identifier: Apache-2.0
"""What somebody typed into a search box, as words that may stand in `search_text`. Pure.

Every word must be found. A word has one form or several that mean the same: its own script and its Latin shadow, a
phone number with and without calling code or trunk zero. From three characters on a form is found anywhere, below that
at the start of a word.
"""

import re
from typing import Final

from msgspec import Struct

from regulars.customers.profile import calling_code
from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.kernel.text import clean, fold, to_latin

QUERY_MAX: Final = 100
WORDS_MAX: Final = 8
PART_MIN: Final = 3
_PHONE = re.compile(r"\+?[\d(][\d\s()./-]*")
_REST_MIN = 5


class BadCursor(RegularsError):
    """The place to go on from was not made by the page before."""

    code = "bad_cursor"
    status = 422
    text = gettext_noop("“%(value)s” is not a place in this list. Start again from its first page.")


class Word(Struct, frozen=True):
    """One word of a query, in forms that mean the same."""

    forms: tuple[str, ...]

    @property
    def is_short(self) -> bool:
        """Tell whether the word is only looked for at the start of words."""
        return all(len(form) < PART_MIN for form in self.forms)


def read_query(text: str, country: str) -> list[Word]:
    """Return the words of a query, none for a blank one; at most WORDS_MAX of its first QUERY_MAX characters."""
    folded = fold(clean(text, QUERY_MAX))
    latin = to_latin(folded)
    if _PHONE.fullmatch(latin) and sum(map(str.isdigit, latin)) >= PART_MIN:
        return [Word(_phone_forms(latin, calling_code(country).lstrip("+")))]
    return [Word(_forms(word)) for word in dict.fromkeys(folded.split()[:WORDS_MAX])]


def _forms(word: str) -> tuple[str, ...]:
    shadow = to_latin(word).replace(" ", "")
    return (word,) if shadow in {"", word} else (word, shadow)


def _phone_forms(latin: str, code: str) -> tuple[str, ...]:
    digits = "".join(char for char in latin if char.isdigit())
    forms = [digits]
    rest = digits.removeprefix(code)
    if latin.startswith("+") and rest:
        forms = [rest, digits]
    elif rest != digits and len(rest) >= _REST_MIN:
        forms.append(rest)
    elif digits.startswith("0") and len(digits) >= _REST_MIN and digits[1] != "0":
        forms.append(digits[1:])
    return tuple(dict.fromkeys(forms))


def trigrams(text: str) -> list[str]:
    """Return the distinct runs of three characters in a text, in order."""
    return list(dict.fromkeys(text[start : start + 3] for start in range(len(text) - 2)))


def at_word_start(form: str) -> str:
    """Return the form as it starts a word in the index: behind blanks, together at least three characters."""
    return f"  {form}" if len(form) == 1 else f" {form}"


def fts_expression(words: list[Word], business_word: str, *, only_starts: bool) -> str:
    """Return the FTS5 query of trigrams that every match has; what it finds has to be checked against the text."""
    clauses = [_quoted(business_word)]
    for word in words:
        texts = [at_word_start(form) if only_starts or len(form) < PART_MIN else form for form in word.forms]
        alternatives = [" AND ".join(_quoted(trigram) for trigram in trigrams(text)) for text in texts]
        clauses.append(" OR ".join(f"({alternative})" for alternative in alternatives))
    return " AND ".join(f"({clause})" for clause in clauses)


def _quoted(trigram: str) -> str:
    doubled = trigram.replace('"', '""')
    return f'"{doubled}"'
