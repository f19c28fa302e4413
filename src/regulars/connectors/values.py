# SPDX-License-Identifier: Apache-2.0
"""How texts of cells become values: numbers, amounts, moments, days, names, phones. Pure.

A reader is a dictionary from text to value that fills itself: columns repeat their values, so most cells cost one
look-up. Every reader knows its column and raises a BadCell that names it; values that are personal stay out of the
message.
"""

import calendar
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from regulars.connectors.rows import CELL_MAX
from regulars.kernel.errors import RegularsError, gettext_noop
from regulars.kernel.money import AMOUNT_MAX, exponent
from regulars.kernel.phone import BadPhone, normalise_phone
from regulars.kernel.text import clean

_Value = TypeVar("_Value")
MEMO_MAX = 20_000
SHOWN_MAX = 40
YEAR_MIN, YEAR_MAX = 1900, 2100
PRICE_PLACES = 6
NUMBER_STYLES = {"point": "12,34,567.50", "comma": "1.234.567,50"}
DATE_STYLES = {
    "iso": "2026-12-31 18:30",
    "dmy": "31/12/2026 18:30",
    "mdy": "12/31/2026 18:30",
    "excel": "46387.77",
    "unix": "1798741800",
}


class BadCell(RegularsError):
    """A cell cannot be read as its column is meant."""

    code = "bad_cell"
    status = 422
    text = gettext_noop("A cell of column “%(column)s” cannot be read.")


class BadNumber(BadCell):
    """The text is not a number of the chosen style."""

    code = "bad_number"
    text = gettext_noop(
        "“%(value)s” in column “%(column)s” is not a number like %(example)s. "
        "Correct it, or choose another number format."
    )


class BadMoment(BadCell):
    """The text is not a date of the chosen style."""

    code = "bad_date"
    text = gettext_noop(
        "“%(value)s” in column “%(column)s” is not a date like %(example)s. Correct it, or choose another date format."
    )


class TooManyDecimals(BadCell):
    """A quantity is finer than a thousandth."""

    code = "too_many_decimals"
    text = gettext_noop("The quantity “%(value)s” in column “%(column)s” has more than three decimals. Round it.")


class QuantityTooLarge(BadCell):
    """A quantity is larger than the product counts."""

    code = "quantity_too_large"
    text = gettext_noop(
        "The quantity “%(value)s” in column “%(column)s” is too large. Is this really the column of the quantity?"
    )


class EmptyCell(BadCell):
    """A value that every row needs is missing."""

    code = "empty_cell"
    text = gettext_noop("Column “%(column)s” is empty here, and every row needs it. Fill it in.")


class LongCell(BadCell):
    """A text is longer than the product keeps."""

    code = "long_cell"
    text = gettext_noop(
        "The text in column “%(column)s” has %(length)s characters, at most %(limit)s are possible. Shorten it."
    )


class BadPhoneCell(BadCell):
    """The text is not a phone number; it is personal and stays out of the message."""

    code = "bad_phone_cell"
    text = gettext_noop(
        "The phone number in column “%(column)s” is not possible in %(country)s. "
        "Write it with its country code, like +91 98765 43210, or empty the cell."
    )


class BadEmailCell(BadCell):
    """The text is not an e-mail address; it is personal and stays out of the message."""

    code = "bad_email_cell"
    text = gettext_noop(
        "The e-mail address in column “%(column)s” is not possible. Write it like name@example.com, or empty the cell."
    )


class BadBirthday(BadCell):
    """The text is not a day of birth; it is personal and stays out of the message."""

    code = "bad_birthday_cell"
    text = gettext_noop(
        "The birthday in column “%(column)s” is not a date like %(example)s with four digits for the year. "
        "Correct it or empty the cell."
    )


class Reader(dict[str, _Value], Generic[_Value]):
    """A self-filling dictionary from the text of a cell to its value; it forgets when it grows beyond its bound."""

    def __init__(self, column: str, parse: Callable[[str, str], _Value]) -> None:
        super().__init__()
        self.column = column
        self._parse = parse

    def __missing__(self, text: str) -> _Value:
        if len(text) > CELL_MAX:
            raise LongCell(column=self.column, length=len(text), limit=CELL_MAX)
        value = self._parse(text, self.column)
        if len(self) >= MEMO_MAX:
            self.clear()
        self[text] = value
        return value


