# SPDX-License-Identifier: Apache-2.0
"""The books out: every leg of every booking as CSV to read and sum, and every sealed row as lines to compute the chain again."""

import csv
import json
from dataclasses import astuple, fields
from typing import TextIO

from regulars.flow.sealing import TABLES, in_groups, rows_of
from regulars.ledger.chain import FORMAT, line_of
from regulars.ledger.queries import JournalRow, journal
from regulars.ledger.sealed import read_seals
from regulars.outbox.commits import commit_of
from regulars.tenancy.models import Business

COLUMNS = tuple(field.name for field in fields(JournalRow))


def export_journal(business: Business, out: TextIO) -> int:
    """Write the journal and return how many legs it has. Pages keep memory flat."""
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    count, last = 0, None
    while page := journal(business, after=last):
        writer.writerows(["" if value is None else value for value in astuple(row)] for row in page)
        count, last = count + len(page), page[-1].transaction
    return count


def export_seals(business: Business, out: TextIO) -> int:
    """Write what is sealed, seal by seal, and return how many seals there are.

    The first line is an object that names the columns of each table. Then, for each seal, its rows as they are hashed, one a line,
    and a line `["seal",format,place,hash]`.
    """
    out.write(json.dumps({table.name: list(table.columns) for table in TABLES}) + "\n")
    count = 0
    for page in read_seals(business.pk):
        seals = iter(page)
        for group in in_groups([commit_of(seal.commit) for seal in page]):
            for rows in rows_of(business.pk, group):
                out.writelines(line_of(row).decode() + "\n" for row in rows)
                seal = next(seals)
                out.write(f'["seal",{FORMAT},{seal.position},"{seal.chain_hash.hex()}"]\n')
                count += 1
    return count
