# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable

import pytest
from django.db import transaction

from outbox.simultaneous import at_the_same_time
from regulars.kernel.errors import RegularsError
from regulars.tenancy import actions, places
from regulars.tenancy.access import PERMISSION_NAMES, PERMISSIONS, NoBusiness, NotAllowed, access_business
from regulars.tenancy.actors import SYSTEM
from regulars.tenancy.models import AuditEntry, Role, Staff, User
from tenancy.cast import NOW, PASSWORD, a_business, a_store, a_user, actor_of, somebody


@pytest.mark.django_db
def test_a_person_logs_in_with_their_address() -> None:
    user = actions.create_user(" Asha@Shop.Example ", name="Asha", password=PASSWORD, now=NOW, language="mr")

    assert (user.email, user.language, user.check_password(PASSWORD)) == ("asha@shop.example", "mr", True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"email": "asha"}, actions.BadEmail),
        ({"email": "ASHA@shop.example"}, actions.EmailTaken),
        ({"password": "password123"}, actions.WeakPassword),
        ({"password": "short"}, actions.WeakPassword),
        ({"name": ""}, actions.BadName),
        ({"language": "fr"}, places.UnknownLanguage),
    ],
)
def test_a_person_with_wrong_values_is_refused(wrong: dict[str, str], error: type[RegularsError]) -> None:
    a_user("Asha")
    values = {"email": "ravi@shop.example", "name": "Ravi", "password": PASSWORD, **wrong}

    with pytest.raises(error) as caught:
        actions.create_user(values.pop("email"), now=NOW, **values)

    assert "shop.example" not in caught.value.message.replace("name@shop.example", "")
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_without_a_password_nobody_logs_in() -> None:
    user = actions.create_user("asha@shop.example", name="Asha", password=None, now=NOW)

    assert not user.has_usable_password()
    actions.change_password(user, password=PASSWORD)
    assert user.check_password(PASSWORD)


@pytest.mark.django_db
def test_a_person_is_hired_once_and_may_come_back() -> None:
    business = a_business()
    owner, cashier = somebody(business), somebody(business, Role.CASHIER, "Ravi")
    with pytest.raises(actions.AlreadyHired):
        actions.hire(business, user=cashier.user, role=Role.MANAGER, actor=SYSTEM, now=NOW)

    actions.dismiss(cashier, actor=actor_of(owner), now=NOW)
    again = actions.hire(business, user=cashier.user, role=Role.SUPPORT, actor=actor_of(owner), now=NOW)

    assert (again.pk, again.role, again.is_active) == (cashier.pk, Role.SUPPORT, True)
    verbs = AuditEntry.objects.of(business).filter(object_id=cashier.pk).order_by("id").values_list("verb", "actor_id")
    assert list(verbs) == [("staff.hired", None), ("staff.dismissed", owner.user_id), ("staff.hired", owner.user_id)]


@pytest.mark.django_db
def test_a_role_changes_with_before_and_after() -> None:
    business = a_business()
    somebody(business)
    ravi, store = somebody(business, Role.CASHIER, "Ravi"), a_store(business)

    actions.change_role(ravi, role=Role.MANAGER, store=store, actor=SYSTEM, now=NOW)

    entry = AuditEntry.objects.of(business).get(verb="staff.role_changed")
    assert entry.before == {"role": "cashier", "store": None}
    assert entry.after == {"role": "manager", "store": str(store.pk)}
    with pytest.raises(actions.BadRole):
        actions.change_role(ravi, role="king", actor=SYSTEM, now=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "leave",
    [
        lambda staff: actions.dismiss(staff, actor=SYSTEM, now=NOW),
        lambda staff: actions.change_role(staff, role=Role.ANALYST, actor=SYSTEM, now=NOW),
    ],
)
def test_the_last_owner_cannot_leave(leave: Callable[[Staff], object]) -> None:
    business = a_business()
    owner = somebody(business)
    somebody(business, Role.MANAGER, "Ravi")

    with pytest.raises(actions.LastOwner):
        leave(owner)
    second = somebody(business, Role.OWNER, "Meera")
    leave(owner)

    assert list(Staff.objects.of(business).filter(role=Role.OWNER, is_active=True)) == [second]


@pytest.mark.usefixtures("commits")
def test_two_owners_cannot_leave_at_the_same_time() -> None:
    business = a_business()
    owners = [somebody(business, Role.OWNER, name) for name in ("Asha", "Meera")]

    def leave() -> str:
        try:
            with transaction.atomic():
                actions.dismiss(owners.pop(), actor=SYSTEM, now=NOW)
        except actions.LastOwner:
            return "stays"
        return "leaves"

    assert sorted(at_the_same_time(leave, times=2)) == ["leaves", "stays"]


@pytest.mark.django_db
def test_access_shows_role_and_stores() -> None:
    business = a_business()
    main, kiosk = a_store(business, "main"), a_store(business, "kiosk")
    owner = somebody(business)
    cashier = actions.hire(business, user=a_user("Ravi"), role=Role.CASHIER, store=kiosk, actor=SYSTEM, now=NOW)

    at_large, at_kiosk = access_business(owner.user), access_business(cashier.user, business.pk)

    assert (at_large.business, at_large.stores, at_large.may("staff.manage")) == (business, (kiosk, main), True)
    assert (at_kiosk.stores, at_kiosk.may("facts.record"), at_kiosk.may("points.adjust")) == ((kiosk,), True, False)
    with pytest.raises(NotAllowed, match="publish the program"):
        at_kiosk.check("program.publish")


@pytest.mark.django_db
def test_no_access_to_other_businesses_nor_after_dismissal() -> None:
    mine, theirs = a_business("Chai Corner"), a_business("Dosa Point")
    owner, cashier = somebody(mine), somebody(mine, Role.CASHIER, "Ravi")
    somebody(theirs, Role.OWNER, "Meera")
    actions.dismiss(cashier, actor=SYSTEM, now=NOW)

    for user, business in [(owner.user, theirs), (cashier.user, mine), (cashier.user, None), (a_user("Zara"), None)]:
        with pytest.raises(NoBusiness):
            access_business(user, business and business.pk)
    User.objects.filter(pk=owner.user_id).update(is_active=False)
    with pytest.raises(NoBusiness):
        access_business(User.objects.get(pk=owner.user_id))


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_an_owner_may_do_everything(permission: str) -> None:
    assert Role.OWNER in PERMISSIONS[permission]
    assert permission in PERMISSION_NAMES


def test_an_analyst_only_looks() -> None:
    allowed = {permission for permission, roles in PERMISSIONS.items() if Role.ANALYST in roles}

    assert {permission.rpartition(".")[2] for permission in allowed} == {"view"}
