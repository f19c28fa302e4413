# SPDX-License-Identifier: Apache-2.0
"""What is typed wrongly, in one line and in the language of the terminal: which word, and what is allowed."""

from datetime import date
from typing import Any

import click

from regulars.kernel.errors import RegularsError, Saying, gettext_noop


class WrongUsage(RegularsError):
    """A command was typed wrongly."""

    code = "wrong_usage"
    status = 400
    text = gettext_noop("%(problem)s “%(command)s --help” tells more.")


class WrongDay(RegularsError):
    """A day is not written as one."""

    code = "wrong_day"
    status = 400
    text = gettext_noop("“%(value)s” is not a day. Write days like 2026-01-31.")


class WrongPeriod(RegularsError):
    """Two days do not enclose a period, or no calendar holds it."""

    code = "wrong_period"
    status = 400
    text = gettext_noop(
        "From %(start)s to %(end)s is no period of the calendar. --to is the day after the last one, and comes after --from."
    )


class WrongAnchor(RegularsError):
    """A seal to compare with is not written as one."""

    code = "wrong_anchor"
    status = 400
    text = gettext_noop("“%(value)s” is not like 17:0123456789abcdef. Write what “regulars verify” told after Chain.")


class Day(click.ParamType[date]):
    """A day as a parameter. Raises WrongDay."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:  # noqa: ARG002 - click's signature
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            raise WrongDay(value=value[:40]) from None


def usage_error(error: click.UsageError) -> WrongUsage:
    """Return what click found wrong as an error of ours."""
    problem = _problem(error)
    return WrongUsage(problem=problem, command=error.ctx.command_path if error.ctx else "regulars")


def _problem(error: click.UsageError) -> Saying:
    match error:
        case click.NoSuchOption():
            return Saying(gettext_noop("There is no option %(option)s."), option=error.option_name)
        case click.NoSuchCommand():
            return Saying(gettext_noop("There is no command “%(name)s”."), name=error.command_name)
        case click.BadOptionUsage():
            takes_none = "does not take" in error.message
            text = (
                gettext_noop("%(option)s takes no value.") if takes_none else gettext_noop("%(option)s needs a value.")
            )
            return Saying(text, option=error.option_name)
        case click.BadParameter(param=click.Parameter() as parameter):
            return _of_parameter(parameter, is_missing=isinstance(error, click.MissingParameter))
    words = error.message.partition("(")[2].rstrip(")")  # what is left says in brackets which words were too many
    return Saying(gettext_noop("Too many words: %(words)s."), words=words)


def _of_parameter(parameter: click.Parameter, *, is_missing: bool) -> Saying:
    name = parameter.opts[0] if isinstance(parameter, click.Option) else str(parameter.name).upper()
    if isinstance(parameter.type, click.Choice):
        allowed = ", ".join(map(str, parameter.type.choices))
        return Saying(gettext_noop("%(name)s has to be one of these: %(allowed)s."), name=name, allowed=allowed)
    if is_missing:
        return Saying(gettext_noop("%(name)s is missing."), name=name)
    return Saying(gettext_noop("%(name)s names no file that can be read or written here."), name=name)
