# SPDX-License-Identifier: Apache-2.0
"""Importing through the pages: upload, mapping, rehearsal, the import itself, its errors."""

import random
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from regulars.connectors.actions import run_import
from regulars.connectors.models import ImportRun
from regulars.connectors.presets import preset_names
from regulars.connectors.runs import errors_of
from regulars.customers.models import Customer
from regulars.facts.models import Fact
from regulars.flow.receive import receive
from regulars.kernel.clock import utc_now
from regulars.outbox.models import Job
from regulars.tenancy.models import User
from regulars.tenancy.sender import Sender
from regulars.web.import_words import PRESETS
from regulars.work.handlers import HANDLERS
from regulars.work.kinds import Context
from web.cast import text_of

pytestmark = pytest.mark.django_db
CSV = """order,date,phone,name,product,qty,amount,marketing consent
1,2026-10-01,9820012345,Asha,Chai,1,50,yes
2,2026-10-02,9820099999,లలిత,Chai,2,100,no
3,2026-10-03,12,Nobody,Chai,1,10,yes
4,2026-10-04,9820099999,లలిత,Chai,-1,-50,yes
"""


def upload(browser, text: str = CSV, **more: str):
    file = SimpleUploadedFile("My sales 2026.csv", text.encode(), content_type="text/csv")
    return browser.post("/imports/new/", {"subject": "orders", "file": file, "preset": "", "with_points": "on", **more})


def chosen(page) -> dict[str, str]:
    selects = re.findall(r'(?s)<select name="([^"]+)"[^>]*>(.*?)</select>', page.content.decode())
    found = {name: re.search(r'value="([^"]*)" selected', options) for name, options in selects}
    return {name: value[1] for name, value in found.items() if value}


@pytest.fixture
def rehearsed(owner) -> str:
    address = upload(owner).headers["Location"]
    mapping = chosen(owner.get(address))
    return owner.post(address, mapping | {"source": "my-sales"}).headers["Location"]


def test_columns_are_understood_with_how_sure(owner):
    page = owner.get(upload(owner).headers["Location"])

    assert chosen(page) | {"column-order": "order", "column-time": "date", "column-customer_phone": "phone"} == chosen(
        page
    )
    assert "sure" in text_of(page)
    assert "Nobody consents by a file" in text_of(page)


def test_a_picture_is_refused_with_its_kind_and_what_to_do(owner):
    file = SimpleUploadedFile("sales.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", content_type="text/csv")

    page = owner.post("/imports/new/", {"subject": "orders", "file": file, "preset": ""})

    assert page.status_code == 422
    assert (
        "The file cannot be read: it is a picture (PNG), not a table. Save the list that it shows as CSV or XLSX."
        in text_of(page)
    )
    assert not ImportRun.objects.exists()


def test_purchases_bring_points_unless_somebody_says_otherwise(owner):
    boxes = re.findall('<input type="checkbox"[^>]*>', owner.get("/imports/new/").content.decode())

    assert [("with_points" in box, box.endswith(" checked>")) for box in boxes] == [(True, True)]


def test_every_known_shape_of_a_file_is_offered_in_the_language_in_use(owner):
    owner.post("/language/", {"language": "te", "next": "/"})
    page = text_of(owner.get("/imports/new/"))

    assert PRESETS.keys() == set(preset_names())
    assert "Shopify: కస్టమర్లు" in page
    assert "receipts" not in page


def test_a_file_of_something_else_leads_to_its_columns_and_says_what_is_missing(owner):
    people = "Name,Phone\nAsha,9876543210\n"

    page = owner.get(upload(owner, people).headers["Location"])

    assert page.status_code == 200
    assert "no column is named for any of Date" in text_of(page)
    assert "column-time" in page.content.decode()


def test_the_rehearsal_says_what_would_happen_and_does_nothing(owner, rehearsed):
    page = text_of(owner.get(rehearsed))

    assert "4 rows 2 purchases in the file 1 return in the file 1 row was not taken" in page
    assert "is not possible in IN" in page
    assert Fact.objects.filter(source="my-sales").count() == 0


def test_the_import_runs_in_the_background_once(shop, owner, rehearsed):
    for _ in range(2):
        owner.post(f"{rehearsed}start/")
    job = Job.objects.get(kind="import")
    assert "is being imported" in text_of(owner.get(rehearsed))
    waiting = owner.get(rehearsed, headers={"HX-Request": "true", "HX-Target": "state"})
    assert 'hx-trigger="every 2s"' in waiting.content.decode()

    run = ImportRun.objects.get(pk=job.payload["run"])
    run_import(run, receive=receive, now=utc_now())
    job.delete()

    done = owner.get(rehearsed, headers={"HX-Request": "true", "HX-Target": "state"})
    assert done.headers["HX-Refresh"] == "true"
    page = text_of(owner.get(rehearsed))
    assert "is imported: 4 rows" in page
    assert "3 recorded" in page
    assert Customer.objects.filter(business=shop.business).count() == 2
    errors = owner.get(f"{rehearsed}errors.csv")
    assert "attachment" in errors.headers["Content-Disposition"]
    assert b"12,Nobody" in b"".join(errors.streaming_content)


