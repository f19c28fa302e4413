# SPDX-License-Identifier: Apache-2.0
"""Whoever changes the books behind the program's back is found out, and told where."""

import hashlib
import io
import json
import re
from uuid import UUID

import pytest
from django.db import connection, transaction

from ledger.tampering import change, latest, literal, some
from regulars.connectors.journal import export_seals
from regulars.customers.matching import CustomerRef
from regulars.facts.models import Line
from regulars.flow.intake import Adjustment, ClaimReceipt, Event, HoldPoints, SettleHold
from regulars.flow.sealing import TABLES, seal_commits
from regulars.flow.verifying import Anchor, verify_books
from regulars.ledger.models import Entry, Seal, Transaction
from regulars.outbox.models import Job
from regulars.programs.versions import compiled
from regulars.tenancy.models import Business
from shop import ASHA, RAVI, SPEND, Till, a_program, a_shop

pytestmark = pytest.mark.django_db

REVIEW = {
    "id": "review",
    "name": {"en": "Review"},
    "on": "event",
    "event": "review",
    "gives": {"kind": "fixed", "points": 10},
    "expiry": {"kind": "inactivity", "days": 90},
}


SEALS = 12


def seal(business: Business) -> None:
    jobs = list(Job.objects.filter(kind="seal", business_id=business.pk).order_by("id"))
    seal_commits(business.pk, [job.payload for job in jobs])
    Job.objects.filter(pk__in=[job.pk for job in jobs]).delete()


@pytest.fixture
def till() -> Till:
    """A shop that has given, taken, held, spent from a hold, prolonged, taken back and let end."""
    till = Till(a_shop(a_program(SPEND, REVIEW, unit={"expiry": {"kind": "after", "days": 2}})))
    till.sell(ASHA, 10_000, common={"external_id": "A"})
    till.sell(RAVI, 5_000)
    till.sell(None, 2_000, common={"external_id": "N"})
    till.give(ClaimReceipt, RAVI, order="N")
    till.give(Adjustment, ASHA, points=-30, reason="by hand")
    till.take_back("A")
    till.give(Event, RAVI, name="review")
    till.wait(days=1)
    till.sell(ASHA, 20_000)
    till.sell(RAVI, 3_000)
    for settled in (True, False):
        held = till.give(HoldPoints, ASHA, points=10)
        if settled:
            till.give(SettleHold, hold=UUID(str(held.detail["hold"])))
    seal(till.business)
    return till


@pytest.fixture
def books(till: Till) -> Business:
    return till.business


def test_untouched_books_are_right(books):
    found = verify_books(books.pk)

    assert (found.difference, found.unsealed, found.seals) == ("", 0, SEALS)
    assert found.transactions == Transaction.objects.filter(business=books).count()
    assert found.chain_hash == bytes(Seal.objects.get(business_id=books.pk, position=SEALS).chain_hash).hex()
    assert sum(found.totals["points"].values()) == 0


