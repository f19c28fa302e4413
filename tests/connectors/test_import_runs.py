# SPDX-License-Identifier: Apache-2.0
"""Whole imports: check, import, stop and go on, import again, correct the error file."""

import csv
import fcntl
from datetime import timedelta

import msgspec
import pytest

from connectors.builders import NOW, a_business, a_file, a_mapping
from regulars.cli.importing import Asked, import_file
from regulars.connectors import actions
from regulars.connectors.actions import (
    ImportStarted,
    NewImport,
    check_file,
    choose_mapping,
    erase_files,
    erase_old_files,
    run_import,
    start_run,
)
from regulars.connectors.mapping import BadMapping
from regulars.connectors.models import ImportRun
from regulars.connectors.presets import load_preset
from regulars.connectors.rows import UnreadableFile
from regulars.connectors.runs import ImportBusy, ImportFileGone, errors_of, folder_of, preview, unmatched_path
from regulars.customers.models import Customer
from regulars.facts.models import Fact, Line
from regulars.flow.receive import receive
from regulars.outbox.actions import enqueue
from regulars.tenancy.models import Business
from regulars.work.worker import Worker

pytestmark = pytest.mark.django_db

TILL = """bill,date,item,qty,total,who,what
1,2026-04-01,TEA,2,40,9052099011,
1,2026-04-01,BUN,1,15,9052099011,
2,2026-04-02,TEA,1,20,,
3,2026-04-03,TEA,1,20,9052099011,return
4,2026-04-03,TEA,1,=20,+919223725746,
5,2026-13-03,TEA,1,20,,
"""


@pytest.fixture
def shop():
    return a_business()


def a_run(business, path, **over):
    wanted = {"subject": "orders", "file_name": path.name, "mapping": a_mapping(), "with_points": False, **over}
    return start_run(business, path, NewImport(**wanted), now=NOW)


def imported(business, path, **over):
    return run_import(a_run(business, path, **over), receive=receive, now=NOW)


def facts_of(business):
    return list(Fact.objects.of(business).order_by("external_id").values_list("external_id", "kind", "total_minor"))


def test_an_import_counts_what_came_of_every_row(shop, tmp_path):
    run = imported(shop, a_file(tmp_path, TILL))

    assert (run.state, run.total_rows, run.done_rows) == (ImportRun.State.DONE, 6, 6)
    assert run.counts["items"] == {"order": 2, "return": 1}
    assert run.counts["outcomes"] == {"recorded": 3}
    assert run.counts["errors"] == {"bad_number": 1, "bad_date": 1}
    assert facts_of(shop) == [("1", "order", 5500), ("2", "order", 2000), ("3", "return", -2000)]
    assert Customer.objects.of(shop).count() == 1


def test_a_check_counts_the_same_and_writes_nothing(shop, tmp_path):
    seen = []

    tally = check_file(a_file(tmp_path, TILL), a_mapping(), shop, now=NOW, progress=seen.append)

    assert (tally.rows, tally.items, tally.error_rows) == (6, {"order": 2, "return": 1}, 2)
    assert [(error.row, error.code) for error in tally.first_errors] == [(6, "bad_number"), (7, "bad_date")]
    assert (seen[-1].done_rows, seen[-1].total_rows) == (6, 6)
    assert facts_of(shop) == []


def test_a_check_refuses_what_the_import_refuses_of_a_purchase_by_itself(shop, tmp_path):
    columns = {**msgspec.to_builtins(a_mapping())["columns"], "store": {"column": "where"}}
    mapping = a_mapping(columns=columns)
    path = a_file(
        tmp_path,
        "bill,date,item,qty,total,who,what,where\n1,2026-11-22 15:35,TEA,1,20,,,\n2,2026-11-22 15:36,TEA,1,20,,,\n"
        "3,1969-04-01,TEA,1,20,,,\n4,2026-04-01,TEA,1,20,,,EAST\n",
    )

    tally = check_file(path, mapping, shop, now=NOW)
    run = imported(shop, path, mapping=mapping)

    assert (tally.outcomes, run.counts["outcomes"]) == ({"refused": 3}, {"recorded": 1, "refused": 3})
    assert tally.errors == {"time_in_future": 1, "time_too_early": 1, "unknown_store": 1}
    assert (tally.errors, msgspec.to_builtins(tally.first_errors)) == (run.counts["errors"], run.counts["first_errors"])
    assert facts_of(shop) == [("1", "order", 2000)]


