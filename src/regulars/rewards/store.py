# SPDX-License-Identifier: Apache-2.0
"""The SQL of rewards on the path: offers and entitlements in, what was taken and used out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from regulars.database.sql import (
    Table,
    fetch,
    key_param,
    keys_table,
    lock_clause,
    moment_param,
    one_of,
    to_json,
    to_key,
    to_moment,
)

ENTITLEMENTS = Table(
    "rewards_entitlement",
    {
        "id": "uuid", "business_id": "uuid", "offer_id": "uuid", "holder_id": "uuid", "code_digest": "bytea", "code_last4": "text", "state": "text",
        "kind": "text", "value": "jsonb", "price": "bigint", "unit": "text", "hold_id": "uuid", "fact_id": "uuid", "used_on_id": "uuid",
        "issued_at": "timestamptz", "expires_at": "timestamptz", "resolved_at": "timestamptz",
    },
)  # fmt: skip


@dataclass(slots=True)
class OfferState:
    """An offer as a batch works on it; `more` counts what the batch takes."""

    key: UUID
    code: str
    kind: str
    value: dict[str, Any]
    unit: str
    price: int
    stock: int | None
    taken: int
    per_member_max: int | None
    tiers: list[str]
    valid_days: int
    is_refundable: bool
    is_active: bool
    more: int = 0


@dataclass(slots=True)
class EntitlementState:
    """An entitlement as a batch works on it; `was` is its stored state, None for a new one.

    `holder` is who stands for them now, where they were merged; the row keeps who took it, so parting needs no move.
    """

    key: UUID
    offer: UUID
    holder: UUID
    digest: bytes
    last4: str
    state: str
    kind: str
    value: dict[str, Any]
    price: int
    unit: str
    hold: UUID | None
    fact: UUID
    used_on: UUID | None
    issued_at: datetime
    expires_at: datetime
    was: str | None = None


_OFFER_COLUMNS = (
    "id, code, kind, value, unit, price, stock, taken, per_member_max, tiers, valid_days, is_refundable, is_active"
)
_COLUMNS = (
    "e.id, e.offer_id, COALESCE(x.survivor_id, e.holder_id), e.code_digest, e.code_last4, e.state, e.kind, e.value, e.price, e.unit,"
    " e.hold_id, e.fact_id, e.used_on_id, e.issued_at, e.expires_at"
)
_HELD = "rewards_entitlement e LEFT JOIN customers_alias x ON x.customer_id = e.holder_id"

CATALOGUE_MAX = 200


def load_catalogue(business: UUID) -> list[tuple[OfferState, dict[str, str]]]:
    """Return offers with their names, the cheapest first, at most CATALOGUE_MAX; nothing is locked."""
    sql = f"SELECT {_OFFER_COLUMNS}, name FROM rewards_offer WHERE business_id = %s ORDER BY price, code LIMIT {CATALOGUE_MAX}"
    return [(_offer(row[:-1]), to_json(row[-1])) for row in fetch(sql, [key_param(business)])]


def _offer(row: tuple[Any, ...]) -> OfferState:
    key, code, kind, value, unit, price, stock, taken, per_member, tiers, days, refundable, active = row
    return OfferState(
        to_key(key),
        code,
        kind,
        to_json(value),
        unit,
        price,
        stock,
        taken,
        per_member,
        to_json(tiers),
        days,
        bool(refundable),
        bool(active),
    )


def load_offers(business: UUID, codes: Collection[str] = (), *, keys: Collection[UUID] = ()) -> dict[UUID, OfferState]:
    """Lock and return offers by code or key."""
    if not codes and not keys:
        return {}
    by_code, code_params = one_of("code", list(codes), "text")
    by_key, key_params = one_of("id", list(keys), "uuid")
    rows = fetch(
        f"SELECT {_OFFER_COLUMNS} FROM rewards_offer WHERE business_id = %s AND ({by_code} OR {by_key}) ORDER BY id{lock_clause()}",
        [key_param(business), *code_params, *key_params],
    )
    return {offer.key: offer for offer in map(_offer, rows)}


def count_held(
    business: UUID, wanted: Collection[tuple[UUID, UUID]], aliases: Mapping[UUID, UUID]
) -> dict[tuple[UUID, UUID], int]:
    """Return how many of an offer a member has taken and not given back, by (member, offer).

    What those took who were merged into a member is the member's: `aliases` names them with the survivor.
    """
    if not wanted:
        return {}
    merged: dict[UUID, list[UUID]] = {}
    for key, survivor in aliases.items():
        merged.setdefault(survivor, []).append(key)
    pairs = [(key, offer) for holder, offer in wanted for key in (holder, *merged.get(holder, ()))]
    head, params = keys_table({"holder_id": "uuid", "offer_id": "uuid"}, pairs)
    rows = fetch(
        f"{head} SELECT e.holder_id, e.offer_id, COUNT(*) FROM k CROSS JOIN rewards_entitlement e WHERE e.business_id = %s"
        " AND e.holder_id = k.holder_id AND e.offer_id = k.offer_id AND e.state <> 'cancelled' GROUP BY e.holder_id, e.offer_id",
        [*params, key_param(business)],
    )
    counts: dict[tuple[UUID, UUID], int] = {}
    for holder, offer, count in rows:
        owner = aliases.get(to_key(holder), to_key(holder)), to_key(offer)
        counts[owner] = counts.get(owner, 0) + count
    return counts


def load_entitlements(
    business: UUID, *, keys: Collection[UUID] = (), digests: Collection[bytes] = (), facts: Collection[UUID] = ()
) -> list[EntitlementState]:
    """Return entitlements by key, by the digest of their code, or by the fact that took or used them."""
    conditions, params = [], []
    for column, values, kind in (
        ("e.id", keys, "uuid"),
        ("e.code_digest", digests, "bytea"),
        ("e.fact_id", facts, "uuid"),
        ("e.used_on_id", facts, "uuid"),
    ):
        if values:
            condition, more = one_of(column, list(values), kind)
            conditions.append(condition)
            params += more
    if not conditions:
        return []
    sql = f"SELECT {_COLUMNS} FROM {_HELD} WHERE e.business_id = %s AND ({' OR '.join(conditions)})"
    return [_entitlement(row) for row in fetch(sql, [key_param(business), *params])]


def load_overdue(business: UUID, holders: Collection[UUID], now: datetime) -> list[EntitlementState]:
    """Return what members hold that has run out of time and is still open."""
    condition, params = one_of("e.holder_id", list(holders), "uuid")
    sql = f"SELECT {_COLUMNS} FROM {_HELD} WHERE e.business_id = %s AND {condition} AND e.state IN ('reserved', 'issued') AND e.expires_at <= %s"
    rows = fetch(sql, [key_param(business), *params, moment_param(now)])
    return [_entitlement(row) for row in rows]


_DUE = """
WITH due AS MATERIALIZED (
    SELECT holder_id FROM rewards_entitlement WHERE business_id = %s AND state IN ('reserved', 'issued') AND expires_at <= %s
)
SELECT DISTINCT holder_id FROM due WHERE holder_id > %s ORDER BY holder_id LIMIT %s
"""


def due_holders(business: UUID, *, now: datetime, after: UUID, limit: int) -> list[UUID]:
    """Return who, after a key and in the order of keys, holds something that has run out of time and is still open."""
    params = [key_param(business), moment_param(now), key_param(after), limit]
    return [to_key(holder) for (holder,) in fetch(_DUE, params)]


def _entitlement(row: tuple[Any, ...]) -> EntitlementState:
    key, offer, holder, digest, last4, state, kind, value, price, unit, hold, fact, used_on, issued_at, expires_at = row
    return EntitlementState(
        to_key(key), to_key(offer), to_key(holder), bytes(digest), last4, state, kind, to_json(value), price, unit, to_key(hold), to_key(fact),
        to_key(used_on), to_moment(issued_at), to_moment(expires_at), state,
    )  # fmt: skip