_LATER = "'2031-01-01 00:00:00'"
_OTHER = "(SELECT {0} FROM {1} ORDER BY {0} DESC LIMIT 1)"
CHANGES = {
    "facts_fact": {
        "kind": "'visit'", "source": "'mine'", "external_id": "'mine'", "revision": "7", "total_minor": "1", "occurred_at": _LATER,
        "local_day": "'2031-01-01'", "recorded_at": _LATER, "currency": "'AMD'", "depth": "4", "payload": """'{"mine": 1}'""",
        "receipt": """'{"balance": 1000000}'""", "customer_id": _OTHER.format("id", "customers_customer"),
        "amends_id": _OTHER.format("id", "facts_fact"), "caused_by_id": _OTHER.format("id", "facts_fact"),
    },
    "facts_line": {
        "position": "7", "quantity_milli": "1", "net_minor": "1", "discount_minor": "1", "product_id": "NULL",
        "original_line_id": _OTHER.format("id", "facts_line"),
    },
    "facts_attribution": {"customer_id": "(SELECT id FROM customers_customer ORDER BY id LIMIT 1)", "at": _LATER},
    "programs_decision": {"inputs": """'{"mine": 1}'""", "outcomes": "'[]'"},
    "ledger_account": {"kind": "'adjusted'", "unit": "'miles'", "customer_id": "NULL"},
    "ledger_transaction": {
        "kind": "'transfer'", "rule": "'mine'", "occurred_at": _LATER, "booked_at": _LATER, "fact_id": _OTHER.format("id", "facts_fact"),
        "reverses_id": _OTHER.format("id", "ledger_transaction"),
    },
    "ledger_entry": {"amount": "amount + 1", "counts_at": _LATER, "account_id": _OTHER.format("id", "ledger_account")},
    "ledger_lot": {
        "granted": "granted + 1", "occurred_at": _LATER, "waits_for": "'mine'", "available_at": _LATER, "expires_at": _LATER,
        "waits_until": _LATER, "expiry": "'{}'", "account_id": _OTHER.format("id", "ledger_account"),
        "transaction_id": _OTHER.format("id", "ledger_transaction"),
    },
    "ledger_allocation": {
        "amount": "amount - 1", "lot_id": _OTHER.format("id", "ledger_lot"), "entry_id": _OTHER.format("id", "ledger_entry"),
    },
    "ledger_lotchange": {
        "available_at": _LATER, "waits_until": _LATER, "expires_at": _LATER, "had_available_at": _LATER, "had_waits_until": _LATER,
        "had_expires_at": _LATER, "expiry": "'{}'", "had_expiry": "'{}'", "fact_id": _OTHER.format("id", "facts_fact"),
    },
    "ledger_hold": {"amount": "amount + 1", "parts": "'[]'", "expires_at": _LATER, "fact_id": _OTHER.format("id", "facts_fact")},
    "ledger_resolution": {"state": "'voided'", "at": _LATER, "fact_id": _OTHER.format("id", "facts_fact")},
}  # fmt: skip
_KEYS = {"programs_decision": "fact_id", "ledger_resolution": "hold_id"}
_FIRST = {"ledger_account": "customer_id IS NOT NULL", "ledger_lot": "expiry IS NULL"}


def test_every_column_that_is_sealed_is_tried():
    owners = {
        "transaction_id",
        "entry_id",
        "fact_id",
        "lot_id",
        "account_id",
        "version_number",
        "store_id",
        "body_digest",
    }
    for table in TABLES:
        untried = {*table.columns} - {*CHANGES[table.name], _KEYS.get(table.name, "id")}
        assert untried <= owners, table.name


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [(table, column, value) for table, columns in CHANGES.items() for column, value in columns.items()],
)
def test_a_changed_column_is_found_and_named(books, table, column, value):
    where, key = some(table, _KEYS.get(table, "id"), _FIRST.get(table, "TRUE"))
    change(f"UPDATE {table} SET {column} = {value} WHERE {where}")

    found = verify_books(books.pk).difference

    assert found.startswith(f"{table} {key}"), found
    assert "is not as it was sealed at place" in found
    assert "sealed as" in found
    assert "found as" in found


_NAMED_BY_ANOTHER = {"ledger_entry": "id IN (SELECT entry_id FROM ledger_allocation)"}


def without(books: Business, table: str, where: str) -> str:
    """Return what is told while some rows are gone; afterwards they are there again."""
    with transaction.atomic():
        change(f"DELETE FROM {table} WHERE {where}")
        told = verify_books(books.pk).difference
        transaction.set_rollback(True)
    return told


@pytest.mark.parametrize("table", [table.name for table in TABLES if table.name != "facts_line"])
def test_a_row_that_was_deleted_is_named_and_no_other(books, table):
    where, key = some(table, _KEYS.get(table, "id"), _NAMED_BY_ANOTHER.get(table, "TRUE"))

    assert re.fullmatch(rf"{table} {key} is missing; it was sealed at place \d+", without(books, table, where))


