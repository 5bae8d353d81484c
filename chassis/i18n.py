"""Texts for people, in Chinese and in English.

Sentences stand in both languages where they are said (`refusal.Sentence`). What states,
roles, kinds and reasons are called stands in the chassis's `locale/words.po`, in both languages; a
service that calls one otherwise says so in its own `locale/words.po`. Whatever stands in a sentence
for people goes through `told`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime
from importlib import resources
from typing import TypeVar

import polib

from fivered.chassis.calendar import Calendar
from fivered.chassis.refusal import (
    Choices,
    Complaint,
    Flawed,
    Problem,
    Refusal,
    Said,
    Sentence,
    Written,
    fill,
    shortened,
)

# The package whose words every other one shares.
_COMMON = "fivered.chassis"


@functools.cache
def _own(package: str) -> dict[str, tuple[str, str]]:
    """Return the words of a package alone."""
    try:
        text = resources.files(package).joinpath("locale/words.po").read_text("utf-8")
    except (FileNotFoundError, ModuleNotFoundError, NotADirectoryError):
        return {}
    words = {}
    for entry in polib.pofile(text):
        chinese, _, english = entry.msgstr.partition(" / ")
        words[entry.msgid] = (chinese, english)
    return words


@functools.cache
def vocabulary(package: str) -> dict[str, tuple[str, str]]:
    """Return what names of the wire are called in a package: name -> (Chinese, English)."""
    return _own(_COMMON) | _own(package)


@functools.cache
def _english_words(package: str) -> dict[str, str]:
    """Return the English of each Chinese word: the package's own, then a role's."""
    found: dict[str, str] = {}
    for words in (_own(_COMMON), _own(package)):
        codes = [name for name in words if not name.islower()]
        found |= dict(words[code] for code in sorted(codes, key=_is_role))
    return found


def _is_role(code: str) -> tuple[bool, str]:
    return code.startswith("R_"), code


def english(package: str, text: str) -> str:
    """Return the English of a Chinese text: its own, that of the package's word, or the text."""
    return text.english if isinstance(text, Sentence) else _english_words(package).get(text, text)


def word(package: str, name: str) -> str:
    """Return what a name of the wire is called in Chinese; the name when it has no word."""
    return vocabulary(package).get(name, (name, ""))[0]


T = TypeVar("T")
_CODE = r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*"
_CODES = re.compile(rf"{_CODE}(?:(?:, ?|、){_CODE})*")


def named(value: T, language: str = "zh", package: str = _COMMON) -> T | str:
    """Return a code, or a list of codes, in words; anything else, and an unknown code, as it is."""
    if isinstance(value, Choices):
        # The English of a code is a code.
        shown = (
            value.codes if language == "en" else [explained(one, package) for one in value.codes]
        )
        return (", " if language == "en" else "、").join(shown)
    # A kind of thing is named by `word`; elsewhere its name may be a member's.
    if not isinstance(value, str) or isinstance(value, Said | Written) or value.islower():
        return value
    codes = re.split(", ?|、", value) if _CODES.fullmatch(value) else [value]
    known = vocabulary(package)
    parts = [known.get(code, (code, code))[language == "en"] for code in codes]
    return (", " if language == "en" else "、").join(parts)


def explained(code: str, package: str = _COMMON) -> str:
    """Return a code that somebody has to send, with its Chinese word; an area may follow it."""
    words = vocabulary(package).get(code.partition(";")[0])
    return code if words is None else f"{words[0]}({code})"


def told(
    package: str,
    text: str,
    params: Mapping[str, object],
    language: str = "zh",
    *,
    names: Collection[str] = (),
) -> str:
    """Return a text for people with its places filled, in a language; codes stand there as words.

    Args:
        package: Whose words are said.
        text: The text in both languages.
        params: What fills its places.
        language: "zh" or "en".
        names: The places of kinds of things, which are called by words of the wire.
    """
    text = Sentence(text)
    if language == "en":
        values = {name: _in_english(package, _as_read(value)) for name, value in params.items()}
        return fill(text.english, values, whole=True)
    values = {
        name: _in_chinese(package, word(package, str(value)) if name in names else _as_read(value))
        for name, value in params.items()
    }
    # What was a code, or a text in both languages, is a word of ours.
    ours = {name for name, value in params.items() if values[name] != value}
    ours |= {name for name, value in params.items() if isinstance(value, Said | Sentence)}
    return fill(text, values, whole=True, ours=ours)


_DAY_OF_IT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME_OF_IT = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})"
_INSTANT = re.compile(f"{_DAY_OF_IT}[T ]{_TIME_OF_IT}")


def _as_read(value: object) -> object:
    """Return an instant as people read it, by the clock on the wall; anything else as it is."""
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return Calendar.minute(value)
    return value


def _in_chinese(package: str, value: object) -> object:
    if isinstance(value, Said):
        return told(package, value.template, value.params)
    return named(value, "zh", package)


def in_words(package: str, member: str, code: str | None) -> dict[str, str | None]:
    """Return what stands beside a member of an answer that is a code: its word in each language."""
    return {f"{member}_{lang}": named(code, lang, package) for lang in ("zh", "en")}


def problem_of(refusal: Refusal, package: str) -> Problem:
    """Return a refusal as it travels to the caller, in both languages."""
    parts = [texts(part, package, part.params) for part in refusal.parts]
    params = refusal.params
    said = texts(refusal, package, params)
    if isinstance(refusal, Flawed):
        said, params = _as_first(refusal, package, parts[0]), {}
    found: Problem = {
        "code": refusal.code,
        "status": refusal.status,
        "guard": refusal.guard,
        "field": said["field"],
        "message_zh": said["message_zh"],
        "message_en": said["message_en"],
        "params": {name: str(shortened(value)) for name, value in params.items()},
    }
    if parts:
        found["errors"] = parts
    return found


def _as_first(refusal: Flawed, package: str, first: Complaint) -> Complaint:
    """Return what a refusal says whose sentence is that of its first part."""
    field = first["field"]
    zh, en = f"{field} {first['message_zh']}", f"{field} {first['message_en']}"
    return {
        "field": field,
        "message_zh": told(package, refusal.text, {"reason": zh}),
        "message_en": told(package, refusal.text, {"reason": en}, "en"),
    }


def texts(
    refusal: Refusal,
    package: str,
    params: Mapping[str, object],
    in_english: Mapping[str, object] | None = None,
) -> Complaint:
    """Return a refusal's field and its sentence in both languages, filled with these values; with
    `in_english` the English one with those."""
    wire = {name: str(params[name]) for name in refusal.names if name in params}
    known = vocabulary(package)
    plain = {
        name: known.get(one, ("", one.replace("_", " ")))[1]
        for name, one in wire.items()
        if not one.isupper()
    }
    # A refusal repeats the beginning of what somebody wrote; a message says all of it.
    params = {name: shortened(value) for name, value in params.items()}
    return {
        "field": refusal.field,
        "message_zh": told(package, refusal.text, params, names=refusal.names),
        "message_en": told(package, refusal.text, {**params, **plain, **(in_english or {})}, "en"),
    }


def _in_english(package: str, value: object) -> object:
    if isinstance(value, Said):
        return told(package, value.template, value.params, "en")
    if not isinstance(value, str) or isinstance(value, Choices):
        return named(value, "en", package)
    translated = english(package, value)
    return named(value, "en", package) if translated == value else translated
