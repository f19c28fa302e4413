# SPDX-License-Identifier: Apache-2.0
"""Answer together what many threads ask at the same time: one thread takes what waits, as a group, and answers each."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from time import sleep
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import close_old_connections

from regulars.tenancy.models import Business

GROUP_MAX = 64
ANSWER_WITHIN_S = 60.0

_Question = TypeVar("_Question")
_Answer = TypeVar("_Answer")

logger = logging.getLogger(__name__)


class _Waiting(NamedTuple, Generic[_Question, _Answer]):
    business: Business
    question: _Question
    answer: Future[_Answer]


class Gathering(Generic[_Question, _Answer]):
    """Collect questions from many threads and answer those of a business together. The thread starts with the first question.

    While more than one come at once, it waits `gather_s` before it takes the next group.
    """

    def __init__(
        self,
        answer_all: Callable[[Business, Sequence[_Question]], Sequence[_Answer]],
        *,
        name: str,
        gather_s: float = 0,
    ) -> None:
        self._answer_all = answer_all
        self._name = name
        self._gather_s = gather_s
        self._queue: SimpleQueue[_Waiting[_Question, _Answer]] = SimpleQueue()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None

    def ask(self, business: Business, question: _Question) -> _Answer:
        """Return the answer to a question. Raises TimeoutError after a minute, else what the answer raised."""
        waiting = _Waiting(business, question, Future[_Answer]())
        self._queue.put(waiting)
        if self._thread is None:
            self._start_thread()
        return waiting.answer.result(timeout=ANSWER_WITHIN_S)

    def _start_thread(self) -> None:
        with self._start:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def _run(self) -> None:
        group: list[_Waiting[_Question, _Answer]] = []
        while True:
            are_many = len(group) > 1
            group = [self._queue.get()]
            if are_many and self._gather_s:
                sleep(self._gather_s)
            while len(group) < GROUP_MAX and not self._queue.empty():
                group.append(self._queue.get())
            try:
                self._answer(group)
            except Exception as error:  # the thread must live: whoever waits is told, and the next group is taken
                logger.exception("the %s could not answer", self._name)
                _tell(group, error)

    def _answer(self, group: Sequence[_Waiting[_Question, _Answer]]) -> None:
        close_old_connections()
        for business in dict.fromkeys(waiting.business for waiting in group):
            self._answer_group(business, [waiting for waiting in group if waiting.business == business])

    def _answer_group(self, business: Business, group: Sequence[_Waiting[_Question, _Answer]]) -> None:
        """Answer a group together; where that fails unexpectedly, one by one, so that only the culprit fails."""
        try:
            answers = self._answer_all(business, [waiting.question for waiting in group])
        except Exception as error:
            if len(group) == 1:
                logger.exception("the %s could not answer", self._name)
                group[0].answer.set_exception(error)
                return
            for waiting in group:
                self._answer_group(business, [waiting])
            return
        for waiting, answer in zip(group, answers, strict=True):
            waiting.answer.set_result(answer)


def _tell(group: Sequence[_Waiting[Any, Any]], error: Exception) -> None:
    for waiting in group:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
