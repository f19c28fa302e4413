# SPDX-License-Identifier: Apache-2.0
"""Whoever changes the books behind the program's back is found out, and told where."""

from uuid import UUID

import pytest
from django.db import connection

from regulars.flow.intake import Adjustment, HoldPoints
from regulars.flow.sealing import seal_commits
from regulars.ledger.chain import GENESIS, link
from regulars.ledger.models import Seal, Transaction
from regulars.ledger.store import load_booked
from regulars.ledger.verify import verify_ledger
from regulars.outbox.models import Job
from regulars.tenancy.models import Business
from shop import ASHA, RAVI, Till, a_program, a_shop

pytestmark = pytest.mark.django_db


def seal(business: Business) -> None:
    jobs = list(Job.objects.filter(kind="seal", business_id=business.pk).order_by("id"))
    seal_commits(business.pk, [job.payload for job in jobs])


@pytest.fixture
def books() -> Business:
    """A shop that has given, taken, held, taken back and let end."""
    till = Till(a_shop(a_program(unit={"expiry": {"kind": "after", "days": 2}})))
    till.sell(ASHA, 10_000, common={"external_id": "A"})
    till.sell(RAVI, 5_000)
    till.give(Adjustment, ASHA, points=-30, reason="by hand")
    till.take_back("A")
    till.sell(ASHA, 20_000)
    till.give(HoldPoints, ASHA, points=10)
    seal(till.business)
    return till.business


def change(*statements: str) -> None:
    """Change rows past the triggers, as somebody with the file in hand can."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%append-only%'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
        else:
            for table in ("ledger_entry", "ledger_transaction", "ledger_seal", "ledger_allocation"):
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)


def test_untouched_books_are_right(books):
    found = verify_ledger(books.pk)

    assert (found.is_right, found.unsealed) == (True, 0)
    assert found.transactions == Transaction.objects.filter(business=books).count() == Seal.objects.count()
    assert len(found.chain_hash) == 64
    assert sum(found.totals["points"].values()) == 0


_FIRST = "(SELECT id FROM {0} ORDER BY id LIMIT 1)"
_WHOLE = "(SELECT {0} FROM ledger_lot WHERE id NOT IN (SELECT lot_id FROM ledger_allocation) ORDER BY id LIMIT 1)"


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (["UPDATE ledger_entry SET amount = amount + 1 WHERE id = " + _FIRST.format("ledger_entry")], "not to zero"),
        (["UPDATE ledger_account SET balance = balance + 1 WHERE kind = 'member'"], "its entries sum to"),
        (["UPDATE ledger_lot SET granted = granted + 1"], "was granted"),
        (["UPDATE ledger_lot SET held = held + 1 WHERE remaining > held"], "open holds do not explain"),
        (["UPDATE ledger_hold SET state = 'voided'"], "open holds do not explain"),
        (
            ["UPDATE ledger_transaction SET kind = 'adjust' WHERE kind = 'earn'"],
            "does not hash to its link",
        ),
        (
            ["UPDATE ledger_seal SET position = position + 100 WHERE position = 2"],
            "at place 2",
        ),
        (["DELETE FROM ledger_seal WHERE position = 2"], "at place 2"),
        (
            [
                "UPDATE ledger_entry SET amount = amount * 2",
                "UPDATE ledger_allocation SET amount = amount * 2",
                "UPDATE ledger_lot SET granted = granted * 2, remaining = remaining * 2",
                "UPDATE ledger_account SET balance = balance * 2",
            ],
            "does not hash to its link",
        ),
        (["UPDATE ledger_lot SET granted = granted + 1, remaining = remaining + 1"], "its lots to"),
        (
            [
                f"UPDATE ledger_lot SET granted = granted + 7, remaining = remaining + 7 WHERE id = {_WHOLE.format('id')}",
                f"UPDATE ledger_account SET balance = balance + 7 WHERE id = {_WHOLE.format('account_id')}",
                "UPDATE ledger_entry SET amount = amount + CASE WHEN amount > 0 THEN 7 ELSE -7 END WHERE transaction_id = "
                + _WHOLE.format("transaction_id"),
            ],
            "does not hash to its link",
        ),
    ],
)
def test_a_change_is_found_and_named(books, statements, told):
    change(*statements)

    found = verify_ledger(books.pk)

    assert not found.is_right
    assert told in found.difference


def test_who_forges_one_link_has_to_forge_all_that_follow(books):
    change(
        "UPDATE ledger_transaction SET rule = 'mine' WHERE id = (SELECT transaction_id FROM ledger_seal WHERE position = 1)"
    )
    seal_of_the_first = Seal.objects.get(business_id=books.pk, position=1)
    booked = load_booked(books.pk, [seal_of_the_first.transaction_id])[seal_of_the_first.transaction_id]
    Seal.objects.filter(pk=seal_of_the_first.pk).update(chain_hash=link(GENESIS, 1, booked))

    assert "at place 2" in verify_ledger(books.pk).difference


def test_the_other_shop_is_still_right(books):
    other = Till(a_shop(name="Another"))
    other.sell(ASHA, 10_000)
    seal(other.business)
    change(f"UPDATE ledger_account SET balance = balance + 1 WHERE kind = 'member' AND {_of(books)}")

    assert verify_ledger(other.business.pk).is_right
    assert not verify_ledger(books.pk).is_right


def _of(business: Business) -> str:
    key: UUID = business.pk
    return f"business_id = X'{key.hex}'" if connection.vendor == "sqlite" else f"business_id = '{key}'"


def test_sealing_again_changes_nothing(books):
    before = verify_ledger(books.pk).chain_hash

    seal(books)

    assert verify_ledger(books.pk).chain_hash == before
