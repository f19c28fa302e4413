# SPDX-License-Identifier: Apache-2.0
"""Rows of products into what the catalogue imports."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from regulars.catalog.actions import ProductRow
from regulars.connectors.batch import Batch, Check, Setting, each_alone
from regulars.connectors.mapping import Mapping, positions
from regulars.connectors.rows import Row
from regulars.connectors.values import EmptyCell, code_reader, text_reader
from regulars.kernel.text import NAME_MAX

CODE_MAX = 80


class ProductReader:
    """Reads products, one per row, by one mapping and header. Raises BadMapping if they do not fit."""

    group_column = None

    def __init__(self, mapping: Mapping, header: Sequence[str], _setting: Setting) -> None:
        places = {target: found[0] for target, found in positions(mapping, header).items()}
        self._readers = {
            "sku": code_reader(
                header[places["sku"]], limit=CODE_MAX, is_whole=mapping.columns["sku"].format == "whole"
            ),
            "name": text_reader(header[places["name"]] if "name" in places else "", limit=NAME_MAX),
            "category": code_reader(header[places["category"]] if "category" in places else "", limit=CODE_MAX),
        }
        self._places = places

    def batches(self, rows: Iterable[Row]) -> Iterator[Batch]:
        """Return one batch for each row."""
        return each_alone(rows, self._product, self._checks)

    def _checks(self, cells: Sequence[str]) -> Iterator[Check]:
        for target, place in self._places.items():
            yield partial(self._readers[target].__getitem__, cells[place])

    def _product(self, cells: Sequence[str]) -> ProductRow:
        values = {target: self._readers[target][cells[place]] for target, place in self._places.items()}
        if not values["sku"]:
            raise EmptyCell(column=self._readers["sku"].column)
        return ProductRow(sku=values["sku"], name=values.get("name", ""), category=values.get("category", ""))
