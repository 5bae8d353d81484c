"""How each character is read, taken from pypinyin: python -m tests.pinyin [--check].

Writes the table of initials that the registry finds names by. So no process needs pypinyin, which
keeps 13 MB in memory for it.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from importlib.metadata import version
from pathlib import Path

from pypinyin import Style, pinyin
from pypinyin.pinyin_dict import pinyin_dict

from fivered.chassis.text import HAN

TABLE = Path(__file__).resolve().parents[1] / "services/steward/data/pinyin_initials.txt"
_CHARACTER = re.compile(f"[{HAN}]")
_HEAD = """\
# The first letters of the readings of each character; one that is read in several ways stands with
# several letters. Written by python -m tests.pinyin from pypinyin {version}
# (MIT licence, (c) 2016 mozillazg; its readings are those of pinyin-data, MIT licence, (c) 2016 mozillazg).
"""


def letters_of(character: str) -> set[str]:
    """Return the letters with which the readings of a character begin."""
    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    plain = (unicodedata.normalize("NFKD", one)[:1].lower() for one in (found[0] if found else ()))
    return {letter for letter in plain if "a" <= letter <= "z"}


def written() -> str:
    """Return the table as it ought to stand in the file."""
    begins: dict[str, list[str]] = {}
    for character in map(chr, sorted(pinyin_dict)):
        if _CHARACTER.fullmatch(character):
            for letter in letters_of(character):
                begins.setdefault(letter, []).append(character)
    lines = (f"{letter} {''.join(begins[letter])}\n" for letter in sorted(begins))
    return _HEAD.format(version=version("pypinyin")) + "".join(lines)


def main() -> int:
    """Write the table, or say that it is another one."""
    if "--check" not in sys.argv:
        TABLE.write_text(written(), "utf-8")
        return 0
    same = TABLE.read_text("utf-8") == written()
    if not same:
        print(f"{TABLE.name} is not what pypinyin says: python -m tests.pinyin", file=sys.stderr)
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main())
