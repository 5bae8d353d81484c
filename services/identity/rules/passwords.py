"""What a password must be. Pure."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Collection

from fivered.chassis.refusal import Said, said

LEAST, MOST = 10, 128
# Signs that people put in the place of letters.
_LETTERS = str.maketrans("0134578@$!", "oleasttasi")
_AROUND = "0123456789!@#$%^&*._- "
# Up to three syllables: somebody's name. More are a sentence.
_SYLLABLE = (
    "(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    "(?:[iu]?ang|[iu]?an|i?ong|[iu]?eng|uai|iao|ing|ai|ao|ou|ei|en|er|in|un|ia|ie|iu|ua|uo|ui|ue|ve"
    "|[aeiouv])"
)
_NAME = re.compile(f"(?:{_SYLLABLE}){{1,3}}")
# A day of birth, or numbers that sound like words: 5201314, 1314, 666, 888.
_OF_LIFE = re.compile(
    r"(?:(?:19|20)?[0-9][0-9](?:0?[1-9]|1[0-2])(?:0?[1-9]|[12][0-9]|3[01])|(?:19|20)[0-9][0-9]"
    r"|(?:520|521|1314|5201314|1234?5?6?7?8?9?0?|([0-9])\1+)+)"
)


def normal(password: str) -> str:
    """Return a password as it is hashed: one form of each character (NIST SP 800-63B 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def fault(password: str, login: str, common: Collection[str]) -> Said | None:
    """Return what is wrong with a new password, or None; `common` holds those tried first.

    Its length counts, not which kinds of characters it has (OWASP ASVS 5, 6.2).
    """
    if len(password) < LEAST:
        return said("至少 {least} 个字符 / it has at least {least} characters", least=LEAST)
    if len(password) > MOST:
        return said("最多 {most} 个字符 / it has at most {most} characters", most=MOST)
    plain = password.lower()
    if len(set(plain)) < 4 or _is_run(plain):
        return said("字符过于单一或连续 / its characters repeat or run on")
    if login and login.lower() in plain:
        return said("不能包含登录名 / it does not hold the account's name")
    rest = plain.strip(_AROUND)
    if not rest or {plain, rest, rest.translate(_LETTERS)} & set(common):
        return said("过于常见,容易被猜到 / it is a common one, easily guessed")
    if _is_name_and_number(plain):
        return said(
            "不要用姓名加生日或常见数字 / not a name with a birthday or a number that many use"
        )
    return None


def _is_name_and_number(plain: str) -> bool:
    written = "".join(one for one in plain if one.isalnum())
    name = written.strip("0123456789")
    numbers = [one for one in (written[: written.find(name)], written.rpartition(name)[2]) if one]
    return (
        bool(numbers)
        and _NAME.fullmatch(name) is not None
        and all(_OF_LIFE.fullmatch(one) for one in numbers)
    )


def _is_run(text: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in itertools.pairwise(text)}
    return steps in ({1}, {-1})
