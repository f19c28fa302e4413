# SPDX-License-Identifier: Apache-2.0
"""What is derived compared with what it is derived from: counters, standings, rewards, stock, merged customers.

One statement per table; each tells rows of (key, what of it, stored, expected), and no row where everything agrees.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from regulars.database.sql import fetch, is_postgresql, key_param, keys_table, to_key, to_moment
from regulars.facts.store import CLAIMED_BY, MERGED
from regulars.programs.ladder import first_that_stays
from regulars.programs.outcomes import REVERSED
from regulars.programs.store import load_versions
from regulars.programs.versions import program_of
from regulars.tenancy.models import Business


def compare_derived(business: UUID, *, limit: int) -> list[str]:
    """Return what of a business's derived rows is not as their sources say, at most so many per table."""
    told = [one for derived in _DERIVED for one in derived.differences(business, limit)]
    return told + _told("programs_membership", _progress_rows(business, limit))


class _Derived(NamedTuple):
    """A table that is derived, and the statement that compares it."""

    table: str
    statement: Callable[[], str]

    def differences(self, business: UUID, limit: int) -> list[str]:
        sql = f"{self.statement()} LIMIT {limit}"
        return _told(self.table, fetch(sql, [key_param(business)] * sql.count("%s")))


def _told(table: str, rows: Iterable[tuple[Any, ...]]) -> list[str]:
    return [
        f"{table} {UUID(key) if isinstance(key, str) else to_key(key)}: {what} is stored as {_shown(stored)}, expected {_shown(expected)}"
        for key, what, stored, expected in rows
    ]


def _shown(value: Any) -> str:
    return "nothing" if value in {None, ""} else str(to_key(value))


def _key_text(key: str) -> str:
    """Return a key as JSON holds it, apart from the dashes."""
    return f"replace({key}::text, '-', '')" if is_postgresql() else f"lower(hex({key}))"


def _text_of(json: str, name: str) -> str:
    return f"({json} ->> '{name}')" if is_postgresql() else f"json_extract({json}, '$.{name}')"


def _number_of(json: str, name: str) -> str:
    return f"({json} ->> '{name}')::bigint" if is_postgresql() else f"json_extract({json}, '$.{name}')"


def _each(json: str, name: str) -> str:
    return f"jsonb_array_elements({json}) {name}(value)" if is_postgresql() else f"json_each({json}) {name}"


def _pair(json: str) -> tuple[str, str]:
    if is_postgresql():
        return f"({json} ->> 0)", f"({json} ->> 1)::bigint"
    return f"json_extract({json}, '$[0]')", f"json_extract({json}, '$[1]')"


def _part_of(json: str, name: str) -> str:
    return f"({json} -> '{name}')" if is_postgresql() else f"json_extract({json}, '$.{name}')"


_COUNTED = "{0} NOT LIKE '%%/last' AND {0} NOT LIKE '%%/carry/%%'"


def _counters() -> str:
    """What decisions counted, less what was taken back of it: points as they are reversed, times when all of them are.

    What members have who were merged stands where it stood and counts for who stayed. When a rule gave last and what it carries over
    is not compared: how much of it was taken back follows from the order of things and is kept nowhere.
    """
    window, more = _pair("c.value")
    return f"""
WITH said AS (
    SELECT {_key_text("d.fact_id")} AS fact, COALESCE(x.survivor_id, {CLAIMED_BY}, f.customer_id) AS customer,
        {_text_of("o.value", "rule")} AS rule, {_text_of("o.value", "outcome")} AS outcome, {_number_of("o.value", "points")} AS points,
        replace({_text_of("o.value", "of")}, '-', '') AS taken_from, {_part_of("o.value", "counted")} AS counted
    FROM programs_decision d JOIN facts_fact f ON f.id = d.fact_id {MERGED} CROSS JOIN {_each("d.outcomes", "o")}
    WHERE d.business_id = %s
), back AS (
    SELECT taken_from, rule, -SUM(points) AS points FROM said WHERE outcome = '{REVERSED}' GROUP BY taken_from, rule
), used AS (
    SELECT s.customer, {window} AS what, s.points, {more} AS more, COALESCE(b.points, 0) AS back
    FROM said s CROSS JOIN {_each("s.counted", "c")} LEFT JOIN back b ON b.taken_from = s.fact AND b.rule = s.rule
    WHERE s.outcome <> '{REVERSED}' AND s.counted IS NOT NULL
), both_sides AS (
    SELECT customer, what, 0 AS stored, CASE WHEN what NOT LIKE '%%#' THEN more - back WHEN back = points THEN 0 ELSE more END AS expected
    FROM used WHERE {_COUNTED.format("what")}
    UNION ALL
    SELECT p.customer_id, p."window", p.used, 0 FROM programs_counter p WHERE p.business_id = %s AND {_COUNTED.format('p."window"')}
        AND NOT EXISTS (SELECT 1 FROM customers_alias x WHERE x.customer_id = p.customer_id)
)
SELECT customer, what, SUM(stored), SUM(expected) FROM both_sides GROUP BY customer, what HAVING SUM(stored) <> SUM(expected)"""


