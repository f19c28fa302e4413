# SPDX-License-Identifier: Apache-2.0
"""Facts into the lake: purchases and what came back, by their place in commit order, with pseudonymous keys only."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from uuid import UUID

from django.conf import settings

from regulars.analytics.lake import Lake, Row
from regulars.analytics.marts import Limits, Marts
from regulars.customers.store import aliases_of
from regulars.database.sql import fetch, key_param, one_of, to_day, to_json, to_key, to_moment
from regulars.facts.store import CLAIMED_BY, MERGED, last_position
from regulars.tenancy.models import Business

STRETCH = 100_000


def lake_of(business: Business) -> Lake:
    """Return the lake of a business, in the data folder."""
    return Lake(folder=_folder(business) / "lake", memory=_memory())


def marts_of(business: Business) -> Marts:
    """Return the marts of a business, in the data folder."""
    return Marts(folder=_folder(business) / "marts", currency=business.currency, limits=Limits(memory=_memory()))


def _folder(business: Business) -> Path:
    return Path(settings.HOME) / "analytics" / business.pk.hex


def _memory() -> str:
    return f"{settings.ENVIRONMENT.memory_mb}MB"


def fill_lake(business: Business) -> int:
    """Append every fact that has its place and is not in the lake yet; return the lake's new watermark."""
    lake = lake_of(business)
    lake.folder.mkdir(parents=True, exist_ok=True)
    watermark, last = lake.manifest().watermark, last_position(business.pk)
    while watermark < last:
        until = min(watermark + STRETCH, last)
        if corrected := _corrected(business.pk, watermark, until):
            lake.retract(corrected)
        if claimed := _claimed(business.pk, watermark, until):
            lake.restate(facts=claimed)
        _restate_united(lake, business.pk, watermark, until)
        lake.append(_rows(business.pk, watermark, until), after=watermark, watermark=until)
        watermark = until
    lake.compact()
    return watermark


_STRETCH = """FROM facts_factposition p JOIN facts_fact f ON f.id = p.fact_id {joins}
WHERE p.business_id = %s AND p.position > %s AND p.position <= %s AND {kinds}"""
_ORDER = "f.kind = 'order' AND NOT EXISTS (SELECT 1 FROM facts_fact a WHERE a.amends_id = f.id AND a.kind = 'order')"
_OWNER = f"COALESCE(x.survivor_id, {CLAIMED_BY}, f.customer_id)"
_LINES = """JOIN facts_line l ON l.fact_id = f.id
LEFT JOIN catalog_product d ON d.id = l.product_id LEFT JOIN catalog_category c ON c.id = d.category_id"""


def _rows(business: UUID, after: int, until: int) -> Mapping[str, Iterator[Row]]:
    scope = [key_param(business), after, until]
    return {
        "orders": _orders(scope),
        "order_lines": _order_lines(scope),
        "returns": _returns(scope),
        "return_lines": _return_lines(scope),
    }


def _corrected(business: UUID, after: int, until: int) -> list[str]:
    """Return the purchases that later revisions of a stretch correct."""
    source = _STRETCH.format(joins="", kinds="f.kind = 'order' AND f.amends_id IS NOT NULL")
    rows = fetch(f"SELECT f.amends_id {source}", [key_param(business), after, until])
    return [to_key(key).hex for (key,) in rows]


def _claimed(business: UUID, after: int, until: int) -> dict[str, str | None]:
    """Return the purchases that claims of a stretch gave to customers, and what had come back of them, each with its customer."""
    joins = """JOIN facts_fact c ON c.id = f.amends_id OR (c.amends_id = f.amends_id AND c.kind = 'return')
JOIN facts_attribution t ON t.business_id = f.business_id AND t.fact_id = c.id
LEFT JOIN customers_alias x ON x.customer_id = t.customer_id"""
    source = _STRETCH.format(joins=joins, kinds="f.kind = 'claim'")
    rows = fetch(f"SELECT t.fact_id, t.customer_id, x.survivor_id {source}", [key_param(business), after, until])
    return {to_key(fact).hex: _hex(into or customer) for fact, customer, into in rows}