# Numbers

_GROUPED = {
    "point": re.compile(r"([0-9]+|[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3})?(?:\.([0-9]*))?"),
    "comma": re.compile(r"([0-9]+|[0-9]{1,3}(?:\.[0-9]{2,3})*\.[0-9]{3})?(?:,([0-9]*))?"),
}
_POWER = re.compile(r"-?[0-9](?:\.[0-9]+)?[eE][+-]?[0-9]{1,2}")
_UNITS = re.compile(
    r"^(?:rs\.?|inr|amd|rub|usd|eur|gbp|դր\.?)|(?:rs\.?|inr|amd|rub|usd|eur|gbp|դր\.?|руб\.?|др\.?|nos\.?|pcs\.?|pc\.?|шт\.?|հատ\.?|/-)$",
    re.IGNORECASE,
)
_MINUS = str.maketrans({"−": "-", "–": "-", "﹣": "-", "－": "-"})


def _plain_digits(text: str) -> str:
    """Write the digits of any script as 0 to 9; drop blanks, quotes, currency signs and invisible characters."""
    kept = []
    for char in text.translate(_MINUS):
        category = unicodedata.category(char)
        if category == "Nd":
            kept.append(str(unicodedata.decimal(char)))
        elif category not in {"Sc", "Zs", "Cf", "Cc"} and char not in "'’":
            kept.append(char)
    return "".join(kept)


def read_number(text: str, column: str, style: str) -> tuple[bool, str, str]:
    """Read a number as people and programs write it: whether it is negative, its whole part, its decimals.

    Understands groups of thousands and lakhs, blanks and apostrophes between groups, currency signs and codes, digits
    of every script, brackets or a minus on either side. Raises BadNumber.
    """
    bad = BadNumber(value=clean(text, SHOWN_MAX), column=column, example=NUMBER_STYLES[style])
    if len(text) > 2 * SHOWN_MAX:
        raise bad
    plain = _plain_digits(text)
    if plain.startswith("(") and plain.endswith(")"):
        plain = "-" + plain[1:-1]
    plain = _UNITS.sub("", _UNITS.sub("", plain, count=1), count=1)
    if _POWER.fullmatch(plain):
        plain = format(Decimal(plain), "f").replace(".", "." if style == "point" else ",")
    is_negative = plain.startswith("-") or plain.endswith("-")
    unsigned = plain[1:] if plain[:1] in {"+", "-"} else plain.removesuffix("-")
    match = _GROUPED[style].fullmatch(unsigned)
    if match is None or not (match[1] or match[2]):
        raise bad
    return is_negative, re.sub("[.,]", "", match[1] or ""), match[2] or ""


def scaled(number: tuple[bool, str, str], places: int) -> tuple[int, bool]:
    """Return a number times ten to the places, halves away from zero, and whether nothing was rounded."""
    is_negative, whole, decimals = number
    value = int((whole + decimals[:places].ljust(places, "0")) or "0")
    rest = decimals[places:]
    if rest and rest[0] >= "5":
        value += 1
    return (-value if is_negative else value), not rest.strip("0")


def number_reader(column: str, *, style: str, places: int) -> Reader[tuple[int, bool] | None]:
    """Read numbers scaled by ten to the places, each with whether it was exact; an empty cell is None."""

    def parse(text: str, column: str) -> tuple[int, bool] | None:
        if not text.strip():
            return None
        value = scaled(read_number(text, column, style), places)
        if abs(value[0]) > AMOUNT_MAX * 10 ** max(places - 2, 0):
            raise BadNumber(value=clean(text, SHOWN_MAX), column=column, example=NUMBER_STYLES[style])
        return value

    return Reader(column, parse)


def amount_reader(column: str, *, style: str, currency: str) -> Reader[tuple[int, bool] | None]:
    """Read amounts of money in minor units, each with whether nothing was rounded; an empty cell is None."""
    return number_reader(column, style=style, places=exponent(currency))


