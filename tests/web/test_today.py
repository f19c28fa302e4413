# SPDX-License-Identifier: Apache-2.0
"""The first page in the morning: how it goes, whom to greet, what ends soon, what waits for a hand."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from regulars.connectors.models import ImportRun
from regulars.connectors.runs import folder_of
from regulars.customers.models import Customer
from regulars.flow.intake import CustomerRef, Enrolment, Intake, Order, OrderLine, Redemption
from regulars.flow.receive import receive
from regulars.kernel.clock import end_of_day, end_of_month, local_day, utc_now
from regulars.ledger.models import Lot
from regulars.outbox.actions import enqueue
from regulars.outbox.models import Job
from regulars.programs.actions import save_draft
from regulars.programs.models import Membership
from regulars.rewards.actions import OfferTerms, create_offer
from regulars.tenancy.actors import SYSTEM
from regulars.ui import format as write
from regulars.work.kept_backups import keep_backup
from web.cast import ASHA, PROGRAM, Shop, a_browser, a_shop, text_of

pytestmark = pytest.mark.django_db
WHO = CustomerRef(phone=ASHA)
BINA = CustomerRef(phone="+919820099999", name="Bina")


@pytest.fixture(autouse=True)
def home(tmp_path, settings) -> None:
    settings.HOME = tmp_path
    (tmp_path / "secret.key").write_text(settings.SECRET_KEY)


def happens(shop: Shop, *intakes: tuple[type[Intake], int, CustomerRef | None, dict[str, object]]) -> None:
    """Receive intakes of so many days ago."""
    now = utc_now()
    made = [
        kind(source="till", external_id=f"T{n}", occurred_at=now - timedelta(days=days), customer=who, **more)
        for n, (kind, days, who, more) in enumerate(intakes)
    ]
    assert [receipt.refusal for receipt in receive(shop.business, made, now=now)] == [None] * len(made)


def bill(minor: int) -> dict[str, object]:
    return {"lines": [OrderLine(sku="C1", amount_minor=minor)]}


def an_import(shop: Shop, name: str, *, state: str = "done", digest: bytes = b"", **counts: object) -> ImportRun:
    """Record an import with what came of it, its files kept."""
    common = {"business": shop.business, "subject": "orders", "created_at": utc_now()}
    run = ImportRun.objects.create(
        **common, file_name=name, file_digest=digest or name.encode(), state=state, counts=counts
    )
    folder_of(run).mkdir(parents=True)
    return run


def test_the_figures_of_yesterday_of_seven_days_and_of_the_seven_before(shop, owner):
    happens(
        shop,
        (Order, 1, WHO, bill(5_000)),
        (Order, 1, None, bill(3_000)),
        (Enrolment, 3, BINA, {}),
        (Order, 3, BINA, bill(20_000)),
        (Order, 0, WHO, bill(99_900)),
        (Redemption, 1, WHO, {"offer": "chai"}),
    )

    page = text_of(owner.get("/"))

    assert page.count("Yesterday 2 purchases for ₹80") == 1
    assert (
        "What Today so far Yesterday 7 days 7 days before "
        "Sales, less returns ₹999 ₹80 ₹280 ₹100 "
        "Purchases 1 2 3 1 "
        "Purchases by members 100% 50% 67% 100% "
        "Points earned 999 50 270 120 "
        "Points spent 0 40 40 0 "
        "New members 0 0 1 1"
    ) in page


def test_the_first_purchases_of_a_week_are_told_on_their_day(shop, owner):
    assert "Nothing was sold in the last seven days" in text_of(owner.get("/"))

    happens(shop, (Order, 0, WHO, bill(5_000)))

    assert "Today so far 1 purchase for ₹50" in text_of(owner.get("/"))


def test_who_joined_counts_on_the_local_day(shop, owner):
    """In Pune 18:30 UTC is midnight: a second earlier is the day before."""
    moments = ("11-12T18:29:59", "11-12T18:30:00", "11-19T18:29:59", "11-19T18:30:00", "11-25T18:29:59")
    moments += ("11-25T18:30:00", "11-26T18:29:59", "11-26T18:30:00")
    Membership.objects.filter(pk=shop.asha.pk).update(enrolled_at="2026-01-01T00:00:00+00:00")
    made = [
        Enrolment(
            source="till",
            external_id=moment,
            occurred_at=datetime.fromisoformat(f"2026-{moment}+00:00"),
            customer=CustomerRef(card=f"CARD{number}"),
        )
        for number, moment in enumerate(moments)
    ]
    at = datetime.fromisoformat("2026-11-27T06:00:00+00:00")
    assert [receipt.refusal for receipt in receive(shop.business, made, now=at)] == [None] * 8

    with time_machine.travel(at):
        page = text_of(a_browser(shop.business, "owner", "Ravi").get("/"))

    assert "New members 1 2 4 2" in page


def test_a_cashier_reads_no_figures_but_whom_to_greet(shop, owner):
    today = local_day(utc_now(), ZoneInfo("Asia/Kolkata"))
    Customer.objects.filter(pk=shop.asha.pk).update(birthday=today.replace(year=1996))
    happens(shop, (Order, 1, WHO, bill(5_000)))

    page = text_of(a_browser(shop.business, "cashier", "Ravi").get("/"))

    assert "To greet Asha Kulkarni Birthday today" in page
    assert "₹" not in page
    assert "There is no backup yet" not in page


@pytest.mark.parametrize(("year", "is_greeted"), [(2027, True), (2028, False)])
def test_who_was_born_on_a_leap_day_is_greeted_on_the_28th_where_there_is_no_29th(shop, year, is_greeted):
    Customer.objects.filter(pk=shop.asha.pk).update(birthday="1996-02-29")

    with time_machine.travel(f"{year}-02-28T06:00:00+00:00"):
        assert ("Birthday today" in text_of(a_browser(shop.business).get("/"))) is is_greeted


def test_what_ends_soon_is_named_with_its_last_day(shop, owner):
    now, zone = utc_now(), ZoneInfo("Asia/Kolkata")
    terms = OfferTerms(code="tea", name={"en": "Tea for two"}, kind="perk", value={}, price=40, valid_days=3)
    create_offer(shop.business, terms, actor=SYSTEM, now=now)
    happens(shop, (Redemption, 0, WHO, {"offer": "tea"}))
    month = end_of_month(local_day(now, zone))
    Lot.objects.filter(remaining__gt=0).update(expires_at=end_of_day(month, zone))

    page = text_of(owner.get("/"))
    record = text_of(owner.get(f"/customers/{shop.asha.pk}/"))

    last = write.day(local_day(now, zone) + timedelta(days=3), "en")
    assert f"Ending soon Tea for two Asha Kulkarni · through {last}" in page
    assert f"80 points of 1 member can be used through {write.day(month, 'en')}" in page
    assert f"through {last}" in record
    assert f"80 points through {write.day(month, 'en')}" in record


def test_what_waits_for_a_hand_leads_to_where_one_acts(shop, owner):
    now = utc_now()
    key = enqueue("insights", {"subjects": []}, now=now, business_id=shop.business.pk)
    Job.objects.filter(pk=key).update(state=Job.State.DEAD)
    save_draft(shop.business, PROGRAM, actor=SYSTEM, now=now)
    run = an_import(shop, "sales.csv", error_rows=3, unmatched_lines=2, outcomes={"recorded": 9})
    an_import(shop, "whole.csv", error_rows=0)
    an_import(shop, "again.csv", error_rows=0, unmatched_lines=2, outcomes={"repeated": 9})

    answer = owner.get("/")

    assert (
        "To do 1 job failed for good There is no backup yet "
        "sales.csv: 3 rows not taken, 2 returned lines without a known sale Throw the file away "
        "A draft of the program waits to be published today"
    ) in text_of(answer)
    for address in ("/settings/jobs/", "/settings/backups/", f"/imports/{run.pk}/", "/program/draft/"):
        assert f'<div class="row-title"><a href="{address}">' in answer.content.decode()


def test_what_an_import_leaves_to_do_ends_with_its_file(shop, owner):
    keep_backup(now=utc_now())
    Job.objects.all().delete()
    done, waiting = an_import(shop, "sales.csv", error_rows=3), an_import(shop, "left.csv", state="uploaded")
    failed = an_import(shop, "torn.csv", state="failed")
    key = enqueue("import", {"run": str(failed.pk)}, now=utc_now(), business_id=shop.business.pk)
    Job.objects.filter(pk=key).update(state=Job.State.DEAD)
    an_import(shop, "busy.csv", state="running", error_rows=1)
    page = text_of(owner.get("/"))
    assert "torn.csv could not be read to its end Throw the file away left.csv is ready to be imported Throw" in page
    assert "sales.csv: 3 rows not taken" in page

    for run in (done, waiting, failed):
        answer = owner.post(f"/imports/{run.pk}/discard/")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")

    assert "Throw the file away" not in text_of(owner.get("/"))
    assert not any(folder_of(run).exists() for run in (done, waiting, failed))
    assert set(ImportRun.objects.values_list("file_name", flat=True)) == {"sales.csv", "torn.csv", "busy.csv"}


def test_a_file_brought_again_is_told_of_once(shop, owner):
    for name in ("first.csv", "second.csv"):
        an_import(shop, name, digest=b"same", error_rows=3)

    page = text_of(owner.get("/"))

    assert ("second.csv: 3 rows" in page, "first.csv" in page) == (True, False)


def test_an_import_under_way_is_not_thrown_away(shop, owner):
    run = an_import(shop, "left.csv", state="uploaded")
    enqueue("import", {"run": str(run.pk)}, now=utc_now(), business_id=shop.business.pk)

    answer = owner.post(f"/imports/{run.pk}/discard/")

    assert answer.headers["Location"] == f"/imports/{run.pk}/"
    assert folder_of(run).is_dir()


def test_with_nothing_to_do_nothing_is_said(shop, owner):
    keep_backup(now=utc_now())
    Job.objects.all().delete()

    assert "To do" not in text_of(owner.get("/"))


def test_work_that_stands_still_is_told(shop, owner):
    Job.objects.filter(business_id=shop.business.pk).update(run_at=utc_now() - timedelta(hours=2))

    assert "Background work stands still since" in text_of(owner.get("/"))


def test_nothing_of_another_shop_is_counted(shop):
    happens(shop, (Order, 1, WHO, bill(5_000)))

    page = text_of(a_browser(a_shop("Another"), name="Lata").get("/"))

    assert "Nothing was sold in the last seven days" in page
    assert "Purchases 0 0 0 0 Purchases by members n/a n/a n/a n/a Points earned 0 0 0 0" in page
