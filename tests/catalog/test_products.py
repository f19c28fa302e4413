# SPDX-License-Identifier: Apache-2.0
"""Products as lines name them and as files bring them."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from outbox.simultaneous import at_the_same_time, commits
from regulars.catalog.actions import (
    ProductRow,
    import_products,
    save_products,
)
from regulars.catalog.models import Category, Product
from regulars.catalog.queries import categories, match_products
from regulars.catalog.store import ProductInfo, ProductRef, SeenProducts, seen_products
from regulars.database.transactions import run_durably
from regulars.kernel.ids import new_key
from regulars.tenancy.models import Business

__all__ = ["commits"]
NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
CHAI = ProductRef("CHAI", "Masala chai", "Tea")


def a_shop(name="Chai and Co"):
    return Business.objects.create(
        name=name, country="IN", currency="INR", timezone="Asia/Kolkata", languages=["en"], created_at=NOW
    )


@pytest.fixture
def shop(db):
    return a_shop()


def resolve(shop, *wanted):
    products, news = match_products(shop, wanted, new_key=new_key)
    save_products(shop, news, now=NOW, new_key=new_key)
    return products


def load(shop, *rows):
    return import_products(shop, rows, now=NOW, new_key=new_key)


def test_an_unknown_code_is_made_from_its_line(shop):
    found = resolve(shop, CHAI, ProductRef("CHAI", "Another name", "Other"), ProductRef("X1"))
    chai, x1 = Product.objects.order_by("sku").select_related("category")

    assert found["CHAI"] == ProductInfo(chai.pk, "Tea", earns_points=True)
    assert found["X1"] == ProductInfo(x1.pk, "", earns_points=True)
    assert (chai.name, chai.category.code) == ("Masala chai", "Tea")
    assert (x1.name, x1.category) == ("X1", None)
    assert Category.objects.count() == 1


def test_a_known_code_keeps_what_it_is(shop):
    first = resolve(shop, CHAI)

    assert resolve(shop, ProductRef("CHAI", "Cheaper chai", "Sale")) == first
    assert Product.objects.get().name == "Masala chai"


def test_codes_as_written(shop):
    found = resolve(shop, ProductRef(" CHAI\u200b "), ProductRef("CHAI"), ProductRef("chai"), ProductRef(" "))

    assert found[" CHAI\u200b "] == found["CHAI"] != found["chai"]
    assert " " not in found
    assert Product.objects.count() == 2


def test_each_business_has_its_own(shop):
    here, there = resolve(shop, CHAI), resolve(a_shop("Next door"), CHAI)

    assert here["CHAI"].id != there["CHAI"].id


def test_statements_do_not_grow_with_the_lines(shop, django_assert_num_queries):
    lines = [ProductRef(f"S{n}", f"Thing {n}", f"Group {n % 7}") for n in range(500)]
    with django_assert_num_queries(4):
        resolve(shop, *lines)
    with django_assert_num_queries(1):
        resolve(shop, *lines)


def test_committed_products_are_remembered(commits, django_assert_num_queries):
    shop = a_shop()
    with transaction.atomic():
        found = resolve(shop, CHAI)
    with django_assert_num_queries(0):
        assert resolve(shop, CHAI) == found


def test_a_rollback_leaves_no_ghost(commits):
    shop = a_shop()
    with transaction.atomic():
        ghost = resolve(shop, CHAI)["CHAI"].id
        transaction.set_rollback(True)
    with transaction.atomic():
        found = resolve(shop, CHAI)["CHAI"].id

    assert found != ghost
    assert Product.objects.get().pk == found


def test_a_change_is_seen_at_once_in_this_process(commits):
    shop = a_shop()
    with transaction.atomic():
        resolve(shop, CHAI)
    with transaction.atomic():
        load(shop, ProductRow("CHAI", category="Gifts", earns_points=False))
    with transaction.atomic():
        assert resolve(shop, CHAI)["CHAI"] == ProductInfo(Product.objects.get().pk, "Gifts", earns_points=False)


def test_products_are_forgotten_before_two_seconds(commits, django_assert_num_queries):
    assert seen_products._age_max_s < 2
    clock = [100.0]
    seen = SeenProducts(age_max_s=1.5, entries_max=2, clock_s=lambda: clock[0])
    business, info = UUID(int=1), ProductInfo(UUID(int=2), "", earns_points=True)
    seen.keep_on_commit(business, {"A": info})
    assert seen.among(business, ["A", "B"]) == {"A": info}
    assert seen.among(UUID(int=9), ["A"]) == {}

    clock[0] += 1.5
    assert seen.among(business, ["A"]) == {}

    seen.keep_on_commit(business, {"B": info})
    seen.keep_on_commit(business, {"C": info})
    assert seen.among(business, "ABC") == {"C": info}


def test_eight_tills_sell_one_new_product(commits):
    shop = a_shop()
    found = at_the_same_time(lambda: run_durably(lambda: resolve(shop, CHAI)["CHAI"].id), times=8)

    assert len(set(found)) == 1
    assert (Product.objects.count(), Category.objects.count()) == (1, 1)


def test_the_database_keeps_codes_apart(shop):
    resolve(shop, CHAI)
    with pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.create(business=shop, sku="CHAI", name="Twice", created_at=NOW)


def test_a_file_of_products(shop):
    resolve(shop, CHAI, ProductRef("GIFT"))
    outcomes = load(
        shop,
        ProductRow("CHAI", category="Hot drinks"),
        ProductRow("GIFT", name="Gift card", earns_points=False),
        ProductRow("GIFT"),
        ProductRow("NEW", name="नया"),
        ProductRow("NEW", name="New"),
        ProductRow(" "),
        ProductRow("x" * 81),
    )

    assert [one.kind for one in outcomes] == [
        "updated",
        "updated",
        "unchanged",
        "created",
        "updated",
        "refused",
        "refused",
    ]
    assert [one.error.code for one in outcomes[-2:]] == ["bad_sku", "bad_sku"]
    assert [(one.sku, one.name, one.earns_points) for one in Product.objects.order_by("sku")] == [
        ("CHAI", "Masala chai", True),
        ("GIFT", "Gift card", False),
        ("NEW", "New", True),
    ]
    assert resolve(shop, CHAI)["CHAI"].category_code == "Hot drinks"


def test_a_file_again_changes_nothing(shop):
    rows = [ProductRow(f"S{n}", name=f"Thing {n}", category="G", earns_points=True) for n in range(600)]
    load(shop, *rows)

    assert {one.kind for one in load(shop, *rows)} == {"unchanged"}


def test_categories_are_counted(shop):
    resolve(shop, *[ProductRef(f"S{n}", "", f"G{n % 2}") for n in range(5)])

    assert [(one.code, one.count) for one in categories(shop)] == [("G0", 3), ("G1", 2)]
