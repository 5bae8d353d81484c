"""Audit: one plain row per command that took effect, and per call that was refused for want of a
right (`denials`). Days are sealed by `audit_seals`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from fivered.chassis.messages import Actor, Call

# What a row says that has no effect; `refused` says why.
DENIED = "DENIED"


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
        "trace": (trace or "")[:64] or None,
        "session": actor.session[:64] or None,
        "address": actor.address[:45] or None,
        "refused": refused[:60] if refused else None,
    }
