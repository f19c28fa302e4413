# SPDX-License-Identifier: Apache-2.0
"""After the commit: facts and events get their places, commits their seals, in the order in which batches became visible."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import transaction

from regulars.database.plain import PlainTable, read_plain
from regulars.facts.actions import number_facts
from regulars.facts.store import SEALED as FACTS
from regulars.kernel.ids import key_of_hex
from regulars.ledger import actions as ledger
from regulars.ledger.chain import digests_of
from regulars.ledger.sealed import SEALED as LEDGER
from regulars.outbox.actions import number_events
from regulars.outbox.commits import Commit, commit_of
from regulars.programs.store import SEALED as DECISIONS

TABLES: tuple[PlainTable, ...] = (*FACTS, DECISIONS, *LEDGER)
_ROWS_MAX = 2_000


Row = tuple[Any, ...]  # the name of the table, then the columns as plain values


def seal_commits(business: UUID, payloads: Sequence[Mapping[str, Any]]) -> list[UUID]:
    """Seal what batches wrote; return the newly numbered events, for those who are told of them.

    Running it again with the same batches changes nothing. Numbering takes the business's head first, so only one runs at a time.
    """
    commits = [commit_of(payload) for payload in payloads]
    with transaction.atomic():
        events = number_events(business, _keys(commits, "events"))
        number_facts(business, _keys(commits, "facts"))
        for some in in_groups(ledger.unsealed(commits)):
            written = rows_of(business, some)
            digests = [digests_of(rows) for rows in written]
            ledger.seal_commits(business, list(zip(some, digests, strict=True)))
    return events


def in_groups(commits: Sequence[Commit]) -> Iterator[list[Commit]]:
    """Yield commits in groups whose rows fit into memory at once."""
    group: list[Commit] = []
    size = 0
    for commit in commits:
        group.append(commit)
        size += len(commit.facts) + len(commit.transactions)
        if size >= _ROWS_MAX:
            yield group
            group, size = [], 0
    if group:
        yield group


def rows_of(business: UUID, commits: Sequence[Commit]) -> list[list[Row]]:
    """Return for each commit the rows that it wrote, table by table, those of a table by key: one query per table."""
    written: list[list[Row]] = [[] for _ in commits]
    for table in TABLES:
        rows_with = {
            key: rows for commit, rows in zip(commits, written, strict=True) for key in getattr(commit, table.keys)
        }
        for row in read_plain(table, business, list(rows_with)):
            rows_with[row[0]].append(row[1:])
    return written


def _keys(commits: Sequence[Commit], kind: str) -> list[UUID]:
    return [key_of_hex(key) for key in chain.from_iterable(getattr(commit, kind) for commit in commits)]
