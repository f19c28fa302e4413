# SPDX-License-Identifier: Apache-2.0
"""What the surroundings refuse is one line on stderr that names the place and the remedy, and exit status 1."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

DATABASE_REMEDY = "Check that it is there and has room, that this user may write it, and what DATABASE_URL says."
FILE_REMEDY = "Check whose it is, and whether the disk is full."


def run(home: Path, *words: str, **surroundings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from regulars.cli.main import main; main()", *words]
    known = {"REGULARS_HOME": str(home), "DATABASE_URL": "", "LANGUAGE": "en"}
    environment = os.environ | known | surroundings
    return subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=60)


def trouble(home: Path, *words: str, **surroundings: str) -> str:
    """Return the one line that a command says when it fails."""
    done = run(home, *words, **surroundings)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    return done.stderr.strip()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    assert run(home, "createbusiness", "Corner Café", "--country", "GB").returncode == 0
    return home


@pytest.mark.parametrize("words", [[], ["import"]])
def test_a_command_without_its_word_shows_the_help(tmp_path, words):
    done = run(tmp_path, *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: regulars")
    assert "Commands:" in done.stderr


def test_a_wrong_setting(tmp_path):
    assert trouble(tmp_path, "verify", REGULARS_BIND="localhost:²") == (
        "regulars: The setting REGULARS_BIND is wrong: “localhost:²” is not ADDRESS:PORT. Allowed: ADDRESS:PORT."
    )


def test_in_the_language_of_the_terminal(tmp_path):
    assert trouble(tmp_path, "verify", REGULARS_BIND="localhost:²", LANGUAGE="hi") == (
        "regulars: सेटिंग REGULARS_BIND गलत है: “localhost:²” ADDRESS:PORT नहीं है। यह हो सकता है: ADDRESS:PORT।"
    )


def test_a_data_folder_that_cannot_be_written():
    assert trouble(Path("/proc/nowhere"), "verify") == (
        "regulars: The setting REGULARS_HOME is wrong: “/proc/nowhere” cannot be written "
        "(the system says “No such file or directory”). Allowed: a folder that this user may write."
    )


def test_a_key_that_cannot_be_read(tmp_path):
    assert trouble(tmp_path, "verify", REGULARS_SECRET_KEY_FILE="/proc/self/mem") == (
        "regulars: The setting REGULARS_SECRET_KEY_FILE is wrong: “/proc/self/mem” cannot be read "
        "(the system says “Input/output error”). Allowed: a file that this user may read."
    )


def test_a_database_that_does_not_answer(tmp_path):
    said = trouble(tmp_path, "verify", DATABASE_URL="postgresql://u:hunter2@127.0.0.1:1/shop?connect_timeout=2")

    assert said.startswith("regulars: The database “postgresql://u@127.0.0.1:1/shop” cannot be used: it said “")
    assert "Connection refused" in said
    assert said.endswith(DATABASE_REMEDY)
    assert "hunter2" not in said


@pytest.mark.postgres
def test_a_database_that_does_not_let_in(tmp_path, own_database):
    parts = urlsplit(own_database)
    address = parts._replace(netloc=f"nobody:hunter2@{parts.hostname}:{parts.port}").geturl()

    said = trouble(tmp_path, "verify", DATABASE_URL=address)

    assert "nobody" in said.partition("it said")[2]
    assert said.endswith(DATABASE_REMEDY)
    assert "hunter2" not in said


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "letter").write_text("Dear Regulars, " * 100)

    assert trouble(tmp_path, "verify", DATABASE_URL=f"sqlite://{tmp_path}/letter") == (
        f"regulars: The database “{tmp_path}/letter” cannot be used: it said “file is not a database”. {DATABASE_REMEDY}"
    )


def test_a_folder_of_backups_that_is_not_there(shop):
    assert trouble(shop, "backup", "/proc/nowhere/backup.tar.gz") == (
        "regulars: The backup could not be written to “/proc/nowhere”: the system said “No such file or directory”. "
        "Choose a folder with enough room."
    )


def test_a_full_disk(shop):
    assert trouble(shop, "export", "customers", "--out", "/dev/full") == (
        f"regulars: “/dev/full” cannot be read or written: the system said “No space left on device”. {FILE_REMEDY}"
    )


def test_a_backup_is_not_written_over_unless_asked(shop):
    target = shop / "backup.tar.gz"
    target.write_text("the only good one")

    said = trouble(shop, "backup", str(target))

    assert said == (f"regulars: “{target}” is there already. Choose another name, or say --force to replace it.")
    assert target.read_text() == "the only good one"
    assert run(shop, "backup", str(target), "--force").returncode == 0
    assert target.read_bytes().startswith(b"\x1f\x8b")


def test_what_is_written_is_for_its_owners_eyes(shop):
    run(shop, "backup", str(shop / "backup.tar.gz"))
    run(shop, "export", "customers", "--out", str(shop / "customers.csv"))

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (shop, *shop.iterdir())}
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}
    assert {"backup.tar.gz", "customers.csv", "regulars.sqlite3"} <= set(modes)
