"""Which closed cases are called about once more, by people who had no part in them."""

from __future__ import annotations

import zlib

MOST_TRIES = 3
WORKING_DAYS = 2


def reason(request_id: str, stars: int | None, percent: int) -> str | None:
    """Return why a closed case is called about, or None.

    All that were closed without their reporter's word are; of the others a share that depends on
    the id alone, so that nobody chooses it and it can be checked.

    Args:
        request_id: Which case.
        stars: How it was rated; None where nobody has.
        percent: How many of a hundred rated cases are called about.
    """
    if stars is None:
        return "UNRATED"
    return "SAMPLE" if zlib.crc32(request_id.encode()) % 100 < percent else None
