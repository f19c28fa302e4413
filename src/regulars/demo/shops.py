# SPDX-License-Identifier: Apache-2.0
"""The two businesses: where they are, when they are open, who comes how often, and what a member can get."""

from dataclasses import dataclass, field

from regulars.demo import feasts, names, products
from regulars.demo.feasts import Feast
from regulars.demo.people import Crowd, Neighbourhood
from regulars.demo.products import Category, Product

_SWEET_SHOP_HOURS = (4, 7, 10, 9, 5, 4, 5, 8, 11, 13, 11, 7, 3)
_BAKERY_HOURS = (12, 13, 8, 6, 5, 6, 6, 5, 6, 10, 13, 9, 4)
_WEB_HOURS = (2, 1, 1, 1, 1, 1, 3, 5, 7, 9, 10, 9, 8, 7, 7, 7, 8, 9, 10, 12, 13, 12, 8, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """A store: open from `opens` for as many hours as `hours` has weights; `weekdays` weighs Monday to Sunday, `trade` the whole store."""

    code: str
    name: str
    opens: int
    hours: tuple[int, ...]
    weekdays: tuple[float, ...]
    trade: float
    source: str = "till"


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How customers differ. Buying rates per day are Gamma(`rate_shape`, mean `rate_mean`); after each purchase a customer is

    lost for good with a chance of their own, Beta(`drop_a`, `drop_b`). Baskets have `lines_mean` lines on average.
    """

    rate_shape: float
    rate_mean: float
    drop_a: float
    drop_b: float
    lines_mean: float
    founders_share: float
    strays_share: float = 0.06
    anonymous_share: float = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """What a member can get: `value` in the form that its kind asks for, `tier` the level from which on it is open."""

    code: str
    price: int
    kind: str
    value: dict[str, int | str]
    name: dict[str, str]
    text: dict[str, str]
    tier: str = ""
    per_member_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A level of the ladder, reached with so many points earned in twelve months."""

    code: str
    threshold: int
    name: dict[str, str]
    factor_percent: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Earning:
    """The earn rules in numbers: one point per `spend_minor`, a category doubled on a weekday (0 is Monday), points per visit."""

    spend_minor: int
    category: str
    weekday: int
    visit_points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """One demo business, complete."""

    key: str
    name: str
    country: str
    currency: str
    timezone: str
    languages: tuple[str, ...]
    outlets: tuple[Outlet, ...]
    crowd: Crowd
    habits: Habits
    categories: tuple[Category, ...]
    products: tuple[Product, ...]
    feasts: tuple[Feast, ...]
    earning: Earning
    tiers: tuple[Tier, ...]
    rewards: tuple[Reward, ...] = field(default=())
