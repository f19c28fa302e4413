# SPDX-License-Identifier: Apache-2.0
"""Voucher codes: made from a key, typed by people, never stored."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from regulars.rewards.codes import _ALPHABET, digest_code, make_code, normalise_code

KEYS = st.uuids()
SECRET = b"a secret"


@given(KEYS)
def test_a_made_code_is_a_valid_one_however_it_is_typed(key):
    code = make_code(SECRET, key)
    bare = normalise_code(code)

    assert bare is not None
    assert len(bare) == 13
    for typed in (code.lower(), code.replace("-", " "), bare, code.replace("0", "O").replace("1", "l")):
        assert normalise_code(typed) == bare


@given(KEYS, st.integers(0, 11), st.sampled_from(_ALPHABET))
def test_one_wrong_character_is_noticed(key, place, other):
    bare = normalise_code(make_code(SECRET, key)) or ""
    typed = bare[:place] + other + bare[place + 1 :]

    assert (normalise_code(typed) == bare) == (other == bare[place])
    if other != bare[place]:
        assert normalise_code(typed) is None


@given(KEYS, st.integers(0, 10))
def test_two_swapped_characters_are_noticed(key, place):
    bare = normalise_code(make_code(SECRET, key)) or ""
    typed = bare[:place] + bare[place + 1] + bare[place] + bare[place + 2 :]

    assert typed == bare or normalise_code(typed) is None


@given(st.text(max_size=20))
def test_any_text_is_a_code_or_not(text):
    assert normalise_code(text) is None or len(normalise_code(text) or "") == 13


def test_codes_differ_by_key_and_by_secret():
    key, other = UUID(int=1), UUID(int=2)

    assert len({make_code(SECRET, key), make_code(SECRET, other), make_code(b"another", key)}) == 3
    assert make_code(SECRET, key) == make_code(SECRET, key)


def test_only_a_digest_is_kept():
    bare = normalise_code(make_code(SECRET, UUID(int=1))) or ""

    assert len(digest_code(bare)) == 32
    assert bare.encode() not in digest_code(bare)
