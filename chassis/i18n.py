"""Texts for people: Chinese is the source language, English comes from gettext catalogues.

A catalogue is `locale/en.po` in the package that owns the texts. It is read when the first English
text of that package is asked for. `locale/zh.po` has the Chinese words for the names that things
have on the wire, the chassis's `locale/words.po` those of states, roles, kinds and reasons in both
languages: whatever stands in a sentence for people goes through `told`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping
from importlib import resources
from typing import Any

import polib

from chassis.refusal import Choices, Refusal, Said, fill, shortened


@functools.cache
def catalogue(package: str, language: str = "en") -> dict[str, str]:
    """Return text -> text in a language of a package; empty when it has no catalogue."""
    try:
        text = resources.files(package).joinpath(f"locale/{language}.po").read_text("utf-8")
    except (FileNotFoundError, ModuleNotFoundError, NotADirectoryError):
        return {}
    return {entry.msgid: entry.msgstr for entry in polib.pofile(text) if entry.msgstr}


def english(package: str, text: str) -> str:
    """Return the English of a Chinese text: the package's own, the chassis's, or the text."""
    found = catalogue(package).get(text) or catalogue("chassis").get(text)
    return found or _english_words().get(text) or text


@functools.cache
def _english_words() -> dict[str, str]:
    """Return the English of the Chinese words of the vocabulary; that of a role is the last."""
    words = catalogue("chassis", "words")
    return dict(words[code].split(" / ", 1) for code in sorted(words, key=_is_role))


def _is_role(code: str) -> bool:
    return code.startswith("R_")


def word(package: str, name: str) -> str:
    """Return what a kind of thing is called in Chinese: the package's word, the chassis's, or its
    name."""
    return catalogue(package, "zh").get(name) or catalogue("chassis", "zh").get(name) or name


_CODE = r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*"
_CODES = re.compile(rf"{_CODE}(?:(?:, ?|、){_CODE})*")


@functools.cache
def _name(package: str, code: str) -> tuple[str, str] | None:
    """Return what a code is called in Chinese and in English: the package's word, else that of
    all; None when nobody has named it."""
    common = catalogue("chassis", "words").get(code)
    chinese, _, in_english = (common or "").partition(" / ")
    own = catalogue(package, "zh").get(code)
    if own is not None:
        chinese, said = own, english(package, own)
        in_english = said if said != own else in_english or code.replace("_", " ").lower()
    return (chinese, in_english) if chinese else None


def named(value: Any, language: str = "zh", package: str = "chassis") -> Any:
    """Return a code, or a list of codes, in words; anything else, and an unknown code, as it is."""
    if isinstance(value, Choices):
        # The English of a code is a code.
        shown = (
            value.codes if language == "en" else [explained(one, package) for one in value.codes]
        )
        return (", " if language == "en" else "、").join(shown)
    if not isinstance(value, str) or isinstance(value, Said):
        return value
    codes = re.split(", ?|、", value) if _CODES.fullmatch(value) else [value]
    parts = [(_name(package, code) or (code, code))[language == "en"] for code in codes]
    return (", " if language == "en" else "、").join(parts)


def explained(code: str, package: str = "chassis") -> str:
    """Return a code that somebody has to send, with its Chinese word; an area may follow it."""
    words = _name(package, code.partition(";")[0])
    return code if words is None else f"{words[0]}({code})"


def told(
    package: str,
    text: str,
    params: Mapping[str, Any],
    language: str = "zh",
    *,
    names: Collection[str] = (),
) -> str:
    """Return a text for people with its places filled, in a language; codes stand there as words.

    Args:
        package: Whose catalogue has its English, and its own words.
        text: The Chinese text.
        params: What fills its places.
        language: "zh" or "en".
        names: The places of kinds of things, which are called by words of the wire.
    """
    if language == "en":
        values = {name: _in_english(package, value) for name, value in params.items()}
        return fill(english(package, text), values, whole=True)
    values = {
        name: _in_chinese(package, word(package, value) if name in names else value)
        for name, value in params.items()
    }
    return fill(text, values, whole=True)


def _in_chinese(package: str, value: Any) -> Any:
    if isinstance(value, Said):
        return told(package, value.template, value.params)
    return named(value, "zh", package)


def in_words(package: str, member: str, code: str) -> dict[str, str]:
    """Return what stands beside a member of an answer that is a code: its word in each language."""
    return {f"{member}_{lang}": named(code, lang, package) for lang in ("zh", "en")}


def payload(refusal: Refusal, package: str) -> dict[str, Any]:
    """Return a refusal as it travels to the caller, in both languages."""
    found: dict[str, Any] = {
        "code": refusal.code,
        "status": refusal.status,
        "guard": refusal.guard,
        **texts(refusal, package, refusal.params),
        "params": {name: str(shortened(value)) for name, value in refusal.params.items()},
    }
    if refusal.parts:
        found["errors"] = [texts(part, package, part.params) for part in refusal.parts]
    return found


def texts(
    refusal: Refusal,
    package: str,
    params: Mapping[str, Any],
    in_english: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """Return a refusal's field and its sentence in both languages, filled with these values; with
    `in_english` the English one with those."""
    wire = {name: str(params[name]) for name in refusal.names if name in params}
    # A kind of thing is English already.
    plain = {name: one.replace("_", " ") for name, one in wire.items() if not one.isupper()}
    # A refusal repeats the beginning of what somebody wrote; a message says all of it.
    params = {name: shortened(value) for name, value in params.items()}
    return {
        "field": refusal.field,
        "message_zh": told(package, refusal.text, params, names=refusal.names),
        "message_en": told(package, refusal.text, {**params, **plain, **(in_english or {})}, "en"),
    }


def _in_english(package: str, value: Any) -> Any:
    if isinstance(value, Said):
        return told(package, value.template, value.params, "en")
    if not isinstance(value, str) or isinstance(value, Choices):
        return named(value, "en", package)
    translated = english(package, value)
    return named(value, "en", package) if translated == value else translated
