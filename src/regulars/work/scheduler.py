# SPDX-License-Identifier: Apache-2.0
"""The clockwork: each second, enqueue what is due. Any number may run beside each other; each time gives one job."""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import close_old_connections

from regulars.kernel.clock import utc_now
from regulars.outbox import actions as outbox
from regulars.outbox.schedule import Recurrence
from regulars.tenancy.models import Business
from regulars.work.failures import without_values
from regulars.work.handlers import SCHEDULE

logger = logging.getLogger(__name__)
TICK_S = 1.0
_PLAN_EVERY = timedelta(minutes=1)


def business_zones() -> dict[UUID, ZoneInfo]:
    """Return the time zone of every business: the owners of daily jobs."""
    return {key: ZoneInfo(zone) for key, zone in Business.objects.values_list("pk", "timezone")}


class Scheduler:
    """Keeps the plan's rows complete (a new business within a minute) and enqueues what is due."""

    def __init__(
        self,
        plan: Mapping[str, Recurrence] = SCHEDULE,
        *,
        zones: Callable[[], Mapping[UUID, ZoneInfo]] = business_zones,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._plan = plan
        self._read_zones = zones
        self._clock = clock
        self._zones: Mapping[UUID, ZoneInfo] = {}
        self._planned_at: datetime | None = None

    def tick(self) -> int:
        """Enqueue what is due now; return how many jobs."""
        now = self._clock()
        if self._planned_at is None or now - self._planned_at >= _PLAN_EVERY:
            self._zones = self._read_zones()
            outbox.plan_schedule(self._plan, self._zones, now=now)
            self._planned_at = now
        return outbox.enqueue_due(self._plan, self._zones, now=now)

    def run(self, stop: threading.Event) -> None:
        """Tick until told to stop; a failed tick is logged and the next one tried."""
        while not stop.is_set():
            close_old_connections()
            try:
                self.tick()
            except Exception as error:
                logger.exception("the schedule failed", exc_info=without_values(error))
            stop.wait(TICK_S)
