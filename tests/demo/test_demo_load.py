from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pytest_django import Settings

from regulars.customers.models import Customer
from regulars.demo.load import PASSWORD, DemoLoaded, load_demo, load_shop
from regulars.demo.shops import Shop
from regulars.demo.tsirani import TSIRANI
from regulars.facts.models import Fact
from regulars.flow.nightly import close_day
from regulars.flow.verifying import verify_books
from regulars.ledger.models import Lot
from regulars.programs.models import Membership, Standing
from regulars.rewards.models import Entitlement, Offer
from regulars.tenancy.actions import create_user
from regulars.tenancy.models import Business, Staff

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def a_small(shop: Shop, size: int = 60) -> Shop:
    return replace(shop, crowd=replace(shop.crowd, size=size))


@pytest.mark.django_db
def test_a_shop_comes_with_its_history_and_books_that_add_up() -> None:
    told: list[tuple[str, int, int]] = []

    business = load_shop(a_small(TSIRANI), now=NOW, progress=lambda *step: told.append(step))

    kinds = Counter(Fact.objects.of(business).values_list("kind", flat=True))
    total = told[-1][2]
    assert told[-1] == (TSIRANI.name, total, total)
    assert kinds.total() - kinds["use"] - kinds["closing"] == total
    assert kinds["redemption"] == Entitlement.objects.of(business).count() >= kinds["use"] > 0
    assert kinds["enrolment"] == Membership.objects.of(business).count()
    assert Customer.objects.of(business).count() == 60
    assert Offer.objects.of(business).count() == len(TSIRANI.rewards)
    assert verify_books(business.pk).difference == ""


@pytest.mark.django_db
def test_customers_and_levels_are_as_old_as_they_look() -> None:
    business = load_shop(a_small(TSIRANI), now=NOW, progress=lambda *_: None)

    newest = Customer.objects.of(business).latest("created_at")
    first = Fact.objects.of(business).earliest("occurred_at")
    assert business.created_at <= first.occurred_at < datetime(2025, 7, 1, tzinfo=UTC)
    assert newest.created_at < NOW
    assert Membership.objects.of(business).exclude(tier="guest").exists()


@pytest.mark.django_db
def test_time_has_gone_by_points_ended_somebody_fell_and_some_points_wait() -> None:
    business = load_shop(a_small(TSIRANI, 100), now=NOW, progress=lambda *_: None)

    height = {tier.code: tier.at_least for tier in TSIRANI.tiers}
    lots = Lot.objects.filter(account__business=business)
    moves = [(one.reason["from"], one.tier) for one in Standing.objects.of(business) if one.reason.get("from")]
    assert lots.filter(expired__gt=0).exists()
    assert lots.filter(available_at__gt=NOW, remaining__gt=0).exists()
    assert any(height[after] < height[before] for before, after in moves)
    assert close_day(business, now=datetime(2026, 11, 21, 20, tzinfo=UTC)) == 0


@pytest.mark.django_db
def test_its_people_log_in_with_the_password_that_is_shown() -> None:
    business = load_shop(a_small(TSIRANI, 5), now=NOW, progress=lambda *_: None)

    staff = Staff.objects.of(business).order_by("role")
    assert [(one.role, one.store and one.store.code) for one in staff] == [("cashier", "abovyan"), ("owner", None)]
    assert all(one.user.check_password(PASSWORD) for one in staff)


@pytest.mark.django_db
def test_the_demo_is_loaded_once() -> None:
    create_user("owner@chandrakor.example", name="Madhura", password=PASSWORD, now=NOW)

    with pytest.raises(DemoLoaded, match="owner@chandrakor"):
        load_demo(now=NOW, progress=lambda *_: None)
    assert Business.objects.count() == 0
