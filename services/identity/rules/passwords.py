"""What a password must be. Pure."""

from __future__ import annotations

import itertools
import unicodedata

from fivered.chassis.refusal import Said, said

LEAST, MOST = 10, 128
# What is tried first by whoever guesses; longer ones are made of these.
_COMMON = frozenset(
    {
        *("password", "passw0rd", "qwerty", "qwertyuiop", "asdfghjkl", "iloveyou", "administrator"),
        *("welcome", "letmein", "abc123", "admin", "woaini", "woaini1314", "zhongguo", "fivered"),
        *("jining", "rencheng", "1qaz2wsx", "wuhong", "hongse", "dangyuan", "shequ"),
    }
)


def normal(password: str) -> str:
    """Return a password as it is hashed: one form of each character (NIST SP 800-63B 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def fault(password: str, login: str) -> Said | None:
    """Return what is wrong with a new password, or None.

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
    rest = plain.strip("0123456789!@#$%^&*._- ")
    if rest in _COMMON or not rest:
        return said("过于常见,容易被猜到 / it is a common one, easily guessed")
    return None


def _is_run(text: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in itertools.pairwise(text)}
    return steps in ({1}, {-1})
