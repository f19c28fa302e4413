# SPDX-License-Identifier: Apache-2.0
"""What the reader of JSON can complain of is known, so that it can be said in any language."""

import re
from ast import literal_eval
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta, Struct

import regulars
from regulars.kernel.complaints import _FORMS, read_complaint


class Inner(Struct, forbid_unknown_fields=True):
    size: Annotated[int, Meta(ge=1, le=9)] = 1


class Outer(Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=3, pattern="^[a-z]*$")]
    size: Annotated[str, Meta(pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,3})?$")] = ""
    inner: list[Inner] = []
    pair: tuple[int, int] = (1, 2)
    key: UUID | None = None
    day: date | None = None
    at: Annotated[datetime, Meta(tz=True)] | None = None
    kind: Literal["a", "b"] = "a"


CASES = [
    (b'{"name": 1}', "$.name", "Expected `str`, got `int`"),
    (b'{"name": ""}', "$.name", "Expected `str` of length >= 1"),
    (b'{"name": "abcd"}', "$.name", "Expected `str` of length <= 3"),
    (b'{"name": "A"}', "$.name", "Expected a text written in another way"),
    (b'{"name": "a", "size": "1.2345"}', "$.size", "Expected a number with at most three decimals, like 0.35"),
    (b"{}", "$.name", "it is missing"),
    (b'{"name": "a", "x": 1}', "$.x", "it is not known here"),
    (b'{"name": "a", "inner": [{"x": 1}]}', "$.inner[0].x", "it is not known here"),
    (b'{"name": "a", "inner": [{}, {"size": 0}]}', "$.inner[1].size", "Expected `int` >= 1"),
    (b'{"name": "a", "pair": [1]}', "$.pair", "Expected `array` of length 2"),
    (b'{"name": "a", "key": "x"}', "$.key", "Invalid UUID"),
    (b'{"name": "a", "day": "x"}', "$.day", "Invalid `date`, written as in RFC 3339"),
    (b'{"name": "a", "at": "2026-01-01T00:00:00"}', "$.at", "Expected `datetime` with a time zone"),
    (b'{"name": "a", "kind": "c"}', "$.kind", "Invalid value 'c'"),
    (b'{"name": }', "$", "JSON is malformed at byte 9"),
    (b'{"name": "a"', "$", "JSON ends too early"),
    (b'{"name": "\xff"}', "$", "Text that is not UTF-8"),
    (b'{"name": ' + b"[" * 5_000, "$", "Nested too deeply"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "place", "said"), CASES, ids=lambda case: str(case)[:40])
def test_a_complaint_is_understood(document, place, said):
    with pytest.raises((msgspec.MsgspecError, RecursionError, UnicodeDecodeError)) as caught:
        msgspec.json.decode(document, type=Outer if b"[[" not in document else object)

    where, what = read_complaint(caught.value)

    assert (where, str(what)) == (place, said)


def test_what_nobody_knows_is_said_in_general():
    assert [str(part) for part in read_complaint(ValueError("Something new - at `$.a`"))] == [
        "$.a",
        "Another shape than expected",
    ]


def test_every_pattern_of_the_code_is_said_in_words():
    source = "".join(path.read_text() for path in Path(regulars.__file__).parent.rglob("*.py"))
    patterns = [literal_eval(text) for text in re.findall(r"""Meta\([^)]*?pattern=(r?"[^"]+")""", source)]

    assert len(patterns) == 9
    assert [pattern for pattern in patterns if pattern not in _FORMS] == []
