# SPDX-License-Identifier: Apache-2.0
"""The one module that imports Ibis: tables, the portable forms of arithmetic, compiling, fetching.

Engines disagree silently on naive forms: integers divide to integers, a distinct count is approximate, a sum of nothing
is null, an empty median has no rule. The functions here are the forms on which they agree; expressions elsewhere use
them and plain comparison, grouping and joining only. No COUNT DISTINCT, no float literal, no ordered first or last.
"""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Ibis publishes no types; the names say what is meant.
Table: TypeAlias = Any
Value: TypeAlias = Any
DIALECT = "duckdb"


def _ibis() -> Any:
    # Ibis takes a second and some 60 MB to import. Only a process that compiles pays; the web process reads results.
    import ibis  # noqa: PLC0415

    return ibis


def table(name: str, columns: Mapping[str, str]) -> Table:
    """Return an unbound table with Ibis types, resolved by name where the SQL runs."""
    return _ibis().table(dict(columns), name=name)


def constant(value: int | str | date) -> Value:
    """Return a literal; never a float, which some engines take for a decimal."""
    return _ibis().literal(value)


def nothing(kind: str) -> Value:
    """Return a null of an Ibis type."""
    return _ibis().null(kind)


def choose(condition: Value, then: Value, otherwise: Value) -> Value:
    """Return one of two values by a condition."""
    return _ibis().ifelse(condition, then, otherwise)


def b2i(condition: Value) -> Value:
    """Return 1 where the condition holds and 0 elsewhere, also where it is null."""
    return choose(condition, 1, 0)


def total(values: Value) -> Value:
    """Sum integers to an integer; the sum of nothing is 0."""
    return values.sum().coalesce(0).cast("int64")


def largest(values: Value) -> Value:
    """Return the largest of integers; of nothing 0."""
    return values.max().coalesce(0).cast("int64")


def ratio(numerator: Value, denominator: Value) -> Value:
    """Divide as floating point; null when the denominator is 0."""
    return numerator.cast("float64") / denominator.nullif(0).cast("float64")


def month_start(day: Value) -> Value:
    """Return the first day of a day's month; truncating would give a timestamp on some engines."""
    return _ibis().date(day.year(), day.month(), 1)


def month_number(day: Value) -> Value:
    """Return calendar months since year 0, so that months subtract."""
    return day.year().cast("int64") * 12 + day.month().cast("int64")


def previous_gaps(days: Table, *, by: str, day: str) -> Table:
    """Return a table of one column `gap`: days from each row's day to the one before it with the same `by`."""
    ibis = _ibis()
    window = ibis.window(group_by=days[by], order_by=days[day])
    ranked = days.mutate(earlier=days[day].lag().over(window), place=ibis.row_number().over(window))
    later = ranked.filter(ranked.place > 0)  # by place, since an engine may fill the first lag with a default
    return later.select(gap=later[day].delta(later.earlier, unit="day").cast("int64"))


def ranked(values: Table, *, column: str) -> Table:
    """Count equal values: one row per value with `reached`, the count up to and with it, and `everything`."""
    ibis = _ibis()
    counted = values.group_by(column).aggregate(times=lambda t: t.count())
    upward = ibis.cumulative_window(order_by=counted[column])
    return counted.mutate(
        reached=counted.times.sum().over(upward).cast("int64"),
        everything=counted.times.sum().over(ibis.window()).cast("int64"),
    )


def middle_sum(counted: Table, *, column: str) -> Value:
    """Return the sum of the two middle values of a `ranked` table (of an odd count, the middle one twice); empty, 0.

    Half of it is the median, exactly and on every engine.
    """
    values = counted[column]
    null = nothing("int64")
    lower = choose(2 * counted.reached >= counted.everything, values, null).min()
    upper = choose(2 * counted.reached >= counted.everything + 1, values, null).min()
    return (lower + upper).coalesce(0).cast("int64")


def compile_sql(expression: Value, *, dialect: str = DIALECT) -> str:
    """Return the SQL text of an expression for an engine."""
    return str(_ibis().to_sql(expression, dialect=dialect))


def fetch(con: "DuckDBPyConnection", sql: str) -> list[tuple[Any, ...]]:
    """Run one statement and return all its rows, on a cursor of its own (a result left half read blocks the next)."""
    with con.cursor() as cursor:
        return cursor.execute(sql).fetchall()
