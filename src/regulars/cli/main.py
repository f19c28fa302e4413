# SPDX-License-Identifier: Apache-2.0
"""The entry point: reads the settings, then hands over to the commands."""

import gettext
import os
import sys
from pathlib import Path

import click
import django
from django.db import DatabaseError

from regulars.kernel.errors import RegularsError
from regulars.kernel.memory import calm_collector

LOCALE = Path(__file__).parents[1] / "locale"


def main() -> None:
    """Run a command; an operating error is one line on stderr, in the language of the terminal, and exit status 1."""
    os.umask(0o077)  # databases, backups and exports are for their owner's eyes
    os.environ["DJANGO_SETTINGS_MODULE"] = "regulars.site.settings"
    try:
        django.setup()
        from regulars.cli.commands import app  # noqa: PLC0415 - models can be imported only after the settings are read

        calm_collector()
        app(prog_name="regulars", standalone_mode=False)
    except RegularsError as error:
        _fail(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read along has seen enough
        sys.exit(1)
    except (OSError, DatabaseError) as error:
        from regulars.cli.troubles import trouble_of  # noqa: PLC0415 - as above

        trouble = trouble_of(error)
        if trouble is None:
            raise
        _fail(trouble)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()  # nothing was typed wrongly, only nothing yet: the help is the answer
        sys.exit(error.exit_code)
    except click.UsageError as error:
        from regulars.cli.usage import usage_error  # noqa: PLC0415 - as above

        _fail(usage_error(error), status=error.exit_code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)


def _fail(error: RegularsError, *, status: int = 1) -> None:
    """Say the error in the language that the surroundings ask for, also where no settings could be read."""
    translate = gettext.translation("django", LOCALE, fallback=True).gettext
    click.echo(f"regulars: {error.told(translate, '{:,}'.format)}", err=True)
    sys.exit(status)