def _memberships() -> str:
    """The tier is that of the last change, or one in which members begin."""
    begins = (
        "v.config #>> '{ladder,levels,0,code}'"
        if is_postgresql()
        else "json_extract(v.config, '$.ladder.levels[0].code')"
    )
    later = "x.business_id = s.business_id AND x.customer_id = s.customer_id AND x.id > s.id"
    return f"""
SELECT customer_id, 'tier', tier, expected FROM (
    SELECT m.customer_id, m.tier, CASE WHEN s.id IS NOT NULL THEN s.tier
        WHEN EXISTS (SELECT 1 FROM programs_version v WHERE v.business_id = m.business_id AND COALESCE({begins}, '') = m.tier) THEN m.tier
        ELSE 'that in which members begin' END AS expected
    FROM programs_membership m LEFT JOIN programs_standing s ON s.business_id = m.business_id AND s.customer_id = m.customer_id
        AND NOT EXISTS (SELECT 1 FROM programs_standing x WHERE {later})
    WHERE m.business_id = %s
) found WHERE tier <> expected"""


def _progress_rows(business: UUID, limit: int) -> list[tuple[Any, ...]]:
    """Progress in points earned is what counts of a member's entries and is still there when the oldest part leaves the window.

    Not compared where versions count differently: what members have then follows from when they were last looked at.
    """
    programs = [program_of(key) for key, _, _ in load_versions(business)]
    ladders = {(one.unit.code, one.ladder.metric, one.ladder.months) if one.ladder else None for one in programs}
    if len(ladders) != 1 or (counted := ladders.pop()) is None or counted[1] != "points_earned":
        return []
    ladder, zone = (
        next(one.ladder for one in programs if one.ladder),
        ZoneInfo(Business.objects.get(pk=business).timezone),
    )
    ends = fetch(
        "SELECT DISTINCT progress_until FROM programs_membership WHERE business_id = %s AND progress_until IS NOT NULL",
        [key_param(business)],
    )
    begins: list[tuple[datetime | None, datetime | None]] = [(None, None)]  # a table has a row
    begins += [(to_moment(until), first_that_stays(ladder, to_moment(until), zone)) for (until,) in ends]
    head, params = keys_table({"until": "timestamptz", "since": "timestamptz"}, begins)
    return fetch(
        f"""{head}
SELECT m.customer_id, 'progress', m.progress, COALESCE(SUM(e.amount), 0) FROM programs_membership m
LEFT JOIN k ON k.until = m.progress_until
LEFT JOIN (SELECT a.id, COALESCE(x.survivor_id, a.customer_id) AS owner FROM ledger_account a
    LEFT JOIN customers_alias x ON x.customer_id = a.customer_id WHERE a.business_id = %s AND a.unit = %s) o ON o.owner = m.customer_id
LEFT JOIN ledger_entry e ON e.account_id = o.id AND e.counts_at >= k.since
WHERE m.business_id = %s AND NOT EXISTS (SELECT 1 FROM customers_alias y WHERE y.customer_id = m.customer_id)
GROUP BY m.customer_id, m.progress HAVING m.progress <> COALESCE(SUM(e.amount), 0) LIMIT {limit}""",
        [*params, key_param(business), counted[0], key_param(business)],
    )


