# SPDX-License-Identifier: Apache-2.0
"""What goes into a basket: favourites first, the season beside them, more of everything before a feast."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from itertools import accumulate
from random import Random
from typing import NamedTuple

from regulars.demo.feasts import Feast
from regulars.demo.products import Product
from regulars.kernel.money import round_half_up_div

_FAVOURITE_SHARE = 0.5
_OFFER_SHARE = 0.04
_OFFER_PERCENT = 10
_LINES_MAX = 9
_MAJOR = 100


class Piece(NamedTuple):
    """One line of a basket, priced."""

    product: Product
    quantity_milli: int
    amount_minor: int
    discount_minor: int


class Appetite(NamedTuple):
    """How a customer fills a basket: mean number of lines, size factor of quantities, products they come for."""

    lines_mean: float
    size: float
    favourites: tuple[Product, ...]


class Shelves:
    """The products of one store, with what is asked for on each day."""

    def __init__(self, products: Sequence[Product], feasts: Sequence[Feast], *, store: str) -> None:
        self._products = tuple(product for product in products if not product.stores or store in product.stores)
        self._feasts = tuple(feasts)
        self._quiet = list(accumulate(_asked_for(product, {}) for product in self._products))
        self._by_day: dict[date, tuple[float, list[float]]] = {}

    def favourites(self, rng: Random) -> tuple[Product, ...]:
        """Draw the few products that a customer comes for all year round."""
        steady = [product for product in self._products if not product.is_seasonal]
        return tuple(dict.fromkeys(rng.choices(steady, [product.appeal for product in steady], k=4)))

    def fill(self, day: date, appetite: Appetite, rng: Random) -> list[Piece]:
        """Draw the basket of a purchase."""
        strongest, weights = self._demand(day)
        count = min(_LINES_MAX, 1 + int(rng.expovariate(1 / max(0.1, appetite.lines_mean - 0.6))))
        pieces: dict[str, Piece] = {}
        for _ in range(count):
            product = self._draw(weights, appetite.favourites, rng)
            pieces[product.sku] = _piece(product, appetite.size * (1 + strongest), rng)
        return list(pieces.values())

    def _draw(self, weights: list[float], favourites: tuple[Product, ...], rng: Random) -> Product:
        if favourites and rng.random() < _FAVOURITE_SHARE:
            return favourites[int(rng.random() ** 1.6 * len(favourites))]
        return self._products[bisect_right(weights, rng.random() * weights[-1])]

    def _demand(self, day: date) -> tuple[float, list[float]]:
        """Return how near the next feast is, and the running sum of what each product is asked for."""
        if day not in self._by_day:
            strengths = {feast.code: strength for feast in self._feasts if (strength := feast.strength(day))}
            demand = (
                list(accumulate(_asked_for(product, strengths) for product in self._products))
                if strengths
                else self._quiet
            )
            self._by_day[day] = max(strengths.values(), default=0.0), demand
        return self._by_day[day]


def _asked_for(product: Product, strengths: dict[str, float]) -> float:
    nearness = max((strengths.get(code, 0.0) for code in product.feasts), default=0.0)
    if product.is_seasonal:
        return product.appeal * product.feast_factor * nearness
    return product.appeal * (1 + (product.feast_factor - 1) * nearness)


def _piece(product: Product, size: float, rng: Random) -> Piece:
    ladder = product.ladder
    quantity = ladder[min(len(ladder) - 1, int(rng.expovariate(1 / (0.75 * size))))]
    full = round_half_up_div(product.price_minor * quantity, 1000 * _MAJOR) * _MAJOR
    discount = full * _OFFER_PERCENT // (100 * _MAJOR) * _MAJOR if rng.random() < _OFFER_SHARE else 0
    return Piece(product, quantity, full - discount, discount)
