# SPDX-License-Identifier: Apache-2.0
"""A small Indian café that reads conditions: its formatters, its catalogues, and its readable example files."""

import gettext
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import regulars
from regulars.conditions.fields import FieldType, Registry
from regulars.conditions.sentence import Formatters
from regulars.conditions.values import WEEKDAYS

LANGUAGES = ("hi", "mr", "te", "ml", "hy")
LOCALE = Path(regulars.__file__).parent / "locale"
EXAMPLES = Path(__file__).parent / "examples"
MISSING = "-"


@cache
def formatters(language: str = "en") -> Formatters:
    """Return how the café writes values; codes stay as they are."""
    weekdays = Locale.parse(language).days["stand-alone"]["wide"]
    return Formatters(
        money=lambda minor: f"₹{Decimal(minor).scaleb(-2).normalize():f}",
        quantity=lambda milli: f"{Decimal(milli).scaleb(-3).normalize():f}",
        number=str,
        date=date.isoformat,
        time=lambda clock: clock.strftime("%H:%M"),
        moment=lambda moment: moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        weekday=lambda code: weekdays[WEEKDAYS.index(code)],
        choice=lambda field, code: code,
    )


PLAIN = formatters()


def po_path(language: str) -> Path:
    """Return the catalogue of a language."""
    return LOCALE / language / "LC_MESSAGES" / "django.po"


@cache
def translation(language: str) -> gettext.NullTranslations:
    """Return the texts of a language, compiled in memory; English needs no catalogue."""
    if language == "en":
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with po_path(language).open("rb") as file:
        write_mo(compiled, read_po(file, locale=language, abort_invalid=True))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@dataclass(frozen=True)
class Case:
    """One row of an example file: what is known, and what the shop expects of it."""

    row: str
    snapshot: dict[str, Any]
    expected: dict[str, str]


@dataclass(frozen=True)
class Example:
    """One example file: the condition, its sentences by language, its rows."""

    name: str
    tree: dict[str, Any]
    reads: dict[str, str]
    cases: list[Case]


EXPECTATIONS = ("answer", "lines")


def read_example(path: Path, registry: Registry) -> Example:
    """Read an example file.

    A paragraph of prose, then `condition` with JSON, `reads` or `reads hi` with a sentence, and a table whose columns
    stand two blanks apart: fields, `basket`, then `answer` (yes or no, perhaps unknown) and `lines` (their numbers).
    """
    head, table = path.read_text(encoding="utf-8").rsplit("\n\n", 1)
    _, _, clauses = head.partition("\ncondition")
    condition, *sentences = re.split(r"\nreads", clauses)
    reads = dict(re.match(r"(?: (\w\w))? +(.*)", " ".join(text.split("\n"))).groups() for text in sentences)
    columns, *rows = [re.split(r" {2,}", line.strip()) for line in table.strip().split("\n")]
    cases = [_case(dict(zip(columns, cells, strict=True)), registry) for cells in rows]
    return Example(
        path.stem, json.loads(condition), {language or "en": text for language, text in reads.items()}, cases
    )


def _case(cells: dict[str, str], registry: Registry) -> Case:
    snapshot = {
        name: read_cell(text, registry[name].type)
        for name, text in cells.items()
        if name not in {*EXPECTATIONS, "basket"} and text != MISSING
    }
    if cells.get("basket", MISSING) != MISSING:
        snapshot["lines"] = [read_line(text) for text in cells["basket"].split(", ")]
    expected = {name: cells[name] for name in EXPECTATIONS if name in cells}
    return Case(" | ".join(cells.values()), snapshot, expected)


READ: dict[FieldType, Callable[[str], Any]] = {
    FieldType.MONEY: lambda text: int(Decimal(text) * 100),
    FieldType.QUANTITY: lambda text: int(Decimal(text) * 1000),
    FieldType.NUMBER: int,
    FieldType.BOOLEAN: lambda text: text == "yes",
    FieldType.DATE: date.fromisoformat,
    FieldType.TIME: time.fromisoformat,
    FieldType.MOMENT: datetime.fromisoformat,
    FieldType.TAGS: lambda text: [] if text == "none" else text.split("+"),
    FieldType.PROPERTY: json.loads,
}


def read_cell(text: str, kind: FieldType) -> Any:
    """Read a value as a shopkeeper writes it."""
    return READ.get(kind, str)(text)


def read_line(text: str) -> dict[str, Any]:
    """Read one line of a basket: `2 coffee 240` or `0.35 cheese/BRIE 420`, the amount being that of the whole line."""
    quantity, what, amount = text.split(" ")
    category, _, sku = what.partition("/")
    milli, net = int(Decimal(quantity) * 1000), int(Decimal(amount) * 100)
    line = {"line.quantity_milli": milli, "line.net_minor": net, "line.unit_price_minor": net * 1000 // milli}
    return line | ({"line.category": category} if category != "?" else {}) | ({"line.sku": sku} if sku else {})
