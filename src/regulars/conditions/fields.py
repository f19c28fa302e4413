# SPDX-License-Identifier: Apache-2.0
"""What a condition can speak of: the types of fields, the operators of each type, fields and their registry.

A snapshot is a mapping from field name to value; under `lines` it holds a sequence of such mappings, one per line of
the fact.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from regulars.conditions.values import Scalar

LINES = "lines"
FAMILY_SUFFIX = ".*"
KEY_CHARS_MAX = 64
NAME_CHARS_COMPARED = 100

Snapshot: TypeAlias = Mapping[str, Any]


class FieldType(StrEnum):
    """What the values of a field are; the comment gives the type in a snapshot."""

    TEXT = "text"  # str, compared exactly: capitals matter in every engine alike
    CHOICE = "choice"  # str, a code
    NUMBER = "number"  # int; a finite float is understood in a snapshot, never in a tree
    MONEY = "money"  # int, minor units of the order's currency, never a float
    QUANTITY = "quantity"  # int, thousandths
    BOOLEAN = "boolean"  # bool
    DATE = "date"  # date, local to the store
    TIME = "time"  # time, local to the store, counted in whole minutes
    WEEKDAY = "weekday"  # str, mon to sun
    MOMENT = "moment"  # aware datetime
    TAGS = "tags"  # list, tuple or set of str
    PROPERTY = "property"  # text, number or boolean: as the value in the tree says


class Scope(StrEnum):
    """Whether a field belongs to the fact as a whole or to each of its lines."""

    FACT = "fact"
    LINE = "line"


class Operator(StrEnum):
    """How a field is compared."""

    IS = "is"
    IS_NOT = "is_not"
    IS_ONE_OF = "is_one_of"
    IS_NONE_OF = "is_none_of"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"
    BETWEEN = "between"
    IS_SET = "is_set"
    IS_NOT_SET = "is_not_set"


PRESENCE = (Operator.IS_SET, Operator.IS_NOT_SET)
LISTED = (Operator.IS_ONE_OF, Operator.IS_NONE_OF)
EQUAL = (Operator.IS, Operator.IS_NOT)
ORDERED = (Operator.AT_LEAST, Operator.AT_MOST, Operator.MORE_THAN, Operator.LESS_THAN, Operator.BETWEEN)

_CODES = (*EQUAL, *LISTED, *PRESENCE)
_TEXTS = (*EQUAL, *LISTED, Operator.STARTS_WITH, *PRESENCE)
_NUMBERS = (*EQUAL, *LISTED, *ORDERED, *PRESENCE)
_INSTANTS = (*ORDERED, *PRESENCE)

OPERATORS: Mapping[FieldType, tuple[Operator, ...]] = {
    FieldType.TEXT: _TEXTS,
    FieldType.CHOICE: _CODES,
    FieldType.NUMBER: _NUMBERS,
    FieldType.MONEY: _NUMBERS,
    FieldType.QUANTITY: _NUMBERS,
    FieldType.BOOLEAN: (Operator.IS, *PRESENCE),
    FieldType.DATE: _NUMBERS,
    FieldType.TIME: _INSTANTS,
    FieldType.WEEKDAY: _CODES,
    FieldType.MOMENT: _INSTANTS,
    FieldType.TAGS: (Operator.CONTAINS, *LISTED, *PRESENCE),
    FieldType.PROPERTY: (*EQUAL, *LISTED, Operator.STARTS_WITH, *ORDERED, *PRESENCE),
}
TOTALLED = (*EQUAL, *ORDERED)


class Frame(StrEnum):
    """A place in the grammar for which a field may have a clause of its own."""

    IS = "is"
    STARTS_WITH = "starts_with"
    HAS = "has"
    IS_SET = "is_set"
    TOTAL = "total"
    TOTAL_WHERE = "total_where"


class Clause(NamedTuple):
    """A whole clause and its opposite, as message ids."""

    positive: str
    negative: str


class Plural(NamedTuple):
    """A counted thing, as message ids with {count}."""

    singular: str
    plural: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """One thing that conditions can compare.

    `label` is a message id, a noun phrase with its article; `unit` words a counted value; `choices` lists the only
    values with their message ids (none: any code); `clauses` and `wordings` say a frame, or one operator with one
    value, in better words than the general ones. A name that ends in `.*` declares a family; its label has the
    placeholder {key}. A field of lines can be added up if it has clauses for `TOTAL` and `TOTAL_WHERE`.
    """

    name: str
    type: FieldType
    label: str
    scope: Scope = Scope.FACT
    unit: Plural | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    clauses: Mapping[Frame, Clause] = field(default_factory=dict)
    wordings: Mapping[tuple[Operator, Scalar], Clause] = field(default_factory=dict)

    @property
    def operators(self) -> tuple[Operator, ...]:
        """Return what the field can be compared with, in the order of a menu."""
        return OPERATORS[self.type]

    @property
    def is_family(self) -> bool:
        """Say whether the name stands for every key under a prefix."""
        return self.name.endswith(FAMILY_SUFFIX)

    @property
    def prefix(self) -> str:
        """Return what the names of a family begin with."""
        return self.name.removesuffix("*")

    @property
    def is_summable(self) -> bool:
        """Say whether the field can be added up over lines."""
        return Frame.TOTAL_WHERE in self.clauses


class Registry:
    """The fields that one kind of condition may use, by name. Raises ValueError on a name declared twice."""

    def __init__(self, fields: Iterable[Field]) -> None:
        self._fields: dict[str, Field] = {}
        for one in fields:
            if one.name in self._fields:
                raise ValueError(f"field {one.name} is declared twice")
            self._fields[one.name] = one
        self._families = [one for one in self._fields.values() if one.is_family]

    def __iter__(self) -> Iterator[Field]:
        return iter(self._fields.values())

    def __getitem__(self, name: str) -> Field:
        """Return the field of a parsed tree. Raises KeyError for a tree of another registry."""
        found = self.find(name)
        if found is None:
            raise KeyError(name)
        return found

    def find(self, name: str) -> Field | None:
        """Return the field, or the family that the name belongs to, or None."""
        exact = self._fields.get(name)
        if exact is not None:
            return None if exact.is_family else exact
        return next((family for family in self._families if _is_member(name, family)), None)

    def nearest(self, name: str) -> str:
        """Return the known name that looks most like this one."""
        return get_close_matches(name[:NAME_CHARS_COMPARED], self._fields, n=1, cutoff=0.0)[0]


def _is_member(name: str, family: Field) -> bool:
    key = name.removeprefix(family.prefix)
    return name.startswith(family.prefix) and 0 < len(key) <= KEY_CHARS_MAX and key.isprintable()