def test_a_deleted_row_that_nothing_names_is_told_by_its_place_and_its_amount(books):
    where, line = some("facts_line")
    (fact,) = Line.objects.filter(pk=line).values_list("fact", flat=True)
    told = without(books, "facts_line", where)
    assert told.startswith("a row of facts_line is missing; it was sealed at place 1 as ")
    assert told.endswith(
        f", after facts_fact {fact} and before programs_decision {fact}; 9 rows were sealed there, 8 are found"
    )

    where, entry = some("ledger_entry", where="amount = -100")
    (booking,) = Entry.objects.filter(pk=entry).values_list("transaction", flat=True)
    told = without(books, "ledger_entry", where)
    assert told.startswith("a row of ledger_entry is missing; it was sealed at place 1 as ")
    assert told.endswith(f"; the entries of transaction {booking} sum to 100; 9 rows were sealed there, 8 are found")


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        (["UPDATE ledger_account SET balance = balance + 1 WHERE kind = 'member'"], "its entries sum to"),
        (["UPDATE ledger_lot SET remaining = remaining - 1 WHERE remaining > held"], "its lots to"),
        (["UPDATE ledger_lot SET held = held + 1 WHERE remaining > held"], "open holds do not explain"),
        (["UPDATE ledger_hold SET state = 'voided' WHERE state = 'open'"], "open holds do not explain"),
        (["UPDATE ledger_hold SET state = 'expired' WHERE state = 'settled'"], "it was left settled"),
        (["UPDATE ledger_lot SET expired = expired + 1 WHERE expired < granted - remaining"], "went to breakage"),
        (["UPDATE ledger_lot SET expires_at = '2031-01-01 00:00:00' WHERE expiry IS NOT NULL"], "it was last changed to"),
        (["UPDATE ledger_seal SET position = position + 100 WHERE position = 2"], "at place 2 is missing"),
        (["DELETE FROM ledger_seal WHERE position = 2"], "at place 2 is missing"),
        (["UPDATE ledger_seal SET marks = chain_hash WHERE position = 2"], "sealed at place 2"),
        (["DELETE FROM ledger_allocation"], "is missing; it was sealed at place"),
        (["DELETE FROM ledger_entry WHERE account_id IN (SELECT id FROM ledger_account WHERE kind = 'issued')"], "rows were sealed"),
    ],
)  # fmt: skip
def test_a_change_beside_the_chain_is_found_and_named(books, statements, told):
    change(*statements)

    assert told in verify_books(books.pk).difference


def test_books_that_agree_with_themselves_and_not_with_the_chain(books):
    change(
        "UPDATE ledger_entry SET amount = amount * 2",
        "UPDATE ledger_allocation SET amount = amount * 2",
        "UPDATE ledger_lot SET granted = granted * 2, remaining = remaining * 2",
        "UPDATE ledger_account SET balance = balance * 2",
    )

    assert "is not as it was sealed at place 1" in verify_books(books.pk).difference


def test_a_decision_that_says_other_than_was_booked(till):
    till.sell(RAVI, 700)
    where, key = some("programs_decision", "fact_id", f"fact_id = {literal(latest('programs_decision', 'fact_id'))}")
    outcomes = "replace(outcomes, '\"points\":7', '\"points\":8')" if connection.vendor == "sqlite" else (
        "replace(outcomes::text, '\"points\": 7', '\"points\": 8')::jsonb"
    )  # fmt: skip
    change(f"UPDATE programs_decision SET outcomes = {outcomes} WHERE {where}")
    seal(till.business)

    assert verify_books(till.business.pk).difference == (
        f"the decision of fact {key} gives 8 by rule spend; 7 was booked"
    )


