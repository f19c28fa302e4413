# SPDX-License-Identifier: Apache-2.0
"""Every endpoint of the API; the hot ones stand first, since addresses are tried in this order."""

from regulars.api import customers, intakes, orders, programs, quotes, rewards, webhooks
from regulars.api.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *intakes.ENDPOINTS,
    *quotes.ENDPOINTS,
    *customers.ENDPOINTS,
    *orders.ENDPOINTS,
    *rewards.ENDPOINTS,
    *programs.ENDPOINTS,
    *webhooks.ENDPOINTS,
)