def _restate_united(lake: Lake, business: UUID, after: int, until: int) -> None:
    """Give the rows of those whom a stretch merged to who stayed, and those of whom it parted back to them."""
    source = _STRETCH.format(joins="", kinds="f.kind IN ('merge', 'unmerge')")
    rows = fetch(f"SELECT f.payload {source}", [key_param(business), after, until])
    touched = {UUID(to_json(payload)["merged"]) for (payload,) in rows}
    into = aliases_of(business, touched)
    merged = {key.hex: into[key].hex for key in touched if key in into}
    parted = _facts_of(business, [key for key in touched if key not in into])
    if merged or parted:
        lake.restate(facts=parted, customers=merged)


def _facts_of(business: UUID, customers: Sequence[UUID]) -> dict[str, str | None]:
    if not customers:
        return {}
    condition, params = one_of("customer_id", list(customers), "uuid")
    rows = fetch(
        f"SELECT id, customer_id FROM facts_fact WHERE business_id = %s AND {condition}", [key_param(business), *params]
    )
    return {to_key(fact).hex: to_key(customer).hex for fact, customer in rows}


def _hex(key: object) -> str | None:
    found = to_key(key)
    return found.hex if found else None


def _orders(scope: list[object]) -> Iterator[Row]:
    source = _STRETCH.format(joins=f"LEFT JOIN tenancy_store s ON s.id = f.store_id {MERGED}", kinds=_ORDER)
    columns = f"f.id, {_OWNER}, s.code, f.source, f.occurred_at, f.local_day, f.currency, f.total_minor"
    for fact, customer, store, channel, occurred_at, day, currency, total in fetch(f"SELECT {columns} {source}", scope):
        yield _hex(fact), _hex(customer), store, channel, to_moment(occurred_at), to_day(day), currency, total, "order"


def _order_lines(scope: list[object]) -> Iterator[Row]:
    source = _STRETCH.format(joins=_LINES, kinds=_ORDER)
    columns = "f.id, l.position, COALESCE(d.sku, ''), c.code, l.quantity_milli, l.net_minor"
    for fact, position, sku, category, quantity, net in fetch(f"SELECT {columns} {source}", scope):
        yield _hex(fact), position, sku, category, quantity, net


_CAME_BACK = "f.kind IN ('return', 'cancel') AND f.currency <> '' AND f.total_minor <= 0"


def _returns(scope: list[object]) -> Iterator[Row]:
    joins = f"LEFT JOIN tenancy_store s ON s.id = f.store_id LEFT JOIN facts_fact o ON o.id = f.amends_id {MERGED}"
    source = _STRETCH.format(joins=joins, kinds=_CAME_BACK)
    columns = f"f.id, f.amends_id, {_OWNER}, s.code, f.occurred_at, f.local_day, o.local_day, f.total_minor, f.currency"
    for fact, order, customer, store, occurred_at, day, order_day, total, currency in fetch(
        f"SELECT {columns} {source}", scope
    ):
        yield (
            _hex(fact),
            _hex(order),
            _hex(customer),
            store,
            to_moment(occurred_at),
            to_day(day),
            to_day(order_day),
            total,
            currency,
        )


def _return_lines(scope: list[object]) -> Iterator[Row]:
    source = _STRETCH.format(
        joins=f"{_LINES} LEFT JOIN facts_line o ON o.id = l.original_line_id",
        kinds=f"{_CAME_BACK} AND l.net_minor <= 0",
    )
    columns = "f.id, COALESCE(d.sku, ''), l.quantity_milli, l.net_minor, o.fact_id"
    for fact, sku, quantity, net, order in fetch(f"SELECT {columns} {source}", scope):
        yield _hex(fact), sku, quantity, net, _hex(order)
