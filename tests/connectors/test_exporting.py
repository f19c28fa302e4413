# SPDX-License-Identifier: Apache-2.0
"""What goes out comes back in as it was."""

import csv
import io

import pytest

from connectors.builders import NOW, a_business, a_file, a_mapping
from regulars.connectors.actions import NewImport, run_import, start_run
from regulars.connectors.exporting import export_customers, export_orders, major_text
from regulars.connectors.presets import load_preset
from regulars.facts.models import Fact
from regulars.flow.receive import receive


def imported(business, path, mapping):
    wanted = NewImport(subject=mapping.subject, file_name="f", mapping=mapping, with_points=False)
    return run_import(start_run(business, path, wanted, now=NOW), receive=receive, now=NOW)


def exported(export, business):
    out = io.StringIO()
    count = export(business, out)
    return count, out.getvalue()


@pytest.mark.django_db
def test_customers_come_back_as_they_were(tmp_path):
    shop, twin = a_business(), a_business()
    header = "customer_id,card,phone,email,name,language,birthday,tags\n"
    rows = '1,C-1,9052099011;9223725746,a@example.com,=Asha,hi,1996-02-29,"vip, ""a, b"""\n2,,,,Ravi,,,\n'
    imported(shop, a_file(tmp_path, header + rows), load_preset("generic_customers"))

    count, text = exported(export_customers, shop)
    run = imported(twin, a_file(tmp_path, text, name="again.csv"), load_preset("generic_customers"))
    table = list(csv.DictReader(io.StringIO(text)))

    assert count == 2
    assert (table[0]["phone"], table[0]["name"]) == ("'+919052099011;+919223725746", "'=Asha")
    assert run.counts["outcomes"] == {"created": 2}
    without = ("id", "created_at")
    twins = list(csv.DictReader(io.StringIO(exported(export_customers, twin)[1])))
    assert [{k: v for k, v in row.items() if k not in without} for row in twins] == [
        {k: v for k, v in row.items() if k not in without} for row in table
    ]


@pytest.mark.django_db
def test_purchases_come_back_as_they_were(tmp_path):
    shop, twin = a_business(), a_business()
    lines = [
        "bill,date,item,qty,total,who,what",
        "1,2026-04-01 10:00,TEA,0.350,40.05,9052099011,",
        "1,2026-04-01 10:00,BUN,2,15,9052099011,",
        "2,2026-04-02,TEA,1,20,,",
        "3,2026-04-03,TEA,0.1,2,9052099011,return",
    ]
    imported(shop, a_file(tmp_path, "\n".join(lines)), a_mapping())

    count, text = exported(export_orders, shop)
    run = imported(twin, a_file(tmp_path, text, name="again.csv"), load_preset("generic_orders"))

    assert count == 3
    assert run.counts["outcomes"] == {"recorded": 3}
    columns = ("external_id", "kind", "total_minor", "occurred_at")
    assert list(Fact.objects.of(twin).order_by("external_id").values_list(*columns)) == list(
        Fact.objects.of(shop).order_by("external_id").values_list(*columns)
    )
    assert exported(export_orders, twin)[1].replace("generic_orders,", "till,") == text


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(0, "INR", "0.00"), (5, "INR", "0.05"), (-123450, "INR", "-1234.50"), (7, "JPY", "7"), (1, "KWD", "0.001")],
)
def test_amounts_in_major_units(minor, currency, text):
    assert major_text(minor, currency) == text
