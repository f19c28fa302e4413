# SPDX-License-Identifier: Apache-2.0
"""Customers: found, made, changed; what they have, what happened to it, and what they hold."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.db import transaction
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from regulars.api.door import is_current
from regulars.api.endpoint import Answer, Call, Endpoint, Nothing, Page
from regulars.api.pages import PageQuery, latest_first, page_answer
from regulars.api.problems import ChangedMeanwhile
from regulars.api.words import words_for
from regulars.customers.actions import ProfileChange, add_identity, change_profile, create_customer
from regulars.customers.importing import CustomerRow
from regulars.customers.matching import CARD, EMAIL, EXTERNAL, PHONE, IdentityKey, UnknownCustomer
from regulars.customers.models import Customer
from regulars.customers.queries import Profile, customer_list, family_of, profile
from regulars.database.transactions import run_durably
from regulars.facts.models import Fact
from regulars.flow.entitling import code_of
from regulars.ledger.queries import StatementRow, balance_of, statement
from regulars.programs.definition import Program
from regulars.programs.explain import text_in
from regulars.programs.models import Decision
from regulars.programs.outcomes import cause_of, outcome_behind, reasons_told
from regulars.programs.queries import current_program, decisions_of, standing_of
from regulars.programs.versions import program_of
from regulars.programs.words import Words
from regulars.rewards.models import Entitlement

_UNIT = "points"
_KINDS = {"card": CARD, "external_id": EXTERNAL, "phone": PHONE, "email": EMAIL}

Name = Annotated[str, Meta(max_length=200)]
Identity = Annotated[str, Meta(min_length=1, max_length=254)]
Tags = Annotated[list[Annotated[str, Meta(min_length=1, max_length=40)]], Meta(max_length=50)]


class NewCustomer(Struct, frozen=True, forbid_unknown_fields=True):
    """A customer to make. At least a name or one identity is needed."""

    name: Name = ""
    language: Annotated[str, Meta(max_length=8)] = ""
    birthday: date | None = None
    tags: Tags = []
    card: Identity | UnsetType = UNSET
    external_id: Identity | UnsetType = UNSET
    phone: Identity | UnsetType = UNSET
    email: Identity | UnsetType = UNSET


class CustomerChange(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to change; what is left out stays. Tags replace all; a birthday of null takes it away; an identity is added."""

    name: Name | UnsetType = UNSET
    language: Annotated[str, Meta(max_length=8)] | UnsetType = UNSET
    birthday: date | UnsetType | None = UNSET
    tags: Tags | UnsetType = UNSET
    card: Identity | UnsetType = UNSET
    external_id: Identity | UnsetType = UNSET
    phone: Identity | UnsetType = UNSET
    email: Identity | UnsetType = UNSET


class CustomerQuery(PageQuery, frozen=True):
    """Which customers are wanted: all, those that a text finds in any script, those who bear a tag."""

    q: Annotated[str, Meta(max_length=100)] = ""
    tag: Annotated[str, Meta(max_length=40)] = ""


class Ending(Struct, frozen=True):
    """Spendable points that end, and the last local day on which they can be used."""

    day: date
    points: int


class CustomerBalance(Struct, frozen=True):
    """What a customer has of the program's unit, and where they stand. `missing` is the progress that the next level still asks for."""

    unit: str
    is_member: bool
    total: int
    available: int
    pending: int
    held: int
    owed: int
    ending: list[Ending]
    tier: str
    progress: int
    next_tier: str
    missing: int | None
    enrolled_at: datetime | None


class Booking(Struct, frozen=True):
    """One movement of points, with the fact and the rule behind it; `text` is the reason as a sentence."""

    transaction: UUID
    fact: UUID
    kind: str
    rule: str
    points: int
    occurred_at: datetime
    booked_at: datetime
    reasons: list[dict[str, Any]]
    text: str


class HeldReward(Struct, frozen=True):
    """A reward that a customer has or had. `code` is shown while it can be used."""

    id: UUID
    offer: str
    name: str
    kind: str
    value: dict[str, Any]
    state: str
    price: int
    code: str | None
    issued_at: datetime
    expires_at: datetime


def find_customer(call: Call[Any, Any]) -> Customer:
    """Return the customer that the address names. Raises UnknownCustomer."""
    found = Customer.objects.of(call.business).filter(pk=call.path["id"]).first()
    if found is None:
        raise UnknownCustomer(customer=call.path["id"])
    return found


def _meant(call: Call[Any, Any]) -> Customer:
    """Return the customer that the address means: who stayed, where the one that it names was merged."""
    found = find_customer(call)
    return found.alias.survivor if hasattr(found, "alias") else found


def list_customers(call: Call[None, CustomerQuery]) -> Answer:
    """List customers, the latest first, or those that a text finds, best first."""
    query = call.query
    page = customer_list(call.business, text=query.q, tag=query.tag, after=query.after, limit=query.limit)
    return page_answer(call, list(page.customers), after=page.after)


def _identities(body: NewCustomer | CustomerChange) -> list[IdentityKey]:
    return [(kind, getattr(body, name)) for name, kind in _KINDS.items() if getattr(body, name) is not UNSET]


def make_customer(call: Call[NewCustomer, Nothing]) -> Answer:
    """Make a customer."""
    body = call.body
    row = CustomerRow(tuple(_identities(body)), body.name, body.language, body.birthday, tuple(body.tags))
    made = run_durably(lambda: create_customer(call.business, row, actor=call.holder.actor, now=call.now))
    return Answer(profile(call.business, made.pk), 201)


def get_customer(call: Call[None, Nothing]) -> Answer:
    """Return one customer."""
    return Answer(profile(call.business, call.path["id"]))