def test_rows_whose_amount_is_taken_off_are_told_with_number_and_amount(shop, tmp_path, capsys):
    path = a_file(tmp_path, "order,date,sku,quantity,unit price\n1,2026-04-01,TEA,2,20\n1,2026-04-01,COUPON,1,-15\n")

    tally = import_file(shop, "orders", path, Asked(with_points=False))

    assert (tally.negative_rows, tally.first_negative) == (1, [(3, -1500)])
    assert "1 row has a negative amount, taken off the purchase: row 3: -15.00\n" in capsys.readouterr().out
    assert facts_of(shop) == [("1", "order", 2500)]


def test_importing_again_changes_nothing(shop, tmp_path):
    path = a_file(tmp_path, TILL)
    imported(shop, path)
    before = facts_of(shop), Line.objects.of(shop).count()

    again = imported(shop, path)

    assert again.counts["outcomes"] == {"repeated": 3}
    assert (facts_of(shop), Line.objects.of(shop).count()) == before


def test_the_error_file_is_the_same_rows_with_reasons_safe_to_open_and_fit_to_read_again(shop, tmp_path):
    run = imported(shop, a_file(tmp_path, TILL))
    rows = list(csv.reader(errors_of(run).read_text(encoding="utf-8-sig").splitlines()))

    assert rows[0] == [
        "import_row",
        "import_reason",
        "import_source",
        "bill",
        "date",
        "item",
        "qty",
        "total",
        "who",
        "what",
    ]
    assert rows[1][0] == "6"
    assert rows[1][1].startswith("“=20” in column “total” is not a number")
    assert rows[1][2:] == ["till", "4", "2026-04-03", "TEA", "1", "'=20", "'+919223725746", ""]

    corrected = errors_of(run).read_text(encoding="utf-8-sig").replace("'=20", "20")
    second = imported(shop, a_file(tmp_path, corrected, name="errors.csv"))

    assert second.counts["outcomes"] == {"recorded": 1}
    assert next(csv.reader(errors_of(second).read_text(encoding="utf-8-sig").splitlines())) == rows[0]
    assert [external_id for external_id, _, _ in facts_of(shop)] == ["1", "2", "3", "4"]


def test_a_killed_import_goes_on_without_a_second_copy(shop, tmp_path, capsys):
    path = a_file(tmp_path, TILL)
    mapping = tmp_path / "till.json"
    mapping.write_bytes(msgspec.json.encode(a_mapping()))
    begun = a_run(shop, path)
    copies = sorted(folder_of(begun).parent.iterdir())
    ImportRun.objects.of(shop).filter(pk=begun.pk).update(state=ImportRun.State.RUNNING)

    tally = import_file(shop, "orders", path, Asked(mapping=str(mapping), with_points=False))

    assert tally.outcomes == {"recorded": 3}
    assert "Going on with the import begun 2026-11-22 10:00 UTC at row 1." in capsys.readouterr().out
    assert list(ImportRun.objects.of(shop).values_list("pk", "state")) == [(begun.pk, ImportRun.State.DONE)]
    assert sorted(folder_of(begun).parent.iterdir()) == copies


