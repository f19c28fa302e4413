# SPDX-License-Identifier: Apache-2.0
"""Plain builders for the tests of imports."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from regulars.connectors.batch import Batch, Setting
from regulars.connectors.mapping import Mapping, mapping_of
from regulars.connectors.orders import OrderReader
from regulars.connectors.rows import Row
from regulars.tenancy.models import Business

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HEADER = ("bill", "date", "item", "qty", "total", "who", "what")


def a_setting(**over: Any) -> Setting:
    return Setting(**{"currency": "INR", "country": "IN", "time_zone": "Asia/Kolkata", "row_prefix": "file", **over})


def a_mapping(**over: Any) -> Mapping:
    plain = {
        "name": "till",
        "subject": "orders",
        "columns": {
            "order": {"column": "bill"},
            "time": {"column": "date"},
            "sku": {"column": "item"},
            "quantity": {"column": "qty"},
            "amount": {"column": "total"},
            "customer_phone": {"column": "who"},
            "kind": {"column": "what"},
        },
        "rules": [{"when": [{"target": "kind", "one_of": ["return"]}], "then": "return"}],
    }
    return mapping_of({**plain, **over})


def rows_of(*lines: str) -> list[Row]:
    """Return rows written as cells with bars between, numbered from 2."""
    return [(number, [cell.strip() for cell in line.split("|")], None) for number, line in enumerate(lines, start=2)]


def batches_of(
    rows: Iterable[Row], mapping: Mapping | None = None, header: Sequence[str] = HEADER, **setting: Any
) -> list[Batch]:
    return list(OrderReader(mapping or a_mapping(), header, a_setting(**setting)).batches(rows))


def a_business(**over: Any) -> Business:
    fields = {
        "name": "Corner",
        "country": "IN",
        "currency": "INR",
        "timezone": "Asia/Kolkata",
        "languages": ["en"],
        "created_at": NOW,
    }
    return Business.objects.create(**{**fields, **over})


def a_file(folder: Path, text: str, *, name: str = "file.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path
