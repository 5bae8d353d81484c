"""Vouchers: 12 digits and a check digit, derived from a key and the redemption's id.

A voucher is not stored anywhere: a reader of the database cannot redeem anything.
"""

import hashlib
import hmac
from datetime import timedelta

DIGITS = 12
TRIES_PER_HOUR = 5
TRY_WINDOW = timedelta(hours=1)


def check_digit(digits: str) -> str:
    """Return the check digit of a string of digits.

    It finds every single wrong digit and nearly every swap of neighbours.

    Source:
        ISO/IEC 7064, MOD 11,10.
    """
    rest = 10
    for sign in digits:
        rest = (rest + int(sign)) % 10 or 10
        rest = rest * 2 % 11
    return str((11 - rest) % 10)


def voucher(key: str, redemption_id: str) -> str:
    """Return the voucher of a redemption: 13 digits.

    Source:
        ARCHITECTURE 7, ruling 6; DOMAIN 6, F4.
    """
    mac = hmac.new(key.encode(), redemption_id.encode(), hashlib.sha256).digest()
    # The remainder of 256 bits by 10^12 is even to one part in 10^65.
    digits = f"{int.from_bytes(mac, 'big') % 10**DIGITS:0{DIGITS}d}"
    return digits + check_digit(digits)


def cleaned(text: str) -> str:
    """Return what was typed without the spaces and hyphens that people put in."""
    return "".join(text.split()).replace("-", "")


def is_plausible(code: str) -> bool:
    """Tell whether a cleaned code could be a voucher at all.

    A slip of the finger fails here and is not counted as a guess: it tells a guesser nothing that
    the partner cannot compute.
    """
    shaped = len(code) == DIGITS + 1 and code.isascii() and code.isdigit()
    return shaped and check_digit(code[:DIGITS]) == code[DIGITS]


def matches(key: str, redemption_id: str, code: str) -> bool:
    """Compare in a time that does not depend on how many digits are right."""
    return hmac.compare_digest(voucher(key, redemption_id).encode(), code.encode())
