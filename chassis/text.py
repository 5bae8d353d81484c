"""Text as people type it, made comparable before anything compares it. Pure.

A phone's keyboard writes full-width digits, a spreadsheet adds blanks, a copied name brings
invisible characters. What is compared, counted or matched goes through one of these first:

* `tidy` for every text that enters: its characters stay, what nobody can see goes;
* `code` for numbers, codes and references: one spelling for each of their characters;
* `fold` for the question whether two texts say the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

# Patterns of what several services read. `[0-9]`, since \d takes the digits of every script.
AREA = r"^[0-9]{6}([0-9]{3}){0,3}$"
STREET_OR_COMMUNITY = r"^[0-9]{9}([0-9]{3})?$"
COMMUNITY = r"^[0-9]{12}$"
GRID = r"^[0-9]{15}$"
# Months of this century: they exist, and so do the months and years around them.
PERIOD = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

FIRST_YEAR, LAST_YEAR = 1900, 2100

# Nobody sees these, and two names that differ in them only look the same.
_INVISIBLE = "\u00ad\u200b\u2060\ufeff\u180e"
# Joiners that change how emoji and some scripts are drawn; elsewhere they are invisible too.
_JOINERS = "\u200c\u200d"
_DRAWN = re.compile("[\u2600-\u27bf\U0001f000-\U0001faff]")
_DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_UNREADABLE = re.compile(
    f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{_DIRECTIONS}\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
_DROPPED = str.maketrans("", "", _INVISIBLE)
_UNJOINED = str.maketrans("", "", _JOINERS)
_DASHES = dict.fromkeys(
    map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-"
)
_BLANK = re.compile(r"\s+")


def tidy(text: str) -> str:
    """Return a text without what nobody can see: NFC, one kind of line end, no blanks at its ends.

    A text of a code's characters only, in whatever width or script its digits are, becomes that
    code (`２０２５-01` is `2025-01`), since what compares it means the code.
    """
    if text.isascii():
        return text.strip() if "\r" not in text else _lines(text).strip()
    plain = unicodedata.normalize("NFC", _lines(text)).translate(_DROPPED)
    if not _DRAWN.search(plain):
        plain = plain.translate(_UNJOINED)
    plain = plain.strip()
    narrow = _narrow(plain)
    return narrow.strip() if narrow.isascii() else plain


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _narrow(text: str) -> str:
    """Return the text with full-width signs, the digits of other scripts and dashes as ASCII."""
    return "".join(map(_narrow_character, text.translate(_DASHES)))


def _narrow_character(character: str) -> str:
    if character.isascii():
        return character
    if "\uff01" <= character <= "\uff5e":
        return chr(ord(character) - 0xFEE0)
    if character.isspace():
        return " "
    # Superscripts are digits as well, but a square metre is no `m2` of a code.
    return str(unicodedata.decimal(character)) if character.isdecimal() else character


def code(text: str) -> str:
    """Return a number, code or reference in its one spelling: NFKC, ASCII digits, plain dashes."""
    if text.isascii():
        return text.strip()
    return unicodedata.normalize(
        "NFKC", _narrow(text.translate(_DROPPED).translate(_UNJOINED))
    ).strip()


def fold(text: str) -> str:
    """Return what two texts have in common that say the same: neither width, case nor blanks."""
    # Folding one sign may make another that folds further; twice is enough for all of them.
    for _ in range(2):
        text = unicodedata.normalize("NFKC", _BLANK.sub("", code(text)).casefold())
    return text


def unreadable(text: str) -> str | None:
    """Return the first control or direction character of a text, or None.

    Line ends and tabs are none; neither is what `tidy` takes away.
    """
    if text.isascii() and text.isprintable():
        return None
    found = _UNREADABLE.search(text.replace("\r", "\n"))
    return found[0] if found else None


def personal_number(text: str) -> str | None:
    """Return "id_no" or "phone" where a free text holds such a number, whatever separates it."""
    plain = re.sub(r"(?<=[0-9])[\s.,_/\\|()-]+(?=[0-9Xx])", "", code(text))
    for run in re.finditer(r"(?<![0-9A-Za-z])[0-9]{17}[0-9Xx](?![0-9A-Za-z])", plain):
        if _is_id_no(run[0].upper()):
            return "id_no"
    if re.search(r"(?<![0-9])(?:\+?0{0,2}86)?1[3-9][0-9]{9}(?![0-9])", plain):
        return "phone"
    if re.search(r"(?<![0-9])(?:\+?0{0,2}86)?128[0-9]{8}(?![0-9])", plain):
        return "phone"  # the invented people of the demonstration have these
    return None


def _is_id_no(number: str) -> bool:
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return True


def is_day(text: str) -> bool:
    """Tell whether a text of the form YYYY-MM-DD is a day of a year that deadlines can reach."""
    try:
        return in_reach(date.fromisoformat(text))
    except ValueError:
        return False


def in_reach(at: date | datetime) -> bool:
    """Tell whether a day or an instant lies where months and deadlines can be counted from it."""
    return FIRST_YEAR <= at.year < LAST_YEAR


def texts(
    value: Any, at: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield (place, text) of every text in decoded JSON, the names of members left out."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from texts(inner, (*at, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from texts(inner, (*at, number))


def tidied(value: Any) -> Any:
    """Return decoded JSON with every text tidied."""
    if isinstance(value, str):
        return tidy(value)
    if isinstance(value, dict):
        return {name: tidied(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [tidied(inner) for inner in value]
    return value
