from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from random import Random
from statistics import median
from zoneinfo import ZoneInfo

import msgspec
import phonenumbers
import pytest

from regulars.demo.behaviour import tell_history
from regulars.demo.chandrakor import CHANDRAKOR
from regulars.demo.people import Person, make_people
from regulars.demo.shops import Shop
from regulars.demo.tsirani import TSIRANI
from regulars.flow.intake import Enrolment, Intake, Order, Redemption, Return
from regulars.kernel.digest import canonical, digest
from regulars.kernel.phone import normalise_phone
from regulars.programs.definition import read_program

TODAY = date(2026, 11, 22)
SHOPS = pytest.mark.parametrize("shop", [CHANDRAKOR, TSIRANI], ids=lambda shop: shop.key)


def a_history(shop: Shop, *, seed: str = "demo", today: date = TODAY) -> tuple[list[Person], list[Intake]]:
    rng = Random(seed)
    people = make_people(shop.crowd, rng=rng, today=today)
    return people, list(tell_history(shop, people, rng=rng, today=today))


@cache
def the_history(key: str) -> tuple[list[Person], list[Intake]]:
    return a_history(CHANDRAKOR if key == "chandrakor" else TSIRANI)


def orders_of(intakes: Sequence[Intake]) -> list[Order]:
    return [intake for intake in intakes if isinstance(intake, Order)]


def purchases_by_customer(shop: Shop) -> dict[int, list[Order]]:
    people, intakes = the_history(shop.key)
    known = {value: person.number for person in people for value in (person.phone, person.card)}
    bought: dict[int, list[Order]] = {}
    for order in orders_of(intakes):
        if order.customer:
            bought.setdefault(known[order.customer.card or order.customer.phone], []).append(order)
    return bought


def total(order: Order) -> int:
    return sum(line.amount_minor for line in order.lines)


@SHOPS
def test_the_same_seed_and_day_tell_the_same_story(shop: Shop) -> None:
    small = replace(shop, crowd=replace(shop.crowd, size=100))

    assert digest(a_history(small)[1]) == digest(a_history(small)[1]) != digest(a_history(small, seed="other")[1])


@SHOPS
def test_time_runs_forward_for_eighteen_months_and_ends_yesterday(shop: Shop) -> None:
    moments = [intake.occurred_at for intake in the_history(shop.key)[1]]
    zone = ZoneInfo(shop.timezone)

    assert moments == sorted(moments)
    assert moments[0].astimezone(zone).date() == date(2025, 5, 22)
    assert moments[-1].astimezone(zone).date() == TODAY - timedelta(days=1)


@SHOPS
def test_everything_happens_while_the_store_is_open(shop: Shop) -> None:
    outlets = {outlet.code: outlet for outlet in shop.outlets}
    for intake in the_history(shop.key)[1]:
        outlet = outlets[intake.store]
        hour = intake.occurred_at.astimezone(ZoneInfo(shop.timezone)).hour
        assert outlet.opens <= hour < outlet.opens + len(outlet.hours)


@SHOPS
def test_intakes_are_what_the_api_accepts_each_under_its_own_number(shop: Shop) -> None:
    intakes = the_history(shop.key)[1]

    assert msgspec.json.decode(canonical(intakes), type=list[Intake]) == intakes
    assert len({(intake.source, intake.external_id) for intake in intakes}) == len(intakes)


@SHOPS
def test_phones_are_well_formed_unique_and_nobodys_and_mail_reaches_nobody(shop: Shop) -> None:
    people, _ = the_history(shop.key)
    numbers = [phonenumbers.parse(person.phone) for person in people]

    assert all(phonenumbers.is_possible_number(number) for number in numbers)
    assert not any(phonenumbers.is_valid_number(number) for number in numbers)
    assert all(normalise_phone(person.phone, shop.country) == person.phone for person in people)
    assert len({person.phone for person in people}) == len(people) == shop.crowd.size
    assert all(person.email.endswith("@example.com") and person.email.isascii() for person in people if person.email)


@SHOPS
def test_every_customer_is_introduced_once_by_name(shop: Shop) -> None:
    people, intakes = the_history(shop.key)
    named = [intake.customer for intake in intakes if intake.customer and intake.customer.name]

    assert {reference.phone for reference in named} == {person.phone for person in people}
    assert {reference.language for reference in named} == set(shop.languages)


