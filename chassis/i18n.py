"""Texts for people: Chinese is the source language, English comes from gettext catalogues.

A catalogue is `locale/en.po` in the package that owns the texts. It is read when the first English
text of that package is asked for.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

from chassis.refusal import Refusal, Said, fill


@functools.cache
def catalogue(package: str) -> dict[str, str]:
    """Return Chinese -> English of a package; empty when it has no catalogue."""
    try:
        text = resources.files(package).joinpath("locale/en.po").read_text("utf-8")
    except (FileNotFoundError, ModuleNotFoundError, NotADirectoryError):
        return {}
    import polib  # noqa: PLC0415  only needed for the first English text

    return {entry.msgid: entry.msgstr for entry in polib.pofile(text) if entry.msgstr}


def english(package: str, text: str) -> str:
    """Return the English of a Chinese text: the package's own, the chassis's, or the text."""
    return catalogue(package).get(text) or catalogue("chassis").get(text) or text


def payload(refusal: Refusal, package: str) -> dict[str, Any]:
    """Return a refusal as it travels to the caller, in both languages."""
    found: dict[str, Any] = {
        "code": refusal.code,
        "status": refusal.status,
        "guard": refusal.guard,
        **_said(refusal, package),
        "params": {name: str(value) for name, value in refusal.params.items()},
    }
    if refusal.parts:
        found["errors"] = [_said(part, package) for part in refusal.parts]
    return found


def _said(refusal: Refusal, package: str) -> dict[str, str]:
    params = {name: _in_english(package, value) for name, value in refusal.params.items()}
    return {
        "field": refusal.field,
        "message_zh": refusal.describe(),
        "message_en": fill(english(package, refusal.text), params),
    }


def _in_english(package: str, value: Any) -> Any:
    if isinstance(value, Said):
        return fill(english(package, value.template), value.params)
    return english(package, value) if isinstance(value, str) else value