def test_what_the_path_refuses_is_in_the_error_file(shop, tmp_path):
    imported(shop, a_file(tmp_path, TILL))

    changed = imported(shop, a_file(tmp_path, TILL.replace("BUN,1,15", "BUN,1,16")))

    assert changed.counts["outcomes"] == {"refused": 1, "repeated": 2}
    assert changed.counts["errors"]["key_reused"] == 2
    assert "new id or revision. The lines are others: products, quantities or amounts." in errors_of(changed).read_text(
        encoding="utf-8-sig"
    )


def test_returned_lines_without_a_sale_are_listed(shop, tmp_path):
    run = imported(
        shop, a_file(tmp_path, "bill,date,item,qty,total,who,what\n9,2026-04-01,SOAP,2,40,9052099011,return\n")
    )

    assert run.counts["unmatched_lines"] == 1
    assert run.counts["first_unmatched"] == [{"row": 2, "sku": "SOAP", "quantity_milli": 2000, "amount_minor": 4000}]


def test_returned_lines_without_a_sale_are_listed_whole_however_often_the_import_stopped(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(actions, "CHUNK_ITEMS", 60)
    lines = "".join(f"R{bill},2026-04-01,SOAP,2,40.50,9052099011,return\n" for bill in range(120))
    run = a_run(shop, a_file(tmp_path, f"bill,date,item,qty,total,who,what\n{lines}"))
    left = [1]

    def receive_then_stop(*args, **kwargs):
        if not left[0]:
            raise Stopped
        left[0] -= 1
        return receive(*args, **kwargs)

    with pytest.raises(Stopped):
        run_import(run, receive=receive_then_stop, now=NOW)
    with unmatched_path(run).open("ab") as file:
        file.write(b"torn row that was never committed")
    done = run_import(ImportRun.objects.get(pk=run.pk), receive=receive, now=NOW)

    header, *rows = csv.reader(unmatched_path(run).read_text(encoding="utf-8-sig").splitlines())
    assert header == ["import_row", "return", "sku", "quantity", "amount", "currency"]
    assert rows == [[str(bill + 2), f"R{bill}", "SOAP", "2", "40.50", "INR"] for bill in range(120)]
    assert (done.counts["unmatched_lines"], len(done.counts["first_unmatched"])) == (120, 100)


def test_all_reasons_stand_in_the_error_file_and_are_counted(shop, tmp_path):
    run = imported(shop, a_file(tmp_path, "bill,date,item,qty,total,who,what\n9,2026-13-01,SOAP,2,4x,,\n"))

    (row,) = list(csv.reader(errors_of(run).read_text(encoding="utf-8-sig").splitlines()))[1:]
    assert ("in column “date”" in row[1], "in column “total”" in row[1]) == (True, True)
    assert (run.counts["errors"], run.counts["error_rows"]) == ({"bad_date": 1, "bad_number": 1}, 1)


class Stopped(Exception):
    """The process is killed."""


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_an_import_stopped_anywhere_goes_on_with_exact_counts(shop, tmp_path, monkeypatch, calls):
    monkeypatch.setattr(actions, "CHUNK_ITEMS", 2)
    lines = "".join(f"{bill},2026-04-01,TEA,{'x' if bill % 3 == 0 else 1},20,,\n" for bill in range(1, 12))
    run = a_run(shop, a_file(tmp_path, f"bill,date,item,qty,total,who,what\n{lines}"))
    left = [calls]

    def receive_then_stop(*args, **kwargs):
        if not left[0]:
            raise Stopped
        left[0] -= 1
        return receive(*args, **kwargs)

    with pytest.raises(Stopped):
        run_import(run, receive=receive_then_stop, now=NOW)
    halfway = ImportRun.objects.get(pk=run.pk)
    assert halfway.state == ImportRun.State.RUNNING
    assert 0 < halfway.done_rows < 11
    with (folder_of(run) / "errors.csv").open("ab") as file:
        file.write(b"torn row that was never committed")
    (folder_of(run) / "scratch").mkdir()
    done = run_import(halfway, receive=receive, now=NOW)

    assert (done.state, done.done_rows, done.counts["outcomes"], done.counts["error_rows"]) == (
        ImportRun.State.DONE,
        11,
        {"recorded": 8},
        3,
    )
    assert [row[0] for row in csv.reader(errors_of(run).read_text(encoding="utf-8-sig").splitlines())] == [
        "import_row",
        "4",
        "7",
        "10",
    ]
    assert Fact.objects.of(shop).count() == 8
    assert sorted(path.name for path in folder_of(run).iterdir()) == ["errors.csv", "file", "lock"]


def test_a_finished_run_stays_as_it_is(shop, tmp_path):
    run = imported(shop, a_file(tmp_path, TILL))

    assert run_import(run, receive=None, now=NOW).counts["outcomes"] == {"recorded": 3}


def test_two_processes_cannot_work_on_one_run(shop, tmp_path):
    run = a_run(shop, a_file(tmp_path, TILL))
    with (folder_of(run) / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        with pytest.raises(ImportBusy):
            run_import(run, receive=receive, now=NOW)

    assert facts_of(shop) == []


def test_a_file_that_does_not_fit_ends_the_run_with_the_reason(shop, tmp_path):
    run = a_run(shop, a_file(tmp_path, TILL.replace("bill,", "Bill,")))

    with pytest.raises(BadMapping):
        run_import(run, receive=receive, now=NOW)

    run.refresh_from_db()
    assert run.state == ImportRun.State.FAILED
    assert run.problem.startswith("The mapping cannot be used: the file has no column “bill”")


def test_the_wizard_uploads_looks_maps_checks_and_imports(shop, tmp_path):
    path = a_file(tmp_path, TILL)
    seen = preview(path, "orders")
    run = a_run(shop, path, mapping=None)

    choose_mapping(run, a_mapping())
    tally = actions.check_run(run, now=NOW)
    checked = ImportRun.objects.get(pk=run.pk)
    assert (checked.state, checked.total_rows, tally.error_rows) == (ImportRun.State.CHECKED, 6, 2)
    done = run_import(checked, receive=receive, now=NOW)

    assert (seen.header[0], len(seen.sample), seen.description) == ("bill", 6, "text, utf-8, comma")
    assert {proposal.target for proposal in seen.proposals} >= {"order", "time", "amount", "quantity"}
    assert done.counts["outcomes"] == {"recorded": 3}
    with pytest.raises(ImportStarted):
        choose_mapping(done, a_mapping())
    with pytest.raises(BadMapping, match="it reads customers"):
        choose_mapping(run, load_preset("generic_customers"))


def test_a_name_of_a_file_is_never_a_path(shop, tmp_path):
    run = a_run(shop, a_file(tmp_path, TILL), file_name="../../../etc/passwd\0.csv")

    assert folder_of(run).name == str(run.pk)
    assert sorted(path.name for path in folder_of(run).iterdir()) == ["file"]
    assert run.file_name == "../../../etc/passwd.csv"


def test_erased_files_are_gone_and_the_counts_stay_without_rows(shop, tmp_path):
    run = imported(shop, a_file(tmp_path, TILL))

    erase_files(run)

    run.refresh_from_db()
    assert not folder_of(run).exists()
    assert (run.counts["outcomes"], run.counts["first_errors"]) == ({"recorded": 3}, [])
    with pytest.raises(ImportFileGone):
        run_import(a_gone_run(run), receive=receive, now=NOW)


@pytest.mark.parametrize(
    ("state", "days", "is_kept"),
    [
        (ImportRun.State.UPLOADED, 6, True),
        (ImportRun.State.UPLOADED, 8, False),
        (ImportRun.State.CHECKED, 8, False),
        (ImportRun.State.DONE, 29, True),
        (ImportRun.State.DONE, 31, False),
        (ImportRun.State.FAILED, 31, False),
        (ImportRun.State.RUNNING, 29, True),
        (ImportRun.State.RUNNING, 31, False),
    ],
)
def test_files_that_nobody_needs_any_more_are_erased_at_night(shop, tmp_path, state, days, is_kept):
    run = a_run(shop, a_file(tmp_path, TILL))
    ended = NOW if state in {ImportRun.State.DONE, ImportRun.State.FAILED} else None
    ImportRun.objects.filter(pk=run.pk).update(state=state, started_at=NOW, finished_at=ended)
    later = NOW + timedelta(days=days)
    enqueue("uploads", {}, now=later, business_id=shop.pk)

    assert Worker(clock=lambda: later).long_step() == 1

    assert folder_of(run).exists() == is_kept
    assert ImportRun.objects.get(pk=run.pk).state == state


def test_what_is_being_worked_on_is_not_erased(shop, tmp_path):
    run = a_run(shop, a_file(tmp_path, TILL))
    with (folder_of(run) / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        erase_old_files(shop, now=NOW + timedelta(days=400))

    assert folder_of(run).exists()


def a_gone_run(run):
    ImportRun.objects.filter(pk=run.pk).update(state=ImportRun.State.RUNNING)
    folder_of(run).mkdir()
    return ImportRun.objects.get(pk=run.pk)


def test_a_missing_file_leaves_nothing_behind(shop, tmp_path):
    before = {path.name for path in folder_of(ImportRun(business=shop)).parent.glob("*")}

    with pytest.raises(FileNotFoundError):
        a_run(shop, tmp_path / "nothing.csv")

    assert ImportRun.objects.of(shop).count() == 0
    assert {path.name for path in folder_of(ImportRun(business=shop)).parent.glob("*")} == before


def test_businesses_do_not_meet(shop, tmp_path):
    other = a_business(name="Other")
    path = a_file(tmp_path, TILL)

    imported(shop, path)
    imported(other, path)

    assert facts_of(shop) == facts_of(other)
    assert Business.objects.count() == 2


def test_customers_are_made_changed_and_left_alone(shop, tmp_path):
    header = "customer_id,card,phone,email,name,language,birthday,tags\n"
    mapping = load_preset("generic_customers")
    first = a_file(
        tmp_path, header + "1,,9052099011,,Asha,hi,1996-02-29,vip\n2,,,ravi@example.com,Ravi,te,,\n3,,12,,Nobody,,,\n"
    )
    second = a_file(
        tmp_path, header + "1,,9052099011,,Asha,hi,1996-02-29,vip\n2,,,ravi@example.com,Ravi Varma,te,,\n", name="2.csv"
    )

    made = imported(shop, first, subject="customers", mapping=mapping)
    again = imported(shop, second, subject="customers", mapping=mapping)

    assert made.counts["outcomes"] == {"created": 2}
    assert made.counts["errors"] == {"bad_phone_cell": 1}
    assert again.counts["outcomes"] == {"unchanged": 1, "updated": 1}
    assert sorted(Customer.objects.of(shop).values_list("name", flat=True)) == ["Asha", "Ravi Varma"]


def test_products_are_made_and_left_alone(shop, tmp_path):
    path = a_file(tmp_path, "sku,name,category\nTEA,Masala tea,drinks\n,Nameless,\n")
    mapping = load_preset("generic_products")

    made = imported(shop, path, subject="products", mapping=mapping)
    again = imported(shop, path, subject="products", mapping=mapping)

    assert (made.counts["outcomes"], made.counts["errors"]) == ({"created": 1}, {"empty_cell": 1})
    assert again.counts["outcomes"] == {"unchanged": 1}


def test_a_broken_file_can_be_uploaded_but_not_imported(shop, tmp_path):
    run = a_run(shop, a_file(tmp_path, ""))

    with pytest.raises(UnreadableFile, match="it is empty"):
        run_import(run, receive=receive, now=NOW)
