# SPDX-License-Identifier: Apache-2.0
"""What came of the rows of a file, counted: the same counts for a check and for the import itself. Pure."""

from collections.abc import Callable, Sequence

from msgspec import Struct, field

from regulars.connectors.batch import Batch
from regulars.kernel.errors import RegularsError

ERRORS_SHOWN = 20
UNMATCHED_SHOWN = 100
NEGATIVE_SHOWN = 5

Reason = Callable[[RegularsError], str]


class Outcome(Struct, frozen=True):
    """What the room that keeps an item answered: a word for it, why it was refused, return lines without a sale."""

    kind: str
    code: str = ""
    reason: str = ""
    unmatched: list[dict[str, object]] = field(default_factory=list)


class RowError(Struct, frozen=True):
    """One row that was not taken: its number, the stable code of the first reason and the text of all."""

    row: int
    code: str
    reason: str


class Tally(Struct):
    """Counts of an import so far.

    `items` by kind (order, return, customer, product), `outcomes` by what the rooms answered, `errors` rows by code,
    `left_out` rows by a rule's reason. `unmatched_lines` are returned lines without a known sale, `negative_rows` those
    whose amount is taken off their purchase; the first of each are listed.
    """

    rows: int = 0
    items: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    error_rows: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    first_errors: list[RowError] = field(default_factory=list)
    rounded_amounts: int = 0
    negative_rows: int = 0
    first_negative: list[tuple[int, int]] = field(default_factory=list)
    unmatched_lines: int = 0
    first_unmatched: list[dict[str, object]] = field(default_factory=list)
    error_bytes: int = 0
    unmatched_bytes: int = 0

    def add(self, batch: Batch, outcomes: Sequence[Outcome], reason_of: Reason) -> list[RowError]:
        """Count a batch and its outcomes (none in a check) and return its rows that were not taken, in their order."""
        self.rows += len(batch.rows)
        self.rounded_amounts += batch.rounded
        self.negative_rows += len(batch.negative)
        self.first_negative += batch.negative[: NEGATIVE_SHOWN - len(self.first_negative)]
        for reason, count in batch.left_out.items():
            _count(self.left_out, reason, count)
        for item in batch.items:
            _count(self.items, _kind_of(item))
        for outcome in outcomes:
            _count(self.outcomes, outcome.kind)
            self._add_unmatched(batch, outcome)
        errors = self._errors_of(batch, outcomes, reason_of)
        self.error_rows += len(errors)
        for error in errors:
            for code in {error.code, *(other.code for other in batch.others.get(error.row, ()))}:
                _count(self.errors, code)
        self.first_errors += errors[: ERRORS_SHOWN - len(self.first_errors)]
        return errors

    def _add_unmatched(self, batch: Batch, outcome: Outcome) -> None:
        self.unmatched_lines += len(outcome.unmatched)
        for line in outcome.unmatched[: UNMATCHED_SHOWN - len(self.first_unmatched)]:
            self.first_unmatched.append({"row": batch.rows[0][0], **line})

    def _errors_of(self, batch: Batch, outcomes: Sequence[Outcome], reason_of: Reason) -> list[RowError]:
        if batch.problems:
            found = ((number, batch.problems[number]) for number, _, _ in batch.rows if number in batch.problems)
            return [
                RowError(number, problem.code, " ".join(map(reason_of, (problem, *batch.others.get(number, ())))))
                for number, problem in found
            ]
        refusal = next((outcome for outcome in outcomes if outcome.code), None)
        if refusal is None:
            return []
        return [RowError(number, refusal.code, refusal.reason) for number, _, _ in batch.rows]


def _count(counts: dict[str, int], key: str, by: int = 1) -> None:
    counts[key] = counts.get(key, 0) + by


_KINDS = {"Order": "order", "Return": "return", "CustomerRow": "customer", "ProductRow": "product"}


def _kind_of(item: object) -> str:
    return _KINDS[type(item).__name__]
