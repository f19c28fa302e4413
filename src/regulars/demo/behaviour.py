# SPDX-License-Identifier: Apache-2.0
"""Eighteen months in the life of a shop: who comes when, takes what, joins, brings back, and takes rewards.

Customers buy at a rate of their own (Gamma over customers) until they are lost (a chance after every purchase, Beta over customers):
the BG/NBD model of Fader, Hardie and Lee (2005), on a time that runs faster before feasts. The same random source and day give the
same history to the last character.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

from regulars.demo.baskets import Appetite, Piece, Shelves
from regulars.demo.happenings import CheckIn, GoodsBack, Happening, Joining, Sale, Taking, Teller
from regulars.demo.people import Person
from regulars.demo.purse import Purse
from regulars.demo.seasons import Season, feasts_of
from regulars.demo.shops import Outlet, Reward, Shop
from regulars.flow.intake import Intake
from regulars.kernel.clock import add_months

MONTHS = 18
_OTHER_STORE_SHARE = 0.06
_JOIN_FIRST = 0.45
_JOIN_LATER = 0.30
_CHECK_IN_SHARE = 0.12
_RETURN_SHARE = 0.015
_PART_BACK_SHARE = 0.6
_COLLECTOR_SHARE = 0.35
_TAKE_SHARE = 0.3
_FOUNDING_DAYS = 40


def tell_history(shop: Shop, people: Sequence[Person], *, rng: Random, today: date) -> Iterator[Intake]:
    """Yield everything that happened in the eighteen months up to the evening before `today`, in the order of time."""
    street = _Street(shop, rng=rng, start=add_months(today, -MONTHS), end=today)
    happenings: list[Happening] = []
    for person in people:
        happenings += _Life(street, person).live()
    happenings += street.passers_by(sum(isinstance(happening, Sale) for happening in happenings))
    happenings.sort(key=lambda happening: happening.at)
    yield from Teller().tell(happenings)


@dataclass(frozen=True, slots=True)
class _Place:
    outlet: Outlet
    season: Season
    shelves: Shelves
    hours: tuple[int, ...]


class _Street:
    """The stores of a shop with their seasons and shelves, and the random source that everything is drawn from."""

    def __init__(self, shop: Shop, *, rng: Random, start: date, end: date) -> None:
        self.shop, self.rng, self.end = shop, rng, end
        self._zone = ZoneInfo(shop.timezone)
        self.places: dict[str, _Place] = {}
        for outlet in shop.outlets:
            kept = feasts_of(shop.feasts, outlet.code)
            season = Season(kept, outlet.weekdays, start=start, end=end)
            shelves = Shelves(shop.products, kept, store=outlet.code)
            self.places[outlet.code] = _Place(outlet, season, shelves, tuple(accumulate(outlet.hours)))

    def moment(self, place: _Place, day: date) -> datetime:
        """Draw a time of the day within opening hours, leaving the first ten minutes for what comes before a sale."""
        hour = place.outlet.opens + self.rng.choices(range(len(place.hours)), cum_weights=place.hours)[0]
        at = datetime.combine(day, time(hour, self.rng.randrange(10, 60), self.rng.randrange(60)), self._zone)
        return at.astimezone(UTC)

    def local_day(self, at: datetime) -> date:
        """Return the day of the shop at a moment."""
        return at.astimezone(self._zone).date()

    def passers_by(self, known_sales: int) -> Iterator[Sale]:
        """Yield the sales to people whom nobody recognised, in their share of all sales."""
        share = self.shop.habits.anonymous_share
        weights = [place.outlet.trade for place in self.places.values()]
        appetite = Appetite(self.shop.habits.lines_mean * 0.9, 0.9, ())
        for place in self.rng.choices(list(self.places.values()), weights, k=round(known_sales * share / (1 - share))):
            day = place.season.day_at(self.rng.random() * place.season.length)
            at = self.moment(place, day)
            yield Sale(at=at, outlet=place.outlet, pieces=place.shelves.fill(day, appetite, self.rng))


class _Life:
    """One customer of the shop, from the first purchase to the last."""

    def __init__(self, street: _Street, person: Person) -> None:
        self._street, self._rng, self._person = street, street.rng, person
        self._home = street.places[person.home]
        self._is_member = False
        self._purse = Purse()
        self._is_collector = self._rng.random() < _COLLECTOR_SHARE
        size = self._rng.lognormvariate(0, 0.35)
        lines = street.shop.habits.lines_mean * self._rng.lognormvariate(0, 0.25)
        self._appetite = Appetite(lines, size, self._home.shelves.favourites(self._rng))

    def live(self) -> Iterator[Happening]:
        """Yield what this customer does; each purchase with all that goes with it."""
        moments = sorted((self._street.moment(place, day), place.outlet.code) for day, place in self._purchases())
        for nth, (at, store) in enumerate(moments):
            yield from self._shop_at(self._street.places[store], at, is_first=nth == 0)

    def _purchases(self) -> Iterator[tuple[date, _Place]]:
        habits, rng, season = self._street.shop.habits, self._rng, self._home.season
        rate = rng.gammavariate(habits.rate_shape, habits.rate_mean / habits.rate_shape)
        drop = rng.betavariate(habits.drop_a, habits.drop_b)
        position = rng.random() * (_FOUNDING_DAYS if rng.random() < habits.founders_share else season.length)
        while position < season.length:
            yield season.day_at(position), self._place()
            if rng.random() < drop:
                return
            position += rng.expovariate(max(rate, 1e-9))

    def _place(self) -> _Place:
        if self._rng.random() >= _OTHER_STORE_SHARE:
            return self._home
        return self._rng.choice(list(self._street.places.values()))

    def _shop_at(self, place: _Place, at: datetime, *, is_first: bool) -> Iterator[Happening]:
        outlet, person, rng = place.outlet, self._person, self._rng
        if not self._is_member and rng.random() < (_JOIN_FIRST if is_first else _JOIN_LATER):
            self._is_member = True
            yield Joining(at=at - timedelta(minutes=6), outlet=outlet, person=person)
        if self._is_member:
            if rng.random() < _CHECK_IN_SHARE:
                yield CheckIn(at=at - timedelta(minutes=4), outlet=outlet, person=person)
            if reward := self._wanted(at):
                self._purse.spend(reward.price)
                yield Taking(at=at - timedelta(minutes=2), outlet=outlet, person=person, offer=reward.code)
        sale = Sale(at=at, outlet=outlet, person=person, pieces=place.shelves.fill(self._street.local_day(at), self._appetite, rng))
        self._earn(sale.total_minor, at)
        yield sale
        yield from self._bring_back(sale)

    def _wanted(self, at: datetime) -> Reward | None:
        """Return the reward that a member takes now; collectors wait until they can have a dear one."""
        spendable, earned = self._purse.has(at)
        open_tiers = {"", *(tier.code for tier in self._street.shop.tiers if tier.threshold <= earned)}
        within_reach = [reward for reward in self._street.shop.rewards if reward.price <= spendable and reward.tier in open_tiers]
        if not within_reach or self._rng.random() >= _TAKE_SHARE:
            return None
        dearest = max(reward.price for reward in self._street.shop.rewards)
        if self._is_collector and spendable < dearest:
            return None
        return self._rng.choice(within_reach)

    def _earn(self, amount_minor: int, at: datetime) -> None:
        if self._is_member:
            self._purse.earn(amount_minor // self._street.shop.earning.spend_minor, at)

    def _bring_back(self, sale: Sale) -> Iterator[GoodsBack]:
        """Yield a return within three days, in part or in full, in the store of the sale, unless it would lie after the history."""
        if self._rng.random() >= _RETURN_SHARE:
            return
        day = self._street.local_day(sale.at) + timedelta(days=self._rng.randint(1, 3))
        if day >= self._street.end:
            return
        at = self._street.moment(self._street.places[sale.outlet.code], day)
        back = GoodsBack(at=at, outlet=sale.outlet, person=self._person, sale=sale)
        if self._rng.random() < _PART_BACK_SHARE:
            back.position, back.quantity_milli = self._part(sale.pieces)
        self._earn(-_worth(back) - self._street.shop.earning.spend_minor, sale.at)
        yield back

    def _part(self, pieces: list[Piece]) -> tuple[int, int]:
        position = self._rng.randrange(len(pieces)) + 1
        piece = pieces[position - 1]
        step = min(piece.quantity_milli, piece.product.measure.value[0])
        return position, step * self._rng.randint(1, piece.quantity_milli // step)


def _worth(back: GoodsBack) -> int:
    """Return what a return gives back at most."""
    return back.sale.pieces[back.position - 1].amount_minor if back.position else back.sale.total_minor
