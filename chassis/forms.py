"""What a pattern asks for, in words: nobody who fills in a form reads regular expressions. Pure.

It knows what the patterns of contracts and files are made of: texts, sets of ASCII characters, how
often they come, and an optional end. `tests/architecture/test_patterns.py` holds that there are no
others.
"""

from __future__ import annotations

import re
from functools import cache

from fivered.chassis.refusal import Sentence
from fivered.chassis.text import DAY, LOGIN, PERIOD, UUID

MONTH = Sentence(
    "2000-01 至 2099-12 的年月,如 2025-01 / a month of 2000-01 to 2099-12, such as 2025-01"
)
_WHOLE = {
    DAY: Sentence("日期,如 2025-01-15 / a day such as 2025-01-15"),
    PERIOD: MONTH,
    LOGIN: Sentence(
        "3 至 40 位字母、数字、点、横线或下划线,以字母或数字开头,不能是手机号 / 3 to 40 letters, "
        "digits, dots, dashes or underscores, a letter or digit first, and no phone number"
    ),
}
_DIGITS = re.compile(
    r"\[0-9\]\{(?P<first>[0-9]+)\}"
    r"(?:\(\[0-9\]\{(?P<more>[0-9]+)\}\)(?:\{0,(?P<times>[0-9]+)\}|(?P<once>\?)))?"
)
_PART = re.compile(
    r"\[(?P<set>[^\]]+)\](?:\{(?P<low>[0-9]+)(?:,(?P<high>[0-9]+))?\}|(?P<some>\+))?"
    r"|\((?P<end>[^()]+)\)\?"
    r"|(?P<uuid>⟨uuid⟩)"
    r"|(?P<text>(?:\\?[A-Za-z0-9_./:~-])+)"
)
_SETS = (
    ("A-Za-z", "字母", "letters"),
    ("A-Z", "大写字母", "capital letters"),
    ("a-z", "小写字母", "small letters"),
    ("0-9", "数字", "digits"),
    ("a-f", "小写字母 a 至 f", "small letters a to f"),
)


@cache
def form_of(pattern: str) -> Sentence | None:
    """Return what a text must be that matches a pattern; None where it has parts unknown here."""
    if pattern in _WHOLE:
        return _WHOLE[pattern]
    inner = pattern.removeprefix("^").removesuffix("$")
    digits = _DIGITS.fullmatch(inner)
    if digits:
        return _digits(digits)
    parts = _parts(inner.replace(UUID, "⟨uuid⟩"))
    if not parts:
        return None
    return Sentence(f"{''.join(zh for zh, _en in parts)} / {''.join(en for _zh, en in parts)}")


def _digits(found: re.Match[str]) -> Sentence:
    first, more = int(found["first"]), int(found["more"] or 0)
    times = 1 if found["once"] else int(found["times"] or 0)
    *fewer, most = [str(first + more * time) for time in range(times + 1)]
    if not fewer:
        return Sentence(f"{most} 位数字 / {most} digits")
    return Sentence(f"{'、'.join(fewer)} 或 {most} 位数字 / {', '.join(fewer)} or {most} digits")


def _parts(pattern: str) -> list[tuple[str, str]] | None:
    """Return the words of each part in Chinese and in English, in their order."""
    parts: list[tuple[str, str]] = []
    place = 0
    while place < len(pattern):
        found = _PART.match(pattern, place)
        words = _words(found) if found else None
        if found is None or words is None:
            return None
        perhaps = found["end"] is not None
        if parts:
            zh, en = words
            more = (
                (",可再接 ", ", perhaps followed by ") if perhaps else (" 后接 ", " followed by ")
            )
            words = f"{more[0]}{zh}", f"{more[1]}{en}"
        parts.append(words)
        place = found.end()
    return parts


def _words(found: re.Match[str]) -> tuple[str, str] | None:
    if found["uuid"]:
        return "小写的 UUID", "a UUID in small letters"
    if found["end"]:
        inner = _parts(found["end"])
        if not inner:
            return None
        return "".join(zh for zh, _en in inner), "".join(en for _zh, en in inner)
    if found["text"]:
        text = found["text"].replace("\\", "")
        return text, text
    members = _members(found["set"])
    if members is None:
        return None
    if members[0] == members[1]:  # one sign, written as a set
        return members
    low, high = found["low"], found["high"] or found["low"]
    if found["some"]:
        zh, en = "若干个", ""
    elif low is None:
        zh, en = "1 个", "one of "
    elif low == high:
        zh, en = f"{low} 个", f"{low} "
    else:
        zh, en = f"{low} 至 {high} 个", f"{low} to {high} "
    return f"{zh}{members[0]}", f"{en}{members[1]}"


def _members(inner: str) -> tuple[str, str] | None:
    zh: list[str] = []
    en: list[str] = []
    for span, chinese, english in _SETS:
        if span in inner:
            inner = inner.replace(span, "")
            zh.append(chinese)
            en.append(english)
    if re.search(r"[^_.:~-]", inner):
        return None
    return _either([*zh, *inner], "、", "或"), _either([*en, *inner], ", ", " or ")


def _either(names: list[str], comma: str, or_: str) -> str:
    *fewer, last = names
    if not fewer:
        return last
    # Chinese signs stand close together, others apart.
    before = " " if or_ == "或" and fewer[-1].isascii() else ""
    after = " " if or_ == "或" and last.isascii() else ""
    return f"{comma.join(fewer)}{before}{or_}{after}{last}"
