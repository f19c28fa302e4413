# SPDX-License-Identifier: Apache-2.0
"""Ծիրանի փուռ (the apricot bakery): two shops in Yerevan, and orders on the web."""

from regulars.demo import names
from regulars.demo.feasts import ARMENIA
from regulars.demo.people import Crowd, Neighbourhood
from regulars.demo.products import ARMENIAN_PRODUCTS
from regulars.demo.program import program_document
from regulars.demo.shops import Clerk, Habits, Outlet, Reward, Shop, Tier

_HOURS = (12, 13, 8, 6, 5, 6, 6, 5, 6, 10, 13, 9, 4)
_WEB_HOURS = (2, 1, 1, 1, 1, 1, 3, 5, 7, 9, 10, 9, 8, 7, 7, 7, 8, 9, 10, 12, 13, 12, 8, 4)
_WEEKDAYS = (0.95, 0.95, 0.95, 1.0, 1.05, 1.2, 0.95)
_WEB_WEEKDAYS = (1.0, 0.9, 0.9, 1.0, 1.2, 1.1, 0.9)
_SPEND_MINOR = 10_000
_USABLE_AFTER_DAYS = 3

_RULES = {
    "spend": {"hy": "1 միավոր յուրաքանչյուր 100 ֏-ի համար", "en": "1 point for every 100 ֏"},
    "double-day": {"hy": "Թխվածքի չորեքշաբթի՝ կրկնակի միավորներ", "en": "Pastry Wednesday: double points"},
    "visit": {"hy": "2 միավոր այցի համար՝ օրը մեկ անգամ", "en": "2 points for a visit, once a day"},
    "welcome": {"hy": "Բարի գալուստ՝ 20 միավոր առաջին գնման համար", "en": "Welcome: 20 points with the first purchase"},
    "birthday": {"hy": "30 միավոր ծննդյան ամսին", "en": "30 points in the month of your birthday"},
}
_TIERS = (
    Tier(code="guest", at_least=0, times_milli=1_000, name={"hy": "Հյուր", "en": "Guest"}),
    Tier(code="friend", at_least=300, times_milli=1_200, name={"hy": "Ընկեր", "en": "Friend"}),
    Tier(code="family", at_least=1_000, times_milli=1_500, name={"hy": "Յուրային", "en": "Family"}),
)
_REWARDS = (
    Reward(
        code="bread",
        price=60,
        kind="free_item",
        value={"sku": "102"},
        name={"hy": "Մեկ մատնաքաշ", "en": "A loaf of matnakash"},
    ),
    Reward(
        code="coffee",
        price=100,
        kind="free_item",
        value={"sku": "501"},
        name={"hy": "Մեկ բաժակ հայկական սուրճ", "en": "A cup of Armenian coffee"},
    ),
    Reward(
        code="500-off",
        price=90,
        kind="amount_off",
        value={"amount_minor": 50_000},
        name={"hy": "500 ֏ զեղչ", "en": "500 ֏ off"},
    ),
    Reward(code="gata", price=150, kind="free_item", value={"sku": "206"}, name={"hy": "Մեկ գաթա", "en": "A gata"}),
    Reward(
        code="15-percent",
        price=220,
        kind="percent_off",
        value={"percent": 15, "max_minor": 150_000},
        tier="friend",
        name={"hy": "15% զեղչ մեկ գնման համար, մինչև 1500 ֏", "en": "15% off one purchase, up to 1,500 ֏"},
    ),
    Reward(
        code="baking-class",
        price=500,
        kind="perk",
        value={},
        tier="family",
        per_member_max=1,
        name={"hy": "Թխելու դաս մեր հացթուխի հետ", "en": "A baking class with our baker"},
    ),
)

TSIRANI = Shop(
    key="tsirani",
    name="Ծիրանի փուռ",
    country="AM",
    currency="AMD",
    timezone="Asia/Yerevan",
    languages=("hy", "en"),
    outlets=(
        Outlet(code="abovyan", name="Աբովյան փողոց", opens=8, hours=_HOURS, weekdays=_WEEKDAYS, trade=1.2),
        Outlet(code="komitas", name="Կոմիտասի պողոտա", opens=8, hours=_HOURS, weekdays=_WEEKDAYS, trade=1.0),
        Outlet(
            code="web", name="Կայք", opens=0, hours=_WEB_HOURS, weekdays=_WEB_WEEKDAYS, trade=0.05, source="webshop"
        ),
    ),
    clerks=(
        Clerk(role="owner", name="Մարիամ Ղազարյան", email="owner@tsirani.example", language="hy"),
        Clerk(role="cashier", name="Նարեկ Բաբայան", email="abovyan@tsirani.example", language="hy", store="abovyan"),
    ),
    crowd=Crowd(
        size=700,
        neighbourhoods=(
            Neighbourhood(store="abovyan", weight=3.6, names=((names.ARMENIAN, 8), (names.YEREVAN_LATIN, 2))),
            Neighbourhood(store="komitas", weight=3.4, names=((names.ARMENIAN, 9.5), (names.YEREVAN_LATIN, 0.5))),
            Neighbourhood(store="web", weight=1.2, names=((names.ARMENIAN, 8), (names.YEREVAN_LATIN, 2))),
        ),
        phone_starts=("+37450", "+37452", "+37453", "+37454", "+37457", "+37459"),
        phone_digits=6,
        card_start="TS",
    ),
    habits=Habits(rate_shape=0.38, rate_mean=0.1, drop_a=0.6, drop_b=3.2, lines_mean=3.1, founders_share=0.33),
    products=ARMENIAN_PRODUCTS,
    feasts=ARMENIA,
    spend_minor=_SPEND_MINOR,
    usable_after_days=_USABLE_AFTER_DAYS,
    tiers=_TIERS,
    rewards=_REWARDS,
    program=program_document(
        unit={
            "code": "points",
            "name": {"hy": "միավոր", "en": "points"},
            "expiry": {"kind": "period_end", "months": 9, "period": "quarter"},
            "pending": {"kind": "delay", "days": _USABLE_AFTER_DAYS},
        },
        spend_minor=_SPEND_MINOR,
        doubled=("Թխվածք", "wed"),
        names=_RULES,
        tiers=_TIERS,
    ),
)
