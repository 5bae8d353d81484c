"""Texts for people: Chinese is the source language, English comes from gettext catalogues.

A catalogue is `locale/en.po` in the package that owns the texts. It is read when the first English
text of that package is asked for. `locale/zh.po` has the Chinese words for the names that things
have on the wire.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib import resources
from typing import Any

from chassis.refusal import Refusal, Said, fill, shortened


@functools.cache
def catalogue(package: str, language: str = "en") -> dict[str, str]:
    """Return text -> text in a language of a package; empty when it has no catalogue."""
    try:
        text = resources.files(package).joinpath(f"locale/{language}.po").read_text("utf-8")
    except (FileNotFoundError, ModuleNotFoundError, NotADirectoryError):
        return {}
    import polib  # noqa: PLC0415  only needed for the first English text

    return {entry.msgid: entry.msgstr for entry in polib.pofile(text) if entry.msgstr}


def english(package: str, text: str) -> str:
    """Return the English of a Chinese text: the package's own, the chassis's, or the text."""
    return catalogue(package).get(text) or catalogue("chassis").get(text) or text


def word(package: str, name: str) -> str:
    """Return what a kind of thing is called in Chinese: the package's word, the chassis's, or its
    name."""
    return catalogue(package, "zh").get(name) or catalogue("chassis", "zh").get(name) or name


def words(package: str, names: str) -> str:
    """Return the Chinese words of names, which stand one behind the other: `R_CADRE, R_STREET`."""
    return "、".join(word(package, name) for name in names.split(", "))


def words_in_english(package: str, names: str) -> str:
    """Return the English words of names: those of their Chinese words, or the names themselves."""
    return ", ".join(_word_in_english(package, name) for name in names.split(", "))


def _word_in_english(package: str, name: str) -> str:
    chinese = word(package, name)
    # A kind of thing is English already; a state, role or duty is a code.
    found = english(package, chinese) if name.isupper() else chinese
    return name.replace("_", " ") if found == chinese else found


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


def texts(refusal: Refusal, package: str, params: Mapping[str, Any]) -> dict[str, str]:
    """Return a refusal's field and its sentence in both languages, filled with these values."""
    named = {name: str(params[name]) for name in refusal.names if name in params}
    chinese = {name: words(package, value) for name, value in named.items()}
    in_english = {name: _in_english(package, value) for name, value in params.items()}
    in_english |= {name: words_in_english(package, value) for name, value in named.items()}
    return {
        "field": refusal.field,
        "message_zh": fill(refusal.text, {**params, **chinese}),
        "message_en": fill(english(package, refusal.text), in_english),
    }


def _in_english(package: str, value: Any) -> Any:
    if isinstance(value, Said):
        return fill(english(package, value.template), value.params)
    return english(package, value) if isinstance(value, str) else value
