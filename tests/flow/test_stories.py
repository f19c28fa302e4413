# SPDX-License-Identifier: Apache-2.0
"""The examples that a shopkeeper can check, told at a till."""

import pytest

from flow.stories import Teller, read_stories

pytestmark = pytest.mark.django_db
STORIES = read_stories()


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    teller = Teller()
    for place, sentence in enumerate(STORIES[name], start=1):
        try:
            teller.tell(sentence)
        except AssertionError as error:
            raise AssertionError(f"sentence {place}, “{sentence}”: {error}") from error
    teller.end()
