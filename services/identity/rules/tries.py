"""How long somebody waits who has tried in vain. Pure.

Counted by whom is meant and from where, so that nobody can lock somebody else out; and by from
where alone, so that nobody can try one password with every name. Codes of an account whose password
is known are counted from everywhere.
"""

from __future__ import annotations

from datetime import datetime, timedelta

FORGOTTEN_AFTER = timedelta(hours=1)
FREE, FREE_OF_ADDRESS = 5, 50
# Of codes that came with the right password, from all addresses together.
FREE_OF_CODES = 10
# Of one code that was sent to a phone, from all addresses together; then it is of no use.
OF_PHONE_CODE = 5
_FIRST_S, _LONGEST_S = 5, 900


def wait_s(failed: int, last_at: datetime, now: datetime, free: int) -> int:
    """Return how many seconds are left until the next try, or 0."""
    if failed < free or now - last_at > FORGOTTEN_AFTER:
        return 0
    longest = min(_LONGEST_S, _FIRST_S << min(failed - free, 10))
    return max(0, int((last_at - now).total_seconds()) + longest)
