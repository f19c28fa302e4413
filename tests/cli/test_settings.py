# SPDX-License-Identifier: Apache-2.0
"""A wrong setting stops the start in one line that names it; the public address follows the one that is listened on."""

import pytest

from regulars.site.environment import LIBPQ_OPTIONS, BadSetting, database_settings, read_environment, secret_key

PORT = "ADDRESS:PORT."
NUMBER = "a whole number above zero."
WEB = "http://… or https://…."
DATABASE = "postgresql://user:password@host:port/name, or sqlite:///path."
OPTIONS = f"{', '.join(LIBPQ_OPTIONS)}."
NONE = "none."
NO_DATABASE = "this is not the address of a database."


@pytest.mark.parametrize(
    ("name", "value", "problem", "allowed"),
    [
        ("REGULARS_RATE_PER_MINUTE", "²", "“²” is not a whole number above zero.", NUMBER),
        ("REGULARS_MEMORY_MB", "0", "“0” is not a whole number above zero.", NUMBER),
        ("REGULARS_BIND", "localhost:²", "“localhost:²” is not ADDRESS:PORT.", PORT),
        ("REGULARS_BIND", "localhost:65536", "“localhost:65536” is not ADDRESS:PORT.", PORT),
        ("REGULARS_BIND", "host with space:80", "“host with space:80” is not ADDRESS:PORT.", PORT),
        ("REGULARS_BIND", "http://shop:80", "“http://shop:80” is not ADDRESS:PORT.", PORT),
        ("REGULARS_BIND", "[bad:80", "“[bad:80” is not ADDRESS:PORT.", PORT),
        ("REGULARS_PUBLIC_URL", "http://[bad", "“http://[bad” is not an address like https://shop.example.", WEB),
        ("REGULARS_PUBLIC_URL", "http://a:b", "“http://a:b” is not an address like https://shop.example.", WEB),
        ("DATABASE_URL", "postgresql://h:abc/db", NO_DATABASE, DATABASE),
        ("DATABASE_URL", "postgresql:///", NO_DATABASE, DATABASE),
        ("DATABASE_URL", "sqlite:", NO_DATABASE, DATABASE),
        ("DATABASE_URL", "sqlite://folder/shop.sqlite3", NO_DATABASE, DATABASE),
        ("DATABASE_URL", "mysql://h/db", NO_DATABASE, DATABASE),
        ("DATABASE_URL", "postgresql://u:hunter2@h/db?ssl=on", "the address has an option “ssl”.", OPTIONS),
        ("DATABASE_URL", "sqlite:///shop.sqlite3?sslmode=require", "the address has an option “sslmode”.", NONE),
        (
            "DATABASE_URL",
            "postgresql://h/db?connect_timeout=soon",
            "“soon” is not a whole number.",
            "connect_timeout=10.",
        ),
        ("DATABASE_PASSWORD_FILE", "/nowhere", "there is no file “/nowhere”.", "a path."),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(name, value, problem, allowed):
    with pytest.raises(BadSetting) as refused:
        read_environment({name: value})

    assert refused.value.message == f"The setting {name} is wrong: {problem} Allowed: {allowed}"


@pytest.mark.parametrize("below", ["", "/shop"])
def test_a_file_is_no_data_folder(tmp_path, below):
    (tmp_path / "file").touch()

    with pytest.raises(BadSetting) as refused:
        read_environment({"REGULARS_HOME": f"{tmp_path}/file{below}"})

    problem = f"“{tmp_path}/file{below}” is not a folder."
    assert refused.value.message == f"The setting REGULARS_HOME is wrong: {problem} Allowed: a path."


@pytest.mark.parametrize(("key", "fault"), [("ключ" * 20, "not plain ASCII"), ("k" * 49, "too short")])
def test_a_key_is_fifty_plain_characters(tmp_path, key, fault):
    file = tmp_path / "key"
    file.write_text(key, encoding="utf-8")
    environment = read_environment({"REGULARS_HOME": str(tmp_path), "REGULARS_SECRET_KEY_FILE": str(file)})

    with pytest.raises(BadSetting) as refused:
        secret_key(environment)

    said = f"the key in “{file}” is {fault}. Allowed: at least 50 ASCII characters."
    assert refused.value.message == f"The setting REGULARS_SECRET_KEY_FILE is wrong: {said}"


@pytest.mark.parametrize(
    ("bind", "address"),
    [
        ("", "http://localhost:8000"),
        ("127.0.0.1:8001", "http://localhost:8001"),
        ("0.0.0.0:80", "http://localhost"),
        ("192.168.1.7:8000", "http://192.168.1.7:8000"),
        ("till.shop.example:8080", "http://till.shop.example:8080"),
        ("fd00::7:8000", "http://[fd00::7]:8000"),
    ],
)
def test_people_type_the_address_that_is_listened_on(bind, address):
    assert read_environment({"REGULARS_BIND": bind}).public_url == address


def test_a_public_address_that_is_set_stays():
    said = {"REGULARS_BIND": "127.0.0.1:8001", "REGULARS_PUBLIC_URL": "https://shop.example/"}

    assert read_environment(said).public_url == "https://shop.example"


def test_what_follows_the_question_mark_is_handed_on():
    url = "postgresql://u:p%40@db/shop?sslmode=verify-full&sslrootcert=/etc/root.crt&connect_timeout=5&application_name=till"
    asked = read_environment({"DATABASE_URL": f"{url}&options=-c%20lock_timeout%3D5s"})

    assert database_settings(asked)["OPTIONS"] == {
        "sslmode": "verify-full",
        "sslrootcert": "/etc/root.crt",
        "connect_timeout": "5",
        "application_name": "till",
        "options": "-c random_page_cost=1.1 -c lock_timeout=5s",
        "prepare_threshold": 5,
    }


def test_a_socket_is_named_by_the_host_after_the_question_mark():
    asked = database_settings(read_environment({"DATABASE_URL": "postgresql:///shop?host=/run/postgresql"}))

    assert (asked["HOST"], "host" in asked["OPTIONS"]) == ("/run/postgresql", False)


@pytest.fixture
def password_file(tmp_path):
    file = tmp_path / "password"
    file.write_text("hunter 2\n")
    return str(file)


def test_the_password_of_the_database_comes_from_a_file(password_file):
    asked = {"DATABASE_URL": "postgresql://u@db/shop", "DATABASE_PASSWORD_FILE": password_file}

    assert database_settings(read_environment(asked))["PASSWORD"] == "hunter 2"


def test_two_passwords_are_one_too_many(password_file):
    asked = read_environment({"DATABASE_URL": "postgresql://u:p@db/shop", "DATABASE_PASSWORD_FILE": password_file})

    with pytest.raises(BadSetting, match="DATABASE_PASSWORD_FILE is wrong: DATABASE_URL holds a password as well"):
        database_settings(asked)
