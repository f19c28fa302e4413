# SPDX-License-Identifier: Apache-2.0
"""Rows that stand or fall together, and what was read out of them. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from regulars.connectors.rows import Row
from regulars.kernel.errors import RegularsError, gettext_noop

Check = Callable[[], object]
"""Looks at a part of a row and raises what is wrong with it."""


class SpoiltOrder(RegularsError):
    """A good row of a purchase that has a bad one."""

    code = "spoilt_order"
    status = 422
    text = gettext_noop(
        "Row %(row)s of this purchase has an error, and a purchase is taken as a whole. "
        "Correct that row and import both again."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the business adds to a mapping: its currency, country, time zone, and what names unnumbered rows."""

    currency: str
    country: str
    time_zone: str
    row_prefix: str


@dataclass(slots=True)
class Batch:
    """The rows of one purchase, customer or product: items for the room that keeps them, or problems by row number.

    `others` are what else is wrong with a row, beside its problem.
    `left_out` counts rows that a rule leaves out, by its reason; `rounded` amounts that had more decimals than the
    currency; `negative` are the rows whose amount is taken off their purchase, with the amount.
    """

    rows: list[Row]
    items: list[Any] = field(default_factory=list)
    problems: dict[int, RegularsError] = field(default_factory=dict)
    others: dict[int, list[RegularsError]] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    rounded: int = 0
    negative: list[tuple[int, int]] = field(default_factory=list)

    def leave_out(self, reason: str) -> None:
        """Count a row that a rule leaves out."""
        self.left_out[reason] = self.left_out.get(reason, 0) + 1

    def refuse(self, number: int, problem: RegularsError, checks: Iterable[Check]) -> None:
        """Note why a row cannot be taken, and what else its checks find."""
        self.problems[number] = problem
        found = {problem.message: problem}
        for check in checks:
            try:
                check()
            except RegularsError as other:
                found.setdefault(other.message, other)
        self.others[number] = list(found.values())[1:]

    def spoil(self) -> None:
        """Give every good row of a purchase with a bad one the reason why it waits."""
        bad = min(self.problems)
        self.left_out.clear()
        self.negative.clear()
        self.rounded = 0
        for number, _, _ in self.rows:
            self.problems.setdefault(number, SpoiltOrder(row=bad))


def each_alone(
    rows: Iterable[Row], read: Callable[[Sequence[str]], object], checks: Callable[[Sequence[str]], Iterable[Check]]
) -> Iterator[Batch]:
    """Yield one batch for each row: what was read out of its cells, or what is wrong with them."""
    for row in rows:
        number, cells, problem = row
        batch = Batch([row])
        try:
            if problem is None:
                batch.items = [read(cells)]
            else:
                batch.problems[number] = problem
        except RegularsError as error:
            batch.refuse(number, error, checks(cells))
        yield batch


class BatchReader(Protocol):
    """Reads rows under one header by one mapping; one reader for each subject."""

    @property
    def group_column(self) -> int | None:
        """Return the position of the column whose equal values must come together, if any."""

    def batches(self, rows: Iterable[Row]) -> Iterator[Batch]:
        """Yield the batches in the order of the rows."""
