"""Text as people type it, made comparable before anything compares it. Pure.

A phone's keyboard writes full-width digits, a spreadsheet adds blanks, a copied name brings
invisible characters. What is compared, counted or matched goes through one of these first:

* `tidy` for every text that enters: its characters stay, what nobody can see goes;
* `broken` for every text of one line: a name has no second one;
* `code` for numbers, codes and references: one spelling for each of their characters;
* `fold` for the question whether two texts say the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime

# Patterns of what several services read. `[0-9]`, since \d takes the digits of every script.
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
AREA = r"^[0-9]{6}([0-9]{3}){0,3}$"
DOWN_TO_COMMUNITY = r"^[0-9]{6}([0-9]{3}){0,2}$"
STREET_OR_COMMUNITY = r"^[0-9]{9}([0-9]{3})?$"
COMMUNITY = r"^[0-9]{12}$"
GRID = r"^[0-9]{15}$"
# A name to sign in with: no phone number, which changes hands and which others know.
LOGIN = r"^(?![0-9]{7,})[A-Za-z0-9][A-Za-z0-9_.-]{2,39}$"
# What `person_id` names is a person; an id of a project or an offer is none.
PERSON = r"^per_[A-Za-z0-9_-]{1,60}$"
# Months of this century: they exist, and so do the months and years around them.
PERIOD = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

FIRST_YEAR, LAST_YEAR = 1900, 2100

# Written as escapes: a literal compatibility character is changed by any tool that normalises the
# source, and the range with it (IN-A11). 〇, the URO with extensions A to J, and the twelve
# ideographs of the compatibility block that are no duplicates.
HAN = (
    "\u3007\u3400-\u4dbf\u4e00-\u9fff"
    "\ufa0e\ufa0f\ufa11\ufa13\ufa14\ufa1f\ufa21\ufa23\ufa24\ufa27-\ufa29"
    "\U00020000-\U0002a6df\U0002a700-\U0002ee5f\U00030000-\U0003347f"
)
# What says in which form the character before it is drawn. Names bear it; it says nothing else.
SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
# Members whose text may have several lines. Every other text of a body or a file is one line.
PROSE = frozenset(
    {
        *("text", "description", "new_facts", "facts", "finding", "findings", "result"),
        *("decision", "decisions", "dissent", "basis", "committee_basis", "grounds", "criteria"),
        *("reason", "reasons", "override_reason", "uscc_override", "note", "done", "outcome"),
        # A rule set as it is written: its rules explain themselves.
        *("document", "put"),
    }
)

# Nobody sees these, and two names that differ in them only look the same.
_INVISIBLE = "\u200b\u2060\ufeff\u180e"
# Joiners that change how emoji and some scripts are drawn; elsewhere they are invisible too.
_JOINERS = "\u200c\u200d"
_DRAWN = re.compile("[\u2600-\u27bf\U0001f000-\U0001faff]")
_DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_UNREADABLE = re.compile(
    f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad{_DIRECTIONS}\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
    # A selector behind what has no other form: Chinese characters, signs and emoji have.
    f"|(?<![{HAN}\uf900-\ufaff\U0002f800-\U0002fa1f#*0-9\u00a9\u00ae\u2000-\u303f\u3297\u3299"
    f"\uff00-\uffef\U0001f000-\U0001faff])[{SELECTORS}]"
)
_BREAK = re.compile("[\t\n\r\u2028\u2029]")
_SELECTED = re.compile(f"[{SELECTORS}]")
_DROPPED = str.maketrans("", "", _INVISIBLE)
_HIDDEN = str.maketrans("", "", _INVISIBLE + "\u00ad")
_UNJOINED = str.maketrans("", "", _JOINERS)
_DASHES = dict.fromkeys(
    map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-"
)
_BLANK = re.compile(r"\s+")
# What `_narrow` changes: most texts hold nothing of it.
_NARROWED = re.compile(f"[^\x00-\x7f](?<=[\\s\\d\uff01-\uff5e{''.join(map(chr, _DASHES))}])")


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
    if not _NARROWED.search(text):
        return text
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
        "NFKC", _narrow(text.translate(_HIDDEN).translate(_UNJOINED))
    ).strip()


def fold(text: str) -> str:
    """Return what two texts have in common that say the same: neither width, case, blanks nor
    the form in which a character is drawn."""
    text = _SELECTED.sub("", text)
    # Folding one sign may make another that folds further; twice is enough for all of them.
    for _ in range(2):
        text = unicodedata.normalize("NFKC", _BLANK.sub("", code(text)).casefold())
    return text


def unreadable(text: str) -> str | None:
    """Return the first control, direction or hyphenation character of a text, or None.

    Line ends and tabs are none; neither is what `tidy` takes away, nor what says in which form the
    Chinese character before it is drawn.
    """
    if text.isascii() and text.isprintable():
        return None
    found = _UNREADABLE.search(text.replace("\r", "\n"))
    return found[0] if found else None


def broken(text: str) -> int | None:
    """Return where the second line of a text begins, or a tab stands: the number of the character,
    from 1; None where it is one line. What stands at its ends is no part of it."""
    found = _BREAK.search(tidy(text))
    return found.start() + 1 if found else None


# What a keyboard draws around a digit.
_KEYCAPS = dict.fromkeys(map(ord, "\ufe0f\u20e3"))
# Digits as Chinese is written, the forms for cheques included.
_DIGITS = {
    character: str(number)
    for number, characters in enumerate(
        ("〇零○", "一壹幺", "二贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
    )
    for character in characters
}
_DIGIT = "[0-9" + "".join(_DIGITS) + "]"
# What people put between the digits of a number. Lines are parted: a column is no number.
_LOOSE = r"[ \t.·•・_-]{1,3}"
_TIGHT = r"[,/\\|()]{1,2}[ ]?"
_BETWEEN = rf"(?:{_LOOSE}|{_TIGHT})?"
_PHONE = re.compile(
    rf"(?=(?<![0-9])(?:(?:\+|00)?86{_BETWEEN}[(]?)?"
    rf"([1一壹幺]{_BETWEEN}[3-9三叁四肆五伍六陆七柒八捌九玖](?:{_BETWEEN}{_DIGIT}){{9}}"
    # The invented people of the demonstration have numbers with 128.
    rf"|1{_BETWEEN}2{_BETWEEN}8(?:{_BETWEEN}[0-9]){{8}})(?![0-9]))"
)
# Six digits of a place, a day of this century or the one before, four more.
_YEAR = rf"(?:[1一壹幺]{_BETWEEN}[9九玖]|[2二贰]{_BETWEEN}[0〇零○])"
_ID_NO = re.compile(
    rf"(?=(?<![0-9A-Za-z])(?<![A-Za-z][-_./])((?:{_DIGIT}{_BETWEEN}){{6}}{_YEAR}"
    rf"(?:{_BETWEEN}{_DIGIT}){{9}}{_BETWEEN}(?:{_DIGIT}|[Xx]))(?![0-9A-Za-z]))"
)
# Digests and ids are no texts; their digits mean nothing.
_DIGEST = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32,}")
# How many digits stand together in a phone number, whatever parts them, and where it is always the
# same sign. Other groupings are days with a room, lists, amounts with their thousands.
_PHONE_GROUPS = {(11,), (3, 4, 4), (3, 8)}
_PHONE_GROUPS_OF_ONE_SIGN = {
    *((1,) * 11, (3, 2, 2, 2, 2), (3, 2, 2, 4), (3, 4, 2, 2), (3, 3, 5), (3, 5, 3), (5, 3, 3)),
    *((5, 6), (6, 5), (7, 4), (4, 7), (4, 3, 4)),
}
# Codes of organisations begin like the cards of foreigners, and orders are numbered by area and
# day like the cards of children: of these only the check digit tells what is a card.
_ORGANISATIONS = "9"
_CHILDREN_SINCE = 2010


def personal_number(text: str) -> str | None:
    """Return "id_no" or "phone" where a free text holds such a number, whatever separates it.

    Numbers that are no person's pass: fixed lines and hotlines, codes of areas and organisations,
    numbers of orders, days, amounts.
    """
    seen = _seen(_plain(text))
    if any(_is_id_no(run[1]) for run in _ID_NO.finditer(seen)):
        return "id_no"
    return "phone" if any(_is_phone(run[1]) for run in _PHONE.finditer(seen)) else None


def without_numbers(text: str) -> str:
    """Return a text with its numbers of persons starred; without any it stays as it was."""
    plain = _plain(text)
    seen = _seen(plain)
    found = [run.span(1) for run in _ID_NO.finditer(seen) if _is_id_no(run[1])]
    found += [run.span(1) for run in _PHONE.finditer(seen) if _is_phone(run[1])]
    if not found:
        return text
    parts, done = [], 0
    for start, end in sorted(found, key=lambda span: (span[0], -span[1])):
        if start >= done:
            parts.append(plain[done:start] + "***")
        done = max(done, end)
    return "".join(parts) + plain[done:]


def _plain(text: str) -> str:
    return code(text.translate(_KEYCAPS))


def _seen(plain: str) -> str:
    return _DIGEST.sub(lambda digest: "#" * len(digest[0]), plain)


def _is_phone(written: str) -> bool:
    groups = tuple(map(len, re.findall(f"{_DIGIT}+", written)))
    if groups in _PHONE_GROUPS:
        return True
    between = {part.strip() for part in re.split(f"{_DIGIT}+", written)[1:-1]}
    return groups in _PHONE_GROUPS_OF_ONE_SIGN and len(between) == 1


def _is_id_no(written: str) -> bool:
    number = "".join(_DIGITS.get(sign, sign) for sign in written if sign.isalnum()).upper()
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    if not in_reach(born) or number[0] == "0":
        return False
    doubtful = number[0] == _ORGANISATIONS or born.year >= _CHILDREN_SINCE
    return not doubtful or _check_digit(number) == number[17]


def _check_digit(number: str) -> str:
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(number[:17]))
    return "10X98765432"[total % 11]


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
    value: object, at: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield (place, text) of every text in decoded JSON, or in what was read of it; the names of
    members are left out."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from texts(inner, (*at, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from texts(inner, (*at, number))
    else:
        for name in getattr(value, "__struct_fields__", ()):
            yield from texts(getattr(value, name), (*at, name))


def tidied(value: object) -> object:
    """Return decoded JSON with every text tidied."""
    if isinstance(value, str):
        return tidy(value)
    if isinstance(value, dict):
        return {name: tidied(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [tidied(inner) for inner in value]
    return value
