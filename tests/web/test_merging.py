# SPDX-License-Identifier: Apache-2.0
"""Two records of one person on the pages: found, seen side by side, made one, and undone."""

import pytest

from regulars.customers.matching import CustomerRef
from regulars.customers.models import Customer
from regulars.customers.queries import profile
from regulars.facts.models import Fact
from regulars.flow.intake import Order, OrderLine
from regulars.flow.receive import receive
from regulars.kernel.clock import utc_now
from regulars.ledger.queries import balance_of
from regulars.tenancy.models import AuditEntry
from web.cast import a_browser, text_of, value_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def twin(owner) -> Customer:
    """A second record of Asha, a member with a purchase of ₹300."""
    form = owner.get("/customers/new/")
    given = {"contact": "98200 99999", "name": "Asha K.", "is_member": "on", "once": value_of(form, "once")}
    owner.post("/customers/new/", given)
    made = Customer.objects.get(name="Asha K.")
    record = owner.get(f"/customers/{made.pk}/")
    owner.post(
        f"/customers/{made.pk}/purchase/",
        {"purchase-amount": "300", "purchase-store": "", "purchase-once": value_of(record, "purchase-once")},
    )
    return made


def total(shop, customer) -> int:
    return balance_of(shop.business, customer.pk, "points", now=utc_now()).total


def merge(owner, stays: Customer, goes: Customer):
    page = owner.get(f"/customers/{stays.pk}/merge/", {"with": goes.pk})
    return page, owner.post(f"/customers/{stays.pk}/merge/", {"with": goes.pk, "once": value_of(page, "once")})


def test_both_are_seen_and_what_will_happen_before_anything_does(shop, owner, twin):
    found = owner.get(f"/customers/{shop.asha.pk}/merge/", {"q": "asha"})
    assert "Asha K." in text_of(found)
    assert f"with={twin.pk}" in found.content.decode()
    assert f"with={shop.asha.pk}" not in found.content.decode(), "not with herself"
    before = total(shop, shop.asha), total(shop, twin)

    page = text_of(owner.get(f"/customers/{shop.asha.pk}/merge/", {"with": twin.pk}))

    for words in ("Asha Kulkarni", "Asha K.", "+91 98200 99999", "320 points move over", "It can be undone"):
        assert words in page, words
    assert f"The balance will be {sum(before):,}" in page
    assert (total(shop, shop.asha), total(shop, twin)) == before
    assert profile(shop.business, twin.pk).merged_into is None


def test_two_are_made_one_once_and_parted_again(shop, owner, twin):
    before = total(shop, shop.asha)
    page, done = merge(owner, shop.asha, twin)
    again = owner.post(f"/customers/{shop.asha.pk}/merge/", {"with": twin.pk, "once": value_of(page, "once")})

    assert done.headers["Location"] == again.headers["Location"] == f"/customers/{shop.asha.pk}/"
    assert (total(shop, shop.asha), total(shop, twin)) == (before + 320, 0)
    record = text_of(owner.get(f"/customers/{shop.asha.pk}/"))
    for words in ("Merged into this customer", "Asha K.", "Purchase of ₹300", "Another record of this customer joined"):
        assert words in record, words
    assert "Moved when two customers were merged" in text_of(owner.get(f"/customers/{shop.asha.pk}/?view=points"))
    gone = text_of(owner.get(f"/customers/{twin.pk}/"))
    assert "This customer is part of another now" in gone
    assert "stands with Asha Kulkarni" in gone
    assert "Asha K." not in text_of(owner.get("/customers/"))

    undo = owner.get(f"/customers/{twin.pk}/unmerge/")
    assert "320 points go back" in text_of(undo)
    owner.post(f"/customers/{twin.pk}/unmerge/", {"once": value_of(undo, "once")})

    assert (total(shop, shop.asha), total(shop, twin)) == (before, 320)
    assert "Asha K." in text_of(owner.get("/customers/"))


def test_what_cannot_be_parted_exactly_says_why(shop, owner, twin):
    bought = Fact.objects.get(customer=twin, kind="order")
    merge(owner, shop.asha, twin)
    corrected = Order(
        source=bought.source, external_id=bought.external_id, revision=1, occurred_at=bought.occurred_at,
        customer=CustomerRef(id=shop.asha.pk), lines=[OrderLine("A", 20_000)],
    )  # fmt: skip
    assert receive(shop.business, [corrected], now=utc_now())[0].refusal is None

    undo = owner.get(f"/customers/{twin.pk}/unmerge/")
    owner.post(f"/customers/{twin.pk}/unmerge/", {"once": value_of(undo, "once")})

    assert "a purchase or an event from before the merge was corrected. Keep them merged" in text_of(undo)
    assert profile(shop.business, twin.pk).merged_into == shop.asha.pk


def test_what_cannot_be_merged_says_why(shop, owner, twin):
    form = owner.get("/customers/new/")
    owner.post("/customers/new/", {"contact": "98200 77777", "name": "Guest", "once": value_of(form, "once")})
    guest = Customer.objects.get(name="Guest")

    page = owner.get(f"/customers/{guest.pk}/merge/", {"with": twin.pk})

    assert "Asha K. is a member of the program and Guest is not. Merge the other way round" in text_of(page)
    assert "Make them one" not in text_of(page)
    _, done = merge(owner, guest, twin)
    assert done.status_code == 422
    assert total(shop, twin) == 320


def test_the_audit_log_names_both(shop, owner, twin):
    merge(owner, shop.asha, twin)
    undo = owner.get(f"/customers/{twin.pk}/unmerge/")
    owner.post(f"/customers/{twin.pk}/unmerge/", {"once": value_of(undo, "once")})

    entries = AuditEntry.objects.filter(verb__in=["customers.merged", "customers.unmerged"]).order_by("pk")

    asha, gone = str(shop.asha.pk), str(twin.pk)
    assert [(one.verb, one.before, one.after) for one in entries] == [
        ("customers.merged", {}, {"customer": gone, "merged_into": asha, "points": 320}),
        ("customers.unmerged", {"merged_into": asha}, {"customer": gone, "merged_into": None, "points": 320}),
    ]
    log = text_of(owner.get("/settings/audit/"))
    assert "Customer merged into another" in log
    assert f"Merged into: {shop.asha.name}" in log
    assert asha not in log
    assert gone not in log


@pytest.mark.parametrize(("role", "may"), [("manager", True), ("support", False), ("cashier", False)])
def test_owner_and_manager_merge(shop, owner, twin, role, may):
    staff = a_browser(shop.business, role=role)

    assert staff.get(f"/customers/{shop.asha.pk}/merge/").status_code == (200 if may else 403)
    assert ("Merge with another customer" in text_of(staff.get(f"/customers/{shop.asha.pk}/"))) is may
