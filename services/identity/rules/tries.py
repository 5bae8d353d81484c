"""How long somebody waits who has tried in vain. Pure.

Counted by whom is meant and from where, so that nobody can lock somebody else out; and by from
where alone, so that nobody can try one password with every name. Codes of an account whose password
is known are counted from everywhere.

Many people come from one address (an office, a household, a mobile network). Who has signed in from
there before is counted alone, and never waits for the others. Whoever has not waits for the address
a few seconds after its last failure, however many have failed: guessing goes on at that pace at
most, over all names together.
"""

from __future__ import annotations

from datetime import datetime, timedelta

FORGOTTEN_AFTER = timedelta(hours=1)
FREE, FREE_OF_ADDRESS = 5, 50
# Of codes that came with the right password, from all addresses together.
FREE_OF_CODES = 10
# Of one code that was sent to a phone, from all addresses together; then it is of no use.
OF_PHONE_CODE = 5
# So long it is known that an account was signed in from an address.
HERE = timedelta(days=90)
_FIRST_S, _LONGEST_S = 5, 900


def wait_s(failed: int, last_at: datetime, now: datetime, free: int) -> int:
    """Return how many seconds are left until the next try, or 0."""
    if failed < free or now - last_at > FORGOTTEN_AFTER:
        return 0
    longest = min(_LONGEST_S, _FIRST_S << min(failed - free, 10))
    if free == FREE_OF_ADDRESS:
        # It is shared: it slows guessing down, and holds nobody up for long.
        longest = _FIRST_S
    return max(0, int((last_at - now).total_seconds()) + longest)
