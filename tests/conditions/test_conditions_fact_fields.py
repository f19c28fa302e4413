# SPDX-License-Identifier: Apache-2.0
"""The fields of a fact: they follow the facts, the calendar of the store, and the reference page."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from conditions.reference import TYPES
from conditions.strategies import REGISTRY
from regulars.conditions.fact_fields import FACT_FIELDS, FACT_REGISTRY, KINDS, when
from regulars.conditions.fields import FAMILY_SUFFIX, KEY_CHARS_MAX, OPERATORS, Scope
from regulars.conditions.parse import DEPTH_MAX, LIST_VALUES_MAX, NODES_MAX
from regulars.conditions.values import TEXT_CHARS_MAX
from regulars.facts.models import FactKind

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "conditions.md").read_text(encoding="utf-8")


def test_every_kind_of_fact_can_be_asked_for():
    assert set(KINDS) == set(FactKind.values)


def test_the_calendar_is_that_of_the_store():
    late_in_yerevan = datetime(2026, 1, 31, 21, 30, tzinfo=UTC).astimezone(ZoneInfo("Asia/Yerevan"))

    assert when(late_in_yerevan) == {"fact.date": date(2026, 2, 1), "fact.time": time(1, 30), "fact.weekday": "sun"}


def test_names_say_the_scope():
    assert {field.name for field in FACT_FIELDS if field.scope is Scope.LINE} == {
        field.name for field in FACT_FIELDS if field.name.startswith("line.")
    }


def test_a_property_belongs_to_its_family_and_the_family_is_no_field():
    family = next(field for field in FACT_FIELDS if field.is_family)

    assert FACT_REGISTRY.find("event.properties.gift wrap") is family
    assert FACT_REGISTRY.find("event.properties.*") is None
    assert FACT_REGISTRY.find("event.properties." + "k" * KEY_CHARS_MAX) is family
    assert FACT_REGISTRY.find("event.properties." + "k" * (KEY_CHARS_MAX + 1)) is None


def test_the_reference_interpreter_knows_every_field():
    assert set(TYPES) == {field.name for field in REGISTRY if not field.name.endswith(FAMILY_SUFFIX)}


def test_the_page_tells_every_field_operator_and_limit():
    for field in FACT_FIELDS:
        assert f"| `{field.name.replace('*', '<key>')}` | {field.type.value} |" in PAGE
    for field_type, operators in OPERATORS.items():
        assert f"\n| {field_type.value} | " in PAGE
        assert all(f"`{operator.value}`" in PAGE for operator in operators)
    assert all(f"`{kind}`" in PAGE for kind in KINDS)
    for limit in (DEPTH_MAX, NODES_MAX, LIST_VALUES_MAX, TEXT_CHARS_MAX, KEY_CHARS_MAX):
        assert f"| {limit:,} |" in PAGE
