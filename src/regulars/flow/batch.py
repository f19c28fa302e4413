# SPDX-License-Identifier: Apache-2.0
"""The working copy of everything that one batch of intakes touches: loaded once, decided in memory, written once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from regulars.catalog.store import NewProduct, ProductInfo
from regulars.customers.matching import Matching, Resolved
from regulars.facts.store import NewFact, StoredFact, StoredLine
from regulars.flow.errors import CustomerNeeded, NoProgram, NotAMember
from regulars.flow.intake import Earning, Intake, Receipt, Refusal
from regulars.kernel.clock import end_of_day, local_day
from regulars.ledger.book import Account, Drawn, Posting, Side
from regulars.ledger.merging import Brought, MergingBook
from regulars.programs.decide import CompiledProgram
from regulars.programs.definition import Automatic
from regulars.programs.ladder import base_tier
from regulars.programs.store import Member, StoredDecision
from regulars.programs.versions import Timeline, compiled
from regulars.rewards.store import EntitlementState, OfferState
from regulars.tenancy.actors import SYSTEM, Actor


@dataclass(frozen=True, slots=True)
class Shop:
    """What of a business the path needs."""

    key: UUID
    currency: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What of a store the path needs."""

    key: UUID
    code: str
    zone: ZoneInfo


@dataclass(slots=True)
class Tally:
    """What an intake has moved so far: the receipt in the making."""

    earned: int = 0
    spent: int = 0
    reversed: int = 0
    returned: int = 0
    pending: int = 0
    expired: int = 0
    earnings: list[Earning] = field(default_factory=list)
    detail: dict[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Item:
    """One intake in its batch, and who sent it. `receipt` is there once it is answered: repeated, refused or done.

    `balance_before` is what its customer had, where the audit log says so.
    """

    place: int
    intake: Intake
    digest: bytes
    fact: UUID
    customer: UUID | None = None
    who: Resolved | None = None
    store: StoreInfo | None = None
    receipt: Receipt | None = None
    tally: Tally = field(default_factory=Tally)
    local: datetime | None = None
    windows: list[str] | None = None
    corrects: StoredFact | None = None
    caused_by: UUID | None = None
    came_back: dict[int, tuple[UUID | None, int]] = field(default_factory=dict)
    taken_back: list[dict[str, object]] = field(default_factory=list)
    actor: Actor = SYSTEM
    balance_before: int | None = None

    @property
    def named(self) -> tuple[str, str] | None:
        """Return the (source, external id) of the earlier intake that this one is about."""
        for name in ("order", "cancels", "of"):
            external_id = getattr(self.intake, name, None)
            if external_id is not None:
                return getattr(self.intake, f"{name}_source") or self.intake.source, external_id
        return None

    @property
    def corrected(self) -> tuple[str, str] | None:
        """Return the (source, external id) under which an earlier revision may be recorded."""
        return (self.intake.source, self.intake.external_id) if self.intake.revision else None

    def refuse(self, code: str, text: str, *, status: int, data: dict[str, object]) -> None:
        """Answer with a refusal."""
        plain = {
            key: value if isinstance(value, str | int | float | bool | None) else str(value)
            for key, value in data.items()
        }
        kind = str(self.intake.__struct_config__.tag)
        self.receipt = Receipt(None, kind, self.customer, refusal=Refusal(code, text, status, plain))


@dataclass(frozen=True, slots=True)
class Apart:
    """What a parting needs to know: the merge, what has become of it, and what counts towards the tier of each alone.

    `entangled` says in a word why it cannot be undone exactly, if so.
    """

    survivor: UUID
    merge: StoredFact
    brought: Brought
    progress: dict[UUID, tuple[int, datetime | None]]
    entangled: str


@dataclass
class Batch:
    """Everything a batch has loaded, and everything it will write."""

    shop: Shop
    now: datetime
    new_key: Callable[[], UUID]
    items: list[Item]
    book: MergingBook
    with_points: bool = True
    timeline: Timeline = field(default_factory=lambda: Timeline(()))
    matching: Matching = field(default_factory=Matching)
    products: dict[str, ProductInfo] = field(default_factory=dict)
    new_products: dict[str, NewProduct] = field(default_factory=dict)
    members: dict[UUID, Member] = field(default_factory=dict)
    past_tiers: dict[UUID, list[tuple[datetime, str]]] = field(default_factory=dict)
    counters: dict[tuple[UUID, str], int] = field(default_factory=dict)
    order_counts: dict[UUID, int] = field(default_factory=dict)
    named: dict[tuple[str, str], StoredFact] = field(default_factory=dict)
    matched: dict[UUID, StoredFact] = field(default_factory=dict)
    repeats: list[tuple[Item, Item]] = field(default_factory=list)
    cancelled: dict[UUID, UUID] = field(default_factory=dict)
    returns: dict[UUID, list[UUID]] = field(default_factory=dict)
    lines: dict[UUID, list[StoredLine]] = field(default_factory=dict)
    purchases: dict[tuple[UUID, UUID], list[StoredLine]] = field(default_factory=dict)
    decisions: dict[UUID, StoredDecision] = field(default_factory=dict)
    drawn: dict[UUID, list[tuple[UUID, list[Drawn]]]] = field(default_factory=dict)
    offers: dict[UUID, OfferState] = field(default_factory=dict)
    held_counts: dict[tuple[UUID, UUID], int] = field(default_factory=dict)
    entitlements: dict[UUID, EntitlementState] = field(default_factory=dict)
    takers: dict[int, UUID] = field(default_factory=dict)
    new_takers: set[int] = field(default_factory=set)
    claims: list[StoredFact] = field(default_factory=list)
    stores: dict[UUID, StoreInfo] = field(default_factory=dict)
    reservations: set[UUID] = field(default_factory=set)
    aliases: dict[UUID, UUID] = field(default_factory=dict)
    all_counters: dict[tuple[UUID, str], int] = field(default_factory=dict)
    apart: Apart | None = None
    remembers: bool = False

    new_facts: list[tuple[NewFact, Item]] = field(default_factory=list)
    new_lines: list[tuple[Any, ...]] = field(default_factory=list)
    new_attributions: list[tuple[Any, ...]] = field(default_factory=list)
    returned: dict[UUID, tuple[int, int]] = field(default_factory=dict)
    new_decisions: list[tuple[Any, ...]] = field(default_factory=list)
    new_standings: list[tuple[Any, ...]] = field(default_factory=list)
    used: dict[tuple[UUID, str], int] = field(default_factory=dict)
    merged: tuple[UUID, UUID, UUID] | None = None
    unmerged: UUID | None = None
    events: list[tuple[str, UUID | None, dict[str, object]]] = field(default_factory=list)
    _versions: dict[datetime, tuple[UUID, CompiledProgram] | None] = field(default_factory=dict)

    @cached_property
    def unit(self) -> str:
        """Return the unit that members collect: that of the program published last."""
        latest = self.timeline.latest
        return compiled(latest).program.unit.code if latest else "points"

    @cached_property
    def slides_expiry(self) -> bool:
        """Tell whether some version gave points that end by inactivity, so that every activity moves their end."""
        return any(compiled(version).slides_expiry for version, _ in self.timeline.versions)

    @cached_property
    def automatic(self) -> Sequence[Automatic]:
        """Return the rewards that are taken by themselves now."""
        version = self.version_at(self.now) if self.with_points else None
        return version[1].program.automatic if version else ()

    @property
    def takes_at_once(self) -> bool:
        """Tell whether some reward is taken by itself right after what brings the points."""
        return any(one.at_once for one in self.automatic)

    @property
    def allows_negative(self) -> bool:
        """Tell whether members see what they owe as a negative balance."""
        latest = self.timeline.latest
        return latest is not None and compiled(latest).program.unit.negative == "allow"

    def with_merged(self, customers: Iterable[UUID]) -> list[UUID]:
        """Return customers and those who were merged into them: what is recorded of these is theirs."""
        wanted = set(customers)
        return [*wanted, *(key for key, survivor in self.aliases.items() if survivor in wanted)]

    def local_of(self, item: Item) -> datetime:
        """Return the local time of an intake: that of its store, else of the shop."""
        if item.local is None:
            item.local = item.intake.occurred_at.astimezone(item.store.zone if item.store else self.shop.zone)
        return item.local

    def day_of(self, item: Item) -> date:
        """Return the local day of an intake."""
        return self.local_of(item).date()

    def windows_of(self, item: Item) -> list[str]:
        """Return the names of all counters that deciding an intake reads."""
        if item.windows is None:
            version = self.version_at(item.intake.occurred_at)
            item.windows = version[1].windows(self.day_of(item)) if version else []
        return item.windows

    def version_at(self, moment: datetime) -> tuple[UUID, CompiledProgram] | None:
        """Return the version in force at a moment, ready to decide."""
        if moment not in self._versions:
            version = self.timeline.at(moment)
            self._versions[moment] = (version, compiled(version)) if version else None
        return self._versions[moment]

    def program_now(self, item: Item) -> CompiledProgram:
        """Return the program that an intake is decided by, or the latest where it came before all. Raises NoProgram."""
        found = self.version_at(item.intake.occurred_at)
        if found:
            return found[1]
        if self.timeline.latest is None:
            raise NoProgram(day=self.day_of(item).isoformat())
        return compiled(self.timeline.latest)

    def grace_until(self, item: Item) -> datetime | None:
        """Return until when points live that an intake brings back after their end; None where they end at once."""
        days = self.program_now(item).program.unit.grace_days
        return end_of_day(local_day(self.now, self.shop.zone) + timedelta(days=days), self.shop.zone) if days else None

    def account_of(self, customer: UUID) -> Account:
        """Return the member's account."""
        return self.book.account(Side.MEMBER, self.unit, customer)

    def balance_of(self, customer: UUID) -> int:
        """Return what a customer has as far as the batch is applied; what is owed counts where a balance may be below zero."""
        account = self.book.accounts.get((customer, self.unit, Side.MEMBER))
        owed = self.book.accounts.get((customer, self.unit, Side.DEFICIT)) if self.allows_negative else None
        return (account.balance if account else 0) + (owed.balance if owed else 0)

    def member_of(self, item: Item) -> Member:
        """Return the membership an intake needs. Raises CustomerNeeded or NotAMember."""
        if item.customer is None:
            raise CustomerNeeded
        member = self.members.get(item.customer) or self.enrol_if_automatic(item)
        if member is None:
            raise NotAMember
        return member

    def enrol_if_automatic(self, item: Item) -> Member | None:
        """Return the membership, enrolling the customer where the program in force takes everybody in."""
        if item.customer is None or not self.with_points:
            return None
        member = self.members.get(item.customer)
        if member is None:
            version = self.version_at(item.intake.occurred_at)
            if version and version[1].program.membership == "automatic":
                member = self.enrol(item)
        return member

    def taking_member(self, customer: UUID) -> Member:
        """Return the membership of the one who takes transferred points. Raises NotAMember."""
        member = self.members.get(customer)
        if member is None:
            raise NotAMember
        return member

    def enrol(self, item: Item) -> Member:
        """Make the customer a member from the intake's moment on."""
        assert item.customer is not None, "an anonymous intake enrols nobody"
        ladder = self.program_now(item).program.ladder
        occurred_at = item.intake.occurred_at
        member = Member(item.customer, occurred_at, base_tier(ladder), occurred_at, is_new=True)
        self.members[item.customer] = member
        self.events.append(
            ("member.enrolled", item.customer, {"fact": str(item.fact), "enrolled_at": occurred_at.isoformat()})
        )
        return member

    def record(self, item: Item, **about: Any) -> None:
        """Note the fact of an intake, to be written with its receipt."""
        intake = item.intake
        if item.corrects is not None:
            about["amends"] = item.corrects.key
        if item.caused_by is not None:
            about |= {"caused_by": item.caused_by, "depth": 1}
        kind: str = intake.__struct_config__.tag  # type: ignore[assignment]  # the tag is a text
        fact = NewFact(
            item.fact, kind, intake.source, intake.external_id, intake.revision, item.digest, item.customer,
            item.store.key if item.store else None,
            intake.occurred_at, self.day_of(item), **about,
        )  # fmt: skip
        self.new_facts.append((fact, item))
        if self.remembers:
            self.named[fact.source, fact.external_id] = StoredFact(
                fact.key, fact.kind, fact.source, fact.external_id, fact.revision, fact.body_digest, fact.customer, fact.store,
                fact.occurred_at, fact.total_minor, dict(about.get("payload") or {}), {},
            )  # fmt: skip

    def spend(
        self, item: Item, customer: UUID, points: int, *, kind: str = "spend", sink: Side = Side.REDEEMED
    ) -> None:
        """Spend points of a member for an intake, so that a later one can give them back. Raises InsufficientPoints."""
        posting = Posting(fact=item.fact, kind=kind, occurred_at=item.intake.occurred_at)
        self.remember_drawn(item, self.book.spend(self.account_of(customer), points, posting, sink=sink))
        item.tally.spent += points

    def remember_drawn(self, item: Item, transaction: UUID) -> None:
        """Let later intakes of this batch find what a spending drew on."""
        if self.remembers:
            self.drawn.setdefault(item.fact, []).append((transaction, self.book.drawn_by(transaction)))

    def product_key(self, sku: str) -> UUID | None:
        """Return the product of a code; a line may name none."""
        product = self.products.get(sku)
        return product.id if product else None

    def fact(self, key: UUID) -> StoredFact | None:
        """Return a loaded earlier fact by its key."""
        return self.matched.get(key) or next((named for named in self.named.values() if named.key == key), None)

    def points_paid(self, fact: UUID) -> int:
        """Return how many points a loaded purchase was paid with."""
        stored = self.fact(fact)
        return int(stored.payload.get("points", 0)) if stored else 0

    def held_of(self, customer: UUID, offer: UUID) -> int:
        """Return how many of an offer a member has taken, this batch included."""
        return self.held_counts.get((customer, offer), 0)

    def mark(self) -> tuple[int, ...]:
        """Return how much has been collected so far; a refusal that left the mark unmoved has changed nothing."""
        return (
            self.book.version, len(self.new_facts), len(self.new_lines), len(self.members), len(self.events),
            len(self.entitlements), len(self.returned), len(self.used),
        )  # fmt: skip

    def has_made_known(self, item: Item) -> bool:
        """Tell whether an intake names somebody whom nobody knew before."""
        return (item.who is not None and item.who.is_new) or item.place in self.new_takers

    def returned_of(self, line: StoredLine) -> int:
        """Return how much of a line has come back, this batch included."""
        return line.returned_milli + self.returned.get(line.key, (0, 0))[1]
