# SPDX-License-Identifier: Apache-2.0
"""Changing customers by hand, and the trace that leaves."""

from datetime import date, timedelta

import pytest

from customers.cast import MEERA, NOW, a_customer, a_shop, held_by
from regulars.customers.actions import (
    IDENTITIES_MAX,
    IdentityTaken,
    ProfileChange,
    add_identity,
    change_profile,
    remove_identity,
)
from regulars.customers.matching import UnknownCustomer
from regulars.customers.models import Customer, Identity
from regulars.customers.profile import TAGS_MAX, read_tags
from regulars.customers.queries import profile
from regulars.kernel.errors import RegularsError
from regulars.tenancy.models import AuditEntry


def trace():
    """List the audit log: verb, before, after."""
    return list(AuditEntry.objects.order_by("id").values_list("verb", "before", "after"))


def test_create_by_hand(shop):
    anita = a_customer(
        shop,
        ("phone", "98765 43210"),
        ("phone", "98111 22333"),
        name="Anita",
        birthday=date(1990, 4, 27),
        tags=("vip",),
    )
    found = profile(shop, anita.pk)

    assert (found.name, found.birthday, found.tags, found.is_test) == ("Anita", date(1990, 4, 27), ("vip",), False)
    assert [one.value for one in found.identities] == ["+919876543210", "+919811122333"]
    assert trace() == [("customers.created", None, {"identities": ["phone", "phone"]})]


def test_create_refuses_what_belongs_to_somebody(shop):
    anita = a_customer(shop, ("card", "C1"))
    with pytest.raises(IdentityTaken, match=str(anita.pk)):
        a_customer(shop, ("card", "C1"), name="Ravi")

    assert Customer.objects.count() == 1


@pytest.mark.parametrize(
    ("identities", "profile_data", "code"),
    [
        ([], {}, "empty_customer"),
        ([("phone", "12")], {}, "bad_phone"),
        ([("email", "a")], {}, "bad_email"),
        ([("fax", "1")], {}, "bad_identity_kind"),
        ([], {"name": "A", "language": "??"}, "bad_language"),
        ([], {"name": "A", "birthday": NOW.date() + timedelta(days=1)}, "bad_birthday"),
        ([], {"name": "A", "birthday": date(1850, 1, 1)}, "bad_birthday"),
        ([], {"name": "A", "tags": (" ",)}, "bad_tag"),
        ([], {"name": "A", "tags": ("x" * 41,)}, "bad_tag"),
        ([], {"name": "A", "tags": tuple(map(str, range(TAGS_MAX + 1)))}, "too_many_tags"),
    ],
)
def test_create_refuses_wrong_values(shop, identities, profile_data, code):
    with pytest.raises(RegularsError) as refused:
        a_customer(shop, *identities, **profile_data)

    assert refused.value.code == code
    assert (Customer.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_change_writes_fields_but_no_personal_data_into_the_log(shop):
    anita = a_customer(shop, ("card", "C1"), name="Anita", language="en")
    change = ProfileChange(name="Anita Rao", language="te", birthday=date(1990, 4, 27), tags=["vip"])
    changed = change_profile(anita, change, actor=MEERA, now=NOW, reason="asked at the counter")

    assert (changed.name, changed.language, changed.tags) == ("Anita Rao", "te", ["vip"])
    assert Customer.objects.get().search_text == "anita rao c1"
    assert trace()[1] == (
        "customers.profile_changed",
        {"language": "en"},
        {"changed": ["birthday", "language", "name", "tags"], "language": "te"},
    )


def test_what_is_already_so_leaves_no_trace(shop):
    anita = a_customer(shop, name="Anita", tags=("vip",))
    change_profile(anita, ProfileChange(name=" Anita ", tags=["vip", "VIP"]), actor=MEERA, now=NOW)

    assert len(trace()) == 1


def test_a_birthday_can_be_taken_away(shop):
    anita = a_customer(shop, name="Anita", birthday=date(1990, 4, 27))
    change_profile(anita, ProfileChange(birthday=None), actor=MEERA, now=NOW)

    assert Customer.objects.get().birthday is None


def test_an_identity_is_added_once(shop):
    anita = a_customer(shop, name="Anita")
    first = add_identity(anita, ("phone", "98765 43210"), actor=MEERA, now=NOW)
    again = add_identity(anita, ("phone", "+919876543210"), actor=MEERA, now=NOW)

    assert first == again
    assert Customer.objects.get().search_text == "anita 9876543210"
    assert trace()[1:] == [("customers.identity_added", None, {"kind": "phone", "resolves": True})]


def test_a_shared_phone_is_a_contact(shop):
    mother, son = a_customer(shop, ("phone", "98765 43210")), a_customer(shop, name="Son")
    with pytest.raises(IdentityTaken, match=f"{mother.pk}.*shared contact"):
        add_identity(son, ("phone", "98765 43210"), actor=MEERA, now=NOW)
    add_identity(son, ("phone", "98765 43210"), as_contact=True, actor=MEERA, now=NOW)

    assert held_by(son) == [("phone", "+919876543210", False)]
    assert held_by(mother) == [("phone", "+919876543210", True)]


def test_identities_have_a_limit(shop):
    anita = a_customer(shop, *[("card", f"C{n}") for n in range(IDENTITIES_MAX)])
    with pytest.raises(RegularsError, match=str(IDENTITIES_MAX)):
        add_identity(anita, ("card", "one more"), actor=MEERA, now=NOW)
    with pytest.raises(RegularsError, match="blank"):
        add_identity(anita, ("card", " "), actor=MEERA, now=NOW)


def test_an_identity_is_taken_away(shop):
    anita = a_customer(shop, ("phone", "98765 43210"), ("phone", "98111 22333"), name="Anita")
    second = Identity.objects.order_by("id")[1]
    remove_identity(second, actor=MEERA, now=NOW, reason="number given up")

    assert held_by(anita) == [("phone", "+919876543210", True)]
    assert trace()[-1] == ("customers.identity_removed", {"kind": "phone", "resolves": True}, None)


def test_customers_of_others_are_unknown(shop):
    elsewhere = a_customer(a_shop("Next door"), name="Anita")
    with pytest.raises(UnknownCustomer, match=str(elsewhere.pk)):
        profile(shop, elsewhere.pk)


def test_tags_are_kept_once_whatever_their_case():
    assert read_tags(["VIP", " vip ", "Chai  lover", "नियमित"]) == ["VIP", "Chai lover", "नियमित"]
