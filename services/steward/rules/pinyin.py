"""Initials of names in pinyin: 王小丽 is wxl. Who is read in several ways is found under each."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib import resources
from itertools import product

from fivered.chassis.text import SELECTORS
from fivered.services.steward.errors import BadInitials

# Initials are kept of so many characters of a name; those of a longer one are compared to the end
# when it is found. Each way to read all of a long name would be hundreds of rows.
KEPT = 4
_FORM = re.compile("[a-z]{2,20}")
_APART = re.compile(f"[\\s.\u00b7'-]|[{SELECTORS}]")


@cache
def _table() -> tuple[tuple[str, str], ...]:
    """Return each letter with the characters whose readings begin with it."""
    file = resources.files("fivered.services.steward").joinpath("data/pinyin_initials.txt")
    lines = file.read_text("utf-8").splitlines()
    return tuple((line[0], line[2:]) for line in lines if not line.startswith("#"))


@lru_cache(maxsize=8192)
def _letters(character: str) -> str:
    return "".join(letter for letter, characters in _table() if character in characters)


def _read(name: str) -> list[str]:
    """Return the initials of each character; one that nobody knows how to read is passed over."""
    return [letters for letters in map(_letters, _APART.sub("", name)) if letters]


def check_initials(given: str) -> str:
    """Return initials as they are compared: small letters.

    Raises:
        BadInitials: They are not 2 to 20 letters.
    """
    letters = _APART.sub("", given).lower()
    if not _FORM.fullmatch(letters):
        raise BadInitials(field="initials")
    return letters


def kept(name: str) -> set[str]:
    """Return under which initials a name is kept: all the ways to read its first characters."""
    read = _read(name)[:KEPT]
    return {"".join(one) for one in product(*read)} if read else set()


def stand_for(letters: str, name: str) -> bool:
    """Tell whether initials are those of a whole name."""
    read = _read(name)
    return len(letters) == len(read) and all(
        letter in one for letter, one in zip(letters, read, strict=True)
    )


__all__ = ["KEPT", "check_initials", "kept", "stand_for"]
