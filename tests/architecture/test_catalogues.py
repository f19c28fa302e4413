# SPDX-License-Identifier: Apache-2.0
"""Every catalogue exists in every language, leaves nothing untranslated, keeps the placeholders, and is compiled."""

import gettext
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings

from architecture.tree import SOURCE, files, place

LANGUAGES = {code for code, _ in settings.LANGUAGES if code != "en"}
CATALOGUES = [path for path in files(SOURCE, "*.po") if "locale" in path.parts]
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|\{[a-z_]+\}|%%")
each_catalogue = pytest.mark.parametrize("path", CATALOGUES, ids=place)


def messages(path):
    with path.open("rb") as file:
        return [message for message in read_po(file, locale=path.parts[-3], abort_invalid=True) if message.id]


def translated(path):
    return [message for message in messages(path) if all(wordings(message.string))]


def wordings(texts) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts)


def placeholders(text: str) -> Counter:
    return Counter(PLACEHOLDER.findall(text))


def test_every_language_is_there():
    folders = {path.parents[2] for path in CATALOGUES}
    found = {folder: {path.parts[-3] for path in CATALOGUES if folder in path.parents} for folder in folders}

    assert {place(folder): LANGUAGES ^ found[folder] for folder in folders if found[folder] != LANGUAGES} == {}


@each_catalogue
def test_nothing_is_untranslated(path):
    assert [message.id for message in messages(path) if message.fuzzy or not all(wordings(message.string))] == []


@each_catalogue
def test_translations_keep_their_placeholders(path):
    """A plural form may leave its number out, as in “one piece”; it may not name what the text does not give."""
    wrong = []
    for message in translated(path):
        source = wordings(message.id)
        for wording in wordings(message.string):
            if len(source) == 1 and placeholders(wording) != placeholders(source[0]):
                wrong.append(wording)
            if len(source) == 2 and placeholders(wording) - placeholders(source[1]):
                wrong.append(wording)

    assert wrong == []


@each_catalogue
def test_compiled_catalogue_is_current(path):
    with path.with_suffix(".mo").open("rb") as file:
        compiled = {key: text for key, text in gettext.GNUTranslations(file)._catalog.items() if key}
    current = {}
    for message in translated(path):
        context = f"{message.context}\x04" if message.context else ""
        if isinstance(message.id, str):
            current[context + message.id] = message.string
        else:
            current |= {(context + message.id[0], form): wording for form, wording in enumerate(message.string)}

    assert compiled == current, f"make messages brings {place(path)} up to date"


def texts_by_folder(root: Path, language: str) -> dict[str, set]:
    found = sorted(root.glob(f"**/locale/{language}/LC_MESSAGES/*.po"))
    return {str(path.relative_to(root).parents[2]): {message.id for message in messages(path)} for path in found}


def test_languages_hold_the_same_texts():
    first, *others = (texts_by_folder(SOURCE, language) for language in sorted(LANGUAGES))

    assert [texts == first for texts in others] == [True] * len(others)


@pytest.mark.skipif(not shutil.which("xgettext"), reason="gettext is not installed")
def test_every_text_is_in_its_catalogue(tmp_path):
    copy = shutil.copytree(SOURCE, tmp_path / "regulars", ignore=shutil.ignore_patterns("static", "__pycache__"))
    (copy / "locale").mkdir(exist_ok=True)
    collect = [sys.executable, "-m", "django", "makemessages", "--locale=hi", "--no-obsolete"]
    subprocess.run(collect, cwd=copy, check=True, capture_output=True)

    collected, committed = texts_by_folder(copy, "hi"), texts_by_folder(SOURCE, "hi")
    assert {
        folder: collected[folder] ^ texts for folder, texts in committed.items() if collected[folder] != texts
    } == {}


def test_catalogues_are_found_by_django():
    of_applications = {SOURCE.parent.joinpath(*name.split("."), "locale") for name in settings.INSTALLED_APPS}
    read = of_applications | {Path(path) for path in settings.LOCALE_PATHS}

    assert sorted({place(path) for path in CATALOGUES if path.parents[2] not in read}) == []
