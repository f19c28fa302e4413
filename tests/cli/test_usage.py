# SPDX-License-Identifier: Apache-2.0
"""What is typed wrongly is one line that names the word and says what is allowed, in every language."""

import click
import pytest
from django.utils.translation import gettext, override

from regulars.cli.commands import app
from regulars.cli.usage import usage_error


def wrongly(*words: str) -> str:
    """Return the line that a command typed wrongly prints."""
    with pytest.raises(click.UsageError) as caught:
        app(list(words), prog_name="regulars", standalone_mode=False)
    return usage_error(caught.value).told(gettext)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["metrics", "--form", "x"], "There is no option --form. “regulars metrics --help” tells more."),
        (["metrics", "--from"], "--from needs a value. “regulars --help” tells more."),
        (["createbusiness", "A"], "--country is missing. “regulars createbusiness --help” tells more."),
        (
            ["export"],
            "WHAT has to be one of these: customers, ledger, orders, seals. “regulars export --help” tells more.",
        ),
        (
            ["export", "all"],
            "WHAT has to be one of these: customers, ledger, orders, seals. “regulars export --help” tells more.",
        ),
        (
            ["restore", "/nowhere"],
            "SOURCE names no file that can be read or written here. “regulars restore --help” tells more.",
        ),
        (["metrics", "--json=3"], "--json takes no value. “regulars --help” tells more."),
        (["sing"], "There is no command “sing”. “regulars --help” tells more."),
        (
            ["serve", "now"],
            "Too many words: now. “regulars serve --help” tells more.",
        ),
    ],
)
def test_what_is_typed_wrongly(words, line):
    assert wrongly(*words) == line


def test_in_another_language():
    with override("hi"):
        assert "--form" in wrongly("metrics", "--form", "x")
        assert "There is" not in wrongly("metrics", "--form", "x")
