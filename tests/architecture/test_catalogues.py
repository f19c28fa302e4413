# SPDX-License-Identifier: Apache-2.0
"""Every text is translated into every language, keeps its placeholders, and is compiled."""

import gettext
import re
from collections import Counter

import pytest
from babel.messages.pofile import read_po
from django.conf import settings

from architecture.tree import SOURCE, place

LOCALE = SOURCE / "locale"
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|\{[a-z_]+\}|%%")


def catalogue(language: str):
    path = LOCALE / language / "LC_MESSAGES" / "django.po"
    if not path.exists():
        return []
    with path.open("rb") as file:
        return [message for message in read_po(file, locale=language, abort_invalid=True) if message.id]


def wordings(texts) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts)


def placeholders(text: str) -> Counter:
    return Counter(PLACEHOLDER.findall(text))


def test_all_languages_have_a_catalogue_or_none():
    present = {path.parent.name for path in LOCALE.glob("*/LC_MESSAGES")}

    assert present in (set(), set(LANGUAGES))


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_untranslated(language):
    open_ends = [message.id for message in catalogue(language) if message.fuzzy or not all(wordings(message.string))]

    assert open_ends == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_their_placeholders(language):
    """A plural form may leave its number out, as in “one piece”; it may not name what the text does not give."""
    wrong = []
    for message in catalogue(language):
        source = wordings(message.id)
        for wording in wordings(message.string):
            if len(source) == 1 and placeholders(wording) != placeholders(source[0]):
                wrong.append(wording)
            if len(source) == 2 and placeholders(wording) - placeholders(source[1]):
                wrong.append(wording)

    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_catalogue_is_current(language):
    compiled_path = LOCALE / language / "LC_MESSAGES" / "django.mo"
    messages = catalogue(language)
    if not messages:
        assert not compiled_path.exists()
        return
    with compiled_path.open("rb") as file:
        compiled = dict(gettext.GNUTranslations(file)._catalog)
    compiled.pop("", None)
    current = {}
    for message in messages:
        context = f"{message.context}\x04" if message.context else ""
        if isinstance(message.id, str):
            current[context + message.id] = message.string
        else:
            current |= {(context + message.id[0], form): wording for form, wording in enumerate(message.string)}

    assert compiled == current, f"{place(compiled_path)} is out of date: make messages"
