"""What an access token says (RFC 9068). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

ISSUER, AUDIENCE = "fivered", "fivered.gateway"


class Held(NamedTuple):
    """A right, and when it ends, by the domain's time."""

    role: str
    scope: str
    to_at: datetime | None


def claims(
    *,
    person_id: str,
    session_id: str,
    generation: int,
    token_id: str,
    rights: Sequence[Held],
    now: datetime,
    domain_now: datetime,
    longest: timedelta,
) -> dict[str, object]:
    """Return what a token says; it ends before any of its rights does.

    Args:
        person_id: Whose it is.
        session_id: Of which session.
        generation: Which rights of the person it knows; see `accounts.generation`.
        token_id: Its own.
        rights: As what the person may act.
        now: Real time.
        domain_now: The time of the domain, by which rights end.
        longest: How long it is good at most.
    """
    ends = [longest, *(one.to_at - domain_now for one in rights if one.to_at is not None)]
    at = int(now.timestamp())
    named = list(dict.fromkeys((one.role, one.scope) for one in rights))
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": person_id,
        "sid": session_id,
        "gen": generation,
        "jti": token_id,
        "iat": at,
        "exp": at + max(1, int(min(ends).total_seconds())),
        "grants": [{"role": role, "scope": scope} for role, scope in named],
    }
