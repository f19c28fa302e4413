# SPDX-License-Identifier: Apache-2.0
"""The examples that a shopkeeper can check, told on the pure book."""

import pytest

from ledger.stories import SENTENCES, STORIES, Teller
from telling import tell_story


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    tell_story(Teller(), STORIES[name], SENTENCES)


def test_every_case_of_the_anchor_that_concerns_points_is_told() -> None:
    told = {word for name in STORIES for word in name.split() if word[0] in "LR" and word[1:].isdigit()}

    assert told >= {"L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L9", "L10", "L11", "L19", "L23"}
    assert told >= {"R1", "R2", "R4", "R5", "R7", "R9"}
