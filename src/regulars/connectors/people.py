# SPDX-License-Identifier: Apache-2.0
"""Rows of customers into what the customers room imports: identities in one spelling, profile, tags. Pure."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any

from regulars.connectors.batch import Batch, Check, Setting, each_alone
from regulars.connectors.mapping import Mapping, positions, style_of
from regulars.connectors.rows import Row
from regulars.connectors.values import (
    Reader,
    birthday_reader,
    code_reader,
    email_reader,
    phone_reader,
    text_reader,
)  # fmt: skip
from regulars.customers.importing import CustomerRow, NoIdentity
from regulars.kernel.text import NAME_MAX

SEPARATOR = ";"
CODE_MAX = 80
TAGS_TEXT_MAX = 2_500
_KINDS = ("card", "external", "phone", "email")


class CustomerReader:
    """Reads customers, one per row, by one mapping, header and setting. Raises BadMapping if they do not fit."""

    group_column = None

    def __init__(self, mapping: Mapping, header: Sequence[str], setting: Setting) -> None:
        self._mapping = mapping
        self._header = header
        self._setting = setting
        self._places = positions(mapping, header)
        self._phones: dict[tuple[int, str], Reader[str]] = {}
        self._identities = [
            (kind, self._places[kind][0], self._identity_reader(kind))
            for kind in _KINDS
            if kind in self._places and kind != "phone"
        ]
        self._names = [self._texts(target) for target in ("name", "first_name", "last_name")]
        self._language = self._texts("language")
        self._country = self._texts("country")
        self._tags = [
            (place, text_reader(header[place], limit=TAGS_TEXT_MAX)) for place in self._places.get("tags", [])
        ]
        self._birthday = [
            (place, birthday_reader(header[place], style=style_of(mapping, "birthday")))
            for place in self._places.get("birthday", [])
        ]

    def _texts(self, target: str) -> list[tuple[int, Reader[str]]]:
        return [(place, text_reader(self._header[place], limit=NAME_MAX)) for place in self._places.get(target, [])]

    def _identity_reader(self, kind: str) -> Reader[str]:
        column = self._header[self._places[kind][0]]
        if kind == "email":
            return email_reader(column)
        return code_reader(column, limit=CODE_MAX, is_whole=self._mapping.columns[kind].format == "whole")

    def batches(self, rows: Iterable[Row]) -> Iterator[Batch]:
        """Return one batch for each row."""
        return each_alone(rows, self._customer, self._checks)

    def _checks(self, cells: Sequence[str]) -> Iterator[Check]:
        for _, place, reader in self._identities:
            yield from (partial(reader.__getitem__, part) for part in cells[place].split(SEPARATOR))
        for place in self._places.get("phone", []):
            yield from (partial(self._read_phone, cells, place, part) for part in cells[place].split(SEPARATOR))
        texts: Iterable[tuple[int, Reader[Any]]] = chain(
            *self._names, self._language, self._country, self._tags, self._birthday
        )
        yield from (partial(reader.__getitem__, cells[place]) for place, reader in texts)

    def _customer(self, cells: Sequence[str]) -> CustomerRow:
        identities = [*self._read_identities(cells), *self._read_phones(cells)]
        if not identities:
            raise NoIdentity
        full, first, last = (_first(cells, readers) for readers in self._names)
        birthdays = [reader[cells[place]] for place, reader in self._birthday]
        return CustomerRow(
            identities=tuple(identities),
            name=full or " ".join(part for part in (first, last) if part),
            language=_first(cells, self._language),
            birthday=birthdays[0] if birthdays else None,
            tags=tuple(tag for place, reader in self._tags for tag in split_tags(reader[cells[place]])),
        )

    def _read_identities(self, cells: Sequence[str]) -> Iterator[tuple[str, str]]:
        for kind, place, reader in self._identities:
            for part in cells[place].split(SEPARATOR):
                if value := reader[part]:
                    yield kind, value

    def _read_phones(self, cells: Sequence[str]) -> Iterator[tuple[str, str]]:
        for place in self._places.get("phone", []):
            for part in cells[place].split(SEPARATOR):
                if value := self._read_phone(cells, place, part):
                    yield "phone", value

    def _read_phone(self, cells: Sequence[str], place: int, text: str) -> str:
        """Read a phone as of the row's own country, where it names one."""
        named = _first(cells, self._country).upper()
        country = named if len(named) == 2 and named.isascii() and named.isalpha() else self._setting.country
        reader = self._phones.get((place, country))
        if reader is None:
            reader = self._phones[place, country] = phone_reader(self._header[place], country=country)
        return reader[text]


def _first(cells: Sequence[str], readers: Sequence[tuple[int, Reader[Any]]]) -> str:
    return readers[0][1][cells[readers[0][0]]] if readers else ""


def split_tags(text: str) -> list[str]:
    """Split a list of tags as exports write them: commas, each tag in quotes or not."""
    if not text:
        return []
    try:
        tags = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:
        tags = text.split(",")
    return [tag.strip() for tag in tags if tag.strip()]
