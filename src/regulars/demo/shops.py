# SPDX-License-Identifier: Apache-2.0
"""What makes a demo business: stores and their hours, how its customers differ, its program and rewards."""

from dataclasses import dataclass

from regulars.demo.feasts import Feast
from regulars.demo.people import Crowd
from regulars.demo.products import Product


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """A store: open from the hour `opens` for as many hours as `hours` has weights.

    `weekdays` weighs Monday to Sunday, `trade` the whole store against the others.
    """

    code: str
    name: str
    opens: int
    hours: tuple[int, ...]
    weekdays: tuple[float, ...]
    trade: float
    source: str = "till"


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How customers differ: rates per day are Gamma with `rate_shape` and `rate_mean`, baskets average `lines_mean`.

    After each purchase a customer is lost with a chance of their own, Beta(`drop_a`, `drop_b`). `founders_share` were
    customers already when the history begins; `anonymous_share` of the sales are to people whom nobody recognised.
    """

    rate_shape: float
    rate_mean: float
    drop_a: float
    drop_b: float
    lines_mean: float
    founders_share: float
    anonymous_share: float = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """What a member can get: `value` in the form that its kind asks for, `tier` the level from which on it is open."""

    code: str
    price: int
    kind: str
    value: dict[str, object]
    name: dict[str, str]
    tier: str = ""
    per_member_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A level of the ladder, reached with so many points earned in twelve months; it multiplies what is earned."""

    code: str
    at_least: int
    name: dict[str, str]
    times_milli: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clerk:
    """Somebody who works there and can log in; `store` empty means in all of them."""

    role: str
    name: str
    email: str
    language: str
    store: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """One demo business, complete. `spend_minor` is what one point costs, usable after so many days; `program` the document
    that is published.
    """

    key: str
    name: str
    country: str
    currency: str
    timezone: str
    languages: tuple[str, ...]
    outlets: tuple[Outlet, ...]
    clerks: tuple[Clerk, ...]
    crowd: Crowd
    habits: Habits
    products: tuple[Product, ...]
    feasts: tuple[Feast, ...]
    spend_minor: int
    tiers: tuple[Tier, ...]
    rewards: tuple[Reward, ...]
    program: dict[str, object]
    usable_after_days: int = 0
