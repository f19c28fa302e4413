# SPDX-License-Identifier: Apache-2.0
"""A command starts quickly: it loads no heavy library that it does not use."""

import os
import subprocess
import sys

import pytest

HEAVY = {"duckdb", "httpx", "ibis", "openpyxl", "psycopg", "regulars.demo.load", "weasyprint"}
LOADED = f"""
import sys
from regulars.cli.main import main
try:
    main()
except SystemExit:
    pass
print(sorted(set(sys.modules) & {HEAVY!r}))
"""


@pytest.mark.parametrize("command", [["--help"], ["verify"], ["createbusiness", "Café", "--country", "GB"]])
def test_a_command_loads_no_heavy_library_that_it_does_not_use(tmp_path, command):
    surroundings = os.environ | {"REGULARS_HOME": str(tmp_path), "DATABASE_URL": ""}

    done = subprocess.run(
        [sys.executable, "-c", LOADED, *command],
        check=True,
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.stdout.splitlines()[-1] == "[]"
