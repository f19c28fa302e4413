# SPDX-License-Identifier: Apache-2.0
"""What a reward takes off a basket, pure: shares per line that sum exactly, never below zero."""

from collections.abc import Sequence
from dataclasses import dataclass

from regulars.kernel.money import allocate, floor_div


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketLine:
    """One line before the reward: what is to be paid for it now."""

    sku: str
    quantity_milli: int
    net_minor: int


def discount(kind: str, value: dict[str, int | str | None], lines: Sequence[BasketLine]) -> list[int]:
    """Return what each line is reduced by, in minor units.

    `amount_off` takes its amount off the whole basket; `percent_off` rounds down once, within its maximum; `free_item` gives the
    cheapest piece of the named product; a `perk` takes nothing off. Discounts are shared by the lines' nets, largest remainder.
    """
    nets = [max(line.net_minor, 0) for line in lines]
    total = sum(nets)
    if not lines or total == 0 or kind == "perk":
        return [0] * len(lines)
    if kind == "free_item":
        return _cheapest_piece(str(value["sku"]), lines)
    if kind == "percent_off":
        amount = floor_div(total * int(value["percent"] or 0), 100)
        maximum = value.get("max_minor")
        amount = amount if maximum is None else min(amount, int(maximum))
    else:
        amount = int(value["amount_minor"] or 0)
    return allocate(min(amount, total), nets)


def _cheapest_piece(sku: str, lines: Sequence[BasketLine]) -> list[int]:
    prices = [
        (floor_div(line.net_minor * 1000, line.quantity_milli), place)
        for place, line in enumerate(lines)
        if line.sku == sku and line.quantity_milli >= 1000 and line.net_minor > 0
    ]
    taken = [0] * len(lines)
    if prices:
        price, place = min(prices)
        taken[place] = price
    return taken
