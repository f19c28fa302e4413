# SPDX-License-Identifier: Apache-2.0
"""Settings by environment: each has a name, a help text and a parser that fails loudly; unknown ones stop the start."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from regulars.kernel.errors import RegularsError, Saying, gettext_noop

PREFIX = "REGULARS_"
LIBPQ_OPTIONS = (
    "application_name", "channel_binding", "connect_timeout", "gssencmode", "host", "hostaddr", "keepalives",
    "keepalives_count", "keepalives_idle", "keepalives_interval", "options", "sslcert", "sslcrl", "sslkey", "sslmode",
    "sslrootcert", "target_session_attrs", "tcp_user_timeout",
)  # fmt: skip
"""What may follow the question mark of DATABASE_URL: it is handed on to PostgreSQL's client library."""
_NUMBERS = {"connect_timeout", "keepalives_count", "keepalives_idle", "keepalives_interval", "tcp_user_timeout"}
_THIS_MACHINE = {"127.0.0.1", "0.0.0.0", "::1", "[::1]", "::", "[::]"}  # noqa: S104 - recognised, not listened on


class BadSetting(RegularsError):
    """A setting is unknown or its value is not allowed."""

    code = "bad_setting"
    status = 500
    text = gettext_noop("The setting %(name)s is wrong: %(problem)s Allowed: %(allowed)s.")


class _Wrong(ValueError):
    """A value that a parser refuses, why, and what else is allowed than the setting says by itself."""

    def __init__(self, text: str, value: str, allowed: Saying | None = None) -> None:
        self.problem = Saying(text, value=value)
        self.allowed = allowed


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
    parts = _split(text)
    if text and not _names_a_database(parts):
        raise _Wrong(gettext_noop("this is not the address of a database."), text)  # unsaid: it may hold a password
    for name, value in _options(parts.query if parts else "").items():
        known = () if text.startswith("sqlite") else LIBPQ_OPTIONS
        if name not in known:
            allowed = Saying(", ".join(known) or gettext_noop("none"))
            raise _Wrong(gettext_noop("the address has an option “%(value)s”."), name, allowed)
        if name in _NUMBERS and not value.isdecimal():
            raise _Wrong(gettext_noop("“%(value)s” is not a whole number."), value, Saying(f"{name}=10"))
    return text


def _options(query: str) -> dict[str, str]:
    """Return what follows the question mark of an address, read as PostgreSQL reads it: a plus is a plus."""
    return dict(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True))


def _names_a_database(parts: SplitResult | None) -> bool:
    if parts is None or not parts.path.strip("/"):
        return False
    return parts.scheme in {"postgresql", "postgres"} or (parts.scheme == "sqlite" and not parts.netloc)


def _secret_file(text: str) -> Path | None:
    path = Path(text).expanduser()
    if text and not os.path.isfile(path):  # noqa: PTH113 - says no also of a folder that may not be looked into
        raise _Wrong(gettext_noop("there is no file “%(value)s”."), text)
    return path if text else None


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
    "DATABASE_PASSWORD_FILE": Setting(
        "A file with the password of the database, where DATABASE_URL holds none.",
        gettext_noop("a path"),
        "",
        _secret_file,
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
    database_password_file: Path | None
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
            allowed = error.allowed or Saying(setting.allowed)
            raise BadSetting(name=name, problem=error.problem, allowed=allowed) from None
    found = Environment(*values.values())  # type: ignore[arg-type]  # in the order of SETTINGS
    return found if found.public_url else replace(found, public_url=_address_at(*found.bind))


def secret_key(environment: Environment) -> str:
    """Return the key that signs sessions, making one in the data folder (mode 0600) at the first start.

    Raises BadSetting where the folder cannot be written or the key not be read.
    """
    path = environment.secret_key_file or environment.home / "secret.key"
    try:
        environment.home.mkdir(parents=True, exist_ok=True)
        if environment.secret_key_file is None and not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(64))
    except OSError as error:
        raise _unwritable_home(environment.home, error) from None
    key = _read_secret("REGULARS_SECRET_KEY_FILE", path)
    if not key.isascii():
        raise _bad_key(gettext_noop("the key in “%(path)s” is not plain ASCII."), path)
    if len(key) < 50:
        raise _bad_key(gettext_noop("the key in “%(path)s” is too short."), path)
    return key.decode("ascii")


def _unwritable_home(home: Path, error: OSError) -> BadSetting:
    problem = Saying(
        gettext_noop("“%(path)s” cannot be written (the system says “%(said)s”)."), path=home, said=error.strerror
    )
    return BadSetting(
        name="REGULARS_HOME", problem=problem, allowed=Saying(gettext_noop("a folder that this user may write"))
    )


def _read_secret(name: str, path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError as error:
        problem = Saying(
            gettext_noop("“%(path)s” cannot be read (the system says “%(said)s”)."), path=path, said=error.strerror
        )
        allowed = Saying(gettext_noop("a file that this user may read"))
        raise BadSetting(name=name, problem=problem, allowed=allowed) from None


def _bad_key(problem: str, path: Path) -> BadSetting:
    return BadSetting(
        name="REGULARS_SECRET_KEY_FILE",
        problem=Saying(problem, path=path),
        allowed=Saying(gettext_noop("at least %(count)s ASCII characters"), count=50),
    )


def _database_password(environment: Environment, in_address: str | None) -> str:
    path = environment.database_password_file
    if path is None:
        return unquote(in_address or "")
    if in_address is not None:
        problem = Saying(gettext_noop("DATABASE_URL holds a password as well."))
        allowed = Saying(gettext_noop("one of both"))
        raise BadSetting(name="DATABASE_PASSWORD_FILE", problem=problem, allowed=allowed)
    return _read_secret("DATABASE_PASSWORD_FILE", path).decode("utf-8", "replace")


def database_settings(environment: Environment) -> dict[str, object]:
    """Return Django's description of the database: SQLite in the data folder, or what DATABASE_URL says."""
    parts = urlsplit(environment.database_url)
    if parts.scheme in {"postgresql", "postgres"}:
        options = _options(parts.query)
        keyed = "-c random_page_cost=1.1"  # keyed look-ups, as on any disk without moving parts
        return {
            "ENGINE": "regulars.database.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": _database_password(environment, parts.password),
            "HOST": options.pop("host", unquote(parts.hostname or "")),
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 600,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {
                "application_name": "regulars",
                **options,
                "prepare_threshold": 5,
                "options": f"{keyed} {options.get('options', '')}".strip(),
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
                " PRAGMA cache_size=-32000; PRAGMA wal_autocheckpoint=4000; PRAGMA temp_store=MEMORY;"
            ),
        },
        "TEST": {"NAME": str(environment.home / "test.sqlite3")},
    }
