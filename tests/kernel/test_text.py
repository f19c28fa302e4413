# SPDX-License-Identifier: Apache-2.0
"""Text in any script, folded so that it can be found."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.kernel.digest import canonical, digest
from regulars.kernel.errors import RegularsError
from regulars.kernel.text import NAME_MAX, SEARCH_MAX, clean, fold, search_text, to_latin

TEXT = st.text(max_size=60)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ANITA", "anita"),
        ("Straße", "STRASSE"),
        ("ＡＮＩＴＡ", "anita"),
        ("a\u200bn\u200cita", "anita"),
        ("\ufeffAnita  Rao ", "anita rao"),
        ("ԱՆԻ", "անի"),
        ("e\u0301", "é"),
    ],
)
def test_what_is_the_same_to_a_reader_is_equal(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize("name", ["अनिता", "అనిత", "അനിത", "Անիտա"])
def test_every_script_has_a_latin_shadow(name):
    assert to_latin(fold(name)).startswith("ani")
    assert "ani" in search_text([name])
    assert fold(name) in search_text([name])


@given(TEXT)
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


@given(TEXT)
def test_clean_text_has_no_control_and_no_doubled_blanks(text):
    cleaned = clean(text)

    assert clean(cleaned) == cleaned
    assert not any(unicodedata.category(char) in {"Cc", "Cs"} for char in cleaned)
    assert "  " not in cleaned


def test_texts_have_an_end():
    assert len(clean("a" * 10_000)) == NAME_MAX
    assert len(search_text(["a" * 5_000, "b" * 5_000])) <= SEARCH_MAX


def test_equal_values_have_equal_bytes():
    assert canonical({"b": 1, "a": [2, None]}) == b'{"a":[2,null],"b":1}'
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({"a": 1}) != digest({"a": "1"})
    assert len(digest(None)) == 32


def test_an_error_names_its_values():
    class NoSuchTea(RegularsError):
        code = "no_such_tea"
        status = 404
        text = "There is no tea “%(tea)s”."

    error = NoSuchTea(tea="oolong")

    assert (str(error), error.message, error.data) == (error.message, "There is no tea “oolong”.", {"tea": "oolong"})
