# SPDX-License-Identifier: Apache-2.0
"""What a country implies: its currency, time zone and languages, by CLDR and the time zone database. No database of
ours.
"""

from datetime import date
from functools import lru_cache
from importlib import resources
from pathlib import Path
from zoneinfo import TZPATH, available_timezones

from babel import Locale
from babel.languages import get_official_languages
from babel.numbers import get_territory_currencies

from regulars.kernel.errors import RegularsError, gettext_noop

PRODUCT_LANGUAGES = ("en", "hi", "mr", "te", "ml", "hy")
_NAMED_MAX = 12


class UnknownCountry(RegularsError):
    """The code is not a country of ISO 3166."""

    code = "unknown_country"
    status = 422
    text = gettext_noop("“%(value)s” is not a country. Use two letters of ISO 3166, like IN or AM.")


class UnknownCurrency(RegularsError):
    """The code is not a currency in use, or the country implies none."""

    code = "unknown_currency"
    status = 422
    text = gettext_noop("“%(value)s” is not a currency in use. Use three letters of ISO 4217, like INR or AMD.")


class UnknownTimezone(RegularsError):
    """The name is not in the time zone database, or the country has several zones and none was chosen."""

    code = "unknown_timezone"
    status = 422
    text = gettext_noop("“%(value)s” is not one time zone. Choose one like %(allowed)s.")


class UnknownLanguage(RegularsError):
    """The product does not speak the language."""

    code = "unknown_language"
    status = 422
    text = gettext_noop("“%(value)s” is not a language of Regulars. Choose from %(allowed)s.")


def check_country(code: str) -> str:
    """Return a known country in capitals. Raises UnknownCountry."""
    country = code.strip().upper()
    if len(country) != 2 or not country.isalpha() or country not in _countries():
        raise UnknownCountry(value=code[:20])
    return country


def check_currency(code: str, day: date) -> str:
    """Return a currency in use in some country on a day. Raises UnknownCurrency."""
    currency = code.strip().upper()
    if currency not in _currencies(day):
        raise UnknownCurrency(value=code[:20])
    return currency


def check_timezone(name: str, country: str) -> str:
    """Return a known zone. Raises UnknownTimezone, naming those of the country."""
    if name not in available_timezones():
        raise UnknownTimezone(value=name[:40], allowed=", ".join(zones_of(country)[:_NAMED_MAX]) or "Asia/Kolkata")
    return name


def check_languages(codes: list[str]) -> list[str]:
    """Return languages of the product without repeats, the business's own first. Raises UnknownLanguage."""
    for code in codes:
        if code not in PRODUCT_LANGUAGES:
            raise UnknownLanguage(value=code[:20], allowed=", ".join(PRODUCT_LANGUAGES))
    if not codes:
        raise UnknownLanguage(value="", allowed=", ".join(PRODUCT_LANGUAGES))
    return list(dict.fromkeys(codes))


def currency_of(country: str, day: date) -> str:
    """Return the currency of a country on a day. Raises UnknownCurrency where there is none."""
    currencies = get_territory_currencies(country, day, day)
    if not currencies:
        raise UnknownCurrency(value=country)
    return str(currencies[0])


def timezone_of(country: str) -> str:
    """Return the only zone of a country. Raises UnknownTimezone, naming the choice, where there are several."""
    zones = zones_of(country)
    if len(zones) != 1:
        raise UnknownTimezone(value=country, allowed=", ".join(zones[:_NAMED_MAX]) or "Asia/Kolkata")
    return zones[0]


def languages_of(country: str) -> list[str]:
    """Return the official languages of a country that the product speaks, the most used first, and English."""
    official = get_official_languages(country, de_facto=True)
    return [*dict.fromkeys([code for code in official if code in PRODUCT_LANGUAGES] + ["en"])]


@lru_cache(maxsize=300)
def zones_of(country: str) -> tuple[str, ...]:
    """Return the zones of a country, the most populous first, as `zone.tab` lists them."""
    rows = (line.split("\t") for line in _zone_table().splitlines() if line and not line.startswith("#"))
    return tuple(row[2] for row in rows if row[0] == country)


@lru_cache(maxsize=1)
def _zone_table() -> str:
    for folder in TZPATH:
        if (path := Path(folder) / "zone.tab").is_file():
            return path.read_text(encoding="utf-8")
    return resources.files("tzdata").joinpath("zoneinfo/zone.tab").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    return frozenset(code for code in map(str, Locale("en").territories) if len(code) == 2 and zones_of(code))


@lru_cache(maxsize=4)
def _currencies(day: date) -> frozenset[str]:
    return frozenset(str(code) for country in _countries() for code in get_territory_currencies(country, day, day))
