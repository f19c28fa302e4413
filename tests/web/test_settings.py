# SPDX-License-Identifier: Apache-2.0
"""Settings: stores, staff, keys, webhooks, jobs, and the trace of it all; and the first page."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

import regulars
from outbox.simultaneous import at_the_same_time
from regulars.kernel.clock import utc_now
from regulars.outbox.actions import enqueue
from regulars.outbox.models import Event, Job
from regulars.tenancy.access import authenticate_token
from regulars.tenancy.actions import hire
from regulars.tenancy.actors import SYSTEM
from regulars.tenancy.models import ApiKey, AuditEntry, Staff, Store, WebhookDelivery, WebhookEndpoint
from regulars.web.audit_words import FIELDS
from regulars.work.kept_backups import keep_backup, kept_backups
from web.cast import PASSWORD, a_browser, a_shop, text_of, value_of

pytestmark = pytest.mark.django_db


def test_a_store_is_added_and_closed(shop, owner):
    owner.post("/settings/stores/new/", {"name": "Mumbai, Dadar", "code": "mumbai"})
    store = Store.objects.get(code="mumbai")

    owner.post(f"/settings/stores/{store.pk}/", {"name": "Mumbai"})

    assert "Mumbai Asia/Kolkata mumbai closed" in text_of(owner.get("/settings/"))
    taken = owner.post("/settings/stores/new/", {"name": "Other", "code": "pune"})
    assert taken.status_code == 422
    assert "each code once" in text_of(taken)


def test_somebody_is_hired_promoted_and_dismissed(shop, owner, client):
    ravi = {
        "name": "Ravi",
        "email": "ravi@shop.example",
        "password": "ladoo-and-chivda",
        "role": "cashier",
        "store": "",
    }
    owner.post("/settings/staff/new/", ravi)
    staff = Staff.objects.get(user__email="ravi@shop.example")
    client.post("/login/", {"email": "ravi@shop.example", "password": "ladoo-and-chivda"})
    assert client.get("/settings/staff/").status_code == 403

    owner.post(f"/settings/staff/{staff.pk}/", {"role": "owner", "store": ""})
    assert client.get("/settings/staff/").status_code == 200
    owner.post(f"/settings/staff/{staff.pk}/dismiss/")

    assert client.get("/").status_code == 403
    assert "no longer works here" in text_of(owner.get("/settings/staff/"))
    assert "Ravi" not in text_of(owner.get("/settings/staff/"))


def test_a_forgotten_password_is_set_anew_for_those_who_work_only_here(shop, owner, client):
    a_browser(shop.business, "cashier", "Ravi")
    staff = Staff.objects.get(role="cashier")
    given = {"role": "cashier", "store": "", "password": "chakli-and-shev"}
    assert "too weak" in text_of(owner.post(f"/settings/staff/{staff.pk}/", given | {"password": "short"}))

    owner.post(f"/settings/staff/{staff.pk}/", given)

    assert client.post("/login/", {"email": staff.user.email, "password": "chakli-and-shev"}).status_code == 302
    assert AuditEntry.objects.filter(verb="staff.password_set").count() == 1
    hire(a_shop("Kochi Bakes"), user=staff.user, role="cashier", actor=SYSTEM, now=utc_now())
    owner.post(f"/settings/staff/{staff.pk}/", given | {"password": "somebody-else-now"})
    assert AuditEntry.objects.filter(verb="staff.password_set").count() == 1


def test_the_last_owner_stays(owner):
    staff = Staff.objects.get(role="owner")

    answer = owner.post(f"/settings/staff/{staff.pk}/", {"role": "cashier", "store": ""})

    assert answer.status_code == 422
    assert "at least one owner" in text_of(answer)


def test_an_e_mail_that_is_taken_is_refused(shop, owner):
    taken = {"name": "Ravi", "email": "meera-owner@shop.example", "password": "ladoo-and-chivda", "role": "cashier"}

    answer = owner.post("/settings/staff/new/", taken)

    assert "log in with this" in text_of(answer).replace("logs in with this", "log in with this")
    assert Staff.objects.count() == 1


def test_what_a_key_may_is_logged_in_whole_sentences(owner):
    scopes = ["orders:read", "program:write"]
    given = {"name": "till", "scopes": scopes, "once": value_of(owner.get("/settings/keys/"), "once")}
    owner.post("/settings/keys/", given)

    log = text_of(owner.get("/settings/audit/"))
    assert "Read recorded purchases, returns and visits. Change and publish the program." in log
    assert ".," not in log


def test_a_key_is_shown_once_and_revoked(owner):
    given = {"name": "till", "scopes": ["orders:write"], "once": value_of(owner.get("/settings/keys/"), "once")}
    page = owner.post("/settings/keys/", given)
    token = re.search(r"rk_[a-z0-9]+_[\w-]+", page.content.decode())[0]
    assert page.headers["Cache-Control"] == "no-store"
    assert token not in owner.get("/settings/keys/").content.decode()
    assert authenticate_token(token, monotonic=lambda: 0.0).scopes == {"orders:write"}

    again = owner.post("/settings/keys/", given, follow=True)
    assert "This key was made already" in text_of(again)
    assert "rk_" not in again.content.decode()

    owner.post(f"/settings/keys/{ApiKey.objects.get().pk}/revoke/")

    assert "revoked" in text_of(owner.get("/settings/keys/"))
    assert owner.post("/settings/keys/", {"name": "none"}).status_code == 422


def make_webhook(owner, url: str = "https://93.184.216.34/hook"):
    form = {"url": url, "event_kinds": ["*"], "once": value_of(owner.get("/settings/webhooks/new/"), "once")}
    return form, owner.post("/settings/webhooks/new/", form)


def test_a_webhook_is_made_once_however_often_the_form_is_sent(owner):
    form, _ = make_webhook(owner)

    again = owner.post("/settings/webhooks/new/", form, follow=True)

    assert "This webhook was made already" in text_of(again)
    assert "whsec_" not in again.content.decode()
    assert WebhookEndpoint.objects.count() == 1


@pytest.mark.usefixtures("commits")
def test_a_webhook_is_made_once_by_a_double_click(owner):
    given = {"url": "https://93.184.216.34/hook", "event_kinds": ["*"]}
    given["once"] = value_of(owner.get("/settings/webhooks/new/"), "once")

    answers = at_the_same_time(lambda: owner.post("/settings/webhooks/new/", given).status_code, times=4)

    assert sorted(answers) == [200, 302, 302, 302]
    assert WebhookEndpoint.objects.count() == 1


def test_an_endpoint_is_paused_resumed_and_removed(owner):
    _, page = make_webhook(owner)
    assert "whsec_" in page.content.decode()
    endpoint = WebhookEndpoint.objects.get()
    for act, state in (("pause", "paused"), ("resume", "active"), ("remove", "removed")):
        owner.post(f"/settings/webhooks/{endpoint.pk}/act/", {"act": act})
        endpoint.refresh_from_db()
        assert endpoint.state == state


def test_an_address_inside_the_house_is_refused(owner):
    _, answer = make_webhook(owner, "http://127.0.0.1/x")

    assert answer.status_code == 422
    assert WebhookEndpoint.objects.count() == 0


def test_a_delivery_is_sent_again(shop, owner):
    make_webhook(owner)
    endpoint, now = WebhookEndpoint.objects.get(), utc_now()
    event = Event.objects.filter(kind="order.recorded").get()
    delivery = WebhookDelivery.objects.create(
        business=shop.business,
        endpoint=endpoint,
        event_id=event.pk,
        state="failed",
        attempts=10,
        last_status=500,
        created_at=now,
    )
    assert "order.recorded" in text_of(owner.get(f"/settings/webhooks/{endpoint.pk}/"))

    owner.post(f"/settings/deliveries/{delivery.pk}/replay/")

    delivery.refresh_from_db()
    assert delivery.state == "waiting"


@pytest.fixture
def dead_job(shop) -> Job:
    key = enqueue("insights", {"subjects": []}, now=utc_now(), business_id=shop.business.pk)
    Job.objects.filter(pk=key).update(state=Job.State.DEAD, last_error="the disk is full")
    return Job.objects.get(pk=key)


def test_a_failed_job_is_run_again(owner, dead_job):
    assert "the disk is full" in text_of(owner.get("/settings/jobs/"))

    owner.post(f"/settings/jobs/{dead_job.pk}/again/")

    dead_job.refresh_from_db()
    assert dead_job.state == Job.State.READY


def test_a_failed_job_is_given_up_only_with_a_reason(owner, dead_job):
    owner.post(f"/settings/jobs/{dead_job.pk}/discard/", {"reason": ""})
    assert Job.objects.filter(pk=dead_job.pk).exists()

    owner.post(f"/settings/jobs/{dead_job.pk}/discard/", {"reason": "no longer wanted"})

    assert not Job.objects.filter(pk=dead_job.pk).exists()
    assert AuditEntry.objects.get(verb="job.discarded").reason == "no longer wanted"


def test_the_log_says_who_changed_what(shop, owner):
    owner.post("/settings/stores/new/", {"name": "Mumbai", "code": "mumbai"})

    page = text_of(owner.get("/settings/audit/"))

    assert "Meera Store created" in page
    assert "Code: mumbai Name: Mumbai Time zone: Asia/Kolkata" in page


def test_the_log_names_what_changed_from_what_to_what_in_the_language_in_use(shop, owner):
    store = Store.objects.get(business=shop.business, code="pune")
    owner.post(f"/settings/stores/{store.pk}/", {"name": "Pune, Camp"})

    owner.post("/language/", {"language": "hi", "next": "/"})
    page = text_of(owner.get("/settings/audit/"))

    assert "दुकान बदली नाम: Pune, Deccan → Pune, Camp" in page
    assert "भूमिका: मालिक" in page
    assert not re.search(r"\b(True|is_active|valid_from|timezone|T\d\d:\d\d:)", page)


def test_every_value_in_the_log_has_a_name():
    source = "".join(path.read_text() for path in Path(regulars.__file__).parent.rglob("*.py"))
    recorded = {
        name for given in re.findall(r"(?:before|after)=(\{[^}]*\})", source) for name in re.findall(r'"(\w+)":', given)
    }

    assert recorded >= {"code", "is_active", "kind", "since"}
    assert recorded - FIELDS.keys() == set()


def test_a_new_shop_sees_what_is_left_to_set_up():
    page = text_of(a_browser(a_shop()).get("/"))

    assert "1 of 5 done" in page
    assert "Publish a program" in page
    assert "Nothing was sold in the last seven days" in page


def test_the_checklist_goes_when_all_is_done(owner):
    assert "To begin" not in text_of(owner.get("/"))


def test_passwords_of_people_are_never_in_the_log(shop, owner):
    owner.post(
        "/settings/staff/new/", {"name": "R", "email": "r@shop.example", "password": PASSWORD, "role": "cashier"}
    )

    assert PASSWORD not in str(list(AuditEntry.objects.values_list("before", "after", "reason")))


@pytest.fixture
def backups(shop, tmp_path, settings):
    settings.HOME = tmp_path
    (tmp_path / "secret.key").write_text(settings.SECRET_KEY)


def test_the_owner_sees_the_last_good_backup_and_takes_it_away(owner, backups):
    assert "There is no backup yet" in text_of(owner.get("/settings/backups/"))
    keep_backup(now=utc_now() - timedelta(days=3))
    late = text_of(owner.get("/settings/backups/"))
    assert "more than a day and a half ago" in late

    keep_backup(now=utc_now())

    page = owner.get("/settings/backups/")
    newest, oldest = kept_backups()
    assert "The last good backup is of" in text_of(page)
    assert "more than a day and a half ago" not in text_of(page)
    assert page.content.decode().count(newest.path.name) == page.content.decode().count(oldest.path.name) == 1
    taken = owner.get(f"/settings/backups/{newest.path.name}")
    assert b"".join(taken.streaming_content) == newest.path.read_bytes()
    assert AuditEntry.objects.get(verb="backup.downloaded").after == {"file": newest.path.name}
    assert owner.get("/settings/backups/secret.key").status_code == 404


def test_a_backup_that_holds_another_business_is_not_given_away(owner, backups):
    a_shop("Kochi Bakes")
    keep_backup(now=utc_now())
    (kept,) = kept_backups()

    page = owner.get("/settings/backups/")

    assert "only who runs it can take one away" in text_of(page)
    assert kept.path.name not in page.content.decode()
    assert owner.get(f"/settings/backups/{kept.path.name}").status_code == 404
    assert not AuditEntry.objects.filter(verb="backup.downloaded").exists()


def test_a_backup_can_be_asked_for(shop, owner):
    owner.post("/settings/backups/now/")

    assert Job.objects.get(kind="backup").payload == {"is_asked": True}
