# SPDX-License-Identifier: Apache-2.0
"""The customers: names in their own scripts, numbers that nobody can have, and what the shop noted of them."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from regulars.demo.names import NameStock
from regulars.kernel.text import to_latin

_BIRTHDAY_SHARE = 0.45
_EMAIL_SHARE = 0.35
_AGE_DAYS = (17 * 365, 78 * 365)
_TAGS = (
    ("office orders", 0.05),
    ("sugar-free", 0.06),
    ("festival boxes", 0.08),
    ("catering", 0.02),
    ("neighbour", 0.10),
    ("student", 0.05),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A customer as the shop knows them. `home` is the code of their usual store; `card` is theirs once they enrol."""

    number: int
    name: str
    language: str
    home: str
    phone: str
    email: str
    card: str
    birthday: date | None
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """The people around one store: their weight among all customers, and where their names are from."""

    store: str
    weight: float
    names: tuple[tuple[NameStock, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Who to make: how many, around which stores, and how their numbers and cards begin.

    A phone is one of `phone_starts` followed by as many digits as `phone_digits` says: as long as a real one, in ranges
    that the country's plan assigns to nobody, so that no message ever reaches anybody.
    """

    size: int
    neighbourhoods: tuple[Neighbourhood, ...]
    phone_starts: tuple[str, ...]
    phone_digits: int
    card_start: str


def make_people(crowd: Crowd, *, rng: Random, today: date) -> list[Person]:
    """Make the customers of a business; numbers and cards are unique within it."""
    phones = _phones(crowd, rng)
    weights = [place.weight for place in crowd.neighbourhoods]
    places = rng.choices(crowd.neighbourhoods, weights, k=crowd.size)
    return [
        _person(number, place, f"{crowd.card_start}{number:06d}", phones[number - 1], rng=rng, today=today)
        for number, place in enumerate(places, 1)
    ]


def _phones(crowd: Crowd, rng: Random) -> list[str]:
    block = 10**crowd.phone_digits
    drawn = rng.sample(range(block * len(crowd.phone_starts)), crowd.size)
    return [f"{crowd.phone_starts[index // block]}{index % block:0{crowd.phone_digits}d}" for index in drawn]


def _person(number: int, place: Neighbourhood, card: str, phone: str, *, rng: Random, today: date) -> Person:
    stock = rng.choices([stock for stock, _ in place.names], [weight for _, weight in place.names])[0]
    given, family = rng.choice(stock.given), rng.choice(stock.family)
    return Person(
        number=number,
        name=f"{given} {family}",
        language=stock.language,
        home=place.store,
        phone=phone,
        email=_email(given, number) if rng.random() < _EMAIL_SHARE else "",
        card=card,
        birthday=today - timedelta(days=rng.randint(*_AGE_DAYS)) if rng.random() < _BIRTHDAY_SHARE else None,
        tags=_tags(rng),
    )


def _email(given: str, number: int) -> str:
    """Return an address under the name that is reserved for examples, so that no message ever reaches anybody."""
    local = "".join(char for char in to_latin(given) if char.isascii() and char.isalnum())
    return f"{local}.{number}@example.com"


def _tags(rng: Random) -> tuple[str, ...]:
    return tuple(tag for tag, share in _TAGS if rng.random() < share)
