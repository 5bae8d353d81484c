"""Tokens that an operator makes by the command line: written down, for auditors to see."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from fivered.chassis import records
from fivered.chassis.bus import Tx
from fivered.chassis.fields import Area, Instant
from fivered.chassis.requests import Request
from fivered.services.identity import replies
from fivered.services.identity.storage import sessions
from fivered.services.identity.storage.moments import real_now
from fivered.services.identity.storage.tables import operator_tokens


class TokenGrant(Request, frozen=True):
    """A role, and where."""

    role: Annotated[str, Meta(max_length=30)]
    scope: Area


class TokenMade(Request, frozen=True):
    """What the command line has signed; the token itself is nowhere."""

    token_id: Annotated[str, Meta(max_length=64)]
    person_id: Annotated[str, Meta(max_length=64)]
    grants: Annotated[list[TokenGrant], Meta(min_length=1, max_length=100)]
    until: Instant
    made_by: Annotated[str, Meta(max_length=200)]


class TokenEnded(Request, frozen=True):
    """Which token an operator ends."""

    token_id: Annotated[str, Meta(max_length=64)]
    ended_by: Annotated[str, Meta(max_length=200)]


def end_token(tx: Tx, payload: TokenEnded) -> replies.Done:
    """End a token before its time; gateways hear of it within seconds. Done again it says the same.

    Raises:
        NotFound: No such token was written down here.
    """
    row = records.locked(tx.conn, operator_tokens, payload.token_id)
    sessions.end_operator_token(tx.conn, row.token_id, real_now(), payload.ended_by)
    return replies.Done(id=row.token_id, state="ENDED")


def token_made(tx: Tx, payload: TokenMade) -> replies.Done:
    """Keep that an operator has made a token, before it is shown."""
    values = records.values_from(
        payload,
        operator_tokens,
        area=payload.grants[0].scope[:6],
        grants=[{"role": one.role, "scope": one.scope} for one in payload.grants],
        made_at=real_now(),
    )
    records.add(tx.conn, operator_tokens, **values)
    return replies.Done(id=payload.token_id, state="ISSUED")
