# SPDX-License-Identifier: Apache-2.0
"""Guess what the columns of an unknown file mean, and say how sure the guess is and why. Pure."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from regulars.connectors.mapping import DATES, NUMBERS, Column, Mapping, Rule, Subject, Test
from regulars.connectors.values import BadCell, email_reader, phone_reader, read_moment, read_number
from regulars.kernel.errors import gettext_noop
from regulars.kernel.text import fold

SAMPLE_MAX = 200
_UTC = ZoneInfo("UTC")
_OF_DAY = re.compile(r"\s*\d{1,2}([:.h]\d{2}){0,2}\D*$")
_ORDER_PEOPLE = {
    "external": "customer_external",
    "card": "customer_card",
    "phone": "customer_phone",
    "email": "customer_email",
    "name": "customer_name",
}
_SUBJECT_WORDS: dict[Subject, dict[str, str]] = {
    "orders": {
        **{
            target: target
            for target in (
                "order",
                "time",
                "clock",
                "sku",
                "product_name",
                "category",
                "quantity",
                "amount",
                "unit_price",
            )
        },
        **{target: target for target in ("discount", "currency", "kind", "returned_order", "store")},
        **_ORDER_PEOPLE,
    },
    "customers": {
        target: target
        for target in (
            "external",
            "card",
            "phone",
            "email",
            "first_name",
            "last_name",
            "name",
            "language",
            "birthday",
            "tags",
            "country",
        )
    },
    "products": {"sku": "sku", "product_name": "name", "category": "category"},
}
Confidence = Literal["high", "medium", "low"]
WHY_HEADER = gettext_noop("The header says so.")
WHY_WORD = gettext_noop("The header contains the word “%(word)s”.")
WHY_VALUES = gettext_noop("The values look like it.")
WHY_DOUBT = gettext_noop("The header says so, but many values cannot be read like that.")


@dataclass(frozen=True, slots=True)
class Proposal:
    """One guess: this target stands in that column, written in this format. `why` is a message id, `word` its value."""

    target: str
    column: str
    confidence: Confidence
    why: str
    word: str = ""
    format: str = ""


def _plain(header: str) -> str:
    """Return a header as words: folded, punctuation as blanks, accents of Indian scripts kept."""
    folded = fold(header)
    return " ".join("".join(char if unicodedata.category(char)[0] in "LMN" else " " for char in folded).split())


@cache
def _glossary() -> dict[str, dict[str, int]]:
    """Return for each source its header words with their rank: six languages, Russian, and what common exports say."""
    words = msgspec.json.decode(files(__package__).joinpath("words.json").read_bytes(), type=dict[str, list[str]])
    return {source: {_plain(word): rank for rank, word in enumerate(listed)} for source, listed in words.items()}


def _is_of_consent(header: str) -> bool:
    plain = _plain(header)
    return any(word in plain for word in _glossary()["consent"])


def propose_mapping(header: Sequence[str], sample: Sequence[Sequence[str]], subject: Subject) -> list[Proposal]:
    """Propose at most one column for each target and one target for each column, the surest first.

    `sample` holds rows of cells under the header; at most two hundred are looked at.
    """
    columns = {
        name: [row[place] for row in sample[:SAMPLE_MAX] if place < len(row) and row[place].strip()]
        for place, name in enumerate(header)
    }
    candidates = [
        (score, place, proposal)
        for source, target in _SUBJECT_WORDS[subject].items()
        for place, (name, values) in enumerate(columns.items())
        if (found := _candidate(source, target, name, values)) is not None
        for score, proposal in (found,)
    ]
    taken_columns: set[str] = set()
    chosen: dict[str, Proposal] = {}
    for _score, _place, proposal in sorted(candidates, key=lambda item: (-item[0], item[1])):
        if proposal.target not in chosen and proposal.column not in taken_columns:
            chosen[proposal.target] = proposal
            taken_columns.add(proposal.column)
    if "amount" in chosen and "unit_price" in chosen:
        del chosen["unit_price"]
    return list(chosen.values())


def _candidate(source: str, target: str, name: str, values: list[str]) -> tuple[int, Proposal] | None:
    plain = _plain(name)
    if _is_of_consent(name):
        return None
    words = _glossary()[source]
    fits, style = _fit(source, values)
    if plain in words:
        if fits:
            return 1_000 - words[plain], Proposal(target, name, "high", WHY_HEADER, format=style)
        return 400 - words[plain], Proposal(target, name, "low", WHY_DOUBT, format=style)
    inside = next(
        (word for word in words if len(word) > 2 and re.search(rf"(?:^| ){re.escape(word)}(?: |$)", plain)), None
    )
    if inside is not None and fits:
        return 600 + min(len(inside), 90), Proposal(target, name, "medium", WHY_WORD, word=inside, format=style)
    if values and fits and source in {"phone", "email", "time"}:
        return 100, Proposal(target, name, "low", WHY_VALUES, format=style)
    return None


def _share(values: Sequence[str], is_readable: Callable[[str], object]) -> float:
    readable = 0
    for value in values:
        try:
            is_readable(value)
        except (BadCell, ValueError, KeyError, OverflowError):
            continue
        readable += 1
    return readable / len(values) if values else 1.0


def _fit(source: str, values: list[str]) -> tuple[bool, str]:
    """Tell whether at least four of five values can be read as the source's kind, and in which format best."""
    if source in NUMBERS:
        return _best(
            {
                "point": lambda text: read_number(text, "", "point"),
                "comma": lambda text: read_number(text, "", "comma"),
            },
            values,
        )
    if source in DATES:
        formats: dict[str, Callable[[str], object]] = {
            style: lambda text, style=style: read_moment(text, style=style, zone=_UTC)  # type: ignore[misc]  # mypy cannot type the default
            for style in ("iso", "dmy", "mdy")
        }
        return _best(formats, values)
    if source == "clock":
        return not values or sum(_OF_DAY.match(value) is not None for value in values) >= 0.8 * len(values), ""
    if source == "phone":
        readers = [phone_reader("", country=country) for country in ("IN", "AM")]
        return max(_share(values, reader.__getitem__) for reader in readers) >= 0.6, ""
    if source == "email":
        return _share(values, email_reader("").__getitem__) >= 0.8, ""
    if source in {"external", "order", "sku"} and values and all(re.fullmatch(r"[0-9]+\.0", value) for value in values):
        return True, "whole"
    return True, ""


