# SPDX-License-Identifier: Apache-2.0
"""The surroundings of a test run, loaded by pytest before Django reads its settings.

The suite runs in lanes: on SQLite everything but what is marked `postgres`; on PostgreSQL (REGULARS_TEST_LANE=postgres,
a server in REGULARS_TEST_POSTGRES) once more everything that touches the database. `make test` runs both lanes.
With REGULARS_TEST_STRICT=1 a skipped test is a failed test, unless only the public data sets are missing.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

CHROMIUM = Path("/usr/bin/chromium")
SHARED_DATA = Path(os.environ.get("REGULARS_TEST_DATA") or Path(__file__).parents[2] / "shared" / "data")
LANE = os.environ.get("REGULARS_TEST_LANE", "sqlite")
IS_STRICT = os.environ.get("REGULARS_TEST_STRICT") == "1"

_IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
_DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "own_database"}


def _lay_out_home() -> Path:
    """Give every test process a data folder of its own, inside one that the controlling process removes."""
    if _IS_WORKER:
        home = Path(os.environ["REGULARS_HOME"]) / os.environ["PYTEST_XDIST_WORKER"]
        home.mkdir(exist_ok=True)
        return home
    return Path(tempfile.mkdtemp(prefix="regulars-test-"))


def _clear_settings() -> None:
    """Let no setting of the person at the keyboard reach the tests."""
    for name in list(os.environ):
        if name.startswith("REGULARS_") and not name.startswith("REGULARS_TEST_"):
            del os.environ[name]
    os.environ.pop("DATABASE_URL", None)


_home = _lay_out_home()
_clear_settings()
os.environ["REGULARS_HOME"] = str(_home)
if LANE == "postgres":
    os.environ["DATABASE_URL"] = os.environ["REGULARS_TEST_POSTGRES"]


def _fall_silent() -> None:
    """Drop what libraries print about themselves while Python ends: the last line of a run is pytest's."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


atexit.register(_fall_silent)


def pytest_unconfigure() -> None:
    """Remove the data folder."""
    if not _IS_WORKER:
        shutil.rmtree(_home, ignore_errors=True)


def _is_in_lane(item: pytest.Item) -> bool:
    markers = {marker.name for marker in item.iter_markers()}
    if LANE == "sqlite":
        return "postgres" not in markers
    touches_database = "django_db" in markers or not _DATABASE_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
    return "sqlite" not in markers and (touches_database or "postgres" in markers)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of this lane; skip what this machine cannot run."""
    elsewhere = [item for item in items if not _is_in_lane(item)]
    if elsewhere:
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if _is_in_lane(item)]
    for item in items:
        if item.get_closest_marker("browser") and not CHROMIUM.exists():
            item.add_marker(pytest.mark.skip(reason=f"no {CHROMIUM}"))
        if item.get_closest_marker("shared_data") and not SHARED_DATA.is_dir():
            item.add_marker(pytest.mark.skip(reason=f"no folder {SHARED_DATA}"))


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid} was not run, and REGULARS_TEST_STRICT=1 allows no skipping: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure in a strict run."""
    report = yield
    if IS_STRICT and report.skipped and not hasattr(report, "wasxfail") and not item.get_closest_marker("shared_data"):
        _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole module into a failure in a strict run."""
    report = yield
    if IS_STRICT and report.skipped:
        _refuse_skip(report)
    return report


def _left_out() -> list[str]:
    missing = {
        "PostgreSQL (no server found)": not os.environ.get("REGULARS_TEST_POSTGRES"),
        f"browser (no {CHROMIUM})": not CHROMIUM.exists(),
        "shared data (folder not found)": not SHARED_DATA.is_dir(),
    }
    return [what for what, is_missing in missing.items() if is_missing]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line what this machine left out."""
    if left_out := _left_out():
        terminalreporter.write_line(f"left out: {', '.join(left_out)}")
