# SPDX-License-Identifier: Apache-2.0
"""What happens in a shop, before it has bill numbers: it turns into intakes once its order in time is known."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from regulars.customers.matching import CustomerRef
from regulars.demo.baskets import Piece
from regulars.demo.people import Person
from regulars.demo.shops import Outlet
from regulars.flow.intake import Enrolment, Intake, Order, OrderLine, Redemption, Return, ReturnLine, Visit


@dataclass(slots=True, kw_only=True)
class Happening:
    """Something at a store at a moment; `person` is empty where nobody was recognised."""

    at: datetime
    outlet: Outlet
    person: Person | None = None


@dataclass(slots=True, kw_only=True)
class Sale(Happening):
    """A purchase; `bill` is its number once it has one."""

    pieces: list[Piece]
    bill: str = ""

    @property
    def total_minor(self) -> int:
        """Return what was paid."""
        return sum(piece.amount_minor for piece in self.pieces)


@dataclass(slots=True, kw_only=True)
class GoodsBack(Happening):
    """Something of a sale came back: of the line at `position` (from 1) that quantity, or everything without one."""

    sale: Sale
    position: int | None = None
    quantity_milli: int = 0


@dataclass(slots=True, kw_only=True)
class Joining(Happening):
    """Somebody becomes a member."""


@dataclass(slots=True, kw_only=True)
class CheckIn(Happening):
    """A member scans the code at the door."""


@dataclass(slots=True, kw_only=True)
class Taking(Happening):
    """A member takes a reward for points."""

    offer: str


_SERIES: dict[type[Happening], str] = {Sale: "", GoodsBack: "R", Joining: "E", CheckIn: "V", Taking: "T"}


@dataclass(slots=True)
class Teller:
    """Tells happenings as intakes: numbers per store and kind, names at first sight, the card once there is one."""

    _numbers: Counter[str] = field(default_factory=Counter)
    _met: set[int] = field(default_factory=set)
    _members: set[int] = field(default_factory=set)
    _shelved: set[str] = field(default_factory=set)

    def tell(self, happenings: Iterable[Happening]) -> Iterator[Intake]:
        """Yield the intakes of happenings that come in the order of time."""
        for happening in happenings:
            yield self._intake(happening, self._next_number(happening), self._reference(happening))

    def _next_number(self, happening: Happening) -> str:
        series = f"{happening.outlet.code.upper()}-{_SERIES[type(happening)]}"
        self._numbers[series] += 1
        return f"{series}{self._numbers[series]:06d}"

    def _reference(self, happening: Happening) -> CustomerRef | None:
        person = happening.person
        if person is None:
            return None
        if isinstance(happening, Joining):
            self._members.add(person.number)
            self._met.add(person.number)
            return CustomerRef(
                phone=person.phone, card=person.card, email=person.email, name=person.name, language=person.language
            )
        if person.number not in self._met:
            self._met.add(person.number)
            return CustomerRef(phone=person.phone, email=person.email, name=person.name, language=person.language)
        return CustomerRef(card=person.card) if person.number in self._members else CustomerRef(phone=person.phone)

    def _intake(self, happening: Happening, number: str, customer: CustomerRef | None) -> Intake:
        source, store, at = happening.outlet.source, happening.outlet.code, happening.at
        match happening:
            case Sale():
                happening.bill = number
                lines = [self._line(piece) for piece in happening.pieces]
                return Order(
                    source=source, external_id=number, occurred_at=at, store=store, customer=customer, lines=lines
                )
            case GoodsBack(sale=sale):
                back = _lines_back(happening)
                return Return(
                    source=source,
                    external_id=number,
                    occurred_at=at,
                    store=store,
                    customer=customer,
                    order=sale.bill,
                    lines=back,
                )
            case Joining():
                return Enrolment(source=source, external_id=number, occurred_at=at, store=store, customer=customer)
            case Taking(offer=offer):
                return Redemption(
                    source=source, external_id=number, occurred_at=at, store=store, customer=customer, offer=offer
                )
            case _:
                return Visit(source=source, external_id=number, occurred_at=at, store=store, customer=customer)

    def _line(self, piece: Piece) -> OrderLine:
        """Tell name and category of a product with its first sale, as tills do for new products."""
        product = piece.product
        is_new = product.sku not in self._shelved
        self._shelved.add(product.sku)
        return OrderLine(
            sku=product.sku,
            amount_minor=piece.amount_minor,
            quantity=_quantity(piece.quantity_milli),
            discount_minor=piece.discount_minor,
            name=product.name if is_new else "",
            category=product.category if is_new else "",
        )


def _lines_back(back: GoodsBack) -> list[ReturnLine]:
    return [ReturnLine(quantity=_quantity(back.quantity_milli), line=back.position)] if back.position else []


@cache
def _quantity(milli: int) -> str:
    whole, rest = divmod(milli, 1000)
    return f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)
