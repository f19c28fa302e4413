# SPDX-License-Identifier: Apache-2.0
"""Rows as plain values that are alike on both databases and made by the database itself: what is hashed and exported.

Keys and bytes are hexadecimal digits in capitals, days `YYYY-MM-DD`, moments `YYYY-MM-DD HH:MM:SS.ffffff` in UTC; JSON is
the text that the database stores. A missing key is an empty text, any other missing value is None.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from regulars.database.sql import fetch, is_postgresql, key_param, one_of

_SQLITE = {
    "uuid": "hex({0})",
    "bytea": "hex({0})",
    "timestamptz": "substr({0} || '.000000', 1, 26)",
    "date": "{0} || ''",
}
_POSTGRESQL = {
    "uuid": "coalesce(upper(replace({0}::text, '-', '')), '')",
    "bytea": "upper(encode({0}, 'hex'))",
    "timestamptz": "to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
    "date": "to_char({0}, 'YYYY-MM-DD')",
    "jsonb": "{0}::text",
}

_AT_ONCE_MS = 1_000  # where one process writes, the keys made in so short a time lie side by side


@dataclass(frozen=True)
class PlainTable:
    """What of a table is read: columns with their types, the row's own key first.

    `found_by` is the expression that equals the wanted keys, `keys` the name by which a commit lists these; `of` says where a column
    comes from that is not plainly one of the table, here `t`; `joined` is what else is read with it.
    """

    name: str
    keys: str
    columns: Mapping[str, str]
    found_by: str = "t.id"
    joined: str = ""
    of: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def select(self) -> str:
        """Return the query up to its condition: the key that a row was found by, the table's name, then its columns."""
        forms = _POSTGRESQL if is_postgresql() else _SQLITE
        found_by = forms["uuid"].format(self.found_by)
        columns = [forms.get(kind, "{0}").format(self.of.get(name, f"t.{name}")) for name, kind in self.columns.items()]
        return f"SELECT {found_by}, '{self.name}', {', '.join(columns)} FROM {self.name} t {self.joined}"

    @property
    def is_listed(self) -> bool:
        """Tell whether a commit lists the rows by their own keys, and not by those of what they belong to."""
        return self.found_by == f"t.{self.key}"

    @property
    def key(self) -> str:
        """Return the name of the row's own key."""
        return next(iter(self.columns))


def read_plain(table: PlainTable, business: UUID, keys: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return the rows that keys lead to, in the order of their own keys: (key it was found by, table, columns …).

    Keys are given as hexadecimal digits and stay so, since making objects of them costs more than reading the rows.
    """
    if not keys:
        return []
    sql, order = f"{table.select} WHERE t.business_id = %s AND", f"ORDER BY t.{table.key}"
    if is_postgresql():
        condition, params = one_of(table.found_by, keys, "uuid")
        return fetch(f"{sql} {condition} {order}", [key_param(business), *params])
    first, last = min(keys), max(keys)
    if _milliseconds(last) - _milliseconds(first) < _AT_ONCE_MS:
        wanted, ends = set(keys), [bytes.fromhex(first), bytes.fromhex(last)]
        rows = fetch(f"{sql} {table.found_by} BETWEEN %s AND %s {order}", [key_param(business), *ends])
        return [row for row in rows if row[0] in wanted]
    condition, params = one_of(table.found_by, [bytes.fromhex(key) for key in keys], "bytea")
    return fetch(f"{sql} {condition} {order}", [key_param(business), *params])


def _milliseconds(key: str) -> int:
    """Return when a key was made, which its first 48 bits say."""
    return int(key[:12], 16)


def count_rows(table: PlainTable, business: UUID) -> int:
    """Return how many rows a business has in a table."""
    ((count,),) = fetch(f"SELECT COUNT(*) FROM {table.name} WHERE business_id = %s", [key_param(business)])
    return int(count)


def read_keys(table: PlainTable, business: UUID) -> list[tuple[str, str]]:
    """Return for all rows of a business in a table the key by which each is found and its own, in the order of these."""
    form = (_POSTGRESQL if is_postgresql() else _SQLITE)["uuid"]
    columns = f"{form.format(table.found_by)}, {form.format(f't.{table.key}')}"
    sql = f"SELECT {columns} FROM {table.name} t WHERE t.business_id = %s ORDER BY t.{table.key}"
    return [(found_by, key) for found_by, key in fetch(sql, [key_param(business)])]
