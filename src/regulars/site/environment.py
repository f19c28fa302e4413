# SPDX-License-Identifier: Apache-2.0
"""Settings by environment: each has a name, a help text and a parser that fails loudly; unknown ones stop the start."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from regulars.kernel.errors import RegularsError, Saying, gettext_noop

PREFIX = "REGULARS_"


class BadSetting(RegularsError):
    """A setting is unknown or its value is not allowed."""

    code = "bad_setting"
    status = 500
    text = gettext_noop("The setting %(name)s is wrong: %(problem)s Allowed: %(allowed)s.")


class _Wrong(ValueError):
    """A value that a parser refuses, and why."""

    def __init__(self, text: str, value: str) -> None:
        self.problem = Saying(text, value=value)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what it is for, what is allowed, its default, and how its text is read."""

    help: str
    allowed: str
    default: str
    parse: Callable[[str], object]


def _bind(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise _Wrong(gettext_noop("“%(value)s” is not ADDRESS:PORT."), text)
    return host, int(port)


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
        raise _Wrong(gettext_noop("“%(value)s” is not an address like https://shop.example."), text)
    return text.rstrip("/")


def _folder(text: str) -> Path:
    return Path(text).expanduser().resolve()


def _database(text: str) -> str:
    if text and urlsplit(text).scheme not in {"postgresql", "postgres", "sqlite"}:
        raise _Wrong(gettext_noop("the address must begin with postgresql:// or sqlite:///."), text)
    return text


def _secret_file(text: str) -> Path | None:
    if text and not Path(text).is_file():
        raise _Wrong(gettext_noop("there is no file “%(value)s”."), text)
    return Path(text) if text else None


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise _Wrong(gettext_noop("“%(value)s” is not a whole number above zero."), text)
    return int(text)


SETTINGS: dict[str, Setting] = {
    "REGULARS_HOME": Setting(
        "The data folder: database, uploads, analytic files, secrets.", gettext_noop("a path"), "~/.regulars", _folder
    ),
    "DATABASE_URL": Setting(
        "The database. Empty means SQLite in the data folder.",
        gettext_noop("postgresql://user:password@host:port/name, or sqlite:///path"),
        "",
        _database,
    ),
    "REGULARS_BIND": Setting("Where the web server listens.", "ADDRESS:PORT", "127.0.0.1:8000", _bind),
    "REGULARS_PUBLIC_URL": Setting(
        "The address people type. With https the cookies are secure and plain http is redirected.",
        gettext_noop("http://… or https://…"),
        "http://localhost:8000",
        _address,
    ),
    "REGULARS_SECRET_KEY_FILE": Setting(
        "A file with the key that signs sessions and seals secrets. Without it one is made in the data folder.",
        gettext_noop("a path"),
        "",
        _secret_file,
    ),
    "REGULARS_RATE_PER_MINUTE": Setting(
        "How many API requests one key may make in a minute.",
        gettext_noop("a whole number above zero"),
        "120000",
        _positive,
    ),
    "REGULARS_MEMORY_MB": Setting(
        "How much memory the analytic engine may use, in megabytes.",
        gettext_noop("a whole number above zero"),
        "1024",
        _positive,
    ),
}


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings as read once at the start."""

    home: Path
    database_url: str
    bind: tuple[str, int]
    public_url: str
    secret_key_file: Path | None
    rate_per_minute: int
    memory_mb: int


def read_environment(environ: Mapping[str, str]) -> Environment:
    """Read every setting. Raises BadSetting naming the setting and what is allowed."""
    for name in environ:
        if (
            name.startswith(PREFIX)
            and name not in SETTINGS
            and not name.startswith(("REGULARS_TEST_", "REGULARS_SHARED_"))
        ):
            raise BadSetting(
                name=name, problem=Saying(gettext_noop("there is no such setting.")), allowed=", ".join(SETTINGS)
            )
    values: dict[str, object] = {}
    for name, setting in SETTINGS.items():
        text = environ.get(name, "") or setting.default
        try:
            values[name] = setting.parse(text)
        except _Wrong as error:
            raise BadSetting(name=name, problem=error.problem, allowed=Saying(setting.allowed)) from None
    return Environment(*values.values())  # type: ignore[arg-type]  # in the order of SETTINGS


def secret_key(environment: Environment) -> str:
    """Return the key that signs sessions, making one in the data folder (mode 0600) at the first start."""
    path = environment.secret_key_file or environment.home / "secret.key"
    if not path.exists():
        environment.home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(64))
    key = path.read_text(encoding="ascii").strip()
    if len(key) < 50:
        raise BadSetting(
            name="REGULARS_SECRET_KEY_FILE",
            problem=Saying(gettext_noop("the key in “%(path)s” is too short."), path=path),
            allowed=Saying(gettext_noop("at least %(count)s characters"), count=50),
        )
    return key


def database_settings(environment: Environment) -> dict[str, object]:
    """Return Django's description of the database: SQLite in the data folder, or what DATABASE_URL says."""
    parts = urlsplit(environment.database_url)
    if parts.scheme in {"postgresql", "postgres"}:
        return {
            "ENGINE": "regulars.database.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 600,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {
                "application_name": "regulars",
                "prepare_threshold": 5,
                "options": "-c random_page_cost=1.1",  # keyed look-ups, as on any disk without moving parts
            },
        }
    path = unquote(parts.path) if parts.scheme == "sqlite" else str(environment.home / "regulars.sqlite3")
    return {
        "ENGINE": "regulars.database.sqlite",
        "NAME": path,
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "cached_statements": 512,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON;"
                " PRAGMA cache_size=-32000; PRAGMA temp_store=MEMORY;"
            ),
        },
        "TEST": {"NAME": str(environment.home / "test.sqlite3")},
    }