def _offers() -> str:
    """Taken is what members hold, have used or have let end; not what was given back, nor what was reserved until its time was over.

    A free reward that was reserved, used, given back and let end may be either: nothing tells it from one that was never used.
    """
    is_reserved = _text_of("f.payload", "is_reserved")
    yes = "'true'" if is_postgresql() else "1"
    was_reserved = f"e.state = 'expired' AND {is_reserved} = {yes}"
    return f"""
SELECT id, 'taken', taken, sure FROM (
    SELECT o.id, o.taken, COALESCE(e.sure, 0) AS sure, COALESCE(e.unsure, 0) AS unsure FROM rewards_offer o LEFT JOIN (
        SELECT e.offer_id, SUM(CASE WHEN {was_reserved} THEN 0 ELSE 1 END) AS sure,
            SUM(CASE WHEN {was_reserved} AND e.hold_id IS NULL THEN 1 ELSE 0 END) AS unsure
        FROM rewards_entitlement e JOIN facts_fact f ON f.id = e.fact_id
        WHERE e.business_id = %s AND e.state <> 'cancelled' GROUP BY e.offer_id
    ) e ON e.offer_id = o.id WHERE o.business_id = %s
) found WHERE taken NOT BETWEEN sure AND sure + unsure"""


def _entitlements() -> str:
    """A reward that was reserved went with its hold; one that was used names where; one that was given back was called off by a fact."""
    cancelled = "EXISTS (SELECT 1 FROM facts_fact c WHERE c.amends_id = e.fact_id AND c.kind = 'cancel')"
    state = f"""CASE WHEN {cancelled} THEN 'cancelled' WHEN e.used_on_id IS NOT NULL THEN 'redeemed'
        WHEN h.state IS NULL THEN CASE WHEN e.state IN ('reserved', 'issued', 'expired') THEN e.state ELSE 'issued' END
        WHEN h.state = 'open' THEN 'reserved' WHEN h.state = 'settled' THEN 'redeemed' WHEN h.state = 'voided' THEN 'cancelled'
        WHEN e.state IN ('reserved', 'expired') THEN e.state ELSE 'expired' END"""
    return f"""
SELECT id, 'state', state, expected FROM (SELECT e.id, e.state, {state} AS expected FROM rewards_entitlement e
    LEFT JOIN ledger_hold h ON h.id = e.hold_id WHERE e.business_id = %s) found WHERE state <> expected"""


def _prices() -> str:
    """What a reward cost was spent or held by the fact that took it."""
    return """
SELECT id, 'price', price, paid FROM (
    SELECT e.id, e.price, CASE WHEN e.hold_id IS NULL THEN COALESCE(s.spent, 0) ELSE COALESCE(h.amount, 0) END AS paid
    FROM rewards_entitlement e LEFT JOIN ledger_hold h ON h.id = e.hold_id
    LEFT JOIN (SELECT t.fact_id, SUM(n.amount) AS spent FROM ledger_transaction t JOIN ledger_entry n ON n.transaction_id = t.id
        JOIN ledger_account a ON a.id = n.account_id AND a.kind = 'redeemed'
        WHERE t.business_id = %s AND t.kind = 'spend' GROUP BY t.fact_id) s ON s.fact_id = e.fact_id
    WHERE e.business_id = %s
) found WHERE price <> paid"""


def _aliases() -> str:
    """Merged is who a merge names that was not undone, and into whom it says."""
    return f"""
WITH merges AS MATERIALIZED (
    SELECT f.id, f.customer_id, {_text_of("f.payload", "merged")} AS merged FROM facts_fact f WHERE f.business_id = %s AND f.kind = 'merge'
        AND NOT EXISTS (SELECT 1 FROM facts_fact u WHERE u.amends_id = f.id AND u.kind = 'unmerge')
), sides AS (
    SELECT {_key_text("customer_id")} AS merged, survivor_id, fact FROM customers_alias WHERE business_id = %s
)
SELECT m.merged, 'survivor', s.survivor_id, m.customer_id FROM merges m LEFT JOIN sides s ON s.merged = replace(m.merged, '-', '')
WHERE s.survivor_id IS NULL OR s.survivor_id <> m.customer_id
UNION ALL
SELECT s.merged, 'survivor', s.survivor_id, NULL FROM sides s WHERE s.fact NOT IN (SELECT id FROM merges)"""


_DERIVED = (
    _Derived("programs_counter", _counters),
    _Derived("programs_membership", _memberships),
    _Derived("rewards_offer", _offers),
    _Derived("rewards_entitlement", _entitlements),
    _Derived("rewards_entitlement", _prices),
    _Derived("customers_alias", _aliases),
)
