# SPDX-License-Identifier: Apache-2.0
"""Eighteen months in the life of a shop: who comes when, takes what, joins, brings back, and takes rewards.

Customers buy at a rate of their own (Gamma over customers) until they are lost (a chance after every purchase, Beta
over customers): the BG/NBD model of Fader, Hardie and Lee (2005), on a time that runs faster before feasts. The same
random source and day give the same history to the last character.
"""

from bisect import bisect_right
from collections import Counter
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
_CHECK_IN_SHARE = 0.08
_RETURN_SHARE = 0.015
_PART_BACK_SHARE = 0.6
_COLLECTOR_SHARE = 0.35
_TAKE_SHARE = 0.16
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
        self._hours: dict[tuple[date, int], datetime] = {}
        self.places: dict[str, _Place] = {}
        for outlet in shop.outlets:
            kept = feasts_of(shop.feasts, outlet.code)
            season = Season(kept, outlet.weekdays, start=start, end=end)
            shelves = Shelves(shop.products, kept, store=outlet.code)
            self.places[outlet.code] = _Place(outlet, season, shelves, tuple(accumulate(outlet.hours)))

    def moment(self, place: _Place, day: date) -> datetime:
        """Draw a time within opening hours, but ten minutes into an hour: room for what comes before a sale."""
        hour = place.outlet.opens + bisect_right(place.hours, self.rng.random() * place.hours[-1])
        return self._hour(day, hour) + timedelta(seconds=600 + int(self.rng.random() * 3_000))

    def _hour(self, day: date, hour: int) -> datetime:
        """Return the beginning of a local hour, in UTC."""
        if (day, hour) not in self._hours:
            self._hours[day, hour] = datetime.combine(day, time(hour), self._zone).astimezone(UTC)
        return self._hours[day, hour]

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
        self._purse = Purse(usable_after=timedelta(days=street.shop.usable_after_days))
        self._taken: Counter[str] = Counter()
        self._is_collector = self._rng.random() < _COLLECTOR_SHARE
        size = self._rng.lognormvariate(0, 0.35)
        lines = street.shop.habits.lines_mean * self._rng.lognormvariate(0, 0.25)
        self._appetite = Appetite(lines, size, self._home.shelves.favourites(self._rng))

    def live(self) -> Iterator[Happening]:
        """Yield what this customer does; each purchase with all that goes with it."""
        errands = sorted((self._street.moment(place, day), place.outlet.code, day) for day, place in self._purchases())
        for nth, (at, store, day) in enumerate(errands):
            place = self._street.places[store]
            yield from self._before_sale(place.outlet, at, is_first=nth == 0)
            sale = Sale(
                at=at,
                outlet=place.outlet,
                person=self._person,
                pieces=place.shelves.fill(day, self._appetite, self._rng),
            )
            self._earn(sale.total_minor, at)
            yield sale
            yield from self._bring_back(sale, day)

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

    def _before_sale(self, outlet: Outlet, at: datetime, *, is_first: bool) -> Iterator[Happening]:
        if not self._is_member and self._rng.random() < (_JOIN_FIRST if is_first else _JOIN_LATER):
            self._is_member = True
            yield Joining(at=at - timedelta(minutes=6), outlet=outlet, person=self._person)
        if not self._is_member:
            return
        if self._rng.random() < _CHECK_IN_SHARE:
            yield CheckIn(at=at - timedelta(minutes=4), outlet=outlet, person=self._person)
        if self._rng.random() < _TAKE_SHARE and (reward := self._wanted(at)):
            self._purse.spend(reward.price)
            self._taken[reward.code] += 1
            yield Taking(at=at - timedelta(minutes=2), outlet=outlet, person=self._person, offer=reward.code)

    def _wanted(self, at: datetime) -> Reward | None:
        """Return the reward that a member takes now; collectors wait until they could have the dearest one."""
        shop = self._street.shop
        spendable, earned = self._purse.has(at)
        if self._is_collector and spendable < max(reward.price for reward in shop.rewards):
            return None
        tiers = {"", *(tier.code for tier in shop.tiers if tier.at_least <= earned)}
        within_reach = [
            reward
            for reward in shop.rewards
            if reward.price <= spendable
            and reward.tier in tiers
            and (reward.per_member_max is None or self._taken[reward.code] < reward.per_member_max)
        ]
        return self._rng.choice(within_reach) if within_reach else None

    def _earn(self, amount_minor: int, at: datetime) -> None:
        if self._is_member:
            self._purse.earn(amount_minor // self._street.shop.spend_minor, at)

    def _bring_back(self, sale: Sale, sold_on: date) -> Iterator[GoodsBack]:
        """Yield a return within three days, in part or in full, in the store of the sale; none after the history."""
        if self._rng.random() >= _RETURN_SHARE:
            return
        day = sold_on + timedelta(days=self._rng.randint(1, 3))
        if day >= self._street.end:
            return
        at = self._street.moment(self._street.places[sale.outlet.code], day)
        back = GoodsBack(at=at, outlet=sale.outlet, person=self._person, sale=sale)
        if self._rng.random() < _PART_BACK_SHARE:
            back.position, back.quantity_milli = self._part(sale.pieces)
        self._earn(-_worth(back) - self._street.shop.spend_minor, sale.at)
        yield back

    def _part(self, pieces: list[Piece]) -> tuple[int, int]:
        position = self._rng.randrange(len(pieces)) + 1
        piece = pieces[position - 1]
        step = min(piece.quantity_milli, piece.product.ladder[0])
        return position, step * self._rng.randint(1, piece.quantity_milli // step)


def _worth(back: GoodsBack) -> int:
    """Return what a return gives back at most."""
    return back.sale.pieces[back.position - 1].amount_minor if back.position else back.sale.total_minor
