# SPDX-License-Identifier: Apache-2.0
"""Whatever the condition and the snapshot: check, explanation and the slow reference agree, and nothing raises."""

import gettext

from hypothesis import given

from conditions.reference import reference_check, reference_lines
from conditions.shop import PLAIN
from conditions.strategies import REGISTRY, conditions, snapshots, trees
from regulars.conditions.check import compile_check, compile_lines
from regulars.conditions.explain import Outcome, explain, tell
from regulars.conditions.fields import PRESENCE, Scope
from regulars.conditions.parse import parse
from regulars.conditions.sentence import sentence
from regulars.conditions.tree import Comparison, dump


def check(tree, snapshot):
    return compile_check(parse(tree, REGISTRY), REGISTRY)(snapshot)


@given(trees(), snapshots())
def test_check_is_the_reference(tree, snapshot):
    assert check(tree, snapshot) is reference_check(tree, snapshot)


@given(trees(), snapshots())
def test_lines_are_those_of_the_reference(tree, snapshot):
    selected = compile_lines(parse(tree, REGISTRY), REGISTRY)(snapshot)

    assert selected == reference_lines(tree, snapshot)


@given(trees(), snapshots())
def test_explanation_concludes_what_check_says(tree, snapshot):
    explanation = explain(parse(tree, REGISTRY), REGISTRY, snapshot)

    assert explanation.holds is check(tree, snapshot)
    for leaf in explanation.leaves():
        if leaf.outcome is not Outcome.UNKNOWN:
            assert leaf.holds is (leaf.outcome is Outcome.TRUE)
        else:
            assert isinstance(leaf.condition, Comparison)
            assert leaf.seen is None
            assert leaf.condition.operator not in PRESENCE


@given(trees(), snapshots())
def test_every_condition_reads_and_every_account_is_told(tree, snapshot):
    parsed, plain = parse(tree, REGISTRY), gettext.NullTranslations()

    assert sentence(parsed, REGISTRY, plain, PLAIN)
    assert all(told.text for told in tell(explain(parsed, REGISTRY, snapshot), REGISTRY, plain, PLAIN))


@given(trees())
def test_a_tree_survives_writing(tree):
    parsed = parse(tree, REGISTRY)

    assert dump(parsed) == tree
    assert parse(dump(parsed), REGISTRY) == parsed


@given(conditions(Scope.FACT), conditions(Scope.FACT), snapshots())
def test_de_morgan_and_no_third_value(one, other, snapshot):
    def holds(tree):
        return check(tree, snapshot)

    assert holds({"not": {"all": [one, other]}}) is holds({"any": [{"not": one}, {"not": other}]})
    assert holds({"not": {"any": [one, other]}}) is holds({"all": [{"not": one}, {"not": other}]})
    assert holds({"not": {"not": one}}) is holds(one)
    assert holds(one) is not holds({"not": one})


@given(conditions(Scope.LINE), snapshots(lines_min=1))
def test_every_and_any_are_opposites_where_there_are_lines(on_line, snapshot):
    every, none_not = {"every_line": on_line}, {"not": {"any_line": {"not": on_line}}}

    assert check(every, snapshot) is check(none_not, snapshot)


@given(conditions(Scope.LINE), snapshots())
def test_a_bare_condition_on_lines_asks_for_one_line(on_line, snapshot):
    selected = compile_lines(parse(on_line, REGISTRY), REGISTRY)(snapshot)

    assert check(on_line, snapshot) is any(selected) is check({"any_line": on_line}, snapshot)
