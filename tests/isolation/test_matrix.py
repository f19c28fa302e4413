# SPDX-License-Identifier: Apache-2.0
"""Who may do what, and that nobody meets what is another shop's: every endpoint, asked by everybody, against one table.

The endpoints come from the URL configuration, the cells from real requests. What a request names (in its address or its body) is
tried as another shop's too: that has to read like something that does not exist, and to leave the other shop as it was.
`REGULARS_TEST_TABLE=write` writes the table anew; read every row of the difference.
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from pathlib import Path

import pytest

from isolation.cast import Named, nobody
from isolation.doors import ANYTHING_ELSE, API, PARAMETER, Answer, Endpoint, Visitor, all_endpoints
from isolation.street import Street
from regulars.api.openapi import document
from regulars.tenancy.access import SCOPES
from regulars.tenancy.models import Role

TABLE = Path(__file__).with_name("table.txt")
IS_WRITING = os.environ.get("REGULARS_TEST_TABLE") == "write"
QUIET = {"login", "logout", "business", "quote"}  # they change nothing that is stored of a shop
FRESH = re.compile(rb"[A-Za-z0-9]{64}")  # the token of a form is another in every answer
OURS = (b"Chai House", b"Asha chai", b"chai-", b"9820012345")


def seen_from_outside(street: Street, stranger: Visitor, endpoint: Endpoint) -> str:
    """Try everything of ours that the request can name, each beside the stranger's own things, and all of it together."""
    ours, theirs, nothing = street.ours, street.theirs, nobody(street.theirs)
    own = stranger.ask(endpoint, theirs, street.shop)
    check_sees_nothing(own, own.content, endpoint)
    told = [key for key in ours if is_said(endpoint, theirs, {**theirs, key: ours[key]})]
    if not told:
        return "own" if own.word == "ok" else own.word
    assert own.word == "ok", f"the stranger's own request: {endpoint} is answered by {own.status}"
    words = set()
    for keys in [[key] for key in told] + [told]:
        answer = stranger.ask(endpoint, {**theirs, **{key: ours[key] for key in keys}}, street.shop)
        missing = stranger.ask(endpoint, {**theirs, **{key: nothing[key] for key in keys}}, street.shop)
        shown = readable(answer, ours, keys)
        check_sees_nothing(answer, shown[-1], endpoint)
        if shown != readable(missing, nothing, keys):
            pytest.fail(f"{endpoint} tells another shop's {keys} from what does not exist")
        words.add(answer.word)
    return " or ".join(sorted(words))


def is_said(endpoint: Endpoint, one: Named, other: Named) -> bool:
    """Tell whether two sets of names make two requests."""
    said = [(endpoint.address(named), str(endpoint.body(named))) for named in (one, other)]
    return said[0] != said[1]


def check_sees_nothing(answer: Answer, content: bytes, endpoint: Endpoint) -> None:
    assert not answer.has_changed, f"{endpoint} let a stranger change our shop"
    assert [text for text in OURS if text in content] == [], f"{endpoint} shows a stranger what is ours"


def readable(answer: Answer, named: Named, keys: Sequence[str]) -> tuple[int, bytes]:
    """What the asker can tell apart, apart from what they said themselves."""
    content = FRESH.sub(b"", answer.content)
    for key in keys:
        said, name = (f"/{named[key]}/", f"/{key}/") if isinstance(named[key], int) else (str(named[key]), key)
        content = content.replace(said.encode(), name.encode())
    return answer.status, content


def asked(street: Street, visitor: Visitor, endpoint: Endpoint, *, does_it: bool = False) -> str:
    """Ask for our own things: who is not let in changes nothing, and what is done is seen in the shop."""
    answer = visitor.ask(endpoint, street.ours, street.shop)
    if answer.word != "ok":
        assert not answer.has_changed, f"{endpoint} was answered by {answer.status} and changed something"
    if does_it and answer.word == "ok" and endpoint.method != "GET" and endpoint.name not in QUIET:
        assert answer.has_changed, f"{endpoint} did nothing, so that nothing is proved by it"
    return answer.word


def line(kind: str, path: str, cells: Sequence[str]) -> str:
    return f"{kind:<7} {path:<62} {'  '.join(f'{cell:<9}' for cell in cells)}".rstrip()


def pages(street: Street) -> Iterator[str]:
    yield line("page", "", [*Role.values, "nobody", "other shop"])
    for endpoint in all_endpoints(street.staff[Role.OWNER], street.ours, street.shop):
        if not endpoint.is_api:
            cells = [asked(street, one, endpoint, does_it=role == Role.OWNER) for role, one in street.staff.items()]
            cells += [asked(street, Visitor(), endpoint), seen_from_outside(street, street.stranger, endpoint)]
            yield line(endpoint.method, f"/{endpoint.path}", cells)


def operations(street: Street) -> Iterator[str]:
    yield line("api", "", ["with it", "without", "no key", "revoked", "other shop", "scope"])
    for endpoint in all_endpoints(street.staff[Role.OWNER], street.ours, street.shop):
        if endpoint.is_api:
            opens = [scope for scope, key in street.alone.items() if asked(street, key, endpoint) != "refused"]
            scope = "none" if opens == list(SCOPES) else " or ".join(opens)
            cells = [
                asked(street, street.alone[opens[0]], endpoint, does_it=True),
                asked(street, street.without[scope], endpoint) if scope in SCOPES else "-",
                asked(street, Visitor(), endpoint),
                asked(street, street.revoked, endpoint),
                seen_from_outside(street, street.foreign, endpoint),
                scope,
            ]
            yield line(endpoint.method, f"/{endpoint.path.replace(ANYTHING_ELSE, '…')}", cells)


def blocks() -> list[str]:
    """The parts of the table: what it says of itself, the pages, the API."""
    return TABLE.read_text().rstrip("\n").split("\n\n")


def check_block(place: int, rows: list[str]) -> None:
    """Compare with a part of the table; a difference is printed as the rows to take out (-) and to put in (+)."""
    if IS_WRITING:
        written = blocks()
        written[place] = "\n".join(rows)
        TABLE.write_text("\n\n".join(written) + "\n")
    difference = list(unified_diff(blocks()[place].splitlines(), rows, "table.txt", "asked", n=0, lineterm=""))
    assert not difference, "\n".join(["put right what is wrong, or these rows of table.txt:", *difference])


def test_each_page_lets_in_whom_the_table_names(street):
    check_block(1, list(pages(street)))


def test_each_operation_of_the_api_answers_whom_the_table_names(street):
    check_block(2, list(operations(street)))


def test_the_document_describes_the_operations_of_the_table():
    rows = [row.split() for row in blocks()[2].splitlines()[1:]]
    described = json.loads(document())["paths"].items()

    assert {(method, PARAMETER.sub(r"{\1}", path)) for method, path, *_, scope in rows if scope != "none"} == {
        (method.upper(), f"/{API.rstrip('/')}{path}") for path, operations in described for method in operations
    }
