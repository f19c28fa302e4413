# SPDX-License-Identifier: Apache-2.0
"""What every test may lean on: hypothesis profiles, a temporary database file, Chromium, the public data sets."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connections
from hypothesis import HealthCheck, settings

from lanes import CHROMIUM, LANE, SHARED_DATA

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

settings.register_profile("default", max_examples=60, derandomize=True, deadline=None)
settings.register_profile(
    "proof",
    max_examples=2_000,
    derandomize=False,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("default")

# A password is hashed in microseconds here; that Django's own hashers are slow on purpose is Django's to test.
django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

_QUIET_CHROMIUM = [
    "--no-sandbox",  # root cannot have one
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Test on a SQLite file, not in memory: threads and journal modes are part of what is tested."""
    if LANE == "sqlite":
        test_file = Path(os.environ["REGULARS_HOME"]) / "test.sqlite3"
        django_settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(test_file)


@contextmanager
def empty_database(file: Path) -> Iterator[str]:
    """Make a database, on SQLite in that file, and yield its DATABASE_URL."""
    if LANE == "sqlite":
        yield f"sqlite://{file}"
        return
    server, name = os.environ["REGULARS_TEST_POSTGRES"], f"own_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def own_database(tmp_path: Path) -> Iterator[str]:
    """Make an empty database for the processes that a test starts, and return its DATABASE_URL."""
    with empty_database(tmp_path / "own.sqlite3") as url:
        yield url


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of public data sets; a test that asks for it carries the marker `shared_data`."""
    return SHARED_DATA


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """Start Debian's Chromium once per test process; a test that asks for it carries the marker `browser`."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - heavy, and most test processes open no browser

    # Playwright's event loop runs in this thread; the ORM used beside it is still synchronous.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=_QUIET_CHROMIUM)
        yield browser
        browser.close()
        connections.close_all()  # those opened while the loop ran are out of reach once it has ended


@pytest.fixture
def page(chromium: "Browser") -> "Iterator[Page]":
    """Open an empty tab of its own, with the screen of a small phone unless the test resizes it."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="en-IN")
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()
