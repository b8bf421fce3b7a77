"""The languages of the pages: English as written in the templates, others from their .po files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError, negotiate_locale
from babel.dates import format_datetime
from babel.messages.pofile import read_po
from babel.numbers import (
    format_currency,
    format_decimal,
    format_percent,
    get_decimal_symbol,
    get_group_symbol,
)

FOLDER = Path(__file__).parents[1] / "translations"
NAMES = {"en": "English", "pt_BR": "Português"}
CURRENCY = "USD"
"""What the world's cents are cents of."""


@dataclass(frozen=True)
class Language:
    """One language: words, prices and numbers."""

    code: str

    @property
    def tag(self) -> str:
        """As HTML calls it."""
        return self.code.replace("_", "-")

    def say(self, text: str, **values: object) -> str:
        """A text in this language; what nobody translated stays English."""
        said = self.say_plain(text)
        return said % values if values else said

    def say_plain(self, text: str) -> str:
        """The same with the places of its values left open."""
        return _catalogue(self.code).get(text, text)

    def money(self, cents: int) -> str:
        """A price."""
        return format_currency(cents / 100, CURRENCY, locale=self.code)

    def number(self, value: float) -> str:
        """A number with its separators."""
        return format_decimal(value, locale=self.code)

    def share(self, value: float, digits: int = 0) -> str:
        """A share as a percentage."""
        pattern = "#,##0" + ("." + "0" * digits if digits else "") + "\u00a0%"
        return format_percent(value, pattern, locale=self.code)

    def figures(self, text: str) -> str:
        """Figures as the report writes them (1,234.5; 4.50 to 4.75), with this language's marks."""
        low, to, high = text.partition(" to ")
        if to:
            return self.say("%(low)s to %(high)s", low=self.figures(low), high=self.figures(high))
        marks = get_decimal_symbol(self.code) + get_group_symbol(self.code)
        return text.translate(str.maketrans(".,", marks))

    def moment(self, seconds: float) -> str:
        """A moment since 1970, in UTC."""
        at = datetime.fromtimestamp(seconds, UTC)
        return format_datetime(at, "medium", locale=self.code)


def choose(cookie: str, accepted: str) -> Language:
    """What was chosen, else what the browser prefers, else English."""
    if cookie in NAMES:
        return Language(cookie)
    wanted = [one.partition(";")[0].strip().replace("-", "_") for one in accepted.split(",")][:20]
    return Language(_known(wanted))


def _known(wanted: Sequence[str]) -> str:
    preferred = [one if one != "pt" and not one.startswith("pt_") else "pt_BR" for one in wanted]
    try:
        return negotiate_locale(preferred, list(NAMES)) or "en"
    except (ValueError, UnknownLocaleError):
        return "en"


@lru_cache
def _catalogue(code: str) -> dict[str, str]:
    """The translations of a language by their English."""
    place = FOLDER / f"{code}.po"
    if not place.is_file():
        return {}
    with place.open("rb") as file:
        found = read_po(file, locale=Locale.parse(code))
    return {str(one.id): str(one.string) for one in found if one.id and one.string}
