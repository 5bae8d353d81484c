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
    named = list(dict.fromkeys((one.role, one.scope) for one in rights))
    return _bounds(person_id, session_id, token_id, now, min(ends)) | {
        "gen": generation,
        "grants": [{"role": role, "scope": scope} for role, scope in named],
    }


def of_system(
    *,
    account_id: str,
    token_id: str,
    scopes: Sequence[dict[str, object]],
    now: datetime,
    longest: timedelta,
) -> dict[str, object]:
    """Return what the token of a service account says; the account is its own session, and ends as
    one.

    Args:
        account_id: Which system it is.
        token_id: The token's own.
        scopes: What each opens; see `scopes.told`.
        now: Real time.
        longest: How long it is good.
    """
    return _bounds(account_id, account_id, token_id, now, longest) | {
        "gen": 0,
        "grants": [],
        "scopes": list(scopes),
    }


def _bounds(
    subject: str, session_id: str, token_id: str, now: datetime, span: timedelta
) -> dict[str, object]:
    at = int(now.timestamp())
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "sid": session_id,
        "jti": token_id,
        "iat": at,
        "exp": at + max(1, int(span.total_seconds())),
    }
