"""Names, phones and identity numbers of persons: when they are valid, and what others see."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from fivered.chassis.text import HAN, SELECTORS, UUID, broken, code
from fivered.services.steward.errors import (
    BadId,
    BadIdNumber,
    BadName,
    BadPhone,
    BadWorkPhone,
    BirthAhead,
    NumberTellsBirth,
    SyntheticMark,
    SyntheticNotAllowed,
)
from fivered.services.steward.errors.desk import BadCallerPhone

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_DOT = "\u00b7"
# A character with what says in which form it is drawn.
_CHARACTER = f"[{HAN}][{SELECTORS}]?"
_NAME = re.compile(f"(?:{_CHARACTER})+(?:{_DOT}(?:{_CHARACTER})+)*")
_DRAWN = re.compile(f".[{SELECTORS}]*", re.DOTALL)
_LONGEST_NAME = 20
# The dot between the parts of a minority name, as keyboards and forms write it.
_DOTS = re.compile("[.\u0387\u16eb\u2022\u2024\u2027\u2219\u22c5\u2e30\u2e31\u30fb\uff0e\uff65]")
# Radicals that scanned documents put in the place of the characters.
_RADICALS = re.compile("[\u2f00-\u2fd5]")
_BLANKS = re.compile("[\\s\u180e\u200b\u2060\ufeff]+")
_REAL_PHONE = re.compile("1[3-9][0-9]{9}")
_SYNTHETIC_PHONE = re.compile("128[0-9]{8}")
# A fixed line with or without its area code, a 400 or 800 number, a service line of 3 to 6 digits.
_FIXED_LINE = re.compile("0[0-9]{9,11}|[1-9][0-9]{6,7}|[48]00[0-9]{7}|[19][0-9]{2,5}")
# What stands before the extension of a number as it is kept.
EXTENSION = "转"
_EXTENSION = re.compile("(?:\u8f6c|\u5206\u673a|ext\\.?|x|#)([0-9]{1,6})", re.IGNORECASE)
_UUID = re.compile(UUID)

# A division code that no county has; people with it are recognisably invented.
SYNTHETIC_DIVISION = "370899"


def check_id(given: str | None, prefix: str, *, field: str) -> str | None:
    """Return a client-chosen id, or None where the client chose none.

    Raises:
        BadId: It is not the prefix and a UUID.
    """
    if given is None:
        return None
    head, _, body = given.partition("_")
    if head != prefix or not _UUID.fullmatch(body):
        raise BadId(id=given, prefix=prefix, field=field)
    return given


def check_name(name: str) -> str:
    """Return a person's name in its one spelling: no blanks, one kind of dot, no duplicate signs.

    Characters themselves are kept, also those beyond the basic plane, with the form in which they
    are drawn. Blanks that align a name in a list fall away.

    Raises:
        BadName: It is not 2 to 20 Chinese characters in one line, with dots between them.
    """
    if broken(name) is not None:
        raise BadName(field="name")
    name = _BLANKS.sub("", unicodedata.normalize("NFC", name))
    name = _RADICALS.sub(lambda sign: unicodedata.normalize("NFKC", sign[0]), name)
    name = _DOTS.sub(_DOT, name)
    if not 2 <= len(_DRAWN.findall(name)) <= _LONGEST_NAME or not _NAME.fullmatch(name):
        raise BadName(field="name")
    return name


def plain_number(text: str) -> str:
    """Return a number as it is compared: without blanks, dashes and what spreadsheets add to it."""
    return re.sub(r"^['\u2018\u2019]+|\.0+$", "", re.sub(r"[\s-]", "", code(text)))


def plain_phone(text: str) -> str:
    """Return a phone number as it is compared: digits, without the country's prefix."""
    digits = re.sub("[()]", "", plain_number(text))
    return re.sub("^(?:\\+|00)86|^86(?=1[0-9]{10}$)", "", digits)


def check_phone(phone: str, *, synthetic: bool) -> str:
    """Return a mobile number as digits.

    Raises:
        BadPhone: It is no mobile number.
        SyntheticMark: An invented person has a number of a real network, or the reverse.
    """
    digits = plain_phone(phone)
    if _SYNTHETIC_PHONE.fullmatch(digits):
        if not synthetic:
            raise SyntheticMark(field="phone")
        return digits
    if not _REAL_PHONE.fullmatch(digits):
        raise BadPhone(field="phone")
    if synthetic:
        raise SyntheticMark(field="phone")
    return digits


def check_sought_phone(phone: str) -> str:
    """Return a mobile number that is looked for as digits, an invented one or not.

    Raises:
        BadPhone: It is no mobile number.
    """
    digits = plain_phone(phone)
    if not (_REAL_PHONE.fullmatch(digits) or _SYNTHETIC_PHONE.fullmatch(digits)):
        raise BadPhone(field="phone")
    return digits


