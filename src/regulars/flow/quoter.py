# SPDX-License-Identifier: Apache-2.0
"""One quoting thread per process: what is asked at the same time is looked at together, with as many statements as one quote."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import connection

from regulars.flow.gathering import Gathering
from regulars.flow.intake import Order
from regulars.flow.quote import Quote, quote, quote_all
from regulars.kernel.clock import utc_now
from regulars.kernel.errors import RegularsError
from regulars.tenancy.models import Business

GATHER_S = 0.0002  # while many ask at once: what comes meanwhile shares the statements


class Quoter:
    """Collect purchases from many threads and quote them together."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock
        self._gathering = Gathering(self._quote_all, name="quoter", gather_s=GATHER_S)

    def quote_one(self, business: Business, order: Order) -> Quote:
        """Return what a purchase would bring now. Raises what `quote` does, and TimeoutError after a minute."""
        if connection.in_atomic_block:
            return quote(business, order, now=self._clock())
        answer = self._gathering.ask(business, order)
        if isinstance(answer, RegularsError):
            raise answer
        return answer

    def _quote_all(self, business: Business, orders: Sequence[Order]) -> Sequence[Quote | RegularsError]:
        return quote_all(business, orders, now=self._clock())


quoter = Quoter()
