# SPDX-License-Identifier: Apache-2.0
"""The catalogues use the words of docs/reference/vocabulary.md, and one word for each thing."""

import re
import unicodedata

import pytest

from architecture.test_catalogues import CATALOGUES, each_catalogue, messages, wordings
from architecture.tree import ROOT

PAGE = (ROOT / "docs" / "reference" / "vocabulary.md").read_text(encoding="utf-8")
ARTICLE = re.compile(r"^(?:an?|the|एक|ఒక|ഒരു) ")
DEFINITE = ("", "ը", "ն")
"""What Armenian adds to a word where English puts “the” before it."""


def table(heading: str) -> list[dict[str, str]]:
    """Read the table under a heading as rows by column."""
    lines = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0].splitlines()
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [dict(zip(head, row, strict=True)) for row in rows]


def words(language: str) -> dict[str, set[str]]:
    return {row["English"].casefold(): set(row[language].casefold().split(" / ")) for row in table("Words")}


def begins_with(text: str, word: str) -> bool:
    """Tell whether some word of a text begins with a word; what is inside another word is another word."""
    return any(
        match.start() == 0 or unicodedata.category(text[match.start() - 1])[0] not in "LM"
        for match in re.finditer(re.escape(word), text)
    )


@each_catalogue
def test_a_term_has_its_word(path):
    known = words(path.parts[-3])
    other = {}
    for message in messages(path):
        said = wordings(message.id)[0]
        term = ARTICLE.sub("", said.casefold())
        endings = DEFINITE if said.startswith("the ") else ("",)
        for wording in wordings(message.string) if term in known and not message.context else ():
            if ARTICLE.sub("", wording.casefold()) not in {word + ending for word in known[term] for ending in endings}:
                other[said] = wording

    assert other == {}


@each_catalogue
def test_no_second_word_is_used(path):
    language = path.parts[-3]
    shunned = [row["not"] for row in table("Words that are not used") if row["language"] == language]
    found = [
        (wording, word)
        for message in messages(path)
        for wording in wordings(message.string)
        for word in shunned
        if begins_with(wording, word)
    ]

    assert found == []


def test_every_term_is_a_text_of_the_catalogues():
    texts = {ARTICLE.sub("", wordings(message.id)[0].casefold()) for message in messages(CATALOGUES[0])}
    absent = {term for term in words("hi") if term not in texts and not any(term in text for text in texts)}

    assert absent == set()


@pytest.mark.parametrize(("text", "is_found"), [("एंडपॉइंट", False), ("पॉइंट का होल्ड", True), ("10 पॉइंट", True)])
def test_a_word_inside_another_is_another_word(text, is_found):
    assert begins_with(text, "पॉइंट") == is_found
