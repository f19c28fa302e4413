# SPDX-License-Identifier: Apache-2.0
"""Every example file: the sentence in its languages, and for each row the answer, what was unknown, and the lines."""

import pytest

from conditions.shop import EXAMPLES, formatters, read_example, translation
from regulars.conditions.explain import Outcome, explain
from regulars.conditions.fact_fields import FACT_REGISTRY
from regulars.conditions.parse import parse
from regulars.conditions.sentence import sentence
from regulars.conditions.together import Together

FILES = [read_example(path, FACT_REGISTRY) for path in sorted(EXAMPLES.glob("*.txt"))]
ROWS = [pytest.param(one.tree, case, id=f"{one.name}: {case.row}") for one in FILES for case in one.cases]


@pytest.mark.parametrize(
    ("tree", "language", "expected"),
    [pytest.param(one.tree, *read, id=f"{one.name} {read[0]}") for one in FILES for read in one.reads.items()],
)
def test_sentence(tree, language, expected):
    parsed = parse(tree, FACT_REGISTRY)

    assert sentence(parsed, FACT_REGISTRY, translation(language), formatters(language)) == expected


@pytest.mark.parametrize(("tree", "case"), ROWS)
def test_answer(tree, case):
    parsed = parse(tree, FACT_REGISTRY)
    leaves = explain(parsed, FACT_REGISTRY, case.snapshot).leaves()
    unknown = ", unknown" if any(leaf.outcome is Outcome.UNKNOWN for leaf in leaves) else ""
    answer = "yes" if Together([parsed], FACT_REGISTRY)(case.snapshot)[0] else "no"

    assert answer + unknown == case.expected["answer"]


@pytest.mark.parametrize(("tree", "case"), [row for row in ROWS if "lines" in row.values[1].expected])
def test_lines(tree, case):
    holds, lines = Together([parse(tree, FACT_REGISTRY)], FACT_REGISTRY)(case.snapshot)
    numbers = [str(number) for number, selected in enumerate(lines, start=1) if selected & holds]

    assert (" ".join(numbers) or "none") == case.expected["lines"]
