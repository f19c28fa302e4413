# SPDX-License-Identifier: Apache-2.0
"""The journal of points out as CSV: every leg of every booking, with its link in the chain, for an accountant to compute again."""

import csv
from dataclasses import astuple, fields
from typing import TextIO

from regulars.ledger.queries import JournalRow, journal
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
