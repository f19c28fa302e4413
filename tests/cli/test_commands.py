# SPDX-License-Identifier: Apache-2.0
"""What the commands do and say: a business is made whole or not at all, and metrics answer half a period."""

import json

import pytest
from click.testing import CliRunner, Result

from regulars.cli.commands import app
from regulars.cli.shops import NoSuchStore
from regulars.tenancy.actions import BadEmail
from regulars.tenancy.models import Business, Staff, Store

pytestmark = pytest.mark.django_db

PURCHASES = """order,date,sku,quantity,price,phone
A1,2026-01-05 10:00,TEA,2,4.50,07911123456
A2,2026-02-05 10:00,TEA,1,4.50,07911123456
A3,2026-02-09 10:00,TEA,1,4.50,07911123457
"""


def say(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def said(*words: str) -> str:
    result = say(*words)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.output


@pytest.fixture
def cafe(tmp_path):
    file = tmp_path / "purchases.csv"
    file.write_text(PURCHASES)
    said("createbusiness", "Corner Café", "--country", "GB")
    said("import", "orders", str(file))


def periods_of(output: str) -> set[str]:
    return {line.rpartition("   ")[2] for line in output.splitlines()}


def test_a_business_without_an_owner_is_never_made():
    refused = say("createbusiness", "Corner Café", "--country", "GB", "--email", "nobody")

    assert isinstance(refused.exception, BadEmail)
    assert (Business.objects.count(), Store.objects.count()) == (0, 0)

    output = said("createbusiness", "Corner Café", "--country", "GB", "--email", "asha@shop.example")

    assert output.startswith("Log in at http://localhost:8000 as asha@shop.example with the password ")
    assert [staff.user.email for staff in Staff.objects.filter(business=Business.objects.get())] == [
        "asha@shop.example"
    ]


def test_a_period_without_an_end_reaches_to_the_last_purchase(cafe):
    assert periods_of(said("metrics", "--from", "2026-02-01")) == {"2026-02-01 to 2026-02-10"}


def test_a_period_without_a_start_reaches_to_the_first_purchase(cafe):
    assert periods_of(said("metrics", "--to", "2026-02-06")) == {"2026-01-05 to 2026-02-06"}


def test_a_period_after_the_last_purchase_is_empty(cafe):
    assert periods_of(said("metrics", "--from", "2027-01-01")) == {"2027-01-01 to 2027-01-02"}


@pytest.mark.parametrize(
    "days", [("--from", "9999-12-31"), ("--to", "0001-01-01"), ("--from", "2026-01-01", "--to", "9999-01-01")]
)
def test_days_that_no_calendar_holds_are_refused(cafe, days):
    refused = say("metrics", *days)

    assert refused.exit_code == 2
    assert "Write days like 2026-01-31; --to is the day after the last one." in " ".join(refused.output.split())


def test_a_store_that_there_is_not_is_answered_with_those_there_are(cafe):
    refused = say("metrics", "--store", "nope")

    assert isinstance(refused.exception, NoSuchStore)
    assert refused.exception.message == "There is no store “nope”. There are: main."
    assert json.loads(said("metrics", "--store", "main", "--json"))
