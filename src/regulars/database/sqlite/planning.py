# SPDX-License-Identifier: Apache-2.0
"""What SQLite's planner has to know: a business owns very many rows of a table, so its key alone finds nothing.

Without statistics SQLite takes ten rows for what one value of an index's first column finds. It then prefers an index that begins
with the business to the primary key as soon as more than ten keys are asked for, and reads all the business has. `sqlite_stat1` is
made to be written by hand as well as by ANALYZE: one row says how many rows an index has, and how many share its first column, its
first two, and so on.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

_ROWS = 1_000_000
_SHARE_BUSINESS = (
    100_000  # more than the keys of any list; fewer than all, or the planner takes no range within a business
)
_SHARE_MORE = 10
_INDEXES = """
SELECT t.name, i.name, i."unique", COUNT(*) FROM sqlite_schema AS t JOIN pragma_index_list(t.name) AS i JOIN pragma_index_info(i.name) AS c
WHERE t.type = 'table' GROUP BY t.name, i.name HAVING MAX(c.seqno = 0 AND c.name = 'business_id') = 1
"""


def statistic(columns: int, *, is_unique: bool) -> str:
    """Return the statistic of an index of so many columns, the business first: `rows, sharing one column, sharing two, …`."""
    shared = [_SHARE_BUSINESS] + [_SHARE_MORE] * (columns - 1)
    if is_unique and columns > 1:
        shared[-1] = 1
    return " ".join(str(number) for number in [_ROWS, *shared])


def tell_planner(connection: BaseDatabaseWrapper) -> None:
    """Write the statistics of all indexes that begin with the business, and let this connection plan by them."""
    with connection.cursor() as cursor:
        cursor.execute(_INDEXES)
        told = [
            (table, index, statistic(columns, is_unique=bool(unique)))
            for table, index, unique, columns in cursor.fetchall()
        ]
        cursor.execute("ANALYZE sqlite_schema")  # makes the table of statistics where there is none
        cursor.executemany("DELETE FROM sqlite_stat1 WHERE idx = %s", [(index,) for _, index, _ in told])
        cursor.executemany("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (%s, %s, %s)", told)
        cursor.execute("ANALYZE sqlite_schema")