def change_customer(call: Call[CustomerChange, Nothing]) -> Answer:
    """Change what is known of a customer, unless it has changed since the caller read it."""

    def change() -> None:
        customer = find_customer(call)
        with transaction.atomic():
            Customer.objects.of(call.business).select_for_update().get(pk=customer.pk)
            if not is_current(call.request, profile(call.business, customer.pk)):
                raise ChangedMeanwhile
            plain = {name: value for name, value in structs.asdict(call.body).items() if name not in _KINDS}
            change_profile(customer, ProfileChange(**plain), actor=call.holder.actor, now=call.now)
            for identity in _identities(call.body):
                add_identity(customer, identity, actor=call.holder.actor, now=call.now)

    run_durably(change)
    return Answer(profile(call.business, call.path["id"]))


def _unit_of(program: Program | None) -> str:
    return program.unit.code if program else _UNIT


def get_balance(call: Call[None, Nothing]) -> Answer:
    """Return what a customer has and where they stand."""
    customer = _meant(call)
    program = current_program(call.business, call.now)
    unit = _unit_of(program)
    balance = balance_of(call.business, customer.pk, unit, now=call.now)
    standing = standing_of(call.business, customer.pk, program)
    return Answer(
        CustomerBalance(
            unit=unit,
            is_member=standing is not None,
            total=balance.total,
            available=balance.available,
            pending=balance.pending,
            held=balance.held,
            owed=balance.owed,
            ending=[Ending(day, points) for day, points in balance.ending],
            tier=standing.tier if standing else "",
            progress=standing.progress if standing else 0,
            next_tier=standing.next_tier if standing else "",
            missing=standing.missing if standing else None,
            enrolled_at=standing.enrolled_at if standing else None,
        )
    )


def get_statement(call: Call[None, PageQuery]) -> Answer:
    """List the movements of a customer's points with their reasons, the latest first."""
    customer = _meant(call)
    limit = call.query.limit
    rows = statement(
        call.business,
        customer.pk,
        _unit_of(current_program(call.business, call.now)),
        before=call.query.after_key,
        limit=limit + 1,
    )
    shown = rows[:limit]
    facts = Fact.objects.of(call.business).in_bulk({row.fact for row in shown})
    decisions = decisions_of(call.business, list(facts))
    with words_for(call.business, call.language) as words:
        items = [_booking(row, facts[row.fact], decisions.get(row.fact), words) for row in shown]
    return page_answer(call, items, after=str(shown[-1].transaction) if len(rows) > limit else None)


def _booking(row: StatementRow, fact: Fact, decision: Decision | None, words: Words) -> Booking:
    outcome = outcome_behind(row.transaction, decision.outcomes) if decision else None
    cause = cause_of(row.kind, fact=row.fact, kind=fact.kind, outcome=outcome)
    reasons = reasons_told(outcome, cause)
    told = words.of(program_of(decision.version_id)) if decision else words
    sentence = told.booking(row.kind, row.rule, cause)
    why = fact.payload.get("reason", "") if fact.kind == "adjustment" else told.why(reasons)
    return Booking(
        row.transaction, row.fact, row.kind, row.rule, row.points, row.occurred_at, row.booked_at, reasons,
        f"{sentence} ({why})" if why else sentence,
    )  # fmt: skip


def list_taken(call: Call[None, PageQuery]) -> Answer:
    """List the rewards that a customer has taken, the latest first."""
    holders = family_of(call.business, _meant(call).pk)
    rows = Entitlement.objects.of(call.business).filter(holder__in=holders).select_related("offer")
    return latest_first(call, rows, lambda row: _held(row, call.language))


def _held(row: Entitlement, language: str) -> HeldReward:
    code = code_of(row.pk) if row.state in {Entitlement.State.ISSUED, Entitlement.State.RESERVED} else None
    name = text_in(row.offer.name, language)
    return HeldReward(
        row.pk, row.offer.code, name, row.kind, row.value, row.state, row.price, code, row.issued_at, row.expires_at
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        name="list_customers",
        method="GET",
        path="customers",
        about="List customers, or find them by name, phone, card, e-mail or id.",
        run=list_customers,
        query=CustomerQuery,
        answer=Page[Profile],
        tag="Customers",
    ),
    Endpoint(
        name="create_customer",
        method="POST",
        path="customers",
        about="Make a customer.",
        run=make_customer,
        body=NewCustomer,
        answer=Profile,
        tag="Customers",
        statuses=(201,),
        refusals=(409,),
    ),
    Endpoint(
        name="get_customer",
        method="GET",
        path="customers/<uuid:id>",
        about="Return one customer.",
        run=get_customer,
        answer=Profile,
        tag="Customers",
    ),
    Endpoint(
        name="change_customer",
        method="PATCH",
        path="customers/<uuid:id>",
        about="Change what is known of a customer.",
        run=change_customer,
        body=CustomerChange,
        answer=Profile,
        tag="Customers",
        refusals=(409, 412),
        takes=("If-Match",),
    ),
    Endpoint(
        name="get_balance",
        method="GET",
        path="customers/<uuid:id>/balance",
        about="Say what a customer has and where they stand.",
        run=get_balance,
        answer=CustomerBalance,
        tag="Customers",
    ),
    Endpoint(
        name="get_statement",
        method="GET",
        path="customers/<uuid:id>/statement",
        about="List the movements of a customer's points, with reasons.",
        run=get_statement,
        query=PageQuery,
        answer=Page[Booking],
        tag="Customers",
    ),
    Endpoint(
        name="list_taken",
        method="GET",
        path="customers/<uuid:id>/rewards",
        about="List the rewards that a customer has taken.",
        run=list_taken,
        query=PageQuery,
        answer=Page[HeldReward],
        tag="Customers",
    ),
)
