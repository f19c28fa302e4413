# SPDX-License-Identifier: Apache-2.0
"""Reads of the ledger: what a member has and can use, the statement, and what the shop owes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, F, FilteredRelation, Q, Sum
from django.db.models.functions import Coalesce

from regulars.kernel.clock import last_day
from regulars.ledger.book import is_spendable
from regulars.ledger.models import Account, Allocation, Entry, Lot, Transaction
from regulars.tenancy.models import Business


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What a member has of a unit: all of it, what can be used now, what waits, what is set aside, what is owed.

    `ending` lists (last local day, points) of spendable points that end, the soonest first.
    """

    total: int
    available: int
    pending: int
    held: int
    owed: int
    ending: tuple[tuple[date, int], ...]


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One booking on a member's account. `fact` and `rule` lead to the decision that explains it."""

    transaction: UUID
    fact: UUID
    kind: str
    rule: str
    points: int
    occurred_at: datetime
    booked_at: datetime


@dataclass(frozen=True, slots=True)
class _OpenLot:
    remaining: int
    held: int
    available_at: datetime | None
    expires_at: datetime | None


def balance_of(business: Business, customer: UUID, unit: str, *, now: datetime) -> Balance:
    """Return what a member has at a moment, read in one statement so that it agrees with itself; nothing without an account."""
    of_lots = [f"open__{name}" for name in ("remaining", "held", "available_at", "expires_at")]
    rows = (
        Account.objects.of(business)
        .filter(customer=customer, unit=unit)
        .annotate(open=FilteredRelation("lots", condition=Q(lots__remaining__gt=0)))
        .values_list("kind", "balance", *of_lots)
    )
    balances: dict[str, int] = {}
    lots: list[_OpenLot] = []
    for kind, balance, *lot in rows:
        balances[kind] = balance
        if lot[0] is not None:
            lots.append(_OpenLot(*lot))
    spendable = [lot for lot in lots if is_spendable(lot.available_at, lot.expires_at, now)]
    return Balance(
        total=balances.get("member", 0),
        available=sum(lot.remaining - lot.held for lot in spendable),
        pending=sum(lot.remaining for lot in lots if lot.available_at is None or lot.available_at > now),
        held=sum(lot.held for lot in lots),
        owed=-balances.get("deficit", 0),
        ending=_ending(spendable, ZoneInfo(business.timezone)),
    )


def _ending(lots: Sequence[_OpenLot], zone: ZoneInfo) -> tuple[tuple[date, int], ...]:
    ending: dict[date, int] = {}
    for ends_at, points in sorted((lot.expires_at, lot.remaining - lot.held) for lot in lots if lot.expires_at):
        if points:
            day = last_day(ends_at, zone)
            ending[day] = ending.get(day, 0) + points
    return tuple(ending.items())


def balances_of(business: Business, customers: list[UUID], unit: str) -> dict[UUID, int]:
    """Return the balances of several members in one query."""
    rows = Account.objects.of(business).filter(customer__in=customers, unit=unit, kind=Account.Kind.MEMBER)
    return {customer: balance for customer, balance in rows.values_list("customer_id", "balance") if customer}


def own_account(business: Business, unit: str) -> FilteredRelation:
    """Return, to be joined to customers, the account on which the points of each stand; nothing for no member."""
    is_own = Q(accounts__business=business, accounts__unit=unit, accounts__kind=Account.Kind.MEMBER)
    return FilteredRelation("accounts", condition=is_own)


def moved_by_day(business: Business, *, first: date, end: date) -> list[tuple[date, str, int]]:
    """Return what moved on members' accounts from a local day to before another: day of the fact, kind of booking, points."""
    entries = Entry.objects.of(business).filter(
        account__kind=Account.Kind.MEMBER,
        transaction__fact__local_day__gte=first,
        transaction__fact__local_day__lt=end,
        transaction__fact__business=business,
    )
    by_day = entries.values_list("transaction__fact__local_day", "transaction__kind")
    return list(by_day.annotate(points=Sum("amount")))


def ending_before(business: Business, *, now: datetime, end: datetime) -> tuple[int, int]:
    """Return how many points end between two moments, and how many members have some of them; held ones do not count."""
    lots = Lot.objects.of(business).filter(
        remaining__gt=0, held__lt=F("remaining"), expires_at__gt=now, expires_at__lte=end
    )
    sums = lots.aggregate(points=Sum(F("remaining") - F("held"), default=0), members=Count("account", distinct=True))
    return sums["points"], sums["members"]


def statement(
    business: Business, customer: UUID, unit: str, *, before: UUID | None = None, limit: int = 50
) -> list[StatementRow]:
    """Return the bookings on a member's account, the latest first, from before a transaction on (keyset page)."""
    accounts = Account.objects.of(business).filter(customer=customer, unit=unit, kind=Account.Kind.MEMBER)
    entries = Entry.objects.of(business).filter(account__in=list(accounts.values_list("pk", flat=True)))
    if before is not None:
        entries = entries.filter(transaction_id__lt=before)
    return [
        StatementRow(
            e.transaction_id,
            e.transaction.fact_id,
            e.transaction.kind,
            e.transaction.rule,
            e.amount,
            e.transaction.occurred_at,
            e.transaction.booked_at,
        )
        for e in entries.select_related("transaction").order_by("-transaction_id")[:limit]
    ]


def drawn_from(business: Business, transactions: list[UUID]) -> dict[UUID, list[tuple[UUID, int]]]:
    """Return for transactions which lots they drew on or gave back to: (transaction that gave the lot, amount)."""
    rows = (
        Allocation.objects.of(business)
        .filter(entry__transaction__in=transactions)
        .values_list("entry__transaction_id", "lot__transaction_id", "amount")
    )
    drawn: dict[UUID, list[tuple[UUID, int]]] = {}
    for transaction, origin, amount in rows:
        drawn.setdefault(transaction, []).append((origin, amount))
    return drawn


def occurred_at(business: Business, transactions: Collection[UUID]) -> dict[UUID, datetime]:
    """Return when transactions happened, by their keys."""
    return dict(Transaction.objects.of(business).filter(pk__in=transactions).values_list("pk", "occurred_at"))


def outstanding(business: Business, unit: str) -> int:
    """Return how many points members hold in all."""
    total = (
        Account.objects.of(business)
        .filter(unit=unit, kind=Account.Kind.MEMBER)
        .aggregate(total=Coalesce(Sum("balance"), 0))
    )
    return int(total["total"])


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One leg of the journal, as an accountant reads it."""

    transaction: UUID
    kind: str
    rule: str
    fact: UUID
    occurred_at: datetime
    booked_at: datetime
    account: str
    customer: UUID | None
    unit: str
    amount: int


def journal(business: Business, *, after: UUID | None = None, limit: int = 1_000) -> list[JournalRow]:
    """Return the legs of up to `limit` transactions after one, in the order of their keys."""
    transactions = Transaction.objects.of(business).prefetch_related("entries__account").order_by("id")
    page = transactions.filter(id__gt=after) if after else transactions
    rows = []
    for booked in page[:limit]:
        for entry in sorted(booked.entries.all(), key=lambda entry: entry.pk):
            account = entry.account
            rows.append(
                JournalRow(
                    booked.pk,
                    booked.kind,
                    booked.rule,
                    booked.fact_id,
                    booked.occurred_at,
                    booked.booked_at,
                    account.kind,
                    account.customer_id,
                    account.unit,
                    entry.amount,
                )
            )
    return rows