def _best(formats: dict[str, Callable[[str], object]], values: list[str]) -> tuple[bool, str]:
    shares = {style: _share(values, read) for style, read in formats.items()}
    style = max(shares, key=lambda style: shares[style])
    return shares[style] >= 0.8, style


def mapping_from(proposals: Iterable[Proposal], *, name: str, subject: Subject, time_zone: str = "") -> Mapping:
    """Make a mapping of proposals, with the usual rules for returns where their columns are known."""
    columns = {proposal.target: Column(proposal.column, proposal.format) for proposal in proposals}
    rules = []
    if subject == "orders":
        if "kind" in columns:
            rules.append(Rule(when=[Test("kind", one_of=list(_glossary()["returned"]))], then="return"))
        rules += [
            Rule(when=[Test(target, state="negative")], then="return")
            for target in ("quantity", "amount")
            if target in columns
        ]
    return Mapping(name=name, subject=subject, columns=columns, time_zone=time_zone, rules=rules)


def ignored_columns(header: Sequence[str], mapping: Mapping) -> list[tuple[str, bool]]:
    """Return the columns that the mapping does not read, each with whether it is of consent, which no file can give."""
    used = {name for column in mapping.columns.values() for name in column.names}
    return [(name, _is_of_consent(name)) for name in header if name not in used]