def test_a_decision_that_its_fact_does_not_explain_is_named_with_its_receipt(till):
    till.sell(RAVI, 700, common={"external_id": "R-700"})
    fact = latest("facts_fact")
    change(f"UPDATE facts_line SET net_minor = 800 WHERE fact_id = {literal(fact)}")
    seal(till.business)

    found = verify_books(till.business.pk)

    assert (found.difference, found.others) == (
        f"programs_decision {fact} of the order R-700 from till: points of rule spend is stored as 7, expected 8",
        [],
    )  # fmt: skip
    assert verify_books(till.business.pk, is_quick=True).is_right


def test_a_program_that_was_rewritten_is_found_by_everything_it_decided(books):
    before = verify_books(books.pk)
    config = "config" if connection.vendor == "sqlite" else "config::text"
    cast = "" if connection.vendor == "sqlite" else "::jsonb"
    change(f"""UPDATE programs_version SET config = replace({config}, '"per_minor": 100', '"per_minor": 50'){cast}""")
    compiled.cache_clear()

    found = verify_books(books.pk)
    compiled.cache_clear()

    assert (before.decisions, found.decisions) == (6, 6)
    assert [told.partition(":")[2] for told in (found.difference, *found.others)] == [
        f" points of rule spend is stored as {points}, expected {2 * points}" for points in (100, 50, 20, 200, 30)
    ]


def test_a_booking_in_the_middle_is_found_and_named(books):
    inserted = UUID("01900000-0000-7000-8000-000000000001")
    change(
        "INSERT INTO ledger_transaction (id, business_id, fact_id, kind, rule, occurred_at, booked_at)"
        f" SELECT {literal(inserted)}, business_id, fact_id, kind, rule, occurred_at, booked_at FROM ledger_transaction"
        f" WHERE {some('ledger_transaction')[0]}"
    )

    told = f"ledger_transaction {inserted} is in no seal, and no job waits to seal it"
    assert verify_books(books.pk).difference == told


@pytest.mark.parametrize("parent", [None, UUID("01900000-0000-7000-8000-000000000001")])
def test_an_entry_put_beside_the_others_is_found_and_named(books, parent):
    inserted = UUID("01900000-0000-7000-8000-000000000002")
    of = "transaction_id" if parent is None else literal(parent)
    change(
        "INSERT INTO ledger_entry (id, business_id, transaction_id, account_id, amount)"
        f" SELECT {literal(inserted)}, business_id, {of}, account_id, amount FROM ledger_entry WHERE {some('ledger_entry')[0]}"
    )

    told = f"ledger_entry {inserted}" + (
        " is in no seal" if parent else f" of transaction {some('ledger_transaction')[1]}"
    )
    assert verify_books(books.pk).difference.startswith(told)


def test_the_newest_bookings_without_their_seal_are_found(till):
    till.sell(RAVI, 900)
    seal(till.business)
    change(f"DELETE FROM ledger_seal WHERE position = {SEALS + 1}")

    assert "is in no seal, and no job waits to seal it" in verify_books(till.business.pk).difference


def test_the_end_that_was_cut_off_whole_is_found_by_who_saw_it(till):
    before = verify_books(till.business.pk)
    till.sell(CustomerRef(card="NEW"), 900)
    seal(till.business)
    after = verify_books(till.business.pk)
    fact = latest("facts_fact")
    of_fact = f"fact_id = {literal(fact)}"
    booked = f"transaction_id IN (SELECT id FROM ledger_transaction WHERE {of_fact})"
    change(
        f"UPDATE ledger_account SET balance = 0 WHERE id IN (SELECT account_id FROM ledger_lot WHERE {booked})",
        f"DELETE FROM ledger_lot WHERE {booked}",
        f"DELETE FROM ledger_entry WHERE {booked}",
        f"DELETE FROM ledger_transaction WHERE {of_fact}",
        "DELETE FROM ledger_account WHERE balance = 0 AND kind = 'member'",
        *(
            f"DELETE FROM {table} WHERE {of_fact}"
            for table in ("programs_decision", "facts_line", "facts_factposition")
        ),
        f"DELETE FROM facts_fact WHERE id = {literal(fact)}",
        f"DELETE FROM ledger_seal WHERE position = {SEALS + 1}",
    )

    assert verify_books(till.business.pk).difference == ""
    seen = [Anchor(SEALS, before.chain_hash, "Monday"), Anchor(SEALS + 1, after.chain_hash, "Tuesday")]
    assert verify_books(till.business.pk, anchors=seen).difference == (
        f"the chain ends at place {SEALS}; Tuesday saw place {SEALS + 1}: the newest bookings were cut off"
    )


