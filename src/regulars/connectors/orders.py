# SPDX-License-Identifier: Apache-2.0
"""Rows of purchases into intakes: lines of one purchase are put together, rules say what each row is. Pure.

Rows of one purchase must follow each other (`reading` sorts a file whose rows do not). A purchase is taken as a whole
or not at all: one bad row refuses all of its rows, so that the corrected rows can be read again without meeting half
a purchase.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any

from regulars.connectors.batch import Batch, Check, Setting
from regulars.connectors.mapping import Mapping, positions, style_of, zone_of
from regulars.connectors.rows import Row
from regulars.connectors.rules import CompiledRule, compile_rule, first_that_holds, rules_left
from regulars.connectors.values import (
    PRICE_PLACES,
    BadNumber,
    EmptyCell,
    Reader,
    amount_reader,
    code_reader,
    email_reader,
    moment_reader,
    number_reader,
    phone_reader,
    quantity_reader,
    text_reader,
)  # fmt: skip
from regulars.customers.matching import CustomerRef
from regulars.flow.intake import LINES_MAX, Order, OrderLine, Return, ReturnLine
from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.kernel.money import exponent, round_half_up_div
from regulars.kernel.text import NAME_MAX

EXTERNAL_ID_MAX = 100
CODE_MAX = 80
SOURCE_MAX = 40
LANGUAGE_MAX = 8
RETURN_SUFFIX = "/return"


class LongOrder(RegularsError):
    """More lines than a purchase may have."""

    code = "long_order"
    status = 422
    text = gettext_noop(
        "A purchase has more than %(limit)s rows. Is column “%(column)s” really the number of the purchase?"
    )


class MixedCustomers(RegularsError):
    """Rows of one purchase name different customers."""

    code = "mixed_customers"
    status = 422
    text = gettext_noop(
        "The rows of this purchase name different customers. Correct them, or give the purchases different numbers."
    )


class NegativeSale(RegularsError):
    """A sale of less than nothing."""

    code = "negative_sale"
    status = 422
    text = gettext_noop(
        "The quantity is negative, but the row is not marked as a return. Say in the mapping which rows are returns."
    )


class NegativePurchase(RegularsError):
    """Discounts of more than all that was bought."""

    code = "negative_purchase"
    status = 422
    text = gettext_noop(
        "The rows of this purchase come to %(amount)s %(currency)s. "
        "A negative amount is taken off its purchase, but not below zero: say in the mapping which rows are returns."
    )


class OtherCurrency(RegularsError):
    """The row is in another currency than the business."""

    code = "other_currency"
    status = 422
    text = gettext_noop("The row is in %(currency)s, the business counts in %(expected)s. Convert it, or leave it out.")


_HEAD = (
    "source", "order", "time", "clock", "currency", "kind", "returned_source", "returned_order", "store",
    "customer_external", "customer_card", "customer_phone", "customer_email", "customer_name", "customer_language",
)  # fmt: skip
_PEOPLE = ("customer_external", "customer_card", "customer_phone", "customer_email")
_LINE = ("sku", "product_name", "category", "quantity", "amount", "unit_price", "returned_line")
_LIMITS = {
    "source": SOURCE_MAX,
    "returned_source": SOURCE_MAX,
    "order": EXTERNAL_ID_MAX - len(RETURN_SUFFIX),
    "returned_order": EXTERNAL_ID_MAX,
    "customer_language": LANGUAGE_MAX,
}
_TEXTS = ("sku", "product_name", "category", "returned_line")


@dataclass(frozen=True, slots=True)
class _Head:
    """What the rows of one purchase have in common; `rules` are those that only the line can still decide."""

    values: dict[str, Any]
    at: datetime
    rules: list[CompiledRule]


@dataclass(slots=True)
class _Purchase:
    """What is put together from the rows of one purchase; `heads` are those of the rows that count.

    `has_unruled` tells of rows that are sales because no rule says otherwise.
    """

    sold: list[OrderLine] = field(default_factory=list)
    returned: list[ReturnLine] = field(default_factory=list)
    heads: dict[Any, _Head] = field(default_factory=dict)
    has_unruled: bool = False


class OrderReader:
    """Reads batches of rows by one mapping, header and setting. Raises BadMapping if they do not fit."""

    def __init__(self, mapping: Mapping, header: Sequence[str], setting: Setting) -> None:
        self._mapping = mapping
        self._setting = setting
        self._header = header
        places = positions(mapping, header)
        self._places = {target: found[0] for target, found in places.items()}
        self.group_column: int | None = self._places.get("order")
        self._to_price = 10 ** (PRICE_PLACES - exponent(setting.currency)) * 1_000
        self._clock_at = self._places.get("clock")
        self._source_at = self._places.get("source")
        self._read_time = moment_reader(
            header[self._places["time"]], style=style_of(mapping, "time"), zone=zone_of(mapping, setting.time_zone)
        )
        in_head = [target for target in _HEAD if target in self._places]
        self._raw_head = itemgetter(*[self._places[target] for target in in_head])
        read_here = [target for target in in_head if target not in {"time", "clock"}]
        self._head_readers = [(target, self._places[target], self._reader_of(target)) for target in read_here]
        self._head_places = {target: (place, reader) for target, place, reader in self._head_readers}
        in_line = [target for target in _LINE if target in self._places]
        self._line_readers = [(self._places[target], self._reader_of(target)) for target in in_line]
        slots = {target: slot for slot, target in enumerate(in_line)}
        self._pick = _picker(slots)
        self._rules = [compile_rule(rule, slots) for rule in mapping.rules]
        self._discounts = [
            (place, amount_reader(header[place], style=style_of(mapping, "discount"), currency=setting.currency))
            for place in places.get("discount", [])
        ]

    def _reader_of(self, target: str) -> Reader[Any]:
        column = self._header[self._places[target]]
        is_whole = self._mapping.columns[target].format == "whole"
        if target == "quantity":
            return quantity_reader(column, style=style_of(self._mapping, target))
        if target == "amount":
            return amount_reader(column, style=style_of(self._mapping, target), currency=self._setting.currency)
        if target == "unit_price":
            return number_reader(column, style=style_of(self._mapping, target), places=PRICE_PLACES)
        if target == "customer_phone":
            return phone_reader(column, country=self._setting.country)
        if target == "customer_email":
            return email_reader(column)
        if target in {"product_name", "customer_name"}:
            return text_reader(column, limit=NAME_MAX)
        return code_reader(column, limit=_LIMITS.get(target, CODE_MAX), is_whole=is_whole)

    def batches(self, rows: Iterable[Row]) -> Iterator[Batch]:
        """Yield one batch for the rows of each purchase, in their order."""
        for group, is_long in _groups(rows, self.group_column):
            if is_long:
                problem = LongOrder(limit=LINES_MAX, column=self._header[self.group_column or 0])
                yield Batch(group, problems={number: problem for number, _, _ in group})
            else:
                yield from map(self._batch, self._by_source(group))

    def _by_source(self, group: list[Row]) -> list[list[Row]]:
        """Part the rows of one number by their source: two tills may have counted alike."""
        if self._source_at is None:
            return [group]
        parts: dict[str, list[Row]] = {}
        for row in group:
            cells = row[1]
            parts.setdefault(cells[self._source_at] if self._source_at < len(cells) else "", []).append(row)
        return list(parts.values())

    def _batch(self, group: list[Row]) -> Batch:
        batch = Batch(group)
        purchase = _Purchase()
        heads: dict[Any, _Head] = {}
        for number, cells, problem in group:
            if problem is not None:
                batch.problems[number] = problem
                continue
            try:
                self._add_row(number, cells, heads, purchase, batch)
            except RegularsError as error:
                batch.refuse(number, error, self._checks(cells))
        if purchase.heads and not batch.problems:
            self._finish(purchase, batch)
        if batch.problems:
            batch.spoil()
        return batch

    def _add_row(
        self, number: int, cells: Sequence[str], heads: dict[Any, _Head], purchase: _Purchase, batch: Batch
    ) -> None:
        """Add a row's line to its purchase; `heads` are those of the purchase read so far, by their raw cells."""
        raw = self._raw_head(cells)
        head = heads.get(raw)
        if head is None:
            head = heads[raw] = self._read_head(cells)
        values = [reader[cells[place]] for place, reader in self._line_readers]
        rule = first_that_holds(head.rules, values) if head.rules else None
        if rule is not None and rule.then == "leave_out":
            batch.leave_out(rule.because or "left_out")
            return
        if rule is not None and rule.then == "return":
            purchase.returned.append(self._return_line(values, batch))
        else:
            line = self._order_line(values, cells, batch, is_ruled=rule is not None)
            purchase.has_unruled |= rule is None
            purchase.sold.append(line)
            if line.amount_minor < 0:
                batch.negative.append((number, line.amount_minor))
        purchase.heads[raw] = head

    def _finish(self, purchase: _Purchase, batch: Batch) -> None:
        """Make the intakes of a purchase whose rows are all good."""
        heads = list(purchase.heads.values())
        try:
            values = _agreed(heads)
            self._check_total(purchase)
        except (MixedCustomers, NegativePurchase) as error:
            batch.problems = {number: error for number, _, _ in batch.rows}
            return
        at = min(head.at for head in heads)
        batch.items = self._intakes(values, at, purchase, batch.rows[0][0])

    def _check_total(self, purchase: _Purchase) -> None:
        total = sum(line.amount_minor for line in purchase.sold)
        if total < 0 and purchase.has_unruled:
            currency = self._setting.currency
            raise NegativePurchase(amount=major_text(total, currency), currency=currency)

    def _read_head(self, cells: Sequence[str]) -> _Head:
        values = {target: reader[cells[place]] for target, place, reader in self._head_readers}
        self._check_numbered(cells)
        self._check_currency(cells)
        return _Head(values, self._moment(cells), rules_left(self._rules, values))

    def _check_numbered(self, cells: Sequence[str]) -> None:
        if self.group_column is not None and not self._head_value("order", cells):
            raise EmptyCell(column=self._header[self.group_column])

    def _check_currency(self, cells: Sequence[str]) -> None:
        currency = self._head_value("currency", cells)
        if currency and currency.upper() != self._setting.currency:
            raise OtherCurrency(currency=currency[:3], expected=self._setting.currency)

    def _head_value(self, target: str, cells: Sequence[str]) -> Any:
        place, reader = self._head_places.get(target, (0, None))
        return reader[cells[place]] if reader is not None else None

    def _moment(self, cells: Sequence[str]) -> datetime:
        time_text = cells[self._places["time"]]
        if self._clock_at is not None:
            time_text = f"{time_text.strip()} {cells[self._clock_at].strip()}".strip()
        return self._read_time[time_text]

    def _checks(self, cells: Sequence[str]) -> Iterator[Check]:
        """Yield what can be asked of a row's cells one by one; the rules and signs of its line wait for good cells."""
        for check in (self._check_numbered, self._check_currency, self._moment):
            yield partial(check, cells)
        in_head = [(place, reader) for _, place, reader in self._head_readers]
        for place, reader in (*in_head, *self._line_readers, *self._discounts):
            yield partial(reader.__getitem__, cells[place])

    def _order_line(self, values: list[Any], cells: Sequence[str], batch: Batch, *, is_ruled: bool) -> OrderLine:
        sku, name, category, quantity, amount, price, _ = self._pick([*values, "", None])
        milli = 1_000 if quantity is None else quantity
        if milli < 0 and not is_ruled:
            raise NegativeSale
        discount = 0
        for place, reader in self._discounts:
            discount += abs((reader[cells[place]] or (0, True))[0])
        return OrderLine(
            sku=sku,
            amount_minor=self._amount(amount, price, milli, batch),
            quantity=quantity_text(milli),
            discount_minor=discount,
            name=name,
            category=category,
        )

    def _return_line(self, values: list[Any], batch: Batch) -> ReturnLine:
        sku, name, category, quantity, amount, price, position = self._pick([*values, "", None])
        milli = 1_000 if quantity is None else abs(quantity)
        minor = abs(self._amount(amount, price, milli, batch))
        return ReturnLine(
            quantity=quantity_text(milli),
            line=self._position(position) if position else None,
            sku=sku,
            amount_minor=minor,
            name=name,
            category=category,
        )

    def _position(self, text: str) -> int:
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= LINES_MAX):
            raise BadNumber(column=self._header[self._places["returned_line"]], value=text[:40], example="3")
        return int(text)

    def _amount(
        self, amount: tuple[int, bool] | None, price: tuple[int, bool] | None, quantity_milli: int, batch: Batch
    ) -> int:
        """Return a line's amount: as it is given, else price times quantity, rounded half away from zero."""
        if amount is not None:
            batch.rounded += not amount[1]
            return amount[0]
        if price is None:
            raise EmptyCell(
                column=self._header[self._places["unit_price" if "unit_price" in self._places else "amount"]]
            )
        product = price[0] * quantity_milli
        minor = round_half_up_div(product, self._to_price)
        batch.rounded += not price[1] or minor * self._to_price != product
        return minor

    def _intakes(self, values: dict[str, Any], at: datetime, purchase: _Purchase, number: int) -> list[Order | Return]:
        name = values.get("order") or f"{self._setting.row_prefix}-{number}"
        source, store, customer = values.get("source") or self._mapping.name, values.get("store", ""), _customer(values)
        intakes: list[Order | Return] = []
        if purchase.sold:
            intakes.append(
                Order(
                    source=source, external_id=name, occurred_at=at, store=store, customer=customer, lines=purchase.sold
                )
            )
        if purchase.returned:
            intakes.append(
                Return(
                    source=source,
                    external_id=name + RETURN_SUFFIX if purchase.sold else name,
                    occurred_at=at,
                    store=store,
                    customer=customer,
                    order=values.get("returned_order") or None,
                    order_source=values.get("returned_source") or None,
                    lines=purchase.returned,
                )
            )
        return intakes


