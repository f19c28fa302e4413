# SPDX-License-Identifier: Apache-2.0
"""What the columns of a file mean: for each thing to be read, its column and how it is written. Pure."""

from collections.abc import Sequence
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct, field

from regulars.connectors.values import DATE_STYLES, NUMBER_STYLES
from regulars.kernel.complaints import read_complaint
from regulars.kernel.errors import RegularsError, Saying, gettext_noop

Subject = Literal["orders", "customers", "products"]
SUBJECTS: tuple[Subject, ...] = ("orders", "customers", "products")
RULES_MAX = 50
COLUMNS_MAX = 40

TARGETS: dict[Subject, tuple[str, ...]] = {
    "orders": (
        "source", "order", "time", "clock", "sku", "product_name", "category", "quantity", "amount", "unit_price",
        "discount", "currency", "kind", "returned_source", "returned_order", "returned_line", "store",
        "customer_external", "customer_card", "customer_phone", "customer_email", "customer_name", "customer_language",
    ),
    "customers": (
        "external", "card", "phone", "email", "name", "first_name", "last_name", "language", "birthday", "tags",
        "country",
    ),
    "products": ("sku", "name", "category"),
}  # fmt: skip
NEEDED: dict[Subject, tuple[tuple[str, ...], ...]] = {
    "orders": (("time",), ("amount", "unit_price")),
    "customers": (("external", "card", "phone", "email"),),
    "products": (("sku",),),
}
NUMBERS = ("quantity", "amount", "unit_price", "discount")
DATES = ("time", "birthday")
LISTS = ("discount", "tags")
FORMATS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(NUMBERS, tuple(NUMBER_STYLES)),
    **dict.fromkeys(DATES, tuple(DATE_STYLES)),
    "customer_external": ("whole",),
    "external": ("whole",),
    "order": ("whole",),
    "sku": ("whole",),
}

TARGET_NAMES = {
    "source": gettext_noop("Source of the purchase"),
    "order": gettext_noop("Number of the purchase"),
    "time": gettext_noop("Date, or date and time"),
    "clock": gettext_noop("Time of day"),
    "sku": gettext_noop("Product code"),
    "product_name": gettext_noop("Product name"),
    "category": gettext_noop("Category"),
    "quantity": gettext_noop("Quantity"),
    "amount": gettext_noop("Amount of the line"),
    "unit_price": gettext_noop("Price of one"),
    "discount": gettext_noop("Discount"),
    "currency": gettext_noop("Currency"),
    "kind": gettext_noop("Sale or return"),
    "returned_source": gettext_noop("Source of the returned purchase"),
    "returned_order": gettext_noop("Number of the returned purchase"),
    "returned_line": gettext_noop("Line of the returned purchase"),
    "store": gettext_noop("Store"),
    "customer_external": gettext_noop("Customer number"),
    "customer_card": gettext_noop("Card of the customer"),
    "customer_phone": gettext_noop("Phone of the customer"),
    "customer_email": gettext_noop("E-mail of the customer"),
    "customer_name": gettext_noop("Name of the customer"),
    "customer_language": gettext_noop("Language of the customer"),
    "external": gettext_noop("Customer number"),
    "card": gettext_noop("Card"),
    "phone": gettext_noop("Phone"),
    "email": gettext_noop("E-mail"),
    "name": gettext_noop("Name"),
    "first_name": gettext_noop("First name"),
    "last_name": gettext_noop("Last name"),
    "language": gettext_noop("Language"),
    "birthday": gettext_noop("Birthday"),
    "tags": gettext_noop("Tags"),
    "country": gettext_noop("Country"),
}
SUBJECT_NAMES = {
    "orders": gettext_noop("purchases"),
    "customers": gettext_noop("customers"),
    "products": gettext_noop("products"),
}


class BadMapping(RegularsError):
    """A mapping is not one, or does not fit the file."""

    code = "bad_mapping"
    status = 422
    text = gettext_noop("The mapping cannot be used: %(problem)s")