def test_a_chain_that_was_computed_anew_is_found_by_who_saw_the_old_one(books):
    anchor = Anchor(3, bytes(Seal.objects.get(business_id=books.pk, position=3).chain_hash).hex()[:16], "the backup")
    change("UPDATE ledger_transaction SET rule = 'mine'")
    payloads = list(Seal.objects.filter(business_id=books.pk).order_by("position").values_list("commit", flat=True))
    change("DELETE FROM ledger_seal")
    seal_commits(books.pk, payloads)

    assert verify_books(books.pk).difference == ""
    assert f"the backup saw {anchor.chain_hash}" in verify_books(books.pk, anchors=[anchor]).difference


def test_what_waits_for_its_seal_is_no_difference(till):
    till.sell(RAVI, 900)

    found = verify_books(till.business.pk)

    assert (found.difference, found.unsealed) == ("", 1)


def test_the_other_shop_is_still_right(books):
    other = Till(a_shop(name="Another"))
    other.sell(ASHA, 10_000)
    seal(other.business)
    change(
        f"UPDATE ledger_account SET balance = balance + 1 WHERE kind = 'member' AND business_id = {literal(books.pk)}"
    )

    assert verify_books(other.business.pk).is_right
    assert not verify_books(books.pk).is_right


def test_what_used_an_account_may_be_sealed_before_what_made_it():
    """Two web processes record at the same time, and the jobs of their commits come in either order."""
    till = Till(a_shop(name="Two tills"))
    seal(till.business)
    till.sell(ASHA, 10_000)
    till.sell(RAVI, 5_000)
    first, second = Job.objects.filter(kind="seal", business_id=till.business.pk).order_by("id")

    for job in (second, first):
        seal_commits(till.business.pk, [job.payload])
        job.delete()

    found = verify_books(till.business.pk)
    assert (found.difference, found.unsealed) == ("", 0)


def test_sealing_again_changes_nothing(books):
    before = verify_books(books.pk)

    payloads = Seal.objects.filter(business_id=books.pk).order_by("position").values_list("commit", flat=True)
    seal_commits(books.pk, list(payloads))

    assert verify_books(books.pk) == before


def test_an_accountant_computes_the_chain_from_the_exported_lines_alone(books):
    file = io.StringIO()
    assert export_seals(books, file) == SEALS
    columns, *lines = file.getvalue().splitlines()

    previous, digests, balances, places = bytes(32), [], {}, []
    of_entry = json.loads(columns)["ledger_entry"]
    for line in lines:
        table, *row = json.loads(line)
        if table == "seal":
            form, place, told = row
            head = f'["seal",{form},{place}]'.encode()
            previous = hashlib.sha256(previous + b"".join(digests) + head).digest()
            assert (form, previous.hex()) == (2, told)
            places.append(place)
            digests = []
        else:
            digests.append(hashlib.sha256(line.encode()).digest())
        if table == "ledger_entry":
            entry = dict(zip(of_entry, row, strict=True))
            balances[entry["account_id"]] = balances.get(entry["account_id"], 0) + entry["amount"]

    assert places == list(range(1, SEALS + 1))
    assert previous.hex() == verify_books(books.pk).chain_hash
    assert sorted(balances.values()) == [-310, 0, 10, 30, 110, 160]
