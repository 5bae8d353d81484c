"""Names, phones and identity numbers of persons: when they are valid, and what others see."""

from __future__ import annotations

import re
from datetime import date

from services.steward.errors import (
    BadId,
    BadIdNumber,
    BadName,
    BadPhone,
    SyntheticMark,
    SyntheticNotAllowed,
)

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_NAME = re.compile(r"^[㐀-鿿豈-﫿\U00020000-\U0003134f·]{2,20}$")
_REAL_PHONE = re.compile(r"^1[3-9]\d{9}$")
_SYNTHETIC_PHONE = re.compile(r"^128\d{8}$")
_UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")

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
    if head != prefix or not _UUID.match(body):
        raise BadId(id=given, prefix=prefix, field=field)
    return given


def check_name(name: str) -> str:
    """Return a person's name without surrounding blanks.

    Raises:
        BadName: It is not 2 to 20 Chinese characters.
    """
    name = name.strip()
    if not _NAME.match(name):
        raise BadName(field="name")
    return name


def check_phone(phone: str, *, synthetic: bool) -> str:
    """Return a mobile number as digits.

    Raises:
        BadPhone: It is no mobile number.
        SyntheticMark: An invented person has a number of a real network, or the reverse.
    """
    digits = re.sub(r"[\s-]", "", phone)
    if _SYNTHETIC_PHONE.match(digits):
        if not synthetic:
            raise SyntheticMark(field="phone")
        return digits
    if not _REAL_PHONE.match(digits):
        raise BadPhone(field="phone")
    if synthetic:
        raise SyntheticMark(field="phone")
    return digits


def check_work_phone(phone: str) -> str:
    """Return a post's number: mobile, invented mobile, or a fixed line with its area code.

    Raises:
        BadPhone: It is none of these.
    """
    digits = re.sub(r"[\s-]", "", phone)
    if not (
        _REAL_PHONE.match(digits)
        or _SYNTHETIC_PHONE.match(digits)
        or re.match(r"^0\d{9,11}$", digits)
        or re.match(r"^\d{7,8}$", digits)
    ):
        raise BadPhone(field="work_phone")
    return digits


def check_id_number(number: str, today: date) -> tuple[str, date]:
    """Return a resident identity number in its normal form, and the date of birth in it.

    Raises:
        BadIdNumber: Form, date or check digit is wrong (GB 11643).

    Source:
        DOMAIN 1.4, E14.
    """
    number = re.sub(r"\s", "", number).upper()
    if not re.match(r"^[1-9]\d{16}[\dX]$", number):
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


def is_adult(born: date | None, birth_year: int | None, today: date) -> bool:
    """Tell whether a person is certainly 18; with only a year, the year after the 18th."""
    if born is not None:
        return (today.year - born.year, today.month, today.day) >= (18, born.month, born.day)
    return birth_year is not None and today.year - birth_year > 18


def mask_name(name: str) -> str:
    """Mask a name by its length only: 王* / 王*丽 / 欧**德."""
    if len(name) <= 2:
        return name[:1] + "*"
    return name[0] + ("*" if len(name) == 3 else "**") + name[-1]


def mask_phone(phone: str) -> str:
    """Mask the middle of a number: 128****5678."""
    return phone[:3] + "****" + phone[-4:]


def mask_id_number(number: str) -> str:
    """Mask the date and order in an identity number: first 6, eight stars, last 4."""
    return number[:6] + "********" + number[-4:]
