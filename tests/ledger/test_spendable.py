# SPDX-License-Identifier: Apache-2.0
"""When points can be spent is said once in Python and once in SQL, and the two agree."""

from datetime import datetime, timedelta

import pytest

from regulars.ledger.book import is_spendable
from regulars.ledger.loading import available_on
from regulars.ledger.models import Account, Lot
from regulars.ledger.queries import balance_of
from shop import ASHA, NOON, Till, a_shop

pytestmark = pytest.mark.django_db


def moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("begins", "ends", "is_so"),
    [
        (-1, None, True),
        (0, None, True),
        (0.000001, None, False),
        (None, None, False),
        (None, 1, False),
        (-1, 1, True),
        (-1, 0.000001, True),
        (-1, 0, False),
        (-2, -1, False),
        (1, 2, False),
    ],
)
def test_a_lot_is_spendable_from_its_beginning_until_before_its_end(begins, ends, is_so):
    till = Till(a_shop())
    customer = till.sell(ASHA, 10_000).customer
    account = Account.objects.get(customer=customer, kind="member")
    Lot.objects.filter(account=account).update(available_at=moment(begins), expires_at=moment(ends))

    assert is_spendable(moment(begins), moment(ends), NOON) is is_so
    assert available_on([account.pk], now=NOON) == {account.pk: 100 if is_so else 0}
    assert balance_of(till.business, customer, "points", now=NOON).available == (100 if is_so else 0)
