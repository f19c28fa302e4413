# SPDX-License-Identifier: Apache-2.0
"""Write money, points, numbers and dates the way a shopkeeper expects them, in six languages.

Three rules differ from CLDR on purpose: digits are always Latin; groups follow the country of the business and not the
language (₹1,00,000 in every language of an Indian shop); drams have no decimals. Numbers are never shortened.
"""

from contextvars import ContextVar
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale, dates
from babel.numbers import get_currency_symbol, get_decimal_symbol, get_group_symbol

from regulars.kernel.money import exponent, round_half_up_div

Decimals = Literal["if_any", "always", "never"]

MINUS = "\u2212"
NO_BREAK = "\u00a0"
NARROW_NO_BREAK = "\u202f"
LOCALES = {"en": "en_IN", "hi": "hi", "mr": "mr", "te": "te", "ml": "ml", "hy": "hy"}
LAKH_COUNTRIES = frozenset({"IN", "BD", "NP", "PK"})
SYMBOLS = {"INR": "₹", "AMD": "֏"}
WHOLE_UNITS = frozenset({"AMD"})
SYMBOL_LAST = frozenset({"AMD"})
SYMBOL_LAST_LANGUAGES = frozenset({"hy"})
NOT_AVAILABLE = {"en": "n/a", "hi": "लागू नहीं", "mr": "लागू नाही", "te": "వర్తించదు", "ml": "ബാധകമല്ല", "hy": "չկա"}
NEAR_DAYS = {
    "en": ("yesterday", "today", "tomorrow"),
    "hi": ("कल", "आज", "कल"),
    "mr": ("काल", "आज", "उद्या"),
    "te": ("నిన్న", "ఈ రోజు", "రేపు"),
    "ml": ("ഇന്നലെ", "ഇന്ന്", "നാളെ"),
    "hy": ("երեկ", "այսօր", "վաղը"),
}
NEAR_DAYS_MAX = 30


def _known(language: str) -> str:
    base = language.replace("_", "-").partition("-")[0].lower()
    return base if base in LOCALES else "en"


def _locale(language: str) -> str:
    return LOCALES[_known(language)]


def _grouped(digits: str, *, separator: str, country: str) -> str:
    head, tail = digits[:-3], digits[-3:]
    width = 2 if country.upper() in LAKH_COUNTRIES else 3
    groups = [tail]
    while head:
        head, group = head[:-width], head[-width:]
        groups.insert(0, group)
    return separator.join(groups)


def _decimal(scaled: int, *, places: int, language: str, country: str, decimals: Decimals) -> str:
    """Write an unsigned integer of 10^-places units."""
    whole, fraction = divmod(scaled, 10**places)
    locale = _locale(language)
    text = _grouped(str(whole), separator=get_group_symbol(locale, numbering_system="latn"), country=country)
    if not places or decimals == "never" or (decimals == "if_any" and not fraction):
        return text
    return f"{text}{get_decimal_symbol(locale, numbering_system='latn')}{fraction:0{places}d}"


def _signed(text: str, *, is_negative: bool) -> str:
    return f"{MINUS}{text}" if is_negative else text


def symbol(currency: str, *, language: str) -> str:
    """Return the sign of a currency, or its code where no sign is unambiguous."""
    return SYMBOLS.get(currency) or get_currency_symbol(currency, locale=_locale(language))


def money(minor: int, currency: str, *, language: str, country: str = "", decimals: Decimals = "if_any") -> str:
    """Write an amount of minor units with its sign.

    Decimals appear where there are any; `always` aligns a column, `never` rounds to whole units, halves away from
    zero. Drams are always whole.
    """
    places = exponent(currency)
    is_whole = currency in WHOLE_UNITS or decimals == "never"
    scaled = round_half_up_div(abs(minor), 10**places) if is_whole else abs(minor)
    text = _decimal(scaled, places=0 if is_whole else places, language=language, country=country, decimals=decimals)
    sign = symbol(currency, language=language)
    is_last = currency in SYMBOL_LAST or _known(language) in SYMBOL_LAST_LANGUAGES
    gap = NO_BREAK if is_last or sign.isalpha() else ""
    written = f"{text}{gap}{sign}" if is_last else f"{sign}{gap}{text}"
    return _signed(written, is_negative=minor < 0 and scaled > 0)


