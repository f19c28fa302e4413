# SPDX-License-Identifier: Apache-2.0
"""A schema that also fits databases which spread single-column keys: see ARCHITECTURE.md on keys."""

import pytest
from django.db import connection, models

from architecture.tree import tables
from regulars.database.keys import KeyField

QUEUES = {"schedule_due", "delivery_state"}  # one worker serves all businesses in order of time


def column_names(index) -> list[str]:
    """Name the columns of an index or constraint, from its fields or its expressions."""
    fields = list(index.fields) or [
        expression.deconstruct()[1][0] for expression in index.expressions if isinstance(expression, models.F)
    ]
    return [name.lstrip("-") for name in fields]


def is_owned(model: type[models.Model]) -> bool:
    return any(field.attname == "business_id" and not field.null for field in model._meta.concrete_fields)


def owned_indexes():
    """Yield the explicit unique constraints and indexes of tables that belong to a business."""
    for model in filter(is_owned, tables()):
        unique = [
            constraint for constraint in model._meta.constraints if isinstance(constraint, models.UniqueConstraint)
        ]
        for index in [*unique, *model._meta.indexes]:
            yield model, index


def test_primary_keys_are_single_and_made_by_the_application():
    counted = [
        model._meta.label
        for model in tables()
        if isinstance(model._meta.pk, models.AutoField | models.CompositePrimaryKey)
    ]

    assert counted == []


def test_rows_of_a_business_have_keys():
    def key_of(field):
        return key_of(field.related_model._meta.pk) if field.is_relation else field

    assert [
        model._meta.label for model in filter(is_owned, tables()) if not isinstance(key_of(model._meta.pk), KeyField)
    ] == []


def is_one_reference(model: type[models.Model], index: models.Index) -> bool:
    """Tell an index that only answers what points to a row."""
    columns = column_names(index)
    return isinstance(index, models.Index) and len(columns) == 1 and model._meta.get_field(columns[0]).is_relation


def test_business_comes_first():
    elsewhere = {
        index.name: column_names(index)
        for model, index in owned_indexes()
        if column_names(index)[0] not in {"business", "business_id"} and not is_one_reference(model, index)
    }

    assert {name: columns for name, columns in elsewhere.items() if name not in QUEUES} == {}


def test_no_column_is_unique_across_businesses():
    alone = [
        f"{model._meta.label}.{field.name}"
        for model in filter(is_owned, tables())
        for field in model._meta.concrete_fields
        if field.unique and not field.primary_key
    ]

    assert alone == []


def test_no_constraint_waits():
    waiting = [index.name for _, index in owned_indexes() if getattr(index, "deferrable", None)]

    assert waiting == []


@pytest.mark.sqlite
@pytest.mark.django_db
def test_no_deferred_constraint_on_sqlite():
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%DEFERRABLE%'")
        assert cursor.fetchall() == []


@pytest.mark.postgres
@pytest.mark.django_db
def test_no_deferred_constraint_on_postgresql():
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE condeferrable")
        assert cursor.fetchall() == []


@pytest.mark.postgres
@pytest.mark.django_db
def test_no_sequence_of_ours():
    ours = {model._meta.db_table for model in tables()}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT owner.relname FROM pg_class sequence JOIN pg_depend ON objid = sequence.oid"
            " JOIN pg_class owner ON owner.oid = refobjid WHERE sequence.relkind = 'S' AND owner.relkind = 'r'"
        )
        counted = {name for (name,) in cursor.fetchall()}

    assert counted & ours == set()
