# SPDX-License-Identifier: Apache-2.0
"""The entry point: reads the settings, then hands over to the commands."""

import os
import sys

import click
import django

from regulars.kernel.errors import RegularsError
from regulars.kernel.memory import calm_collector


def main() -> None:
    """Run a command; an operating error is one line on stderr and exit status 1."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "regulars.site.settings"
    try:
        django.setup()
        from regulars.cli.commands import app  # noqa: PLC0415 - models can be imported only after the settings are read

        calm_collector()
        app(standalone_mode=False)
    except RegularsError as error:
        click.echo(f"regulars: {error.message}", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
