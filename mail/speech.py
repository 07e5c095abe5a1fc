"""How a mail speaks: the words that all mails share, and numbers, prices and dates the way its reader writes them.

A mail's own sentences stand in its template, in one file per language. What the partials say stands in
`words/<language>.json` beside the templates; a word that is missing there is said in English, so that a half-done
translation is a blemish and not a failure.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_time, format_timedelta, get_timezone_gmt, get_timezone_name, parse_pattern
from babel.numbers import format_currency, format_decimal
from markupsafe import Markup, escape

from domain.customer import CartLine
from domain.wording import as_words, legible
from mail.context import DEFAULT_LANGUAGE

WORDS: Final = "words"
"""The folder of the shared words, below that of the templates."""

_PLACE = re.compile(r"\{([a-z_]+)\}")
_LETTERS_THEN_DIGITS = re.compile(r"(?<=[A-Z]{3})(?=[0-9])")
_NARROW_DAY = re.compile(r"E{1,3}(?!E)")
_NARROW_MONTH = re.compile(r"(?<!M)M{3}(?!M)")


class Speech:
    """One way to speak: a language, with the customs of a country where one is known.

    Args:
        folder: That of the templates.
        language: The language that the mail is written in, e.g. `de`.
        locale: The reader's own, e.g. `de-AT`. Its country decides how numbers and dates look.
    """

    def __init__(self, folder: Path, language: str = DEFAULT_LANGUAGE, locale: str | None = None) -> None:
        self.language = language
        self._folder = folder / WORDS
        self._locale = _customs(language, locale)
        self.customs = str(self._locale)
        """The locale whose customs are followed, e.g. `de_AT`."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Speech) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[Path, str, str]:
        return self._folder, self.language, self.customs

    def word(self, name: str, /, **values: object) -> Markup:
        """Say a shared word or sentence, with values in its places. Safe in HTML: values that are text are escaped.

        Raises:
            LookupError: There is no such word, or it has a place that no value is given for.
        """
        said = words(self._folder, self.language).get(name) or words(self._folder, DEFAULT_LANGUAGE).get(name)
        if said is None:
            raise LookupError(f"{WORDS}/{DEFAULT_LANGUAGE}.json has no word {name!r}")
        missing = [place for place in _PLACE.findall(said) if place not in values]
        if missing:
            raise LookupError(f"the word {name!r} has a place for {missing[0]!r}, and none is given")
        return Markup(_PLACE.sub(lambda place: str(escape(values[place[1]])), str(escape(said))))  # noqa: S704 - escaped

    def money(self, amount: float, currency: str) -> str:
        """Write a price: `$1,234.50`, `1.234,50 €`, `¥1,234`."""
        # Letters are set apart from digits (CLDR's currencySpacing, which Babel leaves out): SEK 12, but $12.
        return _LETTERS_THEN_DIGITS.sub("\u00a0", format_currency(amount, currency, locale=self._locale))

    def number(self, amount: float) -> str:
        """Write a number: `1,234.5`, `1.234,5`."""
        return format_decimal(amount, locale=self._locale)

    def day(self, moment: datetime) -> str:
        """Write a date without its year: `Thursday, December 3`, `Donnerstag, 3. Dezember`. In the zone it carries."""
        # CLDR knows the order of weekday, day and month from its short form; the full form has the year in it.
        short = str(self._locale.datetime_skeletons["MMMEd"].pattern)
        return parse_pattern(_NARROW_MONTH.sub("MMMM", _NARROW_DAY.sub("EEEE", short))).apply(moment, self._locale)

    def time_of_day(self, moment: datetime) -> str:
        """Write a wall-clock time: `6:00 PM`, `18:00`. In the zone the moment carries."""
        return format_time(moment, "short", tzinfo=moment.tzinfo, locale=self._locale)

    def day_and_time(self, moment: datetime) -> Markup:
        """Write a moment as an appointment, with its zone: `Thursday, December 3 at 6:00 PM (GMT+01:00)`."""
        return self.word(
            "day_at_time", day=self.day(moment), time=self.time_of_day(moment), zone=self._zone(moment, moment.tzinfo)
        )

    def distance(self, until: datetime, now: datetime) -> str:
        """Say how far off a day is, counted on the calendar of `until`: `today`, `tomorrow`, `in 4 days`.

        Empty for what is past.
        """
        days = (until.date() - now.astimezone(until.tzinfo).date()).days
        if days < 0 or until < now:
            return ""
        if days <= 1:
            return str(self.word("tomorrow" if days else "today"))
        # Of 30 days Babel makes a month, and of 14 two weeks, unless told that days are wanted.
        return format_timedelta(
            timedelta(days=days), granularity="day", threshold=366, add_direction=True, locale=self._locale
        )

    def product_name(self, line: CartLine) -> str:
        """Name a product, by its id where no name was reported; an id that only a page has told is but words."""
        shown = as_words(line.product_id) if "product_id" in line.by_page else legible(line.product_id)
        return line.name.strip() or str(self.word("item", id=shown))

    def _zone(self, moment: datetime, zone: tzinfo | None) -> str:
        """Name a zone as its people do (`CET`), else by its distance from Greenwich."""
        name = get_timezone_name(moment, "short", locale=self._locale) if isinstance(zone, ZoneInfo) else ""
        return name if name[:1].isalpha() else get_timezone_gmt(moment, "long", self._locale).removesuffix("+00:00")


def words(folder: Path, language: str) -> Mapping[str, str]:
    """The shared words of a language, read again when the file changes; none where there is no file."""
    file = folder / f"{language}.json"
    try:
        found = file.stat()
    except FileNotFoundError:
        return {}
    return _read(file, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=64)
def _read(file: Path, _changed: int, _size: int) -> Mapping[str, str]:
    said = json.loads(file.read_bytes())
    if not isinstance(said, dict) or not all(isinstance(text, str) for text in said.values()):
        raise ValueError(f"{file.name}: words are one JSON object of texts")
    return said


def _customs(language: str, locale: str | None) -> Locale:
    """The customs of the reader's country in the mail's language, else of the language, else English ones."""
    parts = (locale or "").replace("_", "-").split("-")
    country = next((part.upper() for part in parts[1:] if len(part) == 2 and part.isalpha()), "")  # noqa: PLR2004 - ISO 3166
    for candidate in (f"{language}_{country}", language):
        try:
            return Locale.parse(candidate)
        except (ValueError, UnknownLocaleError):
            continue
    return Locale.parse(DEFAULT_LANGUAGE)