def test_returned_lines_without_a_sale_are_there_as_a_file(owner):
    sales = "order,date,phone,sku,qty,amount\n7,2026-10-03,9876543210,JALEBI,-1,-30\n"
    address = upload(owner, sales).headers["Location"]
    if "mapping" in address:
        columns = {"order": "order", "time": "date", "customer_phone": "phone", "sku": "sku", "quantity": "qty"}
        chosen = {f"column-{target}": name for target, name in (columns | {"amount": "amount"}).items()}
        address = owner.post(address, {"source": "x", **chosen}).headers["Location"]
    assert owner.get(f"{address}unmatched.csv").status_code == 404
    run_import(ImportRun.objects.get(), receive=receive, now=utc_now())

    assert "All of them as a file" in text_of(owner.get(address))
    listed = owner.get(f"{address}unmatched.csv")
    assert b"2,7,JALEBI,1,30.00,INR" in b"".join(listed.streaming_content)


def test_a_missing_column_is_named(owner):
    address = upload(owner).headers["Location"]

    answer = owner.post(address, {"column-order": "order", "source": "x"})

    assert answer.status_code == 422
    assert "no column is named for any of Date, or date and time (time)." in text_of(answer)


def test_what_is_wrong_with_rows_and_mappings_is_said_in_the_language_of_who_imports(shop, owner, rehearsed):
    User.objects.update(language="hi")
    owner.post(f"{rehearsed}start/")
    work = Job.objects.get(kind="import")
    HANDLERS["import"].run(Context(now=utc_now(), random=random.random, sender=Sender()), work)

    page = text_of(owner.get(rehearsed))
    mapping = text_of(owner.post(upload(owner).headers["Location"], {"column-order": "order", "source": "x"}))

    assert "फ़ोन नंबर IN में नहीं हो सकता" in page
    assert "इनमें से किसी के लिए कोई कॉलम नहीं दिया: " in mapping
    assert "no column" not in mapping


def test_a_file_that_cannot_be_read_is_refused_in_words(owner):
    answer = upload(owner, "")
    assert answer.status_code == 422
    pdf = upload(owner, "%PDF-1.7 and more")

    assert "old XLS workbook or a PDF" in text_of(pdf)
    assert ImportRun.objects.count() == 0


def test_a_file_without_a_row_is_refused_at_once(owner):
    answer = upload(owner, CSV.partition("\n")[0] + "\n\n")

    assert answer.status_code == 422
    assert "The file cannot be read: it has a header and no row below it." in text_of(answer)
    assert ImportRun.objects.count() == 0


def test_a_preset_for_something_else_is_refused(owner):
    answer = upload(owner, preset="shopify_customers")

    assert answer.status_code == 422
    assert "This preset reads customers" in text_of(answer)


def test_an_import_is_listed(owner, rehearsed):
    assert "My sales 2026.csv" in text_of(owner.get("/imports/"))


def test_a_renamed_file_is_refused_until_its_source_or_that_it_is_another_is_said(shop, owner):
    address = upload(owner).headers["Location"]
    mapping = chosen(owner.get(address))
    run_import_of(owner.post(address, mapping | {"source": "my-sales"}))
    again = upload(owner).headers["Location"]

    refused = owner.post(again, mapping | {"source": "other-name"})

    assert refused.status_code == 422
    assert "under the source “my-sales”. Under “other-name” they would be counted twice." in text_of(refused)
    assert 'value="other-name"' in refused.content.decode()
    assert 'name="other_purchases"' in refused.content.decode()
    assert owner.post(again, mapping | {"source": "my-sales"}).status_code == 302
    assert owner.post(again, mapping | {"source": "other-name", "other_purchases": "on"}).status_code == 302


def test_a_renamed_file_is_refused_without_a_rehearsal_too(shop, owner):
    address = upload(owner).headers["Location"]
    run_import_of(owner.post(address, chosen(owner.get(address)) | {"source": "my-sales"}))
    again = upload(owner).headers["Location"].removesuffix("mapping/")
    run = ImportRun.objects.get(state="uploaded")
    run.mapping["name"] = "other-name"
    run.save()

    refused = owner.post(f"{again}start/")

    assert refused.status_code == 422
    assert "under the source “my-sales”. Under “other-name” they would be counted twice." in text_of(refused)
    assert '<input type="checkbox" id="other-purchases" name="other_purchases">' in refused.content.decode()
    assert not Job.objects.filter(kind="import").exists()
    assert owner.post(f"{again}start/", {"other_purchases": "on"}).status_code == 302
    assert Job.objects.get(kind="import").payload == {"run": str(run.pk)}


def test_that_they_are_other_purchases_is_said_once(shop, owner):
    address = upload(owner).headers["Location"]
    mapping = chosen(owner.get(address))
    run_import_of(owner.post(address, mapping | {"source": "my-sales"}))
    again = upload(owner).headers["Location"]

    rehearsed = owner.post(again, mapping | {"source": "other-name", "other_purchases": "on"}).headers["Location"]

    assert '<input type="hidden" name="other_purchases" value="on">' in owner.get(rehearsed).content.decode()


def test_an_error_file_proposes_the_source_of_its_import(shop, owner):
    address = upload(owner).headers["Location"]
    mapping = chosen(owner.get(address))
    run = run_import_of(owner.post(address, mapping | {"source": "my-sales"}))
    errors = errors_of(run).read_text(encoding="utf-8-sig")

    for preset in ("", "generic_orders"):
        page = owner.get(upload(owner, errors, preset=preset).headers["Location"]).content.decode()
        assert 'name="source" value="my-sales"' in page


def run_import_of(response) -> ImportRun:
    run = ImportRun.objects.get(pk=response.headers["Location"].strip("/").rpartition("/")[2])
    return run_import(run, receive=receive, now=utc_now())