def _groups(rows: Iterable[Row], at: int | None) -> Iterator[tuple[list[Row], bool]]:
    """Put rows together that follow each other with one value in a column; too many of them come in parts, marked."""
    group: list[Row] = []
    current = None
    is_long = False
    for row in rows:
        cells = row[1]
        key = cells[at] if at is not None and at < len(cells) else ""
        if key != current or not key:
            if group:
                yield group, is_long
            group, current, is_long = [], key, False
        elif len(group) == LINES_MAX:
            yield group, True
            group, is_long = [], True
        group.append(row)
    if group:
        yield group, is_long


def _picker(slots: dict[str, int]) -> Callable[[list[Any]], tuple[Any, ...]]:
    """Return a function that lays out a line's values, followed by a blank and None, in the order of all line targets."""
    blank, nothing = len(slots), len(slots) + 1
    return itemgetter(*[slots.get(target, blank if target in _TEXTS else nothing) for target in _LINE])


def _agreed(heads: list[_Head]) -> dict[str, Any]:
    """Return the values of the first row, its customer filled in from the rows that have one. Raises MixedCustomers."""
    values = heads[0].values
    for other in heads[1:]:
        for target in _PEOPLE:
            known, named = values.get(target), other.values.get(target)
            if known and named and known != named:
                raise MixedCustomers
            if named and not known:
                values[target] = named
    return values


def _customer(values: dict[str, Any]) -> CustomerRef | None:
    named = {"external_id": values.get("customer_external", "")}
    named.update({field: values.get(f"customer_{field}", "") for field in ("card", "phone", "email")})
    if not any(named.values()):
        return None
    return CustomerRef(name=values.get("customer_name", ""), language=values.get("customer_language", ""), **named)


def quantity_text(milli: int) -> int | str:
    """Return thousandths as the plain number an intake carries: 2000 as 2, 350 as "0.350"."""
    whole, rest = divmod(milli, 1_000)
    return whole if rest == 0 else f"{whole}.{rest:03d}"


def major_text(minor: int, currency: str) -> str:
    """Return minor units as a plain decimal of major units: 123450 of INR as 1234.50."""
    places = exponent(currency)
    sign, digits = "-" if minor < 0 else "", str(abs(minor)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"