def check_work_phone(phone: str) -> str:
    """Return a post's number: mobile, fixed line, 400 number or service line, with its extension.

    The extension stands behind 转.

    Raises:
        BadWorkPhone: It is none of these.
    """
    return _any_phone(phone, BadWorkPhone(field="work_phone"))


def check_caller_phone(phone: str, field: str) -> str:
    """Return the number of who called, as that of a post.

    Raises:
        BadCallerPhone: It is none.
    """
    return _any_phone(phone, BadCallerPhone(field=field))


def is_mobile(number: str) -> bool:
    """Tell whether a number is a mobile one, of an invented person or not."""
    return bool(_REAL_PHONE.fullmatch(number) or _SYNTHETIC_PHONE.fullmatch(number))


def without_extension(number: str) -> str:
    """Return a number without its extension: so it is compared."""
    return number.partition(EXTENSION)[0]


def _any_phone(phone: str, refusal: BadPhone) -> str:
    digits = plain_phone(phone)
    extension = ""
    found = _EXTENSION.search(digits)
    if found is not None and found.end() == len(digits):
        digits, extension = digits[: found.start()], EXTENSION + found[1]
    if not any(kind.fullmatch(digits) for kind in (_REAL_PHONE, _SYNTHETIC_PHONE, _FIXED_LINE)):
        raise refusal
    return digits + extension


def check_id_number(number: str, today: date) -> tuple[str, date]:
    """Return a resident identity number in its normal form, and the date of birth in it.

    Raises:
        BadIdNumber: Form, date or check digit is wrong (GB 11643).

    Source:
        DOMAIN 1.4, E14.
    """
    number = plain_number(number).upper()
    if not re.fullmatch("[1-9][0-9]{16}[0-9X]", number):
        raise BadIdNumber(field="id_no")
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    if number[17] != _CHECKS[total % 11]:
        raise BadIdNumber(field="id_no")
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise BadIdNumber(field="id_no") from None
    if born > today:
        raise BadIdNumber(field="id_no")
    return number, born


def check_synthetic(number: str | None, *, synthetic: bool, allowed: bool) -> None:
    """Refuse invented people where only real ones may be, and marks that do not fit.

    Raises:
        SyntheticNotAllowed: This installation takes no synthetic people.
        SyntheticMark: The identity number's division does not tell what the person is.
    """
    if synthetic and not allowed:
        raise SyntheticNotAllowed(field="synthetic")
    if number is not None and number.startswith(SYNTHETIC_DIVISION) != synthetic:
        raise SyntheticMark(field="id_no")


def check_birth_year(given: int | None, born: date | None, today: date) -> int | None:
    """Return the year of birth: that of the identity number, or the one that is given.

    Raises:
        NumberTellsBirth: The identity number says another one.
        BirthAhead: It lies in the future.

    Source:
        DOMAIN 1.3, 1.4.
    """
    if given is not None and born is not None and given != born.year:
        raise NumberTellsBirth(field="birth_year")
    if given is not None and given > today.year:
        raise BirthAhead(field="birth_year")
    return born.year if born is not None else given


def is_adult(born: date | None, birth_year: int | None, today: date) -> bool:
    """Tell whether a person is certainly 18; with only a year, the year after the 18th."""
    if born is not None:
        return (today.year - born.year, today.month, today.day) >= (18, born.month, born.day)
    return birth_year is not None and today.year - birth_year > 18


def eighteenth(born: date | None, birth_year: int | None) -> date | None:
    """Return the first day on which a person is certainly 18, or None where nothing is known."""
    if born is not None:
        try:
            return born.replace(year=born.year + 18)
        except ValueError:
            return date(born.year + 18, 3, 1)
    return date(birth_year + 19, 1, 1) if birth_year is not None else None


# The state of a registration of which nothing is left but its id, and what stands for the name.
ERASED, NO_NAME = "ERASED", "已删除"


def mask_name(name: str) -> str:
    """Mask a name by its length only: 王* / 王*丽 / 欧**德."""
    drawn = _DRAWN.findall(name)
    if len(drawn) <= 2:
        return "".join(drawn[:1]) + "*"
    return f"{drawn[0]}{'*' if len(drawn) == 3 else '**'}{drawn[-1]}"


def mask_phone(phone: str) -> str:
    """Mask the middle of a number: 128****5678."""
    return phone[:3] + "****" + phone[-4:]


def mask_id_number(number: str) -> str:
    """Mask the date and order in an identity number: first 6, eight stars, last 4."""
    return number[:6] + "********" + number[-4:]
