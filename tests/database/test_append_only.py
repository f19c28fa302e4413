# SPDX-License-Identifier: Apache-2.0
"""What was written once stays as it was: no UPDATE, no DELETE, and no way around them."""

from uuid import UUID

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from regulars.facts.models import Attribution, Fact
from regulars.flow.intake import Adjustment, HoldPoints, SettleHold
from regulars.flow.sealing import seal_commits
from regulars.kernel.ids import new_key
from regulars.outbox.models import Job
from regulars.tenancy.models import Business
from shop import ASHA, NOON, Till, a_program, a_shop

pytestmark = pytest.mark.django_db

TABLES = {
    "facts_fact",
    "facts_line",
    "facts_attribution",
    "facts_factposition",
    "ledger_transaction",
    "ledger_entry",
    "ledger_allocation",
    "ledger_lotchange",
    "ledger_resolution",
    "ledger_seal",
    "outbox_event",
    "outbox_feedentry",
    "programs_decision",
    "programs_standing",
    "programs_version",
    "tenancy_auditentry",
}


def guarded() -> set[str]:
    """Return the tables that have a trigger against both UPDATE and DELETE."""
    if connection.vendor == "sqlite":
        sql = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%append-only%'"
    else:
        sql = (
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.proname = 'refuse_change'"
        )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        found = {(table, name.lower()) for table, name in cursor.fetchall()}
    return {table for table, _ in found if {(table, f"{table}_no_{verb}") for verb in ("update", "delete")} <= found}


@pytest.fixture
def written(db: None) -> Business:
    """A shop whose story puts a row into every one of the tables."""
    levels = [{"code": "a", "name": {"en": "A"}}, {"code": "b", "name": {"en": "B"}, "at_least": 5}]
    till = Till(a_shop(a_program(ladder={"levels": levels}, unit={"expiry": {"kind": "inactivity", "days": 90}})))
    sold = till.sell(ASHA, 10_000)
    till.wait(days=1)
    till.give(Adjustment, ASHA, points=-5, reason="by hand")
    held = till.give(HoldPoints, ASHA, points=5)
    till.give(SettleHold, hold=UUID(str(held.detail["hold"])))
    Attribution.objects.create(business=till.business, fact_id=sold.fact, customer_id=sold.customer, at=NOON)
    jobs = Job.objects.filter(kind="seal", business_id=till.business.pk).order_by("id")
    seal_commits(till.business.pk, [job.payload for job in jobs])
    return till.business


def test_these_tables_are_guarded():
    assert guarded() == TABLES


def test_what_says_that_it_is_append_only_is():
    claimed = {model._meta.db_table for model in apps.get_models() if model.__doc__ and "Append-only" in model.__doc__}

    assert claimed <= guarded()


@pytest.mark.parametrize("table", sorted(TABLES))
def test_no_change_and_no_removal(table, written):
    key = apps_table(table)._meta.pk.column
    before = rows(table)
    assert before, "there is something to guard"

    for statement in (f"UPDATE {table} SET {key} = {key}", f"DELETE FROM {table}", _upsert(table, key)):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    assert rows(table) == before


@pytest.mark.sqlite
@pytest.mark.parametrize("table", sorted(TABLES))
def test_no_replacement(table, written):
    columns = ", ".join(f'"{field.column}"' for field in apps_table(table)._meta.concrete_fields)
    before = rows(table)

    for statement in (
        f"INSERT OR REPLACE INTO {table} ({columns}) SELECT {columns} FROM {table}",
        f"REPLACE INTO {table} ({columns}) SELECT {columns} FROM {table}",
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    assert rows(table) == before


def test_the_orm_is_refused_too(written):
    fact = Fact.objects.filter(business=written).latest("id")
    fact.external_id = "another"

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        fact.save()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Fact.objects.filter(pk=fact.pk).update(source="x")
    assert not Fact.objects.filter(pk=new_key()).exists()


def apps_table(table: str):
    return next(model for model in apps.get_models() if model._meta.db_table == table)


def rows(table: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
        return cursor.fetchall()


def _upsert(table: str, key: str) -> str:
    columns = ", ".join(f'"{field.column}"' for field in apps_table(table)._meta.concrete_fields)
    return (
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE TRUE"
        f" ON CONFLICT ({key}) DO UPDATE SET {key} = excluded.{key}"
    )
