# SPDX-License-Identifier: Apache-2.0
"""Settings by environment: each has a name, a help text and a parser that fails loudly; unknown ones stop the start."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from regulars.kernel.errors import RegularsError, Saying, gettext_noop

PREFIX = "REGULARS_"
_THIS_MACHINE = {"127.0.0.1", "0.0.0.0", "::1", "[::1]", "::", "[::]"}  # noqa: S104 - recognised, not listened on


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


def _split(text: str) -> SplitResult | None:
    """Return the parts of an address, or None if it is malformed, up to its port."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return None if any(char.isspace() for char in text) else parts


def _address_at(host: str, port: int) -> str:
    """Return what people type to reach a server that listens there."""
    if host in _THIS_MACHINE:
        host = "localhost"
    elif ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"http://{host}" if port == 80 else f"http://{host}:{port}"


def _bind(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    is_port = port.isdecimal() and len(port) <= 5 and 0 < int(port) < 65536
    parts = _split(_address_at(host, int(port))) if host and is_port else None
    if parts is None or not parts.hostname or parts.path or "@" in host:
        raise _Wrong(gettext_noop("“%(value)s” is not ADDRESS:PORT."), text)
    return host, int(port)


def _address(text: str) -> str:
    """Return the address without a slash at its end; nothing stays nothing, which means: where the server listens."""
    if not text:
        return ""
    parts = _split(text)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
        raise _Wrong(gettext_noop("“%(value)s” is not an address like https://shop.example."), text)
    return text.rstrip("/")


def _folder(text: str) -> Path:
    path = Path(text).expanduser().resolve()
    if any(place.exists() and not place.is_dir() for place in (path, *path.parents)):
        raise _Wrong(gettext_noop("“%(value)s” is not a folder."), text)
    return path


def _database(text: str) -> str:
    if text and not _names_a_database(_split(text)):
        raise _Wrong(gettext_noop("this is not the address of a database."), text)  # unsaid: it may hold a password
    return text


def _names_a_database(parts: SplitResult | None) -> bool:
    if parts is None or not parts.path.strip("/"):
        return False
    return parts.scheme in {"postgresql", "postgres"} or (parts.scheme == "sqlite" and not parts.netloc)


def _secret_file(text: str) -> Path | None:
    if text and not Path(text).is_file():
        raise _Wrong(gettext_noop("there is no file “%(value)s”."), text)
    return Path(text) if text else None


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
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
        "The address people type. With https the cookies are secure and plain http is redirected. Empty means where the "
        "web server listens.",
        gettext_noop("http://… or https://…"),
        "",
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
    found = Environment(*values.values())  # type: ignore[arg-type]  # in the order of SETTINGS
    return found if found.public_url else replace(found, public_url=_address_at(*found.bind))


def secret_key(environment: Environment) -> str:
    """Return the key that signs sessions, making one in the data folder (mode 0600) at the first start."""
    path = environment.secret_key_file or environment.home / "secret.key"
    if not path.exists():
        environment.home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(64))
    key = path.read_bytes().strip()
    if not key.isascii():
        raise _bad_key(gettext_noop("the key in “%(path)s” is not plain ASCII."), path)
    if len(key) < 50:
        raise _bad_key(gettext_noop("the key in “%(path)s” is too short."), path)
    return key.decode("ascii")


def _bad_key(problem: str, path: Path) -> BadSetting:
    return BadSetting(
        name="REGULARS_SECRET_KEY_FILE",
        problem=Saying(problem, path=path),
        allowed=Saying(gettext_noop("at least %(count)s ASCII characters"), count=50),
    )


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
