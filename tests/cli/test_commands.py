# SPDX-License-Identifier: Apache-2.0
"""What the commands do and say: a business is made whole or not at all, and metrics answer half a period."""

import json

import pytest
from click.testing import CliRunner, Result

from ledger.tampering import change
from regulars.cli.commands import app
from regulars.cli.shops import BusinessNeeded, NameTaken, NoSuchStore
from regulars.cli.usage import WrongAnchor, WrongPeriod
from regulars.kernel.clock import utc_now
from regulars.tenancy.actions import BadEmail, BadScope, create_business
from regulars.tenancy.models import ApiKey, Business, Staff, Store
from regulars.work.kept_backups import keep_backup
from shop import NOON

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


@pytest.mark.xdist_group("served")
def test_verify_compares_with_the_kept_backups_and_with_what_is_expected(cafe, tmp_path, settings):
    settings.HOME = tmp_path / "home"
    settings.HOME.mkdir()
    told = said("verify")
    head = told.strip().rpartition("Chain ")[2]
    assert head.startswith("1:")
    keep_backup(now=NOON)

    assert said("verify") == told == said("verify", "--expect", head)
    assert isinstance(say("verify", "--expect", "yesterday").exception, WrongAnchor)
    longer = say("verify", "--expect", "2:0123456789abcdef")
    assert (longer.exit_code, longer.output) == (
        1,
        "Corner Café: WRONG: the chain ends at place 1; --expect saw place 2: the newest bookings were cut off\n",
    )
    other = say("verify", "--expect", "1:0123456789abcdef")
    assert other.output.endswith("--expect saw 0123456789abcdef\n")

    change("DELETE FROM ledger_seal")
    assert say("verify").output == (
        "Corner Café: WRONG: the chain ends at place 0; the backup of 2026-03-02 06:30 saw place 1: the newest bookings were cut off\n"
    )


def test_a_period_without_an_end_reaches_to_the_last_purchase(cafe):
    assert periods_of(said("metrics", "--from", "2026-02-01")) == {"2026-02-01 to 2026-02-10"}


def test_a_period_without_a_start_is_the_year_before_its_end(cafe):
    result = say("metrics", "--to", "2026-02-06", "--json")

    assert result.stderr == "Without --from: the 365 days before 2026-02-06.\n"
    assert json.loads(result.stdout)["active_customers"]["value"] == 1
    assert periods_of(say("metrics", "--to", "2026-02-06").stdout) == {"2025-02-06 to 2026-02-06"}


def test_retention_of_a_period_without_a_start_compares_two_years(tmp_path, cafe):
    earlier = tmp_path / "earlier.csv"
    earlier.write_text(
        "order,date,sku,quantity,price,phone\nB1,2024-12-05 10:00,TEA,1,4.50,07911123456\n"
        "B2,2024-12-06 10:00,TEA,1,4.50,07911123458\n"
    )
    said("import", "orders", str(earlier))

    assert json.loads(say("metrics", "--to", "2026-02-06", "--json").stdout)["retention_rate"] == {
        "value": 0.5,
        "numerator": 1,
        "denominator": 2,
    }


def test_a_period_after_the_last_purchase_is_empty(cafe):
    assert periods_of(said("metrics", "--from", "2027-01-01")) == {"2027-01-01 to 2027-01-02"}


@pytest.mark.parametrize(
    "days", [("--from", "9999-12-31"), ("--to", "0001-01-01"), ("--from", "2026-01-01", "--to", "9999-01-01")]
)
def test_days_that_no_calendar_holds_are_refused(cafe, days):
    refused = say("metrics", *days)

    assert isinstance(refused.exception, WrongPeriod)
    assert "--to is the day after the last one" in refused.exception.message


def test_a_day_is_written_year_first(cafe):
    refused = say("metrics", "--from", "01/02/2026")

    assert refused.exception.message == "“01/02/2026” is not a day. Write days like 2026-01-31."


def test_an_export_to_a_dash_is_printed(cafe):
    assert said("export", "orders", "--out", "-") == said("export", "orders")


def test_a_second_business_of_a_name_is_refused():
    said("createbusiness", "Corner Café", "--country", "GB")

    refused = say("createbusiness", "corner  café", "--country", "IN")

    key = Business.objects.get().pk
    assert isinstance(refused.exception, NameTaken)
    assert refused.exception.message == (
        f"There is a business “Corner Café” already, with the key {key}. Choose another name."
    )


def test_twins_that_are_there_are_told_apart_by_their_keys():
    first, second = (create_business("Twin", country=country, now=utc_now()) for country in ("GB", "IN"))

    refused = say("export", "customers", "--business", "twin")

    assert isinstance(refused.exception, BusinessNeeded)
    assert refused.exception.message == (
        f"Say which business with --business. There are: Twin ({first.pk}), Twin ({second.pk})."
    )
    assert set(json.loads(said("verify", "--json"))) == {f"Twin ({first.pk})", f"Twin ({second.pk})"}
    assert said("verify", "--business", str(second.pk)).startswith("Twin: right.")


def test_a_key_is_made_and_opens_what_its_scopes_say(cafe, client):
    token = said("createkey", "--scopes", "customers:read, events:read", "--name", "till").strip()

    key = ApiKey.objects.get()
    assert (key.name, key.scopes) == ("till", ["customers:read", "events:read"])
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    assert client.get("/api/v1/events", **bearer).status_code == 200
    assert client.get("/api/v1/program", **bearer).status_code == 403


def test_a_key_with_an_unknown_scope_is_not_made(cafe):
    assert isinstance(say("createkey", "--scopes", "everything").exception, BadScope)
    assert ApiKey.objects.count() == 0


def test_a_store_that_there_is_not_is_answered_with_those_there_are(cafe):
    refused = say("metrics", "--store", "nope")

    assert isinstance(refused.exception, NoSuchStore)
    assert refused.exception.message == "There is no store “nope”. There are: main."
    assert json.loads(said("metrics", "--store", "main", "--json"))
