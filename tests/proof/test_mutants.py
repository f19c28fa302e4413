# SPDX-License-Identifier: Apache-2.0
"""The tests are tested: each mistake of the list, made in a copy of the package, is noticed by the fast tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from proof.mutants import MUTANTS

pytestmark = pytest.mark.proof

ROOT = Path(__file__).parents[2]
FAST = [
    "tests/ledger/test_stories.py",
    "tests/ledger/test_verify.py",
    "tests/programs/test_decide.py",
    "tests/flow/test_returns.py",
    "tests/flow/test_closing.py",
    "tests/flow/test_repeats.py",
    "tests/flow/test_stories.py",
    "tests/flow/test_automatic.py",
    "tests/flow/test_receipts.py",
    "tests/flow/test_derived.py",
    "tests/flow/test_auditing.py",
    "tests/kernel/test_ids.py",
    "tests/ledger/test_book_machine.py",
    "tests/flow/test_simulator.py",
]
LIMIT_S = 180


def run_fast_tests(package: Path) -> subprocess.CompletedProcess[str]:
    """Run the fast tests on the package in a folder, up to the first that fails."""
    mine = ("PYTEST_", "REGULARS_HOME", "DATABASE_URL", "DJANGO_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, "-o", f"pythonpath={package} tests", *FAST],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": f"{package}:{ROOT / 'tests'}", "REGULARS_TEST_LANE": "sqlite"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Copy the package and return the folder that holds it."""
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc", "static")
    shutil.copytree(ROOT / "src" / "regulars", tmp_path / "regulars", ignore=ignored)
    return tmp_path


@pytest.mark.parametrize("name", MUTANTS)
def test_the_mistake_is_noticed(name: str, package: Path) -> None:
    file, right, wrong = MUTANTS[name]
    source = package / "regulars" / file
    text = source.read_text()
    assert text.count(right) == 1, f"“{right}” stands {text.count(right)} times in {file}"
    source.write_text(text.replace(right, wrong))

    run = run_fast_tests(package)

    assert run.returncode == 1, f"nobody noticed: {name}\n{run.stdout[-2_000:]}{run.stderr[-2_000:]}"


def test_without_a_mistake_all_is_well(package: Path) -> None:
    run = run_fast_tests(package)

    assert run.returncode == 0, run.stdout[-2_000:]
