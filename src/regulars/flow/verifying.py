# SPDX-License-Identifier: Apache-2.0
"""Verify the books of a business from its own rows: walk the chain, compare bookings, sums and balances, and decide everything again."""

import json
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from regulars.database.plain import PlainTable, count_rows, read_keys
from regulars.database.transactions import at_one_moment
from regulars.flow.deciding_again import decide_again
from regulars.flow.derived import compare_derived
from regulars.flow.sealing import TABLES, Row, in_groups, rows_of
from regulars.ledger.actions import unsealed
from regulars.ledger.chain import FORMAT, GENESIS, MARK_BYTES, digests_of, link, marks_of
from regulars.ledger.sealed import StoredSeal, accounts_of_kind, count_seals, read_seals
from regulars.ledger.verify import Verification, verify_ledger
from regulars.outbox.commits import Commit, commit_of
from regulars.outbox.queries import waiting_commits
from regulars.programs.store import SEALED as DECISIONS

_COLUMNS = {table.name: tuple(table.columns) for table in TABLES}
_LISTED = tuple(table for table in TABLES if table.is_listed)
_PLACE = {table.name: place for place, table in enumerate(TABLES)}
DIFFERENCES_MAX = 20


class Anchor(NamedTuple):
    """What somebody outside the database saw of the chain: a place, and the hash there or how it begins."""

    position: int
    chain_hash: str
    seen_by: str


