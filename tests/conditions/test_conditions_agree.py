# SPDX-License-Identifier: Apache-2.0
"""Whatever the condition and the snapshot: check, explanation and the slow reference agree, and nothing raises."""

import gettext
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from conditions.reference import reference_check, reference_lines
from conditions.shop import PLAIN
from conditions.strategies import REGISTRY, conditions, snapshots, trees
from regulars.conditions.explain import Outcome, explain, say_unmet, unmet
from regulars.conditions.fields import PRESENCE, Scope
from regulars.conditions.parse import parse
from regulars.conditions.sentence import Writer, sentence
from regulars.conditions.together import VALUES_KEPT_MAX, Together
from regulars.conditions.tree import Comparison, dump


def check(tree, snapshot):
    holds, _ = Together([parse(tree, REGISTRY)], REGISTRY)(snapshot)
    return bool(holds)


def select(tree, snapshot):
    holds, lines = Together([parse(tree, REGISTRY)], REGISTRY)(snapshot)
    return [bool(line & holds) for line in lines]


@given(trees(), snapshots())
def test_check_is_the_reference(tree, snapshot):
    assert check(tree, snapshot) is reference_check(tree, snapshot)


@given(trees(), snapshots())
def test_lines_are_those_of_the_reference(tree, snapshot):
    assert select(tree, snapshot) == reference_lines(tree, snapshot)


@settings(max_examples=300)
@given(st.lists(trees(), max_size=6), st.lists(snapshots(), min_size=1, max_size=4))
def test_many_together_are_each_alone(several, facts):
    """Also after other facts, whose values are remembered: 1, true and 1.0 are three values."""
    together = Together([parse(tree, REGISTRY) for tree in several], REGISTRY)

    for fact in facts + facts[::-1]:
        holds, lines = together(fact)
        assert holds == sum(1 << place for place, tree in enumerate(several) if reference_check(tree, fact))
        for place, tree in enumerate(several):
            assert [line & holds & 1 << place != 0 for line in lines] == reference_lines(tree, fact)


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
    lacking = unmet(explain(parsed, REGISTRY, snapshot))
    assert bool(lacking) is not check(tree, snapshot)
    assert all(say_unmet(part, Writer(REGISTRY, plain, PLAIN)) for part in lacking)


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
    assert check(on_line, snapshot) is any(select(on_line, snapshot)) is check({"any_line": on_line}, snapshot)


def test_one_and_true_are_two_values_and_what_was_seen_before_changes_nothing():
    def compared(field, value):
        return parse({"field": field, "is": "is", "value": value}, REGISTRY)

    number, money, gift = "order.line_count", "order.total_minor", "event.properties.gift"
    several = [compared(number, 1), compared(money, 1), compared(gift, 1), compared(gift, True)]
    for values in permutations([1, True, 1.0]):
        together = Together(several, REGISTRY)
        held = {repr(value): together({number: value, money: value, gift: value})[0] for value in values}
        assert held == {"1": 0b0111, "True": 0b1000, "1.0": 0b0101}


def test_more_values_than_are_kept():
    dear = {"field": "line.net_minor", "is": "at_least", "value": 900}
    together = Together([parse(dear, REGISTRY)], REGISTRY)
    lines = [{"line.net_minor": net} for net in range(VALUES_KEPT_MAX * 3)]

    for _ in range(2):
        assert together({"lines": lines}) == (1, [0] * 900 + [1] * (VALUES_KEPT_MAX * 3 - 900))
