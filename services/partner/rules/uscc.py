"""Unified social credit codes (统一社会信用代码)."""

from fivered.services.partner.errors import UsccMalformed

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def normalised(text: str) -> str:
    """Return a code as it is stored: upper case, without spaces and hyphens.

    Args:
        text: As somebody typed it.

    Returns:
        18 characters of the alphabet, of which 3 to 8 are digits. The check character may be wrong.

    Raises:
        UsccMalformed: It cannot be such a code.

    Source:
        GB 32100-2015; DOMAIN 1.4.
    """
    code = "".join(text.upper().split()).replace("-", "")
    shaped = len(code) == 18 and all(sign in ALPHABET for sign in code)
    if not shaped or not all(sign in "0123456789" for sign in code[2:8]):
        raise UsccMalformed(field="uscc", uscc=code[:40])
    return code


def check_character(code: str) -> str:
    """Return the check character of the first 17 of a normalised code."""
    total = sum(
        ALPHABET.index(sign) * weight for sign, weight in zip(code[:17], _WEIGHTS, strict=True)
    )
    # Without the outer remainder a sum of 0 would ask for a 32nd sign.
    return ALPHABET[(31 - total % 31) % 31]


def is_consistent(code: str) -> bool:
    """Tell whether a normalised code's check character fits."""
    return check_character(code) == code[17]
