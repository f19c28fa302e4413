# SPDX-License-Identifier: Apache-2.0
"""The writers of the ledger besides the book: sealing. Bookings are made on the one path, through `book` and `store`."""

from collections.abc import Sequence
from uuid import UUID

from regulars.ledger.chain import link
from regulars.ledger.store import insert_seals, last_seal, load_booked, unsealed

SEAL_MAX = 500


def seal_transactions(business: UUID, keys: Sequence[UUID]) -> int:
    """Chain transactions to those sealed before, in the order given; return how many were new.

    The caller holds the business's feed head, so two never seal beside each other. At most SEAL_MAX keys are read at a time.
    """
    position, chain_hash = last_seal(business)
    sealed = 0
    for start in range(0, len(keys), SEAL_MAX):
        fresh = unsealed(keys[start : start + SEAL_MAX])
        booked = load_booked(business, fresh)
        seals = []
        for key in fresh:
            position += 1
            chain_hash = link(chain_hash, position, booked[key])
            seals.append((key, position, chain_hash))
        insert_seals(business, seals)
        sealed += len(seals)
    return sealed
