# SPDX-License-Identifier: Apache-2.0
"""No word stands in one language inside a sentence of another: what errors, pages and the audit log say is translated."""

import ast
import gettext
import re

import pytest
from django.conf import settings

from architecture.test_docs import error_codes, job_kinds, subclasses
from architecture.tree import SOURCE, files, modules, place, syntax
from regulars.flow import auditing
from regulars.kernel.errors import RegularsError
from regulars.web.audit_words import JOBS, VERBS

LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
SAID = {"problem", "remedy"}
"""What is said in words and therefore always a Saying."""

READS_THE_SAME = """
what somebody sent or named, as it was written:
    value code path key field known nearest number line row column columns file home tool said address vendor wanted unit offer
    tiers external_id source store stores sku product customer survivor merged webhook delivery hold name business businesses email
    folder version fact command start end
codes to choose from, and codes of the law:
    allowed permission method country currency expected example
amounts, counts and moments:
    limit length count amount cells left quantity stock taken max held needed available seconds retry_after
    day days earliest latest occurred_at expires_at revision
"""
VALUES = {name for line in READS_THE_SAME.splitlines() if line.startswith(" ") for name in line.split()}
"""Placeholders whose values read the same in every language. A new name is either here or said in words."""


def errors() -> list[type[RegularsError]]:
    error_codes()
    own = [error for error in subclasses(RegularsError) if error.__module__.startswith("regulars.")]
    return sorted(own, key=lambda error: (error.__module__, error.__qualname__))


def test_every_placeholder_of_an_error_is_a_value_or_in_words():
    undecided = {
        f"{error.__module__}.{error.__qualname__}": sorted(names)
        for error in errors()
        if (names := set(PLACEHOLDER.findall(error.text)) - VALUES - SAID - error.words.keys())
    }

    assert undecided == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_errors_are_translated(language):
    catalogue = gettext.translation("django", SOURCE / "locale", [language])
    words = {word for error in errors() for known in error.words.values() for word in known.values()}

    assert sorted(word for word in words if catalogue.gettext(word) == word) == []


def calls() -> list[tuple[str, ast.keyword]]:
    """List what every error and Saying is given, and where."""
    names = {error.__name__ for error in errors()} | {"Saying"}
    return [
        (place(path, node), given)
        for path in modules(SOURCE)
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in names
        for given in node.keywords
    ]


def is_said(value: ast.expr) -> bool:
    """Tell whether an expression gives a Saying: one made here, by a function that returns one, or under the name `problem`."""
    if isinstance(value, ast.IfExp):
        return is_said(value.body) and is_said(value.orelse)
    text = ast.unparse(value)
    return text.startswith(("Saying(", "read_complaint(", "_takes(", "_no_format(")) or text in {
        "problem",
        "error.problem",
    }


def loose_words(value: ast.expr) -> list[str]:
    """Return the texts with a word in an expression that is given as a value, outside what is marked for translation."""
    if isinstance(value, ast.Call) and ast.unparse(value.func) in {"Saying", "gettext_noop", "str.join"}:
        return []
    if isinstance(value, ast.Constant):
        return [value.value] if isinstance(value.value, str) and re.search(r"[a-z]{3,} [a-z]", value.value) else []
    return [text for child in ast.iter_child_nodes(value) if isinstance(child, ast.expr) for text in loose_words(child)]


def test_what_is_said_is_made_to_be_translated():
    assert [
        (where, ast.unparse(given.value)) for where, given in calls() if given.arg in SAID and not is_said(given.value)
    ] == []
    assert [(where, texts) for where, given in calls() if (texts := loose_words(given.value))] == []


def test_no_text_of_a_library_is_given_as_a_value():
    """What a system or a program said is quoted, under the name `said`; nothing else repeats an error."""
    repeated = re.compile(r"str\(\w*error\)|type\(\w+\)\.__name__|error\.(?:args|strerror|message|stderr)")

    assert [
        (where, given.arg)
        for where, given in calls()
        if given.arg not in SAID | {"said"} and repeated.search(ast.unparse(given.value))
    ] == []


def test_pages_show_no_codes():
    code = re.compile(r"\{\{ *\w+(?:\.\w+)*\.(?:kind|state|role|verb|status|metric|side|subject)\b *(?:\||\}\})")
    shown = [
        f"{place(path)} {found}"
        for path in files(SOURCE, "*.html")
        for found in code.findall(path.read_text(encoding="utf-8"))
    ]

    assert shown == []


def test_every_kind_of_job_and_every_act_in_the_audit_log_has_a_name():
    verbs = {
        argument.value
        for path in modules(SOURCE)
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("audit.record")
        for argument in node.args[1:2]
        if isinstance(argument, ast.Constant)
    }

    assert (verbs | set(auditing.VERBS.values())) ^ VERBS.keys() == set()
    assert job_kinds() ^ JOBS.keys() == set()
