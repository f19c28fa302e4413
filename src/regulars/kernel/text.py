# SPDX-License-Identifier: Apache-2.0
"""Text in any script: folding for comparison and search, and a Latin shadow so that either script finds the other."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from anyascii import anyascii

# Consonants of Devanagari, Telugu and Malayalam that are followed by no vowel sign carry an a; Hindi drops it at a word's end.
_INHERENT_A = re.compile(
    "([\u0915-\u0939\u0958-\u095f]\u093c?(?![\u093c\u093e-\u094d])(?=[\u0900-\u097f])"
    "|[\u0c15-\u0c39](?![\u0c3e-\u0c4d])|[\u0d15-\u0d3a](?![\u0d3e-\u0d4d]))"
)
NAME_MAX = 200
SEARCH_MAX = 1_000


def clean(text: str, limit: int = NAME_MAX) -> str:
    """Return text in NFC without control and zero-width characters, white space folded to single blanks, cut to the limit."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())[:limit].strip()
    kept = "".join(
        " " if char.isspace() else char
        for char in unicodedata.normalize("NFC", text)
        if char.isspace() or (unicodedata.category(char) not in {"Cc", "Cs"} and char not in "\ufeff\u200b\u2060")
    )
    return " ".join(kept.split())[:limit].strip()


@lru_cache(maxsize=10_000)
def fold(text: str) -> str:
    """Return text for comparison: NFKC, case folded, joiners and marks of direction dropped, blanks single."""
    if text.isascii():
        return " ".join(text.casefold().split())
    normal = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(char for char in normal if unicodedata.category(char) != "Cf").split())


def to_latin(text: str) -> str:
    """Return a rough Latin spelling of folded text: अनिता and అనిత come near to anita."""
    if text.isascii():
        return " ".join(text.split())
    return " ".join(anyascii(_INHERENT_A.sub(r"\1a", text)).casefold().split())


def search_text(parts: Iterable[str]) -> str:
    """Join parts into the text that search looks through: each folded, followed by its Latin shadow where that differs."""
    words: dict[str, None] = {}
    for part in parts:
        folded = fold(part)
        for form in (folded, to_latin(folded)):
            if form:
                words[form] = None
    return " ".join(words)[:SEARCH_MAX]