def verify_books(
    business: UUID,
    *,
    anchors: Iterable[Anchor] = (),
    is_quick: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Verification:
    """Check everything that can be checked of a business's books at one moment; the first difference is named.

    Every row that was sealed is as it was sealed, none is missing, none is there that nobody sealed; the chain reaches as far as the
    anchors saw it; what decisions gave and took was booked; what `verify_ledger` compares; and, unless it is to be quick, what a fact
    was given is what its version of the program gives for it. Memory stays flat: a commit is at most a batch, decisions are read page
    by page. `progress` is told how many seals and decisions are done, of how many.
    """
    with at_one_moment():
        total = count_seals(business) + (0 if is_quick else count_rows(DECISIONS, business))
        walk = _Walk(business, anchors, lambda done: progress(done, total))
        difference = _culprit(walk.differences())
        found = verify_ledger(business)
        found.unsealed, found.seals, found.chain_hash = walk.unsealed, walk.position, walk.previous.hex()
        others = compare_derived(business, limit=DIFFERENCES_MAX)
        again: list[str] = []
        for count, told in () if is_quick else decide_again(business):
            found.decisions += count
            again += told[: DIFFERENCES_MAX - len(again)]
            progress(found.seals + found.decisions, total)
    found.difference, *found.others = [one for one in (difference, found.difference, *others, *again) if one] or [""]
    return found


def _culprit(told: Iterator[str]) -> str:
    """Return the first difference. A lot that shows other terms than at first may be right, and what later changed them wrong or gone."""
    first = next(told, "")
    if first.startswith("ledger_lot "):
        return next((later for later in told if later.startswith("ledger_lotchange ")), first)
    return first


class _Walk:
    """The chain from its beginning, seal by seal."""

    def __init__(self, business: UUID, anchors: Iterable[Anchor], progress: Callable[[int], None]) -> None:
        self.business = business
        self.progress = progress
        self.anchors = sorted(anchors)
        self.position, self.previous = 0, GENESIS
        self.unsealed = 0
        # Two processes may seal the first use of an account before its making.
        self.issued = accounts_of_kind(business, "issued")
        self.covered: Counter[str] = Counter()

    def differences(self) -> Iterator[str]:
        """Yield what is different, in the order in which it is met."""
        for page in read_seals(self.business):
            self.progress(self.position)
            for seal, commit, rows in self._written(page):
                yield from self._of_seal(seal, commit, rows)
                yield from _of_decisions(rows, self._issued_in(rows))
        yield from (_unseen(anchor, self.position) for anchor in self.anchors if anchor.position > self.position)
        yield from self._uncovered()

    def _written(self, page: Sequence[StoredSeal]) -> Iterator[tuple[StoredSeal, Commit, list[Row]]]:
        seals = iter(page)
        for group in in_groups([commit_of(seal.commit) for seal in page]):
            for commit, rows in zip(group, rows_of(self.business, group), strict=True):
                yield next(seals), commit, rows

    def _of_seal(self, seal: StoredSeal, commit: Commit, rows: Sequence[Row]) -> Iterator[str]:
        self.position += 1
        if seal.position != self.position or seal.format != FORMAT:
            yield f"the seal at place {self.position} is missing: the next one there is at place {seal.position}"
        digests = digests_of(rows)
        found = link(self.previous, self.position, digests)
        if (found, marks_of(digests)) != (seal.chain_hash, seal.marks):
            yield from _changed(seal, commit, rows, digests)
            yield f"the seal at place {self.position} is {seal.chain_hash.hex()}; what it covers and the seal before give {found.hex()}"
        for anchor in self.anchors:
            if anchor.position == self.position and not found.hex().startswith(anchor.chain_hash.lower()):
                yield f"the seal at place {self.position} is {found.hex()}; {anchor.seen_by} saw {anchor.chain_hash}"
        self.previous = found
        self.covered.update(row[0] for row in rows)

    def _issued_in(self, rows: Sequence[Row]) -> Counter[str]:
        """Return what each transaction moved on the accounts of what was issued."""
        moved: Counter[str] = Counter()
        for transaction, account, amount in _some(rows, "ledger_entry", "transaction_id", "account_id", "amount"):
            if account in self.issued:
                moved[transaction] += amount
        return moved

    def _uncovered(self) -> Iterator[str]:
        """Compare how many rows there are with how many the seals, and the jobs that wait to seal, lead to."""
        waiting: Counter[str] = Counter()
        for commits in waiting_commits(self.business):
            for group in in_groups(unsealed(commits)):
                for rows in rows_of(self.business, group):
                    waiting.update(row[0] for row in rows)
        self.unsealed = waiting["ledger_transaction"]
        for table in TABLES:
            if count_rows(table, self.business) != self.covered[table.name] + waiting[table.name]:
                yield from self._unnamed(table)

    def _unnamed(self, table: PlainTable) -> Iterator[str]:
        """Find the rows that nothing names: the only time that keys of a whole table are in memory."""
        named = {key for page in read_seals(self.business) for seal in page for key in seal.commit.get(table.keys, ())}
        for commits in waiting_commits(self.business):
            named.update(key for commit in commits for key in getattr(commit, table.keys))
        for found_by, key in read_keys(table, self.business):
            if found_by not in named:
                yield f"{table.name} {_shown(key)} is in no seal, and no job waits to seal it"


def _unseen(anchor: Anchor, position: int) -> str:
    return f"the chain ends at place {position}; {anchor.seen_by} saw place {anchor.position}: the newest bookings were cut off"


def _some(rows: Sequence[Row], name: str, *columns: str) -> Iterator[tuple[Any, ...]]:
    """Yield some columns of the rows of a table."""
    places = [1 + _COLUMNS[name].index(column) for column in columns]
    for row in rows:
        if row[0] == name:
            yield tuple([row[place] for place in places])


def _shown(key: str) -> str:
    return str(UUID(key))


def _changed(seal: StoredSeal, commit: Commit, rows: Sequence[Row], digests: Sequence[bytes]) -> Iterator[str]:
    """Name the rows that are gone, and those that are not as they were sealed, by the marks beside the seal.

    A row whose mark the seal has is as it was, wherever it stands now, and is never named.
    """
    marks = [seal.marks[start : start + MARK_BYTES] for start in range(0, len(seal.marks), MARK_BYTES)]
    found = [digest[:MARK_BYTES] for digest in digests]
    lost = [mark for mark in marks if mark not in found]
    strange = {row[:2]: mark for row, mark in zip(rows, found, strict=True) if mark not in marks}
    gone = _gone(commit, rows, strange)
    for name, key in gone:
        yield f"{name} {_shown(key)} is missing; it was sealed at place {seal.position}"
    suspects = sorted([*strange, *gone], key=lambda suspect: (_PLACE[suspect[0]], suspect[1]))
    sealed_as = dict(zip(suspects, lost, strict=True)) if len(suspects) == len(lost) else {}
    for row in rows:
        if row[:2] in strange:
            sealed, mark = sealed_as.get(row[:2], b"").hex() or "nothing", strange[row[:2]].hex()
            told = f"{_named(row)} is not as it was sealed at place {seal.position}"
            yield f"{told}: sealed as {sealed}, found as {mark}{_counts(marks, rows)}"
    if len(lost) > len(suspects):
        yield from _nameless(rows, found, marks, seal.position)


def _gone(commit: Commit, rows: Sequence[Row], strange: Container[Any]) -> list[tuple[str, str]]:
    """Return the rows that a commit lists by their keys and that are not there, and entries that an intact allocation names."""
    there = {row[:2] for row in rows}
    intact = [row for row in rows if row[:2] not in strange]
    listed = [(table.name, key) for table in _LISTED for key in getattr(commit, table.keys)]
    drawn = [("ledger_entry", entry) for (entry,) in _some(intact, "ledger_allocation", "entry_id")]
    return [one for one in dict.fromkeys([*listed, *drawn]) if one not in there]


def _named(row: Row) -> str:
    name, key, *_ = row
    of = dict(zip(_COLUMNS[name], row[1:], strict=True)).get("transaction_id")
    return f"{name} {_shown(key)}{f' of transaction {_shown(of)}' if of else ''}"


def _counts(marks: Sequence[bytes], rows: Sequence[Row]) -> str:
    return f"; {len(marks)} rows were sealed there, {len(rows)} are found" if len(rows) != len(marks) else ""


def _nameless(rows: Sequence[Row], found: Sequence[bytes], marks: Sequence[bytes], position: int) -> Iterator[str]:
    """Tell of rows that no key leads to: of which table, how they were sealed, between which rows that are as they were."""
    row_of = dict(zip(found, rows, strict=True))
    beside = f"{_unbalanced(rows)}{_counts(marks, rows)}"
    for place, mark in enumerate(marks):
        if mark not in row_of:
            names, stood = _between(
                _first_of(marks[place - 1 :: -1] if place else (), row_of), _first_of(marks[place + 1 :], row_of)
            )
            yield f"a row of {names} is missing; it was sealed at place {position} as {mark.hex()}{stood}{beside}"


def _first_of(marks: Sequence[bytes], row_of: Mapping[bytes, Row]) -> Row | None:
    return next((row_of[mark] for mark in marks if mark in row_of), None)


def _between(before: Row | None, after: Row | None) -> tuple[str, str]:
    """Return of which table a row can be that stood between two, if its commit does not list it by its key, and between which it stood."""
    first, last = (_PLACE[before[0]] if before else 0), (_PLACE[after[0]] if after else len(TABLES))
    names = " or ".join(table.name for table in TABLES[first : last + 1] if not table.is_listed)
    stood = " and ".join(f"{word} {_named(row)}" for word, row in (("after", before), ("before", after)) if row)
    return names, f", {stood}" if stood else ""


def _unbalanced(rows: Sequence[Row]) -> str:
    """Say which transactions lack an entry, and how much it moved."""
    moved: Counter[str] = Counter()
    for transaction, amount in _some(rows, "ledger_entry", "transaction_id", "amount"):
        moved[transaction] += amount
    lacking = [key for (key,) in _some(rows, "ledger_transaction", "id") if moved[key] or key not in moved]
    return "".join(f"; the entries of transaction {_shown(key)} sum to {moved[key]}" for key in lacking)


def _of_decisions(rows: Sequence[Row], issued: Counter[str]) -> Iterator[str]:
    """Compare what decisions gave and took with what was booked for it."""
    kinds = dict(_some(rows, "ledger_transaction", "id", "kind"))
    named: set[str] = set()
    for fact, text in _some(rows, "programs_decision", "fact_id", "outcomes"):
        for outcome in json.loads(text):
            points, per_line = outcome["points"], outcome["per_line"]
            booking = outcome.get("transaction", "").replace("-", "").upper()
            named.add(booking)
            if -issued[booking] != points:
                yield f"the decision of fact {_shown(fact)} gives {points} by rule {outcome['rule']}; {-issued[booking]} was booked"
            if per_line and sum(per_line) != points:
                yield f"the decision of fact {_shown(fact)} gives {points} by rule {outcome['rule']}; its lines sum to {sum(per_line)}"
    for key, kind in kinds.items():
        if kind == "earn" and key not in named:
            yield f"ledger_transaction {_shown(key)} gives points that no decision gave"
