"""Audit: one plain row per command that took effect, and per call that was refused for want of a
right (`denials`). Days are sealed by `audit_seals`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from fivered.chassis import telemetry
from fivered.chassis.messages import Actor, Call

# What a row says that has no effect; `refused` says why.
DENIED = "DENIED"
# An id that we gave, and a short one of an import: nothing that somebody wrote.
_OURS = re.compile(r"^[a-z]{2,4}_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_MADE_UP = re.compile(r"^[a-z]{2,4}_[A-Za-z0-9_.:-]{1,36}$")
_DIGITS_OF_A_PHONE = 11


def row_of(
    call: Call, digest: str, reply: object, about: str | None = None
) -> Mapping[str, object]:
    """Return the row that says who did what; it is written in the transaction of the command.

    Args:
        call: As it came.
        digest: Keyed, of what was asked for.
        reply: What was answered.
        about: Whom it is about, where nobody was signed in (`Tx.about`).
    """
    target = reply.get("id") if isinstance(reply, dict) else None
    state = reply.get("state") if isinstance(reply, dict) else None
    actor = call.actor if call.actor.id or not about else replace(call.actor, id=about)
    return row(
        actor,
        call.method,
        digest,
        result=str(state or "DONE"),
        target=str(target) if target else about,
        trace=call.traceparent,
    )


def row(
    actor: Actor,
    action: str,
    digest: str,
    *,
    result: str,
    target: str | None = None,
    refused: str | None = None,
    trace: str | None = None,
    at: datetime | None = None,
) -> Mapping[str, object]:
    """Return a row.

    Args:
        actor: Who acted, in which session, and from where.
        action: The door.
        digest: Keyed, of what was asked for.
        result: DONE, the state that the thing is in now, or DENIED.
        target: Id of the thing.
        refused: Why a call was refused: a guard, or the code of a refusal.
        trace: The `traceparent` of the call.
        at: When, in real time; default now.
    """
    return {
        "at": at or datetime.now(UTC),
        "actor": actor.id[:64],
        "role": actor.role[:30],
        "scope": actor.scope,
        "action": action[:80],
        "target": target[:120] if target else None,
        "result": result[:40],
        "digest": digest,
        # The caller may have chosen it: hexadecimal digits in the form of W3C, and no words. Some
        # of them may be those of a phone, as in any number of that length.
        "trace": trace if telemetry.parse(trace) is not None else None,
        "session": actor.session[:64] or None,
        "address": actor.address[:45] or None,
        "refused": refused[:60] if refused else None,
    }


def as_id(told: object) -> str | None:
    """Return an id as the audit keeps it from what a caller sent, or None where it is none.

    One that we gave stays whole, and so does a short one of an import; one that holds as many
    digits as a phone number is masked, since anybody can write anything there.
    """
    if not isinstance(told, str):
        return None
    if _OURS.match(told):
        return told
    if not _MADE_UP.match(told):
        return None
    if sum(letter.isdigit() for letter in told) >= _DIGITS_OF_A_PHONE:
        return f"{told.partition('_')[0]}_…"
    return told