def quantity_reader(column: str, *, style: str) -> Reader[int | None]:
    """Read quantities in thousandths; an empty cell is None."""

    def parse(text: str, column: str) -> int | None:
        if not text.strip():
            return None
        value, is_exact = scaled(read_number(text, column, style), 3)
        if abs(value) > AMOUNT_MAX:
            raise QuantityTooLarge(value=clean(text, SHOWN_MAX), column=column)
        if not is_exact:
            raise TooManyDecimals(value=clean(text, SHOWN_MAX), column=column)
        return value

    return Reader(column, parse)


# Moments and days

_CLOCK = (
    r"(?:[T ,]+(?P<h>[0-9]{1,2})[:.](?P<m>[0-9]{2})(?:[:.](?P<s>[0-9]{2})(?:[.,][0-9]{1,9})?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)?"
)
_ZONE = r"(?: ?(?P<zone>Z|UTC|GMT|[+-][0-9]{2}:?(?:[0-9]{2})?))?"
_YEAR = r"(?P<year>[0-9]{4}|[0-9]{2})"
_MOMENTS = {
    "iso": re.compile(
        r"(?P<year>[0-9]{4})(?P<sep>[-/.]?)(?P<month>[0-9]{1,2})(?P=sep)(?P<day>[0-9]{1,2})" + _CLOCK + _ZONE
    ),
    "dmy": re.compile(
        r"(?P<day>[0-9]{1,2})(?P<sep>[-/. ])(?P<month>[0-9]{1,2}|[A-Za-z]{3,9})(?P=sep)" + _YEAR + _CLOCK + _ZONE
    ),
    "mdy": re.compile(
        r"(?P<month>[0-9]{1,2}|[A-Za-z]{3,9})(?P<sep>[-/. ])(?P<day>[0-9]{1,2}),?(?P=sep)" + _YEAR + _CLOCK + _ZONE
    ),
}
_SERIAL = re.compile(r"[0-9]{1,13}(?:\.[0-9]{1,15})?")
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if number}
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's clock has no zone
_CENTURY = re.compile(r"[0-9]{4}")
_UTC = ZoneInfo("UTC")
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOON = time(12)


def _ascii_digits(text: str) -> str:
    return "".join(
        str(unicodedata.decimal(char)) if unicodedata.category(char) == "Nd" else char
        for char in " ".join(text.lstrip("'").split())
    )


def _full_year(digits: str) -> int:
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + (2000 if year < 70 else 1900)


def _clock_of(match: re.Match[str]) -> time:
    if match["h"] is None:
        return NOON
    hour = int(match["h"])
    if match["half"]:
        if not 1 <= hour <= 12:
            raise ValueError("no such hour")
        hour = hour % 12 + (12 if match["half"] in "pP" else 0)
    return time(hour, int(match["m"]), int(match["s"] or 0))


def _written_moment(text: str, style: str, zone: ZoneInfo) -> datetime:
    match = _MOMENTS[style].fullmatch(text)
    if match is None:
        raise ValueError("not of this style")
    month = match["month"]
    number = int(month) if month.isdigit() else _MONTHS[month[:3].lower()]
    day = date(_full_year(match["year"]), number, int(match["day"]))
    moment = datetime.combine(day, _clock_of(match))
    if match["zone"] is None:
        return moment.replace(tzinfo=zone).astimezone(UTC)
    offset = match["zone"].replace(":", "")
    minutes = 0 if offset[0] not in "+-" else int(offset[0] + "1") * (int(offset[1:3]) * 60 + int(offset[3:] or 0))
    return (moment - timedelta(minutes=minutes)).replace(tzinfo=UTC)


def _counted_moment(text: str, style: str, zone: ZoneInfo) -> datetime:
    if _SERIAL.fullmatch(text) is None:
        raise ValueError("not a count")
    if style == "unix":
        seconds = Decimal(text) if len(text.split(".", maxsplit=1)[0]) < 12 else Decimal(text) / 1000
        return _UNIX_EPOCH + timedelta(seconds=int(seconds))
    moment = _EXCEL_EPOCH + timedelta(seconds=round(Decimal(text) * 86_400))
    if "." not in text:
        moment = datetime.combine(moment.date(), NOON)
    return moment.replace(tzinfo=zone).astimezone(UTC)


