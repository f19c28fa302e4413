# SPDX-License-Identifier: Apache-2.0
"""Purchases of a file that are recorded already, though they came in otherwise: by a program, by another mapping, or corrected later."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from regulars.connectors.exporting import write_orders
from regulars.connectors.presets import load_preset
from regulars.connectors.runs import open_file, scratch_folder
from regulars.facts.models import Fact, FactKind
from regulars.facts.queries import standing_orders
from regulars.flow.intake import Intake, Order, Return
from regulars.tenancy.models import Business

_Name = tuple[str, str]


def recorded_alike(business: Business, intakes: Sequence[Intake]) -> set[_Name]:
    """Return the source and id of those intakes that say what an export of the recorded fact of this name would say.

    What people and products are called does not count: that may have changed since.
    """
    names = [intake.external_id for intake in intakes]
    with scratch_folder() as scratch:
        recorded = _read_back(business, names, scratch)
    return {_name(intake) for intake in intakes if recorded.get(_name(intake)) == _bare(intake)}


def _read_back(business: Business, names: Sequence[str], scratch: Path) -> dict[_Name, Intake]:
    """Return the facts of these ids, whatever their source, as an import of their export would read them."""
    returns = Fact.objects.of(business).filter(kind=FactKind.RETURN)
    path = scratch / "known.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        write_orders(
            business, [rows.filter(external_id__in=names) for rows in (standing_orders(business), returns)], file
        )
    opened = open_file(path, load_preset("generic_orders"), business, name="known", scratch=scratch)
    return {_name(intake): _bare(intake) for batch in opened.batches for intake in batch.items}


def _name(intake: Intake) -> _Name:
    return intake.source, intake.external_id


def _bare(intake: Intake) -> Intake:
    if intake.customer is not None:
        intake = replace(intake, customer=replace(intake.customer, name=""))
    if isinstance(intake, Order):
        return replace(intake, lines=[replace(line, name="", category="") for line in intake.lines])
    if isinstance(intake, Return):
        return replace(intake, lines=[replace(line, name="", category="") for line in intake.lines])
    return intake