@SHOPS
def test_trade_looks_like_a_shop(shop: Shop) -> None:
    people, intakes = the_history(shop.key)
    orders, bought = orders_of(intakes), purchases_by_customer(shop)
    anonymous = [order for order in orders if order.customer is None]
    returns = [intake for intake in intakes if isinstance(intake, Return)]
    members = [intake for intake in intakes if isinstance(intake, Enrolment)]

    assert 0.55 < sum(len(own) > 1 for own in bought.values()) / len(people) < 0.70
    assert 0.14 < len(anonymous) / len(orders) < 0.16
    assert 0.01 < len(returns) / len(orders) < 0.02
    assert 0.62 < len(members) / len(people) < 0.78
    assert 2.2 < sum(len(order.lines) for order in orders) / len(orders) < 2.8


@SHOPS
def test_some_customers_are_active_and_many_have_lapsed(shop: Shop) -> None:
    night = datetime.combine(TODAY, time(), UTC)
    silent = [night - own[-1].occurred_at for own in purchases_by_customer(shop).values()]

    assert 0.2 < sum(days < timedelta(days=60) for days in silent) / len(silent) < 0.45
    assert 0.4 < sum(days > timedelta(days=180) for days in silent) / len(silent) < 0.65


@pytest.mark.parametrize(("shop", "low", "high"), [(CHANDRAKOR, 200_00, 400_00), (TSIRANI, 1_400_00, 2_600_00)])
def test_the_usual_basket_costs_what_it_would(shop: Shop, low: int, high: int) -> None:
    assert low < median(total(order) for order in orders_of(the_history(shop.key)[1])) < high


@SHOPS
def test_cohorts_fade(shop: Shop) -> None:
    back: Counter[int] = Counter()
    for own in purchases_by_customer(shop).values():
        first = own[0].occurred_at
        if first < datetime(2025, 11, 1, tzinfo=UTC):
            back.update({(order.occurred_at - first).days // 30 for order in own})

    assert back[1] > 1.2 * back[4] > 1.2 * back[12] > 0


def test_diwali_fills_the_sweet_shop_and_its_boxes() -> None:
    per_day: Counter[date] = Counter()
    boxes: Counter[date] = Counter()
    for order in orders_of(the_history("chandrakor")[1]):
        day = order.occurred_at.astimezone(ZoneInfo("Asia/Kolkata")).date()
        per_day[day] += 1
        boxes[day] += any(line.sku.startswith("B") for line in order.lines)
    diwali, plain = ([date(2025, month, 10) + timedelta(days=n) for n in range(11)] for month in (10, 7))

    assert sum(per_day[day] for day in diwali) > 2 * sum(per_day[day] for day in plain)
    assert sum(boxes[day] for day in diwali) > 5 * sum(boxes[day] for day in plain)


@SHOPS
def test_returns_name_a_sale_and_bring_back_no_more_than_was_sold(shop: Shop) -> None:
    _, intakes = the_history(shop.key)
    sold = {order.external_id: order for order in orders_of(intakes)}
    returns = [intake for intake in intakes if isinstance(intake, Return)]

    assert any(back.lines for back in returns)
    assert any(not back.lines for back in returns)
    for back in returns:
        order = sold[back.order or ""]
        assert order.occurred_at < back.occurred_at
        for line in back.lines:
            assert 0 < float(line.quantity) <= float(order.lines[(line.line or 0) - 1].quantity)


@SHOPS
def test_rewards_are_taken_by_members_who_can_pay_from_spending_alone(shop: Shop) -> None:
    people, intakes = the_history(shop.key)
    prices = {reward.code: reward.price for reward in shop.rewards}
    known = {value: person.number for person in people for value in (person.phone, person.card)}
    have: dict[int, int] = {}
    for intake in intakes:
        number = known[intake.customer.card or intake.customer.phone] if intake.customer else 0
        match intake:
            case Enrolment():
                have[number] = 0
            case Order() if number in have:
                have[number] += total(intake) // shop.spend_minor
            case Redemption():
                have[number] -= prices[intake.offer]
                assert have[number] >= 0

    taken = Counter(intake.offer for intake in intakes if isinstance(intake, Redemption))
    assert taken.keys() == prices.keys()


@SHOPS
def test_the_program_can_be_published_and_speaks_of_what_is_sold(shop: Shop) -> None:
    program = read_program(shop.program)
    skus = {product.sku for product in shop.products}

    assert [rule.id for rule in program.rules] == ["spend", "double-day", "visit", "welcome", "birthday"]
    assert {reward.value["sku"] for reward in shop.rewards if "sku" in reward.value} <= skus
    assert any(f"'{product.category}'" in str(program.rules[1].when) for product in shop.products)
    assert all(set(reward.name) == set(shop.languages) for reward in shop.rewards)