def read_moment(text: str, *, style: str, zone: ZoneInfo) -> datetime:
    """Read a date with or without a time as a moment in UTC. Raises ValueError, KeyError or OverflowError.

    A time without a zone is local to `zone`; one that a clock change repeats is the first of the two, one that it
    leaves out is read with the offset before the change. A date alone means noon, so that no zone moves it to another
    day.
    """
    plain = _ascii_digits(text)
    read = _written_moment if style in _MOMENTS else _counted_moment
    moment = read(plain, style, zone)
    if not YEAR_MIN <= moment.year <= YEAR_MAX:
        raise ValueError("not a year of business")
    return moment


def moment_reader(column: str, *, style: str, zone: ZoneInfo) -> Reader[datetime]:
    """Read moments; every row needs one."""

    def parse(text: str, column: str) -> datetime:
        if not text.strip():
            raise EmptyCell(column=column)
        try:
            return read_moment(text, style=style, zone=zone)
        except (ValueError, KeyError, OverflowError):
            raise BadMoment(value=clean(text, SHOWN_MAX), column=column, example=DATE_STYLES[style]) from None

    return Reader(column, parse)


def birthday_reader(column: str, *, style: str) -> Reader[date | None]:
    """Read days of birth, with four digits for the year; an empty cell is None."""

    def parse(text: str, column: str) -> date | None:
        plain = _ascii_digits(text)
        if not plain:
            return None
        bad = BadBirthday(column=column, example=DATE_STYLES[style].split(" ", maxsplit=1)[0])
        if style in _MOMENTS and _CENTURY.search(plain) is None:
            raise bad
        try:
            return read_moment(text, style=style, zone=_UTC).date()
        except (ValueError, KeyError, OverflowError):
            raise bad from None

    return Reader(column, parse)


# Texts and identities

_GUARDED = ("=", "+", "-", "@", "\t", "\r")
_WHOLE_FLOAT = re.compile(r"([0-9]+)\.0+")
_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\".]+(\.[^@\s,;<>\".]+)+")
EMAIL_MAX = 254


def unguarded(text: str) -> str:
    """Take off the apostrophe that keeps a spreadsheet from calculating a text."""
    return text[1:] if text.startswith("'") and text[1:2] in _GUARDED else text


def text_reader(column: str, *, limit: int) -> Reader[str]:
    """Read names and other texts; what is too long is cut."""
    return Reader(column, lambda text, _column: clean(unguarded(text), limit))


def code_reader(column: str, *, limit: int, is_whole: bool = False) -> Reader[str]:
    """Read codes and numbers of things, which may not be cut. With `is_whole` “17850.0” is read as 17850."""

    def parse(text: str, column: str) -> str:
        code = clean(text.strip().lstrip("'"), CELL_MAX)
        if is_whole and (match := _WHOLE_FLOAT.fullmatch(code)):
            code = match[1]
        if len(code) > limit:
            raise LongCell(column=column, length=len(code), limit=limit)
        return code

    return Reader(column, parse)


def phone_reader(column: str, *, country: str) -> Reader[str]:
    """Read phone numbers as E.164, local ones as of the country; an empty cell stays empty."""

    def parse(text: str, column: str) -> str:
        plain = text.strip().lstrip("'").strip()
        if not plain:
            return ""
        try:
            return normalise_phone(plain, country)
        except BadPhone:
            raise BadPhoneCell(column=column, country=country) from None

    return Reader(column, parse)


def email_reader(column: str) -> Reader[str]:
    """Read e-mail addresses, folded to lower case; an empty cell stays empty."""

    def parse(text: str, column: str) -> str:
        address = clean(text.strip().lstrip("'"), CELL_MAX).casefold()
        if not address:
            return ""
        if len(address) > EMAIL_MAX or _EMAIL.fullmatch(address) is None:
            raise BadEmailCell(column=column)
        return address

    return Reader(column, parse)