def points(amount: int, *, language: str, country: str = "", scale: int = 0) -> str:
    """Write an amount of a unit that counts in 10^-scale, without the unit's name."""
    text = _decimal(abs(amount), places=scale, language=language, country=country, decimals="if_any")
    return _signed(text, is_negative=amount < 0)


def number(value: int | float | Decimal, *, language: str, country: str = "", decimals: int = 0) -> str:
    """Write a number with a fixed count of decimals, halves away from zero."""
    exact = Decimal(value) if isinstance(value, int) else Decimal(str(value))
    scaled = int(abs(exact).scaleb(decimals).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    text = _decimal(scaled, places=decimals, language=language, country=country, decimals="always")
    return _signed(text, is_negative=exact < 0 and scaled > 0)


_country: ContextVar[str] = ContextVar("country", default="")


def activate_country(country: str) -> None:
    """Let counts in errors be grouped as in a country from now on; the doors say it beside the language and the zone."""
    _country.set(country)


def count(value: int, language: str) -> str:
    """Write a count as in the country in use."""
    return number(value, language=language, country=_country.get())


def percent(numerator: int, denominator: int, *, language: str, decimals: int = 0) -> str:
    """Write a share of two counts; a share of nothing is "n/a"."""
    if denominator == 0:
        return NOT_AVAILABLE[_known(language)]
    scaled = round_half_up_div(numerator * 100 * 10**decimals, denominator)
    text = _decimal(abs(scaled), places=decimals, language=language, country="", decimals="always")
    return _signed(f"{text}%", is_negative=scaled < 0)


def quantity(milli: int, *, language: str, country: str = "") -> str:
    """Write thousandths without trailing zeros: 350 is 0.35, 2000 is 2."""
    places, scaled = 3, abs(milli)
    while places and scaled % 10 == 0:
        places, scaled = places - 1, scaled // 10
    text = _decimal(scaled, places=places, language=language, country=country, decimals="if_any")
    return _signed(text, is_negative=milli < 0)


def day(value: date, language: str) -> str:
    """Write a calendar day, short: 5 Jan 2026."""
    return dates.format_date(value, "medium", locale=_locale(language))


def clock(value: datetime, zone: ZoneInfo, language: str) -> str:
    """Write the time of day that the store's clock shows."""
    return time_of_day(value.astimezone(zone).time(), language)


def time_of_day(value: time, language: str) -> str:
    """Write a time of day: 6:30 pm."""
    return dates.format_time(value, "short", locale=_locale(language)).replace(NARROW_NO_BREAK, NO_BREAK)


def weekday(place: int, language: str) -> str:
    """Write the name of a day of the week, Monday being 0."""
    return str(Locale.parse(_locale(language)).days["stand-alone"]["wide"][place])


def moment(value: datetime, zone: ZoneInfo, language: str) -> str:
    """Write an aware datetime as day and time in the store's zone."""
    pattern = Locale.parse(_locale(language)).datetime_formats["medium"]
    local = value.astimezone(zone)
    return str(pattern).replace("{1}", day(local.date(), language)).replace("{0}", clock(value, zone, language))


def month(value: date, language: str, *, width: Literal["long", "short"] = "long") -> str:
    """Write the month of a day: January 2026, or Jan 2026."""
    return dates.format_skeleton("yMMMM" if width == "long" else "yMMM", value, locale=_locale(language))


def territory(country: str, language: str) -> str:
    """Write the name of a country, given by two letters."""
    return str(Locale.parse(_locale(language)).territories.get(country, country))


def near_day(value: date, language: str, *, today: date) -> str:
    """Write a day as a shop says it: today, 3 days ago, in 5 days; beyond thirty days as the day itself."""
    distance = (value - today).days
    if abs(distance) <= 1:
        return NEAR_DAYS[_known(language)][distance + 1]
    if abs(distance) > NEAR_DAYS_MAX:
        return day(value, language)
    return dates.format_timedelta(
        value - today, granularity="day", threshold=100, add_direction=True, locale=_locale(language)
    )
