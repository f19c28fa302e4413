# SPDX-License-Identifier: Apache-2.0
"""Pages by which a test sees what the served program does."""

import os
import time
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import path

from regulars.kernel.clock import utc_now
from regulars.kernel.ids import new_key
from regulars.outbox import actions
from regulars.outbox.models import Job
from regulars.outbox.store import EVENTS, EventRow, insert_rows


def process(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{os.getpid()} {os.getppid()}")


def slow(request: HttpRequest) -> HttpResponse:
    time.sleep(1.5)
    return HttpResponse("slept")


def write(request: HttpRequest, name: str) -> HttpResponse:
    row = EventRow(new_key(), UUID(int=1), name, None, {}, utc_now())
    insert_rows(EVENTS, [row])
    return HttpResponse(name, status=201)


def enqueue(request: HttpRequest) -> HttpResponse:
    return HttpResponse(actions.enqueue("sweep", {}, now=utc_now()))


def jobs(request: HttpRequest) -> HttpResponse:
    return HttpResponse(Job.objects.filter(state=Job.State.READY).count())


urlpatterns = [
    path("process", process),
    path("slow", slow),
    path("write/<str:name>", write),
    path("enqueue", enqueue),
    path("jobs", jobs),
]
