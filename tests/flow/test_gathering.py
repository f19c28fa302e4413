# SPDX-License-Identifier: Apache-2.0
"""Questions of many threads are answered together, and one that fails fails alone."""

import threading
from collections.abc import Sequence

import pytest

from regulars.flow.gathering import Gathering
from regulars.tenancy.models import Business

pytestmark = pytest.mark.django_db

SHOP = Business(pk="01900000-0000-7000-8000-000000000001")


def double_all(_: Business, numbers: Sequence[int]) -> Sequence[int]:
    if 13 in numbers:
        raise ValueError("thirteen")
    return [] if 99 in numbers else [2 * number for number in numbers]


def ask_all(gathering: Gathering[int, int], numbers: Sequence[int]) -> list[object]:
    """Ask from a thread for each number; return the answers, or what was raised, in the order of the numbers."""
    answers: dict[int, object] = {}

    def ask(number: int) -> None:
        try:
            answers[number] = gathering.ask(SHOP, number)
        except ValueError as error:
            answers[number] = str(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    return [answers.get(number) for number in numbers]


def test_each_gets_its_own_answer():
    assert ask_all(Gathering(double_all, name="doubler"), range(12)) == [2 * number for number in range(12)]


def test_only_the_culprit_fails():
    found = ask_all(Gathering(double_all, name="doubler", gather_s=0.01), [1, 13, 2, 3])

    assert found == [2, "thirteen", 4, 6]


def test_an_answer_too_few_is_told_and_the_next_question_is_answered():
    gathering = Gathering(double_all, name="doubler")

    (told,) = ask_all(gathering, [99])

    assert "zip()" in str(told)
    assert ask_all(gathering, [5]) == [10]
