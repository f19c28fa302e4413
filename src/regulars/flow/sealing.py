# SPDX-License-Identifier: Apache-2.0
"""After the commit: facts and events get their places, transactions their links, in the order in which batches became visible."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import transaction

from regulars.facts.actions import number_facts
from regulars.ledger.actions import seal_transactions
from regulars.outbox.actions import number_events


def seal_commits(business: UUID, commits: Sequence[Mapping[str, Sequence[str]]]) -> list[UUID]:
    """Seal what batches wrote; return the newly numbered events, for those who are told of them.

    Running it again with the same batches changes nothing. Numbering takes the business's head first, so only one runs at a time.
    """
    with transaction.atomic():
        events = number_events(business, [UUID(key) for commit in commits for key in commit["events"]])
        number_facts(business, [UUID(key) for commit in commits for key in commit["facts"]])
        seal_transactions(business, [UUID(key) for commit in commits for key in commit["transactions"]])
    return events
