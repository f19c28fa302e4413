# SPDX-License-Identifier: Apache-2.0
"""The examples that a shopkeeper can check, told at a till."""

import pytest

from flow.again import check_decided_again
from flow.stories import SENTENCES, STORIES, Teller
from telling import tell_story

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    teller = Teller()
    tell_story(teller, STORIES[name], SENTENCES)
    teller.end()
    check_decided_again(teller.business)


def test_every_case_of_other_engines_that_concerns_points_is_told() -> None:
    told = {word for name in STORIES for word in name.split() if word[0] in "LERT" and word[-1].isdigit()}

    assert told >= {"L8", "L10", "L12", "L13", "L15", "L19", "L22"}
    assert told >= {"E1", "E2", "E3", "E10", "E12", "E13", "E15", "E16", "E17", "E23"}
    assert told >= {"R1", "R2", "R4", "R5", "R6", "R15", "R16", "R17", "TR1", "TR7"}