class Column(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a value stands (several columns are added up or joined) and how it is written."""

    column: str | list[str]
    format: str = ""

    @property
    def names(self) -> list[str]:
        """Return the columns as a list."""
        return [self.column] if isinstance(self.column, str) else self.column


class Test(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"state": "is"}):
    """A question about one value of a row. Exactly one of the three is asked; case does not matter."""

    target: str
    state: Literal["empty", "filled", "negative", "zero", "positive"] | None = None
    starts_with: list[str] | None = None
    one_of: list[str] | None = None


class Rule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a row is when all tests hold. The first rule that holds counts; a row without one is a sale."""

    when: Annotated[list[Test], Meta(min_length=1, max_length=10)]
    then: Literal["sale", "return", "leave_out"]
    because: Annotated[str, Meta(pattern="^[a-z_]{0,40}$")] = ""


class Mapping(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How to read a file. `name` is the source of its facts, unless a column says it: the same source and number is the same fact for ever.

    `time_zone` is that of times without a zone; empty means the business's own.
    """

    name: Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_.-]{0,39}$")]
    subject: Subject
    columns: Annotated[dict[str, Column], Meta(min_length=1, max_length=COLUMNS_MAX)]
    time_zone: str = ""
    rules: Annotated[list[Rule], Meta(max_length=RULES_MAX)] = field(default_factory=list)
    title: str = ""
    notes: list[str] = field(default_factory=list)


def parse_mapping(document: bytes | str) -> Mapping:
    """Read a mapping from JSON and check it in itself. Raises BadMapping."""
    try:
        mapping = msgspec.json.decode(document, type=Mapping)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        place, problem = read_complaint(error)
        raise BadMapping(
            problem=Saying(gettext_noop("%(problem)s (at %(path)s)."), problem=problem, path=place)
        ) from None
    check_mapping(mapping)
    return mapping


def mapping_of(plain: object) -> Mapping:
    """Read a mapping from plain values, as a run keeps it. Raises BadMapping."""
    return parse_mapping(msgspec.json.encode(plain))


def draft_of(plain: object) -> Mapping:
    """Read a mapping that may still lack what is needed, as a proposal for an unknown file does."""
    return msgspec.convert(plain, Mapping)


def check_mapping(mapping: Mapping) -> None:
    """Check targets, formats, rules and time zone. Raises BadMapping that names the first thing wrong."""
    for target, column in mapping.columns.items():
        _check_column(target, column, mapping.subject)
    for choice in NEEDED[mapping.subject]:
        if mapping.columns.keys().isdisjoint(choice):
            raise BadMapping(
                problem=Saying(
                    gettext_noop("no column is named for any of %(targets)s."), targets=tuple(map(_name, choice))
                )
            )
    for rule in mapping.rules:
        for test in rule.when:
            _check_test(test, mapping)
    zone_of(mapping, "UTC")


def _check_column(target: str, column: Column, subject: Subject) -> None:
    allowed = TARGETS[subject]
    if target not in allowed:
        raise BadMapping(
            problem=Saying(
                gettext_noop("“%(value)s” is not read from a file of %(subject)s. Possible are %(allowed)s."),
                value=target[:80],
                subject=Saying(SUBJECT_NAMES[subject]),
                allowed=", ".join(allowed),
            )
        )
    formats = FORMATS.get(target, ())
    if column.format and column.format not in formats:
        raise BadMapping(problem=_no_format(target, column.format, formats))
    if not column.names or (len(column.names) > 1 and target not in LISTS):
        raise BadMapping(problem=Saying(gettext_noop("%(target)s is read from one column."), target=_name(target)))


def _name(target: str) -> Saying:
    return Saying(gettext_noop("%(name)s (%(code)s)"), name=Saying(TARGET_NAMES[target]), code=target)


def _no_format(target: str, wrong: str, formats: Sequence[str]) -> Saying:
    if not formats:
        return Saying(
            gettext_noop("%(target)s has no formats; leave “%(value)s” out."), target=_name(target), value=wrong
        )
    text = gettext_noop("“%(value)s” is not a format of %(target)s. Possible are %(allowed)s.")
    return Saying(text, target=_name(target), value=wrong, allowed=", ".join(formats))


def _check_test(test: Test, mapping: Mapping) -> None:
    if mapping.subject != "orders" or test.target not in mapping.columns:
        raise BadMapping(
            problem=Saying(
                gettext_noop("a rule asks for “%(value)s”, for which no column is named."), value=test.target[:80]
            )
        )
    asked = [test.state, test.starts_with, test.one_of]
    if sum(question is not None for question in asked) != 1:
        raise BadMapping(
            problem=Saying(
                gettext_noop("a rule about %(target)s needs exactly one of is, starts_with, one_of."),
                target=_name(test.target),
            )
        )
    is_number = test.target in NUMBERS
    if is_number != (test.state in {"negative", "zero", "positive"}):
        text = (
            gettext_noop("%(target)s is a number: is it negative, zero or positive?")
            if is_number
            else gettext_noop("%(target)s is a text.")
        )
        raise BadMapping(problem=Saying(text, target=_name(test.target)))
    if test.target in {"time", "clock", "discount"}:
        raise BadMapping(problem=Saying(gettext_noop("rules cannot ask for %(target)s."), target=_name(test.target)))


def zone_of(mapping: Mapping, default: str) -> ZoneInfo:
    """Return the zone of times without one. Raises BadMapping."""
    try:
        return ZoneInfo(mapping.time_zone or default)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadMapping(
            problem=Saying(
                gettext_noop("“%(value)s” is not a time zone. Write it like Asia/Kolkata."), value=mapping.time_zone
            )
        ) from None


def positions(mapping: Mapping, header: Sequence[str]) -> dict[str, list[int]]:
    """Return for each target the positions of its columns. Raises BadMapping if the file lacks one."""
    places = {name: position for position, name in enumerate(header)}
    found: dict[str, list[int]] = {}
    for target, column in mapping.columns.items():
        missing = [name for name in column.names if name not in places]
        if missing:
            raise BadMapping(
                problem=Saying(
                    gettext_noop("the file has no column “%(column)s” (for %(target)s). It has: %(columns)s."),
                    column=missing[0][:80],
                    target=_name(target),
                    columns=", ".join(header)[:500],
                )
            )
        found[target] = [places[name] for name in column.names]
    return found


def style_of(mapping: Mapping, target: str) -> str:
    """Return how the numbers or dates of a target are written."""
    column = mapping.columns[target]
    return column.format or ("iso" if target in DATES else "point")
