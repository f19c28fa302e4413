# SPDX-License-Identifier: Apache-2.0
"""Under which source a file is imported, and whether its purchases are known under another one already."""

from collections import Counter
from pathlib import Path

import msgspec

from regulars.connectors.errorfile import REASON_COLUMNS
from regulars.connectors.mapping import Mapping, Subject, mapping_of
from regulars.connectors.models import ImportRun
from regulars.connectors.runs import Preview, open_file, proposed_mapping, scratch_folder
from regulars.facts.queries import find_numbered
from regulars.flow.intake import Order
from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.tenancy.models import Business

HEAD_ROWS = 500


class KnownElsewhere(RegularsError):
    """The first purchases of a file are known under another source."""

    code = "known_elsewhere"
    status = 409
    text = gettext_noop(
        "The first purchases of this file are recorded already, with the same numbers and amounts, under the source “%(known)s”. "
        "Under “%(source)s” they would be counted twice. %(remedy)s"
    )


def with_source(mapping: Mapping, source: str) -> Mapping:
    """Return a mapping whose facts are of a source. Raises BadMapping if it cannot be the name of one."""
    return mapping_of({**msgspec.to_builtins(mapping), "name": source})


def carried_source(head: Preview) -> str:
    """Return the source that a corrected error file carries on, or nothing for any other file."""
    if head.header[: len(REASON_COLUMNS)] != REASON_COLUMNS:
        return ""
    place = REASON_COLUMNS.index("import_source")
    return next((cells[place] for cells in head.sample if len(cells) > place and cells[place]), "")


def fitting_mapping(business: Business, head: Preview, *, name: str, subject: Subject) -> Mapping:
    """Return how to read a file that nobody gave a mapping for: an error file as its import, else as its head proposes."""
    source = carried_source(head)
    if source:
        runs = ImportRun.objects.of(business).filter(subject=subject, mapping__name=source, done_rows__gt=0)
        latest = runs.order_by("-created_at").first()
        if latest is not None:
            mapping = mapping_of(latest.mapping)
            if {name for column in mapping.columns.values() for name in column.names} <= set(head.header):
                return mapping
    return proposed_mapping(head, name=source or name, subject=subject)


def find_other_source(path: Path, mapping: Mapping, business: Business, *, name: str) -> str | None:
    """Return the source under which most of a file's first purchases are known, unless it is their own.

    Only those count that their own source does not know: with the same number, the same amount and less than a day
    between the times. `name` names rows without a number. Raises UnreadableFile or BadMapping.
    """
    orders = {(item.source, item.external_id): item for item in _first_orders(path, mapping, business, name)}
    known = find_numbered(business, [number for _, number in orders])
    for fact in known:
        orders.pop((fact.source, fact.external_id), None)
    wanted = {order.external_id: order for order in orders.values()}
    found: dict[str, set[str]] = {}
    for fact in known:
        order = wanted.get(fact.external_id)
        if order is not None and _is_same(order, fact.total_minor, abs((fact.occurred_at - order.occurred_at).days)):
            found.setdefault(fact.source, set()).add(fact.external_id)
    counts = Counter({source: len(numbers) for source, numbers in found.items()})
    for source, count in counts.most_common(1):
        if 2 * count >= len(wanted):
            return source
    return None


def _is_same(order: Order, total_minor: int, days: int) -> bool:
    return days < 1 and sum(line.amount_minor for line in order.lines) == total_minor


def _first_orders(path: Path, mapping: Mapping, business: Business, name: str) -> list[Order]:
    """Return the purchases of the first HEAD_ROWS rows, each whole, wherever in the file its other rows stand."""
    with scratch_folder() as scratch:
        opened = open_file(path, mapping, business, name=name, scratch=scratch)
        found, rows = [], 0
        for batch in opened.batches:
            found += [item for item in batch.items if isinstance(item, Order)]
            rows += len(batch.rows)
            if rows >= HEAD_ROWS:
                break
    return found
